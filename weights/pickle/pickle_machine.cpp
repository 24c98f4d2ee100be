#include "weights/pickle/pickle_machine.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "kernels/error.h"
#include "weights/pickle/pickle_calls.h"
#include "weights/pickle/pickle_numbers.h"
#include "weights/pickle/pickle_opcodes.h"
#include "weights/pickle/pickle_stack.h"

namespace odin {
namespace {

// The pickle of the largest known network is a few MiB long.
constexpr std::uint64_t kMostPickleBytes = std::uint64_t{64} << 20;
// Longer strings stay in the file.
constexpr std::uint64_t kMostText = std::uint64_t{1} << 20;
constexpr std::size_t kMostIntegerBytes = 1024;
constexpr std::size_t kMostNumberLine = 1024;
constexpr std::size_t kMostNameLine = 4096;  // for a name that is no line, too
constexpr std::size_t kMostTextLine = std::size_t{1} << 20;
constexpr int kHighestProtocol = 5;

class Machine {
 public:
  Machine(ByteReader& reader, PickleHeap& heap, std::vector<PickleValue>* persistent)
      : reader_(reader),
        heap_(heap),
        persistent_(persistent),
        begin_(reader.position()),
        stack_(opcode_at_),
        memo_(heap) {}

  PickleValue run() {
    while (true) {
      require(reader_.position() - begin_ - long_texts_ < kMostPickleBytes,
              "its pickle is longer than {} MiB, which no network needs", kMostPickleBytes >> 20);
      opcode_at_ = reader_.position();
      const std::uint8_t opcode = reader_.byte();
      if (opcode == kStop) return stack_.pop();
      step(opcode);
    }
  }

 private:
  using Kind = PickleSequence::Kind;

