// The container of PyTorch's first versions: a TAR archive of four files. `storages` holds the
// number of storages, then for each a pickle (key, place, type), an int64 count and the elements;
// then a pickle of the views. `tensors` holds the number of tensors, then for each a pickle (key,
// storage key, type) and, in binary, rank, extents, strides and offset. `pickle` refers to both by
// key. `sys_info` does not matter.
#include "kernels/error.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/persistent_id.h"
#include "weights/files/printable.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::pytorch {
namespace {

const TarMember* find_member(const std::vector<TarMember>& members, std::string_view name) {
  for (const TarMember& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

struct Tables {
  std::map<std::string, std::shared_ptr<const Storage>> storages;
  std::map<std::string, std::shared_ptr<const Tensor>> tensors;
};

const PickleList& items_of(const PickleNode* value, std::size_t count, std::string_view what) {
  const PickleList* items = sequence_items(value);
  require(items != nullptr && items->size() == count, "{} is described by {}, not by a tuple of {}",
          what, describe(value), count);
  return *items;
}

std::shared_ptr<const Storage> find_storage(const Tables& tables, const PickleNode* key) {
  const auto found = tables.storages.find(key_of(key));
  require(found != tables.storages.end(), "the storage '{}' is missing", printable(key_of(key)));
  return found->second;
}

// PyTorch wrote each storage and each view of one under a key of its own.
void add_storage(const std::string& key, Storage storage, Tables& tables) {
  const bool is_new =
      tables.storages.emplace(key, std::make_shared<Storage>(std::move(storage))).second;
  require(is_new, "the storage '{}' is there twice", printable(key));
}

// Returns the number of elements stored.
std::uint64_t read_storages(const SharedSource& file, PickleHeap& heap, Tables& tables) {
  ByteReader reader(file);
  std::uint64_t stored = 0;
  const std::uint64_t number = count_of(load_pickle(reader, heap), "the number of storages");
  for (std::uint64_t i = 0; i < number; ++i) {
    const PickleList& id = items_of(load_pickle(reader, heap), 3, "a storage");
    const std::string& location = location_of(id[1]);
    const ElementType* type = storage_type_of(id[2]);
    const auto count = reader.little_endian<std::uint64_t>();
    require(count <= reader.remaining() / type->size,
            "a storage needs {} elements of {} bytes, but {} bytes are left (was the file cut "
            "short?)",
            count, type->size, reader.remaining());
    const std::uint64_t size = count * type->size;
    add_storage(key_of(id[0]),
                {type, count, window(file, reader.position(), size), false, location}, tables);
    reader.skip(size);
    stored += count;
  }
  const PickleValue views = load_pickle(reader, heap);
  const PickleList* list = sequence_items(views);
  require(list != nullptr, "its list of views is {}", describe(views));
  for (const PickleValue item : *list) {
    const PickleList& view = items_of(item, 4, "a view");
    const StorageView parsed{key_of(view[0]), count_of(view[2], "the offset of a view"),
                             count_of(view[3], "the length of a view")};
    const auto root = find_storage(tables, view[1]);
    add_storage(parsed.key, view_of(*root, parsed), tables);
  }
  return stored;
}

std::vector<std::int64_t> read_integers(ByteReader& reader, std::uint32_t count) {
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values) value = reader.little_endian<std::int64_t>();
  return values;
}

void read_tensors(const SharedSource& file, PickleHeap& heap, Tables& tables) {
  ByteReader reader(file);
  const std::uint64_t number = count_of(load_pickle(reader, heap), "the number of tensors");
  for (std::uint64_t i = 0; i < number; ++i) {
    const PickleList& id = items_of(load_pickle(reader, heap), 3, "a tensor");
    Tensor tensor;
    if (!is_none(id[1])) tensor.storage = find_storage(tables, id[1]);
    const auto rank = reader.little_endian<std::uint32_t>();
    require(rank <= kMostRank, "a tensor has {} axes", rank);
    reader.skip(4);  // the rank was once an int64
    tensor.shape = read_integers(reader, rank);
    tensor.strides = read_integers(reader, rank);
    tensor.offset = reader.little_endian<std::int64_t>();
    // The first versions wrote a tensor without elements as one without axes and storage.
    if (tensor.storage == nullptr && rank == 0) tensor.shape = tensor.strides = {0};
    require_valid(tensor);
    heap.charge(sizeof(Tensor) + 2 * sizeof(std::int64_t) * rank);
    tables.tensors[key_of(id[0])] = std::make_shared<Tensor>(std::move(tensor));
  }
}

Outside find_outside(const Tables& tables, const PickleNode* id) {
  const PickleList* module = tuple_items(id);  // (class, file, source)
  if (module != nullptr && module->size() == 3) return module->front();
  const std::string key = key_of(id);
  if (const auto tensor = tables.tensors.find(key); tensor != tables.tensors.end()) {
    return tensor->second;
  }
  return find_storage(tables, id);
}

}  // namespace

bool looks_like_tar_container(const std::vector<TarMember>& members) {
  return find_member(members, "pickle") != nullptr && find_member(members, "tensors") != nullptr &&
         find_member(members, "storages") != nullptr;
}

Contents read_tar_container(const std::vector<TarMember>& members) {
  Contents contents;
  contents.container = "TAR container (the first releases of PyTorch)";
  Tables tables;
  contents.stored_elements =
      read_storages(find_member(members, "storages")->bytes, *contents.heap, tables);
  read_tensors(find_member(members, "tensors")->bytes, *contents.heap, tables);
  ByteReader reader(find_member(members, "pickle")->bytes);
  std::vector<PickleValue> persistent;
  contents.object = load_pickle(reader, *contents.heap, &persistent);
  for (const PickleValue value : persistent) {
    const PickleValue id = get_if<PicklePersistent>(value)->id;
    if (!contents.outside.contains(id)) contents.outside.emplace(id, find_outside(tables, id));
  }
  return contents;
}

}  // namespace odin::pytorch
