#include "tools/pytorch/saved_object.h"

#include <algorithm>
#include <optional>

#include "kernels/error.h"
#include "tools/pytorch/candidates.h"
#include "tools/pytorch/saved_tensor.h"

namespace odin::pytorch {
namespace {

constexpr const char* kSaveStateDict = "save the network's state_dict() with torch.save";

bool is_numpy_array(const Contents& contents, const PickleNode* value) {
  const auto* object = get_if<PickleObject>(value);
  const PickleGlobal* maker = object == nullptr ? nullptr : origin_of(contents, *object).maker;
  return maker != nullptr && maker->module.starts_with("numpy") &&
         (maker->name == "_reconstruct" || maker->name == "_frombuffer");
}

std::optional<Tensor> valid_tensor(const Contents& contents, const PickleNode* value) {
  try {
    return tensor_of(contents, value);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string about_dict(const Contents& contents, const PickleEntries& entries, Steps& steps) {
  const auto arrays = std::ranges::count_if(
      entries, [&](const auto& entry) { return is_numpy_array(contents, entry.second); });
  if (arrays > 0) {
    return fmt::format(
        "it holds a dict of {} NumPy arrays, where tensors are needed: save {{name: "
        "torch.from_numpy(array)}} with torch.save",
        arrays);
  }
  // One level down, as {'params': {...}}.
  for (const auto& [key, value] : entries) {
    const auto inner = steps.entries(contents, value);
    if (!inner || !std::ranges::any_of(*inner, [&](const auto& entry) {
          return is_numpy_array(contents, entry.second);
        })) {
      continue;
    }
    return about_dict(contents, *inner, steps);
  }
  return fmt::format("it holds a dict of {} without a tensor, so no network", entries.size());
}

}  // namespace

std::string why_no_network(const Contents& contents, const PickleNode* object) {
  if (const auto tensor = valid_tensor(contents, object)) {
    return fmt::format("it holds a single tensor of shape {}, not a network: {}",
                       shape_text(tensor->shape), kSaveStateDict);
  }
  if (is_numpy_array(contents, object)) {
    return fmt::format("it holds a NumPy array, not a network: {}", kSaveStateDict);
  }
  Steps steps;
  if (const auto entries = steps.entries(contents, object)) {
    return about_dict(contents, *entries, steps);
  }
  const PickleList* items = sequence_items(object);
  if (items != nullptr && std::ranges::any_of(*items, [&](const PickleNode* item) {
        return valid_tensor(contents, item).has_value();
      })) {
    return fmt::format("it holds {} with tensors but without their names, not a network: {}",
                       describe(object), kSaveStateDict);
  }
  return fmt::format("it holds {}, not a network", describe(object));
}

}  // namespace odin::pytorch
