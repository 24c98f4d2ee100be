#include "tools/conversion/network_file.h"

#include <cstdint>
#include <map>

#include "kernels/error.h"
#include "tools/conversion/infer_architecture.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

// Views may share or repeat elements. Up to this many more than the stored ones are allowed.
constexpr std::uint64_t kSpareElements = std::uint64_t{1} << 20;

}  // namespace

NetworkFile::NetworkFile(const SharedSource& file)
    : contents_(open_container(file)), network_(find_network(contents_)) {}

Architecture NetworkFile::architecture() const {
  ShapeMap shapes;
  for (const auto& [name, tensor] : network_.tensors) shapes.emplace(name, tensor.shape);
  return infer_architecture(shapes);
}

ParameterMap NetworkFile::parameters() const {
  std::map<std::string, Shape> shapes;
  for (const ParameterSpec& spec : parameter_specs(architecture())) {
    shapes.emplace(spec.name, spec.shape);
  }
  std::uint64_t left = contents_.stored_elements + kSpareElements;
  ParameterMap parameters;
  for (const auto& [name, tensor] : network_.tensors) {
    const auto count = static_cast<std::uint64_t>(tensor.count());
    require(count <= left, "its tensors are views that unfold to more than the {} elements stored",
            contents_.stored_elements);
    left -= count;
    try {
      parameters.emplace(name, ParameterArray{shapes.at(name), read_elements(tensor)});
    } catch (const Error& error) {
      fail("'{}': {}", printable(name), error.what());
    }
  }
  return parameters;
}

}  // namespace odin::pytorch
