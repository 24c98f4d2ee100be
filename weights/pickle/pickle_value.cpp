#include "weights/pickle/pickle_value.h"

#include <algorithm>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {

PickleHeap::PickleHeap(std::size_t most_bytes)
    : most_bytes_(most_bytes), none_(make(PickleNone{})), true_(make(true)), false_(make(false)) {}

void PickleHeap::charge(std::uint64_t bytes) {
  require(bytes <= most_bytes_ - bytes_,
          "its pickle describes more than {} MiB of objects, which no network needs",
          most_bytes_ >> 20);
  bytes_ += static_cast<std::size_t>(bytes);
}

PickleList* growing_items(PickleNode& value) {
  auto* sequence = std::get_if<PickleSequence>(&value.content);
  if (sequence != nullptr && sequence->kind != PickleSequence::Kind::kTuple)
    return &sequence->items;
  auto* object = std::get_if<PickleObject>(&value.content);
  return object != nullptr ? &object->items : nullptr;
}

PickleEntries* growing_entries(PickleNode& value) {
  if (auto* dict = std::get_if<PickleDict>(&value.content)) return &dict->entries;
  auto* object = std::get_if<PickleObject>(&value.content);
  return object != nullptr ? &object->entries : nullptr;
}

bool is_none(const PickleNode* value) {
  return get_if<PickleNone>(value) != nullptr;
}

const PickleList* tuple_items(const PickleNode* value) {
  const auto* sequence = get_if<PickleSequence>(value);
  const bool found = sequence != nullptr && sequence->kind == PickleSequence::Kind::kTuple;
  return found ? &sequence->items : nullptr;
}

const PickleList* sequence_items(const PickleNode* value) {
  const auto* sequence = get_if<PickleSequence>(value);
  const bool found = sequence != nullptr && sequence->kind != PickleSequence::Kind::kSet;
  return found ? &sequence->items : nullptr;
}

const std::string* text_of(const PickleNode* value) {
  const auto* text = get_if<PickleText>(value);
  return text == nullptr ? nullptr : &text->value;
}

const std::string* ascii_text_of(const PickleNode* value) {
  const auto* object = get_if<PickleObject>(value);
  if (object == nullptr || !is_global(object->maker, "_codecs", "encode")) return text_of(value);
  const PickleList* arguments = tuple_items(object->arguments);
  const std::string* text =
      arguments == nullptr || arguments->empty() ? nullptr : text_of(arguments->front());
  const bool is_ascii =
      text != nullptr && std::ranges::all_of(*text, [](unsigned char c) { return c < 0x80; });
  return is_ascii ? text : nullptr;
}

bool is_global(const PickleNode* value, std::string_view module, std::string_view name) {
  const auto* global = get_if<PickleGlobal>(value);
  return global != nullptr && global->module == module && global->name == name;
}

std::string name_of(const PickleGlobal& global) {
  return printable(global.module + "." + global.name);
}

namespace {

struct Describe {
  std::string operator()(PickleNone) const { return "None"; }
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(std::int64_t value) const { return fmt::format("the integer {}", value); }
  std::string operator()(double value) const { return fmt::format("the number {}", value); }
  std::string operator()(const PickleBigInteger& value) const {
    return fmt::format("an integer of {} bytes", value.bytes.size());
  }
  std::string operator()(const PickleText& value) const {
    return fmt::format("the text '{}'", printable(value.value, 60));
  }
  std::string operator()(const PickleLongText& value) const {
    return fmt::format("a text of {} bytes", value.bytes->size());
  }
  std::string operator()(const PickleSequence& value) const {
    const char* kind = value.kind == PickleSequence::Kind::kTuple  ? "tuple"
                       : value.kind == PickleSequence::Kind::kList ? "list"
                                                                   : "set";
    return fmt::format("a {} of {}", kind, value.items.size());
  }
  std::string operator()(const PickleDict& value) const {
    return fmt::format("a dict of {}", value.entries.size());
  }
  std::string operator()(const PickleGlobal& value) const {
    return fmt::format("the name {}", name_of(value));
  }
  std::string operator()(const PickleObject& value) const {
    const auto* global = get_if<PickleGlobal>(value.maker);
    return global == nullptr ? "an object" : fmt::format("an object of {}", name_of(*global));
  }
  std::string operator()(const PicklePersistent&) const { return "an object outside the pickle"; }
};

}  // namespace

std::string describe(const PickleNode* value) {
  return value == nullptr ? "nothing" : std::visit(Describe{}, value->content);
}

}  // namespace odin
