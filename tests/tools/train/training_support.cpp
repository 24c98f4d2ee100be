#include "tests/tools/train/training_support.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "kernels/philox.h"

namespace odin::test {
namespace {

constexpr int kClasses = 3;

// Pixel (i, j) of image n, all channels alike.
std::uint8_t stripe(std::uint64_t seed, std::int64_t n, int i, int j) {
  const auto stream = static_cast<std::uint64_t>(n);
  const auto draw = [&](std::uint64_t index) { return philox_uniform(seed, stream, index); };
  const int phase = static_cast<int>(draw(0) * 8);
  const float dark = 40 + 60 * draw(1);
  const float bright = dark + 60 + 40 * draw(2);
  const bool row = (i + phase) / 4 % 2 != 0;
  const bool column = (j + phase) / 4 % 2 != 0;
  const int label = static_cast<int>(n % kClasses);
  const bool is_bright = label == 0 ? row : label == 1 ? column : row != column;
  const float noise = 40 * (draw(16 + static_cast<std::uint64_t>(i * 32 + j)) - 0.5F);
  return static_cast<std::uint8_t>((is_bright ? bright : dark) + noise);
}

class Stripes final : public ByteDataset {
 public:
  Stripes(std::int64_t count, std::uint64_t seed, const ImageShape& shape)
      : ByteDataset("Stripes", count, shape, labels(count)), seed_(seed) {}

 private:
  static DatasetLabels labels(std::int64_t count) {
    DatasetLabels labels;
    for (std::int64_t n = 0; n < count; ++n) {
      labels.of_image.push_back(static_cast<std::int32_t>(n % kClasses));
    }
    labels.num_classes = kClasses;
    return labels;
  }

  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    for (int c = 0; c < shape().channels; ++c) {
      for (int i = 0; i < shape().side; ++i) {
        for (int j = 0; j < shape().side; ++j) *pixels++ = stripe(seed_, index, i, j);
      }
    }
  }

  std::uint64_t seed_;
};

void append_big_endian(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace

std::shared_ptr<const Dataset> make_stripes(std::int64_t count, std::uint64_t seed,
                                            const ImageShape& shape) {
  return std::make_shared<Stripes>(count, seed, shape);
}

std::filesystem::path write_stripes(const std::filesystem::path& folder, std::int64_t count,
                                    std::uint64_t seed, int side) {
  std::string images;
  std::string labels;
  append_big_endian(images, 0x803);
  append_big_endian(labels, 0x801);
  for (std::string* file : {&images, &labels}) {
    append_big_endian(*file, static_cast<std::uint32_t>(count));
  }
  for (int axis = 0; axis < 2; ++axis) append_big_endian(images, static_cast<std::uint32_t>(side));
  for (std::int64_t n = 0; n < count; ++n) {
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) images += static_cast<char>(stripe(seed, n, i, j));
    }
    labels += static_cast<char>(n % kClasses);
  }
  write(folder / "images-idx3-ubyte", images);
  write(folder / "labels-idx1-ubyte", labels);
  return folder / "images-idx3-ubyte";
}

}  // namespace odin::test
