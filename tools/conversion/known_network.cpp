#include "tools/conversion/known_network.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tools/conversion/infer_architecture.h"
#include "tools/conversion/parameter_names.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

// Views may share or repeat elements. Up to this many more than the stored ones are allowed.
constexpr std::uint64_t kSpareElements = std::uint64_t{1} << 20;

Architecture architecture_of(const Naming& naming) {
  std::vector<NamedShape> shapes;
  for (const NamedParameter& parameter : naming.parameters) {
    shapes.push_back({parameter.name, parameter.tensor->name, parameter.tensor->tensor.shape});
  }
  return infer_architecture(shapes);
}

void refuse_quantised(const SavedNetwork& network) {
  const auto quantised = std::ranges::find_if(network.tensors, [](const NamedTensor& named) {
    return named.tensor.storage != nullptr && is_quantised(*named.tensor.storage->type);
  });
  if (quantised != network.tensors.end()) {
    fail("it is a quantised network ('{}' is {}): save the network as it was before that",
         printable(quantised->name), quantised->tensor.storage->type->name);
  }
}

}  // namespace

Architecture architecture_of(const SavedNetwork& network) {
  refuse_quantised(network);
  return architecture_of(name_parameters(network.tensors));
}

ParameterMap parameters_of(const SavedNetwork& network, std::uint64_t stored_elements) {
  refuse_quantised(network);
  const Naming naming = name_parameters(network.tensors);
  std::map<std::string, Shape> shapes;
  for (const ParameterSpec& spec : parameter_specs(architecture_of(naming))) {
    shapes.emplace(spec.name, spec.shape);
  }
  std::uint64_t left = stored_elements + kSpareElements;
  ParameterMap parameters;
  for (const auto& [name, saved] : naming.parameters) {
    const auto count = static_cast<std::uint64_t>(saved->tensor.count());
    require(count <= left, "its tensors are views that unfold to more than the {} elements stored",
            stored_elements);
    left -= count;
    try {
      parameters.emplace(name, ParameterArray{shapes.at(name), read_elements(saved->tensor)});
    } catch (const Error& error) {
      fail("'{}': {}", printable(saved->name), error.what());
    }
  }
  return parameters;
}

}  // namespace odin::pytorch
