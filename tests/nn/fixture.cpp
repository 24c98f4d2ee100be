#include "tests/nn/fixture.h"

#include <filesystem>
#include <fstream>

#include "kernels/error.h"

namespace odin::test {

Fixture::Fixture(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::path(ODIN_SOURCE_DIR) / "tests" / "nn" / "fixtures" / (name + ".f32");
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

}  // namespace odin::test
