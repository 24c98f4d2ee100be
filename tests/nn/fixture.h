// What PyTorch computed for networks of formula weights (tests/pytorch/make_network_fixtures.py).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace odin::test {

// A file of float32 sections, taken one after the other.
class Fixture {
 public:
  explicit Fixture(const std::string& name);
  std::span<const float> next(std::size_t count);
  bool at_end() const { return taken_ == values_.size(); }

 private:
  std::vector<float> values_;
  std::size_t taken_ = 0;
};

// The relative error of each image's gradient (3, 32, 32), the smallest first. Each is brought to
// the length of the expected one, for only its direction counts.
//
// An image has up to ten million ReLU inputs, and one so near to zero that rounding opens or closes
// it changes the gradient by its one path: by up to 1e-2. So the best image is to be judged by the
// precision of the arithmetic, and the worst by that.
std::vector<double> gradient_errors(std::vector<float> gradient, std::span<const float> expected);

}  // namespace odin::test