  void step(std::uint8_t opcode) {
    switch (opcode) {
      case kProto:
        return check_protocol(reader_.byte());
      case kFrame:
        return check_frame(reader_.little_endian<std::uint64_t>());

      case kMark:
        return stack_.push_mark();
      case kPop:
        return stack_.drop();
      case kPopMark:
        return static_cast<void>(stack_.pop_to_mark());
      case kDup:
        return push(stack_.top());

      case kNone:
        return push(heap_.none());
      case kNewTrue:
        return push(heap_.boolean(true));
      case kNewFalse:
        return push(heap_.boolean(false));
      case kInt:
        return push_int_line();
      case kBinInt:
        return push_new(std::int64_t{reader_.little_endian<std::int32_t>()});
      case kBinInt1:
        return push_new(std::int64_t{reader_.byte()});
      case kBinInt2:
        return push_new(std::int64_t{reader_.little_endian<std::uint16_t>()});
      case kLong:
        return push_long_line();
      case kLong1:
        return push_long(reader_.byte());
      case kLong4:
        return push_long(reader_.little_endian<std::uint32_t>());
      case kFloat:
        return push_new(float_from_text(reader_.line(kMostNumberLine)));
      case kBinFloat:
        return push_new(float_from_bytes(reader_.text(8)));

      case kString:
        return push_text(unquote(reader_.line(kMostTextLine)));
      case kUnicode:
        return push_text(unescape_unicode(reader_.line(kMostTextLine)));
      case kShortBinString:
      case kShortBinBytes:
      case kShortBinUnicode:
        return push_counted_text(reader_.byte());
      case kBinString:
      case kBinBytes:
      case kBinUnicode:
        return push_counted_text(reader_.little_endian<std::uint32_t>());
      case kBinUnicode8:
      case kBinBytes8:
      case kByteArray8:
        return push_counted_text(reader_.little_endian<std::uint64_t>());

      case kEmptyTuple:
        return push_sequence(Kind::kTuple, {});
      case kTuple1:
        return push_sequence(Kind::kTuple, stack_.pop_several(1));
      case kTuple2:
        return push_sequence(Kind::kTuple, stack_.pop_several(2));
      case kTuple3:
        return push_sequence(Kind::kTuple, stack_.pop_several(3));
      case kTuple:
        return push_sequence(Kind::kTuple, stack_.pop_to_mark());
      case kEmptyList:
        return push_sequence(Kind::kList, {});
      case kList:
        return push_sequence(Kind::kList, stack_.pop_to_mark());
      case kEmptySet:
        return push_sequence(Kind::kSet, {});
      case kFrozenSet:
        return push_sequence(Kind::kSet, stack_.pop_to_mark());
      case kEmptyDict:
        return push_new(PickleDict{});
      case kDict: {
        const PickleList items = stack_.pop_to_mark();
        push_new(PickleDict{});
        return set_items(items);
      }
      case kAppend:
        return append(stack_.pop_several(1));
      case kAppends:
      case kAddItems:
        return append(stack_.pop_to_mark());
      case kSetItem:
        return set_items(stack_.pop_several(2));
      case kSetItems:
        return set_items(stack_.pop_to_mark());

      case kPut:
        return memoize(memo_index_line());
      case kBinPut:
        return memoize(reader_.byte());
      case kLongBinPut:
        return memoize(reader_.little_endian<std::uint32_t>());
      case kMemoize:
        return memoize(memo_.count());
      case kGet:
        return push_memo(memo_index_line());
      case kBinGet:
        return push_memo(reader_.byte());
      case kLongBinGet:
        return push_memo(reader_.little_endian<std::uint32_t>());

      case kGlobal:
        return push(global_lines());
      case kStackGlobal:
        return push_stack_global();
      case kReduce:
        return reduce();
      case kNewObj:
        return new_object(stack_.pop_several(2));
      case kNewObjEx:
        return new_object(stack_.pop_several(3));
      case kInst: {
        const PickleValue maker = global_lines();
        return push_call(maker, stack_.pop_to_mark());
      }
      case kObj: {
        const PickleList parts = stack_.pop_to_mark();
        require_well_formed(!parts.empty());
        return push_call(parts.front(), {parts.begin() + 1, parts.end()});
      }
      case kBuild:
        return build();
      case kPersid:
        push_text(reader_.line(kMostNameLine));
        return push_persistent(stack_.pop());
      case kBinPersid:
        return push_persistent(stack_.pop());

      case kExt1:
      case kExt2:
      case kExt4:
        fail("its pickle names an extension by number (opcode 0x{:02x}), which no checkpoint does",
             opcode);
      case kNextBuffer:
      case kReadonlyBuffer:
        fail("its pickle keeps data outside of the file (opcode 0x{:02x}), so it is incomplete",
             opcode);
      default:
        fail("byte 0x{:02x} at {} is no opcode of a pickle (is the file damaged?)", opcode,
             opcode_at_);
    }
  }

  void require_well_formed(bool condition) const {
    odin::require_well_formed(condition, opcode_at_);
  }

  static void check_protocol(int protocol) {
    require(protocol <= kHighestProtocol,
            "its pickle is of protocol {}, and only protocols up to {} exist", protocol,
            kHighestProtocol);
  }

  void check_frame(std::uint64_t size) const { require_well_formed(size <= reader_.remaining()); }
  void push(PickleValue value) { stack_.push(value); }
  template <class T>
  void push_new(T&& content) {
    push(heap_.make(std::forward<T>(content)));
  }

  void push_integer(PickleInteger integer) {
    if (const auto* small = std::get_if<std::int64_t>(&integer)) return push_new(*small);
    auto& big = std::get<PickleBigInteger>(integer);
    heap_.charge(big.bytes.size());
    push_new(std::move(big));
  }
  void push_int_line() {
    // Protocols 0 and 1 write booleans like this.
    const std::string line = reader_.line(kMostNumberLine);
    if (line == "00" || line == "01") return push(heap_.boolean(line == "01"));
    push_integer(integer_from_text(line));
  }
  void push_long_line() {
    std::string line = reader_.line(kMostNumberLine);
    if (line.ends_with('L')) line.pop_back();
    push_integer(integer_from_text(line));
  }
  void push_long(std::uint64_t length) {
    require(length <= kMostIntegerBytes, "its pickle holds an integer of {} bytes", length);
    push_integer(integer_from_bytes(reader_.text(length)));
  }
  void push_counted_text(std::uint64_t length) {
    if (length > kMostText) {
      push_new(PickleLongText{window(reader_.source(), reader_.position(), length)});
      reader_.skip(length);
      long_texts_ += length;
      return;
    }
    push_text(reader_.text(length));
  }
  void push_text(std::string text) {
    heap_.charge(text.size());
    push_new(PickleText{std::move(text)});
  }

