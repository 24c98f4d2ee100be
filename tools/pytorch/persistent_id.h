// Persistent ids: how a pickle refers to a storage or to the source of a class.
#pragma once

#include <optional>
#include <string>

#include "tools/tensors/tensor.h"
#include "weights/pickle/pickle_value.h"

namespace odin::pytorch {

// A part of a storage that tensors use as if it were a separate storage.
struct StorageView {
  std::string key;
  std::uint64_t offset = 0;  // in elements
  std::uint64_t count = 0;
};

// ('storage', type, key, location, count) and, before PyTorch 1.6, the view or None.
struct StorageId {
  const ElementType* type = nullptr;
  std::string key;
  std::string location;
  std::uint64_t count = 0;
  std::optional<StorageView> view;
};

// Reads a tuple that begins with 'storage'; nothing for any other value. Throws Error if the rest
// of the tuple is invalid or the type of the storage is unknown.
std::optional<StorageId> parse_storage_id(const PickleNode* id);

// The class of ('module', class, file, source), or nullptr.
PickleValue parse_module_id(const PickleNode* id);

// The element type that a storage's class names. Throws Error if it is unknown.
const ElementType* storage_type_of(const PickleNode* value);

// The place of a storage: "cpu" or "cuda:0". Throws Error if it is no text, or a long one.
const std::string& location_of(const PickleNode* value);
// The key as text. Keys are strings, or integers (addresses). Throws Error if it is neither, or a
// long text: many objects may share one.
std::string key_of(const PickleNode* value);
// An integer of at least 0. Throws Error, naming `what`, if it is anything else.
std::uint64_t count_of(const PickleNode* value, std::string_view what);

// The part of a storage that a view selects. Throws Error if the storage is too short.
Storage view_of(const Storage& root, const StorageView& view);

}  // namespace odin::pytorch
