#include "tests/weights/pickle/pickles.h"

#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::test {

namespace {

std::string show_all(const PickleList& items) {
  std::string result;
  for (const PickleValue item : items)
    result += fmt::format("{}{}", result.empty() ? "" : ", ", show(item));
  return result;
}

}  // namespace

std::string show_entries(const PickleEntries& entries) {
  std::string result;
  for (const auto& [key, value] : entries) {
    result += fmt::format("{}{}: {}", result.empty() ? "" : ", ", show(key), show(value));
  }
  return result;
}

namespace {

struct Show {
  std::string operator()(PickleNone) const { return "None"; }
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}f", value); }
  std::string operator()(const PickleBigInteger& value) const {
    std::string digits = "big";
    for (const char c : value.bytes)
      digits += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    return digits;
  }
  std::string operator()(const PickleText& value) const { return fmt::format("'{}'", value.value); }
  std::string operator()(const PickleLongText& value) const {
    return fmt::format("<{} bytes of the file>", value.bytes->size());
  }
  std::string operator()(const PickleSequence& value) const {
    const std::string items = show_all(value.items);
    switch (value.kind) {
      case PickleSequence::Kind::kTuple:
        return fmt::format("({})", items);
      case PickleSequence::Kind::kList:
        return fmt::format("[{}]", items);
      default:
        return fmt::format("<{}>", items);
    }
  }
  std::string operator()(const PickleDict& value) const {
    return fmt::format("{{{}}}", show_entries(value.entries));
  }
  std::string operator()(const PickleGlobal& value) const { return name_of(value); }
  std::string operator()(const PickleObject& value) const {
    std::string result = show(value.maker) + show(value.arguments);
    if (!value.items.empty()) result += fmt::format("[{}]", show_all(value.items));
    if (!value.entries.empty()) result += fmt::format("{{{}}}", show_entries(value.entries));
    if (value.state != nullptr) result += fmt::format("!{}", show(value.state));
    return result;
  }
  std::string operator()(const PicklePersistent& value) const {
    return fmt::format("@{}", show(value.id));
  }
};

}  // namespace

std::string show(const PickleNode* value) {
  return std::visit(Show{}, value->content);
}

std::string load_and_show(const std::string& content) {
  PickleHeap heap;
  ByteReader reader(source_of(content));
  return show(load_pickle(reader, heap));
}

std::string pickle_refusal(const std::string& content) {
  return error_of([&] {
    PickleHeap heap;
    ByteReader reader(source_of(content));
    load_pickle(reader, heap);
  });
}

}  // namespace odin::test
