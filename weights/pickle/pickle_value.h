// The values that a pickle describes, as plain data: nothing here can be called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "weights/files/byte_source.h"

namespace odin {

struct PickleNode;
// A node of a PickleHeap. Like Python's objects, nodes may be shared and may contain themselves.
using PickleValue = PickleNode*;
using PickleList = std::vector<PickleValue>;
using PickleEntries = std::vector<std::pair<PickleValue, PickleValue>>;

struct PickleNone {};
// An integer beyond 64 bits: two's complement, least significant byte first, as short as possible.
struct PickleBigInteger {
  std::string bytes;
};
// A string of either kind: Python 2 wrote names as byte strings, Python 3 writes them in UTF-8.
struct PickleText {
  std::string value;
};
// A string so long that it stays in the file, such as the elements of an array.
struct PickleLongText {
  SharedSource bytes;
};
struct PickleSequence {
  enum class Kind : std::uint8_t { kTuple, kList, kSet };
  Kind kind;
  PickleList items;
};
struct PickleDict {
  PickleEntries entries;
};
// The name of a class or function.
struct PickleGlobal {
  std::string module;
  std::string name;
};
// What calling a class or function would have made. It was not called.
struct PickleObject {
  PickleValue maker;            // a PickleGlobal or a PicklePersistent
  PickleValue arguments;        // a tuple
  PickleValue state = nullptr;  // the argument of its __setstate__, or nullptr
  PickleList items = {};        // appended
  PickleEntries entries = {};   // set by key
};
// An object outside the pickle: `id` says where.
struct PicklePersistent {
  PickleValue id;
};

struct PickleNode {
  std::variant<PickleNone, bool, std::int64_t, double, PickleBigInteger, PickleText, PickleLongText,
               PickleSequence, PickleDict, PickleGlobal, PickleObject, PicklePersistent>
      content;
};

// Owns the nodes of one or more pickles and limits their memory.
class PickleHeap {
 public:
  // Enough for the largest networks.
  static constexpr std::size_t kMostBytes = std::size_t{24} << 20;
  // What an item of a container or of the memo and an entry of a dict take at most, with the slack
  // of growing vectors: a PickleValue is a pointer.
  static constexpr std::uint64_t kItemBytes = 2 * sizeof(void*);
  static constexpr std::uint64_t kEntryBytes = 4 * sizeof(void*);

  explicit PickleHeap(std::size_t most_bytes = kMostBytes);
  PickleHeap(const PickleHeap&) = delete;
  PickleHeap& operator=(const PickleHeap&) = delete;

  // Counts memory that is about to be allocated. Throws Error if the total exceeds the limit.
  void charge(std::uint64_t bytes);

  // A new node. Charges the node's own size; the caller must charge what it holds before.
  template <class T>
  PickleValue make(T&& content) {
    charge(sizeof(PickleNode));
    return &nodes_.emplace_back(PickleNode{std::forward<T>(content)});
  }

  PickleValue none() { return none_; }
  PickleValue boolean(bool value) { return value ? true_ : false_; }

 private:
  std::size_t most_bytes_;
  std::deque<PickleNode> nodes_;
  std::size_t bytes_ = 0;
  PickleValue none_;
  PickleValue true_;
  PickleValue false_;
};

// The content of a value if it has type T, otherwise nullptr.
template <class T>
const T* get_if(const PickleNode* value) {
  return value == nullptr ? nullptr : std::get_if<T>(&value->content);
}

// Where a list, set or object keeps the items that are appended to it, or nullptr for another
// value.
PickleList* growing_items(PickleNode& value);
// Where a dict or object keeps the entries that are set in it, or nullptr for another value.
PickleEntries* growing_entries(PickleNode& value);

bool is_none(const PickleNode* value);
// The items of a tuple, or nullptr.
const PickleList* tuple_items(const PickleNode* value);
// The items of a tuple or list, or nullptr.
const PickleList* sequence_items(const PickleNode* value);
// The characters of a string of either kind, or nullptr. Also nullptr for a PickleLongText.
const std::string* text_of(const PickleNode* value);
// The same, and also for bytes that Python 3 wrote for Python 2, as the call _codecs.encode(text,
// 'latin1'), if they are ASCII.
const std::string* ascii_text_of(const PickleNode* value);
// Whether the value is the class or function `module`.`name`.
bool is_global(const PickleNode* value, std::string_view module, std::string_view name);
// "module.name", fit to be printed.
std::string name_of(const PickleGlobal& global);
// A value in a few words, for messages and listings: "the integer 5", "a list of 3".
std::string describe(const PickleNode* value);

}  // namespace odin