  void push_sequence(Kind kind, PickleList items) {
    heap_.charge(items.size() * PickleHeap::kItemBytes);
    push_new(PickleSequence{kind, std::move(items)});
  }
  // Adds to the list, set or object on the top of the stack.
  void append(const PickleList& items) {
    heap_.charge(items.size() * PickleHeap::kItemBytes);
    PickleList* target = growing_items(*stack_.top());
    require_well_formed(target != nullptr);
    target->insert(target->end(), items.begin(), items.end());
  }
  // Adds keys and values, which alternate, to the dict or object on the top of the stack.
  void set_items(const PickleList& items) {
    require_well_formed(items.size() % 2 == 0);
    heap_.charge(items.size() / 2 * PickleHeap::kEntryBytes);
    PickleEntries* target = growing_entries(*stack_.top());
    require_well_formed(target != nullptr);
    for (std::size_t i = 0; i < items.size(); i += 2) target->emplace_back(items[i], items[i + 1]);
  }

  std::uint64_t memo_index_line() {
    const PickleInteger index = integer_from_text(reader_.line(kMostNumberLine));
    const auto* small = std::get_if<std::int64_t>(&index);
    require_well_formed(small != nullptr && *small >= 0);
    return static_cast<std::uint64_t>(*small);
  }
  void memoize(std::uint64_t index) { memo_.set(index, stack_.top()); }
  void push_memo(std::uint64_t index) {
    const PickleValue value = memo_.find(index);
    require_well_formed(value != nullptr);
    push(value);
  }

  PickleValue make_global(std::string module, std::string name) {
    heap_.charge(module.size() + name.size());
    return heap_.make(PickleGlobal{std::move(module), std::move(name)});
  }
  PickleValue global_lines() {
    std::string module = reader_.line(kMostNameLine);
    return make_global(std::move(module), reader_.line(kMostNameLine));
  }
  void push_stack_global() {
    const PickleList parts = stack_.pop_several(2);
    const std::string* module = text_of(parts[0]);
    const std::string* name = text_of(parts[1]);
    require_well_formed(module != nullptr && name != nullptr &&
                        std::max(module->size(), name->size()) <= kMostNameLine);
    push(make_global(*module, *name));
  }

  void reduce() {
    const PickleList parts = stack_.pop_several(2);
    const PickleList* arguments = tuple_items(parts[1]);
    require_well_formed(arguments != nullptr);
    require_harmless_call(parts[0], *arguments, opcode_at_);
    push_new(PickleObject{parts[0], parts[1]});
  }
  void push_call(PickleValue maker, PickleList arguments) {
    require_harmless_call(maker, arguments, opcode_at_);
    push_sequence(Kind::kTuple, std::move(arguments));
    push_new(PickleObject{maker, stack_.pop()});
  }
  void new_object(const PickleList& parts) {
    require_well_formed(tuple_items(parts[1]) != nullptr);
    require_harmless_class(parts[0], opcode_at_);
    push_new(PickleObject{parts[0], parts[1]});
  }
  void build() {
    const PickleValue state = stack_.pop();
    auto* object = std::get_if<PickleObject>(&stack_.top()->content);
    require_well_formed(object != nullptr && object->state == nullptr);
    object->state = state;
  }

  void push_persistent(PickleValue id) {
    push_new(PicklePersistent{id});
    if (persistent_ == nullptr) return;
    heap_.charge(PickleHeap::kItemBytes);
    persistent_->push_back(stack_.top());
  }

  ByteReader& reader_;
  PickleHeap& heap_;
  std::vector<PickleValue>* persistent_;
  std::uint64_t begin_;
  std::uint64_t long_texts_ = 0;  // their bytes in the file
  std::uint64_t opcode_at_ = 0;
  PickleStack stack_;
  PickleMemo memo_;
};

}  // namespace

PickleValue load_pickle(ByteReader& reader, PickleHeap& heap,
                        std::vector<PickleValue>* persistent) {
  return Machine(reader, heap, persistent).run();
}

}  // namespace odin
