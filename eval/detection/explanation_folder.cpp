#include "eval/detection/explanation_folder.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "eval/image/png_writer.h"
#include "kernels/error.h"
#include "weights/files/atomic_file.h"
#include "weights/files/output_folder.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

constexpr int kSmallestSide = 128;         // of a picture
constexpr int kGap = 4;                    // white columns between two
constexpr std::size_t kLongestStem = 200;  // bytes; a name has at most 255

std::uint8_t byte_of_pixel(float pixel) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(pixel, 0.0F, 1.0F)));
}

// Whether the name is taken, if only by a broken link.
bool is_taken(const fs::path& file) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(file, unknown));
}

}  // namespace

std::string explanation_png(std::span<const std::uint8_t> pixels, const ImageShape& shape,
                            const Explanation& explanation) {
  const int scale = (kSmallestSide + shape.side - 1) / shape.side;
  const int side = scale * shape.side;
  const int width = 3 * side + 2 * kGap;
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(3 * width * side), 255);
  const auto draw = [&](int left, const auto& byte_at) {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        for (int c = 0; c < 3; ++c) {
          const int plane = shape.channels == 1 ? 0 : c;  // grey is repeated
          const int from = (plane * shape.side + y / scale) * shape.side + x / scale;
          rgb[static_cast<std::size_t>((y * width + left + x) * 3 + c)] =
              byte_at(static_cast<std::size_t>(from));
        }
      }
    }
  };
  draw(0, [&](std::size_t i) { return pixels[i]; });
  draw(side + kGap, [&](std::size_t i) { return explanation.gradient_sign[i] > 0 ? 255 : 0; });
  draw(2 * (side + kGap), [&](std::size_t i) { return byte_of_pixel(explanation.perturbed[i]); });
  return encode_png_rows(rgb, width, side);
}

ExplanationFolder::ExplanationFolder(fs::path folder) : folder_(std::move(folder)) {
  make_output_folder(folder_);
}

void ExplanationFolder::write(const fs::path& image, std::string_view png) const {
  const fs::path file = reserve(image.stem().string().substr(0, kLongestStem));
  try {
    write_atomically(file, png);
  } catch (...) {
    std::error_code ignored;
    fs::remove(file, ignored);
    throw;
  }
}

fs::path ExplanationFolder::reserve(const std::string& stem) const {
  const auto name = [&](std::int64_t number) {
    return folder_ / (number == 1 ? stem + ".png" : fmt::format("{}-{}.png", stem, number));
  };
  for (;;) {
    // Thousands of images may have one name, so a free number is searched for in steps that double,
    // and then halve.
    std::int64_t below = 0;  // the number after it is free once the steps have halved
    std::int64_t step = 1;
    for (; is_taken(name(below + step)); step *= 2) below += step;
    for (; step > 1; step /= 2) {
      if (is_taken(name(below + step / 2))) below += step / 2;
    }
    const fs::path file = name(below + 1);
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::close(descriptor);
      return file;
    }
    // Another program may have taken it.
    require(errno == EEXIST, "cannot write '{}': {}", file.string(), system_reason());
  }
}

}  // namespace odin
