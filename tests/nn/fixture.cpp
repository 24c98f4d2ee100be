#include "tests/nn/fixture.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin::test {

Fixture::Fixture(const std::string& name) {
  // A program that was brought from another machine is run in the sources there.
  const bool built_here = std::filesystem::is_directory(ODIN_SOURCE_DIR);
  const std::filesystem::path path = std::filesystem::path(built_here ? ODIN_SOURCE_DIR : ".") /
                                     "tests" / "nn" / "fixtures" / (name + ".f32");
  values_.resize(std::filesystem::file_size(path) / sizeof(float));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(values_.data()),
            static_cast<std::streamsize>(values_.size() * sizeof(float)));
}

std::span<const float> Fixture::next(std::size_t count) {
  require(taken_ + count <= values_.size(), "a fixture ends after {} values", values_.size());
  const std::span<const float> section(values_.data() + taken_, count);
  taken_ += count;
  return section;
}

std::vector<double> gradient_errors(std::vector<float> gradient, std::span<const float> expected,
                                    std::size_t elements) {
  std::vector<double> errors;
  for (std::size_t begin = 0; begin < gradient.size(); begin += elements) {
    const std::span<float> image = std::span(gradient).subspan(begin, elements);
    const std::span<const float> wanted = expected.subspan(begin, elements);
    double length = 0;
    double wanted_length = 0;
    for (std::size_t i = 0; i < elements; ++i) {
      length += double{image[i]} * image[i];
      wanted_length += double{wanted[i]} * wanted[i];
    }
    const double scale = length > 0 ? std::sqrt(wanted_length / length) : 0;
    for (float& g : image) g = static_cast<float>(g * scale);
    errors.push_back(relative_error<float, float>(image, wanted));
  }
  std::sort(errors.begin(), errors.end());
  return errors;
}

}  // namespace odin::test
