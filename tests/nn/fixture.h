// What PyTorch computed for networks of formula weights (tests/pytorch/make_network_fixtures.py).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace odin::test {

// A file of float32 sections, which are read one after the other.
class Fixture {
 public:
  explicit Fixture(const std::string& name);
  std::span<const float> next(std::size_t count);
  bool at_end() const { return taken_ == values_.size(); }

 private:
  std::vector<float> values_;
  std::size_t taken_ = 0;
};

// The relative error of the gradient of each image, of `elements` numbers, the smallest first. Each
// gradient is first scaled to the length of the expected one, because only its direction counts.
//
// An image has up to ten million ReLU inputs. If one is so near to zero that rounding opens or
// closes the ReLU, the gradient changes by that one path, by up to 1e-2. So tests judge the best
// image by the precision of the arithmetic, and the worst image by 1e-2.
std::vector<double> gradient_errors(std::vector<float> gradient, std::span<const float> expected,
                                    std::size_t elements = 3 * 32 * 32);

}  // namespace odin::test
