// The container of PyTorch 0.1.12 to 1.5: a pickle each of a magic number, the version 1001, facts
// about the system, the object, and the sorted keys of its storages; then, for each key, an int64
// count and the elements, always little-endian.
#include <algorithm>
#include <array>

#include "kernels/error.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/persistent_id.h"
#include "weights/files/printable.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::pytorch {
namespace {

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kVersion = 1001;
// The pickle of the magic number takes 15 bytes in protocol 2 and 26 in protocol 0.
constexpr std::uint64_t kMostMagicBytes = 64;

using StorageMap = std::map<std::string, std::shared_ptr<const Storage>>;

bool is_magic(const PickleNode* value) {
  const auto* integer = get_if<PickleBigInteger>(value);
  return integer != nullptr && integer->bytes == kMagic;
}

// The storages that the pickle refers to, by key. Where their bytes are is not yet known.
std::map<std::string, StorageId> roots_of(const std::vector<PickleValue>& persistent) {
  std::map<std::string, StorageId> roots;
  for (const PickleValue value : persistent) {
    const PickleValue id = get_if<PicklePersistent>(value)->id;
    auto parsed = parse_storage_id(id);
    require(parsed.has_value() || parse_module_id(id) != nullptr,
            "its pickle refers to something outside that is neither a storage nor a class");
    if (!parsed) continue;
    const auto [found, is_new] = roots.emplace(parsed->key, *parsed);
    require(is_new || (found->second.type == parsed->type && found->second.count == parsed->count),
            "the storage '{}' is described in two ways", printable(parsed->key));
  }
  return roots;
}

StorageMap read_storages(ByteReader& reader, PickleHeap& heap,
                         const std::map<std::string, StorageId>& roots) {
  const PickleValue keys = load_pickle(reader, heap);
  const PickleList* items = sequence_items(keys);
  require(items != nullptr, "its list of storages is {}", describe(keys));
  StorageMap storages;
  for (const PickleValue item : *items) {
    const std::string key = key_of(item);
    const auto root = roots.find(key);
    require(root != roots.end(), "the storage '{}' is listed, but nothing refers to it",
            printable(key));
    const StorageId& id = root->second;
    const auto count = reader.little_endian<std::uint64_t>();
    require(count == id.count, "the storage '{}' has {} elements where {} are expected",
            printable(key), count, id.count);
    require(
        count <= reader.remaining() / id.type->size,
        "the storage '{}' needs {} elements of {} bytes, but {} bytes are left (was the file cut "
        "short?)",
        printable(key), count, id.type->size, reader.remaining());
    const std::uint64_t size = count * id.type->size;
    const bool is_new =
        storages
            .emplace(key, std::make_shared<Storage>(Storage{
                              id.type, count, window(reader.source(), reader.position(), size),
                              false, id.location}))
            .second;
    require(is_new, "the storage '{}' is listed twice", printable(key));
    reader.skip(size);
  }
  return storages;
}

}  // namespace

bool looks_like_magic(const SharedSource& file) {
  try {
    ByteReader reader(window(file, 0, std::min(file->size(), kMostMagicBytes)));
    PickleHeap heap;
    return is_magic(load_pickle(reader, heap));
  } catch (const Error&) {
    return false;
  }
}

Contents read_magic_container(const SharedSource& file) {
  Contents contents;
  contents.container = "magic-number container (PyTorch 0.1.12 to 1.5)";
  PickleHeap& heap = *contents.heap;
  ByteReader reader(file);
  require(is_magic(load_pickle(reader, heap)), "its magic number is wrong");
  const PickleValue version = load_pickle(reader, heap);
  const auto* number = get_if<std::int64_t>(version);
  require(number != nullptr && *number == kVersion, "its version is {}, where {} is expected",
          describe(version), kVersion);
  load_pickle(reader, heap);  // the facts about the system, which do not matter
  std::vector<PickleValue> persistent;
  contents.object = load_pickle(reader, heap, &persistent);
  const StorageMap storages = read_storages(reader, heap, roots_of(persistent));
  for (const auto& [key, storage] : storages) contents.stored_elements += storage->count;

  std::map<std::string, std::shared_ptr<const Storage>> views;
  for (const PickleValue value : persistent) {
    const PickleValue id = get_if<PicklePersistent>(value)->id;
    if (contents.outside.contains(id)) continue;
    if (const PickleValue module = parse_module_id(id)) {
      contents.outside.emplace(id, module);
      continue;
    }
    const StorageId parsed = *parse_storage_id(id);
    const auto root = storages.find(parsed.key);
    require(root != storages.end(), "the storage '{}' is missing", printable(parsed.key));
    const auto storage = parsed.view
                             ? std::make_shared<Storage>(view_of(*root->second, *parsed.view))
                             : root->second;
    contents.outside.emplace(id, storage);
  }
  return contents;
}

}  // namespace odin::pytorch
