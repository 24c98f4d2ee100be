#include "tools/pytorch/pickle_machine.h"

#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "kernels/error.h"
#include "tools/pytorch/pickle_calls.h"
#include "tools/pytorch/pickle_numbers.h"

namespace odin::pytorch {
namespace {

// A pickle of the largest network that anybody trained is a few MiB long.
constexpr std::uint64_t kMostPickleBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostStack = std::size_t{1} << 18;
constexpr std::size_t kMostIntegerBytes = 1024;
constexpr std::size_t kMostNumberLine = 1024;
constexpr std::size_t kMostNameLine = 4096;
constexpr std::size_t kMostTextLine = std::size_t{1} << 20;
constexpr int kHighestProtocol = 5;

// More numbers than a PickleHeap holds objects.
constexpr std::uint64_t kMostMemo = std::uint64_t{1} << 19;

// What memory an item of a container or of the memo and an entry of a dict take at most, with the
// slack of growing vectors: a PickleValue is a pointer.
constexpr std::uint64_t kItemBytes = 2 * sizeof(void*);
constexpr std::uint64_t kEntryBytes = 4 * sizeof(void*);

// The opcodes, by the names that Python's pickletools gives them.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kFloat = 'F',
  kInt = 'I',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kLong = 'L',
  kBinInt2 = 'M',
  kNone = 'N',
  kPersid = 'P',
  kBinPersid = 'Q',
  kReduce = 'R',
  kString = 'S',
  kBinString = 'T',
  kShortBinString = 'U',
  kUnicode = 'V',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kGet = 'g',
  kBinGet = 'h',
  kInst = 'i',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kObj = 'o',
  kPut = 'p',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kExt1 = 0x82,
  kExt2 = 0x83,
  kExt4 = 0x84,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadonlyBuffer = 0x98,
};

class Machine {
 public:
  Machine(ByteReader& reader, PickleHeap& heap, std::vector<PickleValue>* persistent)
      : reader_(reader), heap_(heap), persistent_(persistent), begin_(reader.position()) {}

  PickleValue run() {
    while (true) {
      require(reader_.position() - begin_ < kMostPickleBytes,
              "its pickle is longer than {} MiB, which no network needs", kMostPickleBytes >> 20);
      opcode_at_ = reader_.position();
      const std::uint8_t opcode = reader_.byte();
      if (opcode == kStop) return pop();
      step(opcode);
    }
  }

 private:
  using Kind = PickleSequence::Kind;

