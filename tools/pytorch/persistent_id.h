// Persistent ids: how a pickle refers to a storage or to the source of a class.
#pragma once

#include <optional>
#include <string>

#include "tools/pytorch/pickle_value.h"
#include "tools/pytorch/tensor.h"

namespace odin::pytorch {

// A part of a storage that other tensors saw as a storage of its own.
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

// What a tuple that begins with 'storage' says; nothing where it does not begin so. Throws Error
// where the rest of it makes no sense or the type of the storage is not known.
std::optional<StorageId> parse_storage_id(const PickleNode* id);

// The class of ('module', class, file, source), or nullptr.
PickleValue parse_module_id(const PickleNode* id);

// The type that a storage's class names. Throws Error where it is not known.
const ElementType* storage_type_of(const PickleNode* value);

// Keys are strings, or the integers (addresses) that they were made of.
std::string key_of(const PickleNode* value);
// An integer of at least 0. Throws Error, naming `what`, where it is anything else.
std::uint64_t count_of(const PickleNode* value, std::string_view what);

// The storage `type` x `count` in `bytes` seen through a view. Throws Error where it is too short.
Storage view_of(const Storage& root, const StorageView& view);

}  // namespace odin::pytorch
