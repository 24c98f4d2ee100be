#include "eval/data/image_digest.h"

#include <cstddef>
#include <optional>
#include <span>

#include "eval/data/batch_loader.h"
#include "weights/files/digest.h"

namespace odin {

std::string sha256_of(const Dataset& images, int threads) {
  Sha256 digest;
  BatchLoader loader(images, {.batch_size = 64, .threads = threads});
  while (const std::optional<Batch> batch = loader.next()) {
    digest.add(std::as_bytes(std::span(
        batch->images, static_cast<std::size_t>(batch->count * images.shape().elements()))));
  }
  return digest.hex();
}

}  // namespace odin