  // NOLINTNEXTLINE(readability-function-size): one line for each opcode
  void step(std::uint8_t opcode) {
    switch (opcode) {
      case kProto:
        return check_protocol(reader_.byte());
      case kFrame:
        return check_frame(reader_.little_endian<std::uint64_t>());

      case kMark:
        return push_mark();
      case kPop:
        return drop();
      case kPopMark:
        pop_to_mark();
        return;
      case kDup:
        return push(top());

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
        return push_binary_float();

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
        return push_sequence(Kind::kTuple, pop_several(1));
      case kTuple2:
        return push_sequence(Kind::kTuple, pop_several(2));
      case kTuple3:
        return push_sequence(Kind::kTuple, pop_several(3));
      case kTuple:
        return push_sequence(Kind::kTuple, pop_to_mark());
      case kEmptyList:
        return push_sequence(Kind::kList, {});
      case kList:
        return push_sequence(Kind::kList, pop_to_mark());
      case kEmptySet:
        return push_sequence(Kind::kSet, {});
      case kFrozenSet:
        return push_sequence(Kind::kSet, pop_to_mark());
      case kEmptyDict:
        return push_new(PickleDict{});
      case kDict: {
        const PickleList items = pop_to_mark();
        push_new(PickleDict{});
        return set_items(items);
      }
      case kAppend:
        return append(pop_several(1));
      case kAppends:
      case kAddItems:
        return append(pop_to_mark());
      case kSetItem:
        return set_items(pop_several(2));
      case kSetItems:
        return set_items(pop_to_mark());

      case kPut:
        return memoize(memo_index_line());
      case kBinPut:
        return memoize(reader_.byte());
      case kLongBinPut:
        return memoize(reader_.little_endian<std::uint32_t>());
      case kMemoize:
        return memoize(memoized_);
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
        return new_object(pop_several(2));
      case kNewObjEx: {
        const PickleList parts = pop_several(3);
        return new_object({parts[0], parts[1]});
      }
      case kInst: {
        const PickleValue maker = global_lines();
        return push_call(maker, pop_to_mark());
      }
      case kObj: {
        PickleList parts = pop_to_mark();
        require_well_formed(!parts.empty());
        const PickleValue maker = parts.front();
        parts.erase(parts.begin());
        return push_call(maker, std::move(parts));
      }
      case kBuild:
        return build();
      case kPersid: {
        std::string id = reader_.line(kMostNameLine);
        heap_.charge(id.size());
        return push_persistent(heap_.make(PickleText{std::move(id)}));
      }
      case kBinPersid:
        return push_persistent(pop());

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
    require(condition, "its pickle makes no sense at byte {} (is the file damaged?)", opcode_at_);
  }

  static void check_protocol(int protocol) {
    require(protocol <= kHighestProtocol,
            "its pickle is of protocol {}, and only protocols up to {} exist", protocol,
            kHighestProtocol);
  }

  void check_frame(std::uint64_t size) const { require_well_formed(size <= reader_.remaining()); }

  // The stack: a pop may not reach below the last mark.
  void push(PickleValue value) {
    require(stack_.size() < kMostStack, "its pickle is nested more than {} deep", kMostStack);
    stack_.push_back(value);
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue top() const {
    require_well_formed(stack_.size() > floor());
    return stack_.back();
  }
  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }
  void drop() {
    if (!marks_.empty() && marks_.back() == stack_.size()) {
      marks_.pop_back();
    } else {
      pop();
    }
  }
  PickleList pop_several(std::size_t count) {
    require_well_formed(stack_.size() - floor() >= count);
    return pop_from(stack_.size() - count);
  }
  void push_mark() {
    require(marks_.size() < kMostStack, "its pickle is nested more than {} deep", kMostStack);
    marks_.push_back(stack_.size());
  }
  PickleList pop_to_mark() {
    require_well_formed(!marks_.empty());
    const std::size_t begin = marks_.back();
    marks_.pop_back();
    return pop_from(begin);
  }
  PickleList pop_from(std::size_t begin) {
    PickleList values(stack_.begin() + static_cast<std::ptrdiff_t>(begin), stack_.end());
    stack_.resize(begin);
    return values;
  }

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
    // Protocol 0 and 1 write the booleans as these.
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
  void push_binary_float() {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | reader_.byte();
    push_new(std::bit_cast<double>(bits));
  }

  void push_counted_text(std::uint64_t length) {
    // A length beyond the end of the file is told as such, not as a matter of memory.
    if (length <= reader_.remaining()) heap_.charge(length);
    push_new(PickleText{reader_.text(length)});
  }
  void push_text(std::string text) {
    heap_.charge(text.size());
    push_new(PickleText{std::move(text)});
  }

  void push_sequence(Kind kind, PickleList items) {
    heap_.charge(items.size() * kItemBytes);
    push_new(PickleSequence{kind, std::move(items)});
  }
  // Adds to the list, set or object on the top of the stack.
  void append(const PickleList& items) {
    heap_.charge(items.size() * kItemBytes);
    auto* sequence = std::get_if<PickleSequence>(&top()->content);
    auto* object = std::get_if<PickleObject>(&top()->content);
    require_well_formed((sequence != nullptr && sequence->kind != Kind::kTuple) ||
                        object != nullptr);
    PickleList& target = sequence != nullptr ? sequence->items : object->items;
    target.insert(target.end(), items.begin(), items.end());
  }
  // Adds keys and values, which alternate, to the dict or object on the top of the stack.
  void set_items(const PickleList& items) {
    require_well_formed(items.size() % 2 == 0);
    heap_.charge(items.size() / 2 * kEntryBytes);
    auto* dict = std::get_if<PickleDict>(&top()->content);
    auto* object = std::get_if<PickleObject>(&top()->content);
    require_well_formed(dict != nullptr || object != nullptr);
    PickleEntries& target = dict != nullptr ? dict->entries : object->entries;
    for (std::size_t i = 0; i < items.size(); i += 2) target.emplace_back(items[i], items[i + 1]);
  }

  std::uint64_t memo_index_line() {
    const PickleInteger index = integer_from_text(reader_.line(kMostNumberLine));
    const auto* small = std::get_if<std::int64_t>(&index);
    require_well_formed(small != nullptr && *small >= 0);
    return static_cast<std::uint64_t>(*small);
  }
  void memoize(std::uint64_t index) {
    const PickleValue value = top();
    require(index < kMostMemo, "its pickle numbers an object {}, where no network has {}", index,
            kMostMemo);
    if (index >= memo_.size()) {
      heap_.charge((index + 1 - memo_.size()) * kItemBytes);
      memo_.resize(static_cast<std::size_t>(index) + 1, nullptr);
    }
    PickleValue& place = memo_[static_cast<std::size_t>(index)];
    if (place == nullptr) ++memoized_;
    place = value;
  }
  void push_memo(std::uint64_t index) {
    require_well_formed(index < memo_.size());
    const PickleValue value = memo_[static_cast<std::size_t>(index)];
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
    const PickleList parts = pop_several(2);
    const std::string* module = text_of(parts[0]);
    const std::string* name = text_of(parts[1]);
    require_well_formed(module != nullptr && name != nullptr);
    push(make_global(*module, *name));
  }

  void reduce() {
    const PickleList parts = pop_several(2);
    const PickleList* arguments = tuple_items(parts[1]);
    require_well_formed(arguments != nullptr);
    require_harmless_call(parts[0]);
    const auto* called = get_if<PickleGlobal>(parts[0]);
    if (called->name == "_reconstructor") {
      // _reconstructor(class, base, state) calls the base.
      require_well_formed(arguments->size() == 3);
      require_harmless_call((*arguments)[1]);
    }
    if (called->name == "_reconstructor" || called->name == "__newobj__") {
      require_well_formed(!arguments->empty());
      require_harmless_class(arguments->front());
    }
    push_new(PickleObject{parts[0], parts[1]});
  }
  void push_call(PickleValue maker, PickleList arguments) {
    require_harmless_call(maker);
    push_sequence(Kind::kTuple, std::move(arguments));
    push_new(PickleObject{maker, pop()});
  }
  void new_object(const PickleList& parts) {
    require_well_formed(tuple_items(parts[1]) != nullptr);
    require_harmless_class(parts[0]);
    push_new(PickleObject{parts[0], parts[1]});
  }
  void require_harmless_call(const PickleNode* maker) const {
    const auto* global = get_if<PickleGlobal>(maker);
    if (global == nullptr || !is_harmless_call(*global)) refuse(maker);
  }
  void require_harmless_class(const PickleNode* maker) const {
    const auto* global = get_if<PickleGlobal>(maker);
    // A class outside the pickle is a module's, saved with its source.
    if (global == nullptr && get_if<PicklePersistent>(maker) != nullptr) return;
    if (global == nullptr || !is_harmless_class(*global)) refuse(maker);
  }
  [[noreturn]] void refuse(const PickleNode* maker) const {
    const auto* global = get_if<PickleGlobal>(maker);
    fail(
        "its pickle calls {} at byte {}, which no checkpoint needs; loading it with PyTorch could "
        "run anything, so the file is refused, and nothing was run",
        global == nullptr ? describe(maker) : name_of(*global), opcode_at_);
  }
  void build() {
    const PickleValue state = pop();
    auto* object = std::get_if<PickleObject>(&top()->content);
    require_well_formed(object != nullptr && object->state == nullptr);
    object->state = state;
  }

  void push_persistent(PickleValue id) {
    push_new(PicklePersistent{id});
    if (persistent_ == nullptr) return;
    heap_.charge(kItemBytes);
    persistent_->push_back(top());
  }

  ByteReader& reader_;
  PickleHeap& heap_;
  std::vector<PickleValue>* persistent_;
  std::uint64_t begin_;
  std::uint64_t opcode_at_ = 0;
  PickleList stack_;
  std::vector<std::size_t> marks_;
  PickleList memo_;             // by number; nullptr where a number was left out
  std::uint64_t memoized_ = 0;  // numbers that were given
};

}  // namespace

PickleValue load_pickle(ByteReader& reader, PickleHeap& heap,
                        std::vector<PickleValue>* persistent) {
  return Machine(reader, heap, persistent).run();
}

}  // namespace odin::pytorch
