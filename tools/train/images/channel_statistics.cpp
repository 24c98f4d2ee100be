#include "tools/train/images/channel_statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/error.h"

namespace odin::training {

void measure_channels(const Dataset& images, Checkpoint& checkpoint) {
  const ImageShape shape = checkpoint.architecture.image;
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto pixels = static_cast<std::size_t>(shape.pixels());
  std::vector<double> sum(channels);
  std::vector<double> squares(channels);
  std::vector<float> image(static_cast<std::size_t>(shape.elements()));
  for (std::int64_t i = 0; i < images.size(); ++i) {
    images.read(i, 1, image.data());
    for (std::size_t e = 0; e < image.size(); ++e) {
      const double v = image[e];
      sum[e / pixels] += v;
      squares[e / pixels] += v * v;
    }
  }
  const auto n = static_cast<double>(images.size() * shape.pixels());
  checkpoint.mean.resize(channels);
  checkpoint.std.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = sum[c] / n;
    checkpoint.mean[c] = static_cast<float>(mean);
    checkpoint.std[c] = static_cast<float>(std::sqrt(std::max(squares[c] / n - mean * mean, 0.0)));
    require(checkpoint.std[c] > 0,
            "channel {} has the same value everywhere: give --mean and --std", c);
  }
}

}  // namespace odin::training
