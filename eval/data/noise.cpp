#include "eval/data/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/error.h"
#include "kernels/philox.h"

namespace odin {
namespace {

constexpr double kWords = 4294967296.0;  // 2^32

class Noise final : public Dataset {
 public:
  Noise(NoiseKind kind, std::int64_t count, std::uint64_t seed, const ImageShape& shape)
      : Dataset(kind == NoiseKind::kUniform ? "Uniform noise" : "Gaussian noise", count, shape, {}),
        kind_(kind),
        seed_(seed) {}

 private:
  // In blocks of four words: one call of the generator makes four.
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const override {
    const auto first = static_cast<std::uint64_t>(begin * shape().elements());
    const auto last = static_cast<std::uint64_t>((begin + count) * shape().elements());
    const bool uniform = kind_ == NoiseKind::kUniform;
    const std::uint64_t stream = uniform ? kUniformNoiseStream : kGaussianNoiseStream;
    for (std::uint64_t block = first / 4; 4 * block < last; ++block) {
      const Philox4x32 words = philox4x32_10(
          {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
            static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}},
          static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32));
      float values[4];
      if (uniform) {
        for (int i = 0; i < 4; ++i) {
          values[i] = static_cast<float>(words.x[i] >> 8) * (1.0f / 16777216.0f);
        }
      } else {
        gaussian_pair(words.x[0], words.x[1], values);
        gaussian_pair(words.x[2], words.x[3], values + 2);
      }
      // Images of an odd number of elements begin and end within a block.
      const std::uint64_t skip = std::max(4 * block, first) - 4 * block;
      const std::uint64_t end = std::min(4 * block + 4, last) - 4 * block;
      pixels = std::copy(values + skip, values + end, pixels);
    }
  }

  // In double, so that every mathematical library gives the same float, except for a rare last bit.
  static void gaussian_pair(std::uint32_t word0, std::uint32_t word1, float* pair) {
    const double radius = std::sqrt(-2 * std::log((word0 + 0.5) / kWords));
    const double angle = 2 * std::numbers::pi * (word1 / kWords);
    pair[0] = static_cast<float>(std::clamp(0.5 + radius * std::cos(angle), 0.0, 1.0));
    pair[1] = static_cast<float>(std::clamp(0.5 + radius * std::sin(angle), 0.0, 1.0));
  }

  NoiseKind kind_;
  std::uint64_t seed_;
};

}  // namespace

std::shared_ptr<const Dataset> make_noise(NoiseKind kind, std::int64_t count, std::uint64_t seed,
                                          const ImageShape& shape) {
  require(count >= 1, "a set of noise needs at least one image, but {} were asked for", count);
  return std::make_shared<Noise>(kind, count, seed, shape);
}

}  // namespace odin
