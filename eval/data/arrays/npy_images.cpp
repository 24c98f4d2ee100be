#include "eval/data/arrays/npy_images.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "eval/data/arrays/npy_file.h"
#include "kernels/error.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t kMostImages = 10000000;
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
  const bool is_images = array.kind == 'u' && array.item_size == 1 && shape.size() == 4 &&
                         shape[1] == kImageSize && shape[2] == kImageSize &&
                         shape[3] == kImageChannels;
  require(
      is_images,
      "'{}' holds the type {}{} in the shape ({}), where images of bytes, u1 in the shape (N, {}, "
      "{}, {}), are expected",
      file.string(), array.kind, array.item_size, fmt::join(shape, ", "), kImageSize, kImageSize,
      kImageChannels);
  require(!array.column_major,
          "'{}' is stored by columns: save numpy.ascontiguousarray(images) instead", file.string());
  require(shape[0] > 0, "'{}' holds no images", file.string());
  require(shape[0] <= kMostImages, "'{}' holds {} images, and at most {} are read", file.string(),
          shape[0], kMostImages);
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

class NpyImages final : public ByteDataset {
 public:
  NpyImages(std::string_view name, std::int64_t size, DatasetLabels labels,
            std::vector<std::string> notes, SharedSource bytes)
      : ByteDataset(name, size, std::move(labels), std::move(notes)), bytes_(std::move(bytes)) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    std::array<std::uint8_t, kImageElements> interleaved;
    bytes_->read(static_cast<std::uint64_t>(index * kImageElements),
                 std::as_writable_bytes(std::span(interleaved)));
    constexpr std::size_t kPlane = std::size_t{kImageSize} * kImageSize;
    for (std::size_t i = 0; i < interleaved.size(); ++i) {
      pixels[i % kImageChannels * kPlane + i / kImageChannels] = interleaved[i];
    }
  }

  SharedSource bytes_;
};

}  // namespace

std::shared_ptr<const Dataset> open_npy_images(const fs::path& file, int severity) {
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
  const auto bytes_of = [](std::int64_t images) {
    return static_cast<std::uint64_t>(images * kImageElements);
  };
  return std::make_shared<NpyImages>(name, size, std::move(labels), std::move(notes),
                                     window(array.bytes, bytes_of(first), bytes_of(size)));
}

}  // namespace odin
