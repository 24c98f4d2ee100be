#include "eval/data/arrays/npy_images.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "eval/data/arrays/npy_file.h"
#include "eval/image/array_image.h"
#include "kernels/error.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t kMostRead = 10000000;
constexpr std::int64_t kMostClasses = 65536;

NumpyArray open_array(const fs::path& file, std::string_view what) {
  InputFile input(file);
  try {
    return open_npy_file(std::move(input));
  } catch (const Error& error) {
    fail("'{}' cannot be read as an array of {}: {}", file.string(), what, error.what());
  }
}

NumpyArray open_images(const fs::path& file) {
  NumpyArray array = open_array(file, "images");
  const std::vector<std::int64_t>& shape = array.shape;
  const bool is_colour = shape.size() == 4 && shape[3] == 3;
  // A last axis of 3 or 4 is that of a single image in colour.
  const bool is_grey = (shape.size() == 3 && shape[2] > 4) || (shape.size() == 4 && shape[3] == 1);
  const bool is_images = array.kind == 'u' && array.item_size == 1 && (is_colour || is_grey);
  require(
      is_images,
      "'{}' holds the type {}{} in the shape ({}), where images of bytes are expected: u1 in the "
      "shape (N, height, width, 3), or (N, height, width) for grey",
      file.string(), array.kind, array.item_size, fmt::join(shape, ", "));
  require(
      shape[1] > 0 && shape[2] > 0 && shape[1] <= kMaxImageSide && shape[2] <= kMaxImageSide &&
          shape[1] * shape[2] <= kMaxImagePixels,
      "'{}' holds images of {} x {}, where at least one pixel, at most {} on a side and at most "
      "{} in all are read",
      file.string(), shape[2], shape[1], kMaxImageSide, kMaxImagePixels);
  require(!array.column_major,
          "'{}' is stored by columns: save numpy.ascontiguousarray(images) instead", file.string());
  require(shape[0] > 0, "'{}' holds no images", file.string());
  require(shape[0] <= kMostRead, "'{}' holds {} images, and at most {} are read", file.string(),
          shape[0], kMostRead);
  return array;
}

// The labels of `images` images. None, with a note, if the file does not fit.
DatasetLabels read_labels(const fs::path& file, std::int64_t images,
                          std::vector<std::string>& notes) {
  const NumpyArray array = open_array(file, "labels");
  const bool is_whole = array.kind == 'u' || array.kind == 'i';
  if (!is_whole || array.shape != std::vector{images}) {
    notes.push_back(fmt::format(
        "labels.npy next to it is not used: it holds the type {}{} in the shape ({}), not a whole "
        "number for each of {} images",
        array.kind, array.item_size, fmt::join(array.shape, ", "), images));
    return {};
  }
  DatasetLabels labels;
  for (const std::int64_t label : whole_numbers_in(array, images)) {
    require(label >= 0 && label < kMostClasses, "'{}' has the label {} at {}, which is no class",
            file.string(), label, labels.of_image.size());
    labels.of_image.push_back(static_cast<std::int32_t>(label));
    labels.num_classes = std::max(labels.num_classes, static_cast<int>(label) + 1);
  }
  return labels;
}

struct StoredImages {
  std::string file;      // its name in messages
  SharedSource bytes{};  // of the images, each (height, width, channels)
  std::int64_t height = 0;
  std::int64_t width = 0;
  int channels = 0;

  std::int64_t elements() const { return height * width * channels; }
};

class NpyImages final : public ByteDataset {
 public:
  NpyImages(std::string_view name, std::int64_t size, ImageFit fit, const ImageShape& shape,
            DatasetLabels labels, std::vector<std::string> notes, StoredImages stored)
      : ByteDataset(name, size, shape, std::move(labels), std::move(notes)),
        fit_(fit),
        stored_(std::move(stored)) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    const auto& [file, bytes, height, width, channels] = stored_;
    std::vector<std::uint8_t> interleaved(static_cast<std::size_t>(stored_.elements()));
    bytes->read(static_cast<std::uint64_t>(index * stored_.elements()),
                std::as_writable_bytes(std::span(interleaved)));
    fit_array_image({interleaved.data(), channels, height, width, 1, width * channels, channels},
                    file, fit_, shape(), pixels);
  }

  ImageFit fit_;
  StoredImages stored_;
};

}  // namespace

std::shared_ptr<const Dataset> open_npy_images(const fs::path& file, int severity, ImageFit fit,
                                               const ImageShape& shape) {
  const NumpyArray array = open_images(file);
  const std::int64_t all = array.shape[0];
  std::vector<std::string> notes;
  DatasetLabels labels;
  const fs::path labels_file = file.parent_path() / "labels.npy";
  std::error_code ignored;
  if (fs::exists(labels_file, ignored)) labels = read_labels(labels_file, all, notes);

  std::string name = file.stem().string();
  std::int64_t first = 0;
  std::int64_t size = all;
  if (severity > 0) {
    require(severity <= kSeverities && all % kSeverities == 0,
            "'{}' holds {} images, which are not {} severities of equally many: leave out #{}",
            file.string(), all, kSeverities, severity);
    size = all / kSeverities;
    first = (severity - 1) * size;
    name += fmt::format(", severity {}", severity);
    if (!labels.of_image.empty()) {
      labels.of_image = {labels.of_image.begin() + first, labels.of_image.begin() + first + size};
    }
  }
  StoredImages stored{.file = file.string(),
                      .height = array.shape[1],
                      .width = array.shape[2],
                      .channels = array.shape.size() == 4 ? static_cast<int>(array.shape[3]) : 1};
  stored.bytes = window(array.bytes, static_cast<std::uint64_t>(first * stored.elements()),
                        static_cast<std::uint64_t>(size * stored.elements()));
  return std::make_shared<NpyImages>(name, size, fit, shape, std::move(labels), std::move(notes),
                                     std::move(stored));
}

}  // namespace odin
