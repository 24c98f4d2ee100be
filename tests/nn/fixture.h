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

}  // namespace odin::test
