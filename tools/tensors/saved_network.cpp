#include "tools/tensors/saved_network.h"

#include <algorithm>
#include <utility>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin::pytorch {

bool has_prefix(const SavedNetwork& network, std::string_view prefix) {
  const std::string start = std::string(prefix) + ".";
  return std::ranges::any_of(
      network.tensors, [&](const NamedTensor& named) { return named.name.starts_with(start); });
}

void keep_prefix(SavedNetwork& network, std::string_view prefix) {
  const std::string start = std::string(prefix) + ".";
  std::vector<NamedTensor> kept;
  for (NamedTensor& named : network.tensors) {
    if (!named.name.starts_with(start)) continue;
    named.name.erase(0, start.size());
    kept.push_back(std::move(named));
  }
  require(!kept.empty(), "it holds no tensor whose name begins with '{}'; the first one's is '{}'",
          printable(start), network.tensors.empty() ? "" : printable(network.tensors.front().name));
  network.tensors = std::move(kept);
}

}  // namespace odin::pytorch
