// The size of the images that a network takes.
#pragma once

#include <cstdint>

namespace odin {

// Square images with planes of grey (1 channel) or red, green and blue (3), `side` pixels high and
// wide. The default is that of CIFAR's images, for which both families of networks were made.
struct ImageShape {
  // The smallest images that both families can halve twice, and the largest that are accepted: a
  // DenseNet-BC-100 keeps some 200 MB of activations for one of them.
  static constexpr int kLeastSide = 4;
  static constexpr int kMostSide = 256;

  int channels = 3;
  int side = 32;

  // Pixels of a plane, and numbers in an image, (channels, side, side).
  std::int64_t pixels() const { return std::int64_t{side} * side; }
  std::int64_t elements() const { return channels * pixels(); }
  bool operator==(const ImageShape&) const = default;
};

}  // namespace odin
