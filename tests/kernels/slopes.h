// The slopes of a loss, which gradients are tested against.
#pragma once

#include <vector>

namespace odin::test {

// d loss / d image, one for each pixel, by central differences. loss() reads the image, which stays
// as it was.
template <class Loss>
std::vector<double> slopes_of(std::vector<float>& image, const Loss& loss) {
  // A smaller step would see the logits' rounding to 24 bits, a larger one the ReLUs' kinks.
  constexpr float kStep = 1.0f / 256;
  std::vector<double> slopes;
  for (float& x : image) {
    const float kept = x;
    x = kept + kStep;
    const double above = loss();
    const double up = x;
    x = kept - kStep;
    slopes.push_back((above - loss()) / (up - double{x}));
    x = kept;
  }
  return slopes;
}

}  // namespace odin::test
