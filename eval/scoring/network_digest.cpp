#include "eval/scoring/network_digest.h"

#include <span>

#include <fmt/format.h>

#include "weights/files/digest.h"

namespace odin {

std::uint64_t digest_of(const Checkpoint& checkpoint, std::string_view device) {
  Fnv1a hash;
  hash.add(device);
  // With the parameters and the batch, the shape of other images than the usual ones.
  const ImageShape image = checkpoint.architecture.image;
  if (image != ImageShape{}) hash.add(fmt::format("{} x {}", image.channels, image.side));
  hash.add(std::span<const float>(checkpoint.mean));
  hash.add(std::span<const float>(checkpoint.std));
  for (const auto& [name, array] : checkpoint.parameters) {
    hash.add(name);
    hash.add(std::span<const float>(array.values));
  }
  return hash.value();
}

}  // namespace odin
