#include "tools/pytorch/saved_tensor.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kernels/error.h"

namespace odin::pytorch {
namespace {

// PyTorch nests no deeper than a Parameter of a Variable of a tensor.
constexpr int kMostWrappings = 8;

bool is(const PickleGlobal* global, std::string_view module, std::string_view name) {
  return global != nullptr && global->module == module && global->name == name;
}

bool is_quantised_rebuild(const PickleGlobal* global) {
  return is(global, "torch._utils", "_rebuild_qtensor");
}
// For types that have no class of storages, such as float8_e4m3fn: the storage is of bytes.
bool is_typed_rebuild(const PickleGlobal* global) {
  return is(global, "torch._utils", "_rebuild_tensor_v3");
}
bool is_tensor_rebuild(const PickleGlobal* global) {
  return is(global, "torch._utils", "_rebuild_tensor") ||
         is(global, "torch._utils", "_rebuild_tensor_v2") || is_quantised_rebuild(global) ||
         is_typed_rebuild(global);
}

// A wrapper around the tensor that is its first argument, perhaps with flags.
bool is_parameter(const PickleGlobal* global) {
  return is(global, "torch._utils", "_rebuild_parameter") ||
         is(global, "torch._utils", "_rebuild_parameter_with_state") ||
         is(global, "torch.nn.parameter", "Parameter") ||
         is(global, "torch.nn.parameter", "Buffer") ||
         is(global, "torch.autograd.variable", "Variable");
}

// A class of tensors before PyTorch 0.4, such as torch.FloatTensor or torch.cuda.HalfTensor.
bool is_old_tensor_class(const PickleGlobal* global) {
  return global != nullptr && (global->module == "torch" || global->module == "torch.cuda") &&
         global->name.ends_with("Tensor");
}

std::int64_t integer_of(const PickleNode* value, std::string_view what) {
  const auto* integer = get_if<std::int64_t>(value);
  require(integer != nullptr, "the {} of a tensor is {}", what, describe(value));
  return *integer;
}

// A tuple, a list or a torch.Size of integers.
std::vector<std::int64_t> integers_of(const Contents& contents, const PickleNode* value,
                                      std::string_view what) {
  if (const auto* object = get_if<PickleObject>(value)) {
    const Origin origin = origin_of(contents, *object);
    if (is(origin.maker, "torch", "Size") && origin.arguments.size() == 1) {
      value = origin.arguments.front();
    }
  }
  const PickleList* items = sequence_items(value);
  require(items != nullptr && items->size() <= kMostRank, "the {} of a tensor is {}", what,
          describe(value));
  std::vector<std::int64_t> integers;
  for (const PickleValue item : *items) integers.push_back(integer_of(item, what));
  return integers;
}

// The bytes of a storage as elements of the type that the name torch.float8_e4m3fn, or another,
// gives.
std::shared_ptr<const Storage> typed(const Storage& bytes, const PickleNode* dtype) {
  const auto* global = get_if<PickleGlobal>(dtype);
  const ElementType* type = global == nullptr || global->module != "torch"
                                ? nullptr
                                : find_element_type_by_name(global->name);
  require(type != nullptr, "a tensor has elements of the type {}, which is not known",
          describe(dtype));
  Storage storage = bytes;
  storage.type = type;
  storage.count = bytes.count * bytes.type->size / type->size;
  return std::make_shared<Storage>(storage);
}

// With metadata, the values of a tensor are negatives or conjugates of the stored ones.
void require_no_metadata(std::span<const PickleValue> arguments, std::size_t at) {
  if (arguments.size() <= at) return;
  const auto* metadata = get_if<PickleDict>(arguments[at]);
  require(is_none(arguments[at]) || (metadata != nullptr && metadata->entries.empty()),
          "a tensor is a view that changes the stored numbers; save a clone() of it instead");
}

// From the arguments of `function`. They begin with (storage, offset, shape, strides). There follow
// - requires_grad, hooks, metadata, which are all optional;
// - requires_grad, hooks, dtype, metadata for _rebuild_tensor_v3;
// - the quantizer's parameters, requires_grad, hooks for _rebuild_qtensor.
Tensor rebuild(const Contents& contents, const PickleGlobal* function,
               std::span<const PickleValue> arguments) {
  require(arguments.size() >= 4, "a tensor is made of {} values", arguments.size());
  const bool has_dtype = is_typed_rebuild(function);
  if (!is_quantised_rebuild(function)) {
    require_no_metadata(arguments, has_dtype ? 7 : 6);
  }
  const auto* persistent = get_if<PicklePersistent>(arguments[0]);
  const auto* storage = persistent == nullptr
                            ? nullptr
                            : contents.find_outside<std::shared_ptr<const Storage>>(*persistent);
  require(storage != nullptr, "a tensor is made of {}, not of a storage", describe(arguments[0]));
  require(!has_dtype || arguments.size() >= 7, "a tensor is made of {} values", arguments.size());
  Tensor tensor{has_dtype ? typed(**storage, arguments[6]) : *storage,
                integers_of(contents, arguments[2], "shape"),
                integers_of(contents, arguments[3], "strides"), integer_of(arguments[1], "offset")};
  require_valid(tensor);
  return tensor;
}

}  // namespace

Origin origin_of(const Contents& contents, const PickleObject& object) {
  const PickleList& arguments = *tuple_items(object.arguments);
  Origin origin{get_if<PickleGlobal>(object.maker), arguments};
  const PickleNode* maker = object.maker;
  const bool is_module = origin.maker != nullptr &&
                         (origin.maker->module == "copy_reg" || origin.maker->module == "copyreg");
  if (is_module && !arguments.empty()) {
    // __newobj__(class, *arguments) and _reconstructor(class, base, value of the base).
    maker = arguments.front();
    origin.arguments = origin.arguments.subspan(1);
    if (is_global(object.maker, origin.maker->module, "_reconstructor")) origin.arguments = {};
    origin.maker = get_if<PickleGlobal>(maker);
  }
  if (const auto* persistent = get_if<PicklePersistent>(maker)) {
    const auto* outside = contents.find_outside<PickleValue>(*persistent);
    origin.maker = outside == nullptr ? nullptr : get_if<PickleGlobal>(*outside);
  }
  return origin;
}

std::optional<PickleEntries> entries_of(const Contents& contents, const PickleNode* value) {
  if (const auto* dict = get_if<PickleDict>(value)) return dict->entries;
  const auto* object = get_if<PickleObject>(value);
  if (object == nullptr) return std::nullopt;
  const Origin origin = origin_of(contents, *object);
  if (origin.maker == nullptr || origin.maker->module != "collections") return std::nullopt;
  PickleEntries entries;
  if (origin.maker->name == "OrderedDict" && !origin.arguments.empty()) {
    // Python 2 gives the entries as a list of lists of two.
    const PickleList* pairs = sequence_items(origin.arguments.front());
    require(pairs != nullptr, "an OrderedDict is made of {}", describe(origin.arguments.front()));
    for (const PickleValue item : *pairs) {
      const PickleList* pair = sequence_items(item);
      require(pair != nullptr && pair->size() == 2, "an entry of an OrderedDict is {}",
              describe(item));
      entries.emplace_back((*pair)[0], (*pair)[1]);
    }
  }
  entries.insert(entries.end(), object->entries.begin(), object->entries.end());
  return entries;
}

bool is_sparse(const Contents& contents, const PickleNode* value) {
  for (int wrapping = 0; wrapping < kMostWrappings; ++wrapping) {
    const auto* object = get_if<PickleObject>(value);
    if (object == nullptr) return false;
    const Origin origin = origin_of(contents, *object);
    if (is(origin.maker, "torch._utils", "_rebuild_sparse_tensor")) return true;
    if (!is_parameter(origin.maker) || origin.arguments.empty()) return false;
    value = origin.arguments.front();
  }
  return false;
}

std::optional<Tensor> tensor_of(const Contents& contents, const PickleNode* value) {
  for (int wrapping = 0; wrapping < kMostWrappings; ++wrapping) {
    if (const auto* persistent = get_if<PicklePersistent>(value)) {
      const auto* tensor = contents.find_outside<std::shared_ptr<const Tensor>>(*persistent);
      return tensor == nullptr ? std::nullopt : std::optional(**tensor);
    }
    const auto* object = get_if<PickleObject>(value);
    if (object == nullptr) return std::nullopt;
    const Origin origin = origin_of(contents, *object);
    const PickleList* state = tuple_items(object->state);

    if (is_tensor_rebuild(origin.maker)) {
      return rebuild(contents, origin.maker, origin.arguments);
    }
    if (is(origin.maker, "torch._tensor", "_rebuild_from_type_v2")) {
      // (function, class, its arguments, state): a tensor with extra attributes.
      const PickleList* inner =
          origin.arguments.size() == 4 ? tuple_items(origin.arguments[2]) : nullptr;
      if (inner == nullptr) return std::nullopt;
      const auto* function = get_if<PickleGlobal>(origin.arguments[0]);
      if (is_tensor_rebuild(function)) return rebuild(contents, function, *inner);
      if (!is_parameter(function) || inner->empty()) return std::nullopt;
      value = inner->front();
    } else if (is_parameter(origin.maker)) {
      if (!origin.arguments.empty()) {
        value = origin.arguments.front();
      } else if (state != nullptr && state->size() == 5) {
        value = state->front();  // (tensor, gradient, hooks, requires_grad, volatile)
      } else {
        fail("a Parameter without a tensor");
      }
    } else if (is_old_tensor_class(origin.maker) && state != nullptr && state->size() == 4) {
      return rebuild(contents, nullptr, *state);
    } else {
      return std::nullopt;
    }
  }
  fail("a Parameter within more than {} others", kMostWrappings);
}

}  // namespace odin::pytorch
