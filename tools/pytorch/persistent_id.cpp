#include "tools/pytorch/persistent_id.h"

#include "kernels/error.h"
#include "weights/files/byte_source.h"

namespace odin::pytorch {
namespace {

// Of a key or a place.
constexpr std::size_t kMostText = 1024;

}  // namespace

std::optional<StorageId> parse_storage_id(const PickleNode* id) {
  const PickleList* items = tuple_items(id);
  const std::string* kind = items == nullptr || items->empty() ? nullptr : text_of(items->front());
  if (kind == nullptr || *kind != "storage") return std::nullopt;
  require(items->size() == 5 || items->size() == 6, "a storage is described by {} items",
          items->size());
  StorageId storage{storage_type_of((*items)[1]), key_of((*items)[2]), location_of((*items)[3]),
                    count_of((*items)[4], "the length of a storage"), std::nullopt};
  if (items->size() == 6 && !is_none((*items)[5])) {
    const PickleList* view = tuple_items((*items)[5]);
    require(view != nullptr && view->size() == 3, "the view of a storage is {}",
            describe((*items)[5]));
    storage.view = StorageView{key_of((*view)[0]), count_of((*view)[1], "the offset of a view"),
                               count_of((*view)[2], "the length of a view")};
  }
  return storage;
}

PickleValue parse_module_id(const PickleNode* id) {
  const PickleList* items = tuple_items(id);
  const std::string* kind = items == nullptr || items->empty() ? nullptr : text_of(items->front());
  const bool found = kind != nullptr && *kind == "module" && items->size() == 4;
  return found ? (*items)[1] : nullptr;
}

const ElementType* storage_type_of(const PickleNode* value) {
  const auto* global = get_if<PickleGlobal>(value);
  require(global != nullptr && global->module.starts_with("torch"),
          "the type of a storage is {}, not a class of PyTorch", describe(value));
  const ElementType* type = find_element_type(global->name);
  require(type != nullptr, "the storage type {} is not known", name_of(*global));
  return type;
}

const std::string& location_of(const PickleNode* value) {
  const std::string* location = text_of(value);
  require(location != nullptr && location->size() <= kMostText, "the place of a storage is {}",
          describe(value));
  return *location;
}

std::string key_of(const PickleNode* value) {
  const std::string* text = text_of(value);
  if (text != nullptr && text->size() <= kMostText) return *text;
  const auto* integer = get_if<std::int64_t>(value);
  require(integer != nullptr, "the key of a storage or tensor is {}", describe(value));
  return std::to_string(*integer);
}

std::uint64_t count_of(const PickleNode* value, std::string_view what) {
  const auto* integer = get_if<std::int64_t>(value);
  require(integer != nullptr && *integer >= 0, "{} is {}", what, describe(value));
  return static_cast<std::uint64_t>(*integer);
}

Storage view_of(const Storage& root, const StorageView& view) {
  require(view.offset <= root.count && view.count <= root.count - view.offset,
          "a view of {} elements from element {} reaches beyond its storage of {}", view.count,
          view.offset, root.count);
  Storage result = root;
  result.count = view.count;
  result.bytes = window(root.bytes, view.offset * root.type->size, view.count * root.type->size);
  return result;
}

}  // namespace odin::pytorch
