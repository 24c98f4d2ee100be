#include "eval/data/dataset.h"

#include <algorithm>
#include <utility>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

std::vector<std::string> notes_on(const Dataset& dataset) {
  return {dataset.notes().begin(), dataset.notes().end()};
}

class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, std::int64_t begin, std::int64_t count,
         DatasetLabels labels)
      : Dataset(whole->name(), count, whole->shape(), std::move(labels), notes_on(*whole)),
        whole_(std::move(whole)),
        begin_(begin) {}

 private:
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const override {
    whole_->read(begin_ + begin, count, pixels);
  }

  std::shared_ptr<const Dataset> whole_;
  std::int64_t begin_;
};

class Selection final : public Dataset {
 public:
  Selection(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> indices,
            DatasetLabels labels)
      : Dataset(whole->name(), static_cast<std::int64_t>(indices.size()), whole->shape(),
                std::move(labels), notes_on(*whole)),
        whole_(std::move(whole)),
        indices_(std::move(indices)) {}

 private:
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const override {
    for (std::int64_t i = 0; i < count; ++i) {
      whole_->read(indices_[static_cast<std::size_t>(begin + i)], 1,
                   pixels + i * shape().elements());
    }
  }

  std::shared_ptr<const Dataset> whole_;
  std::vector<std::int64_t> indices_;
};

// Those of `dataset`, for images that the caller adds.
DatasetLabels empty_labels(const Dataset& dataset) {
  return {{}, dataset.num_classes(), {dataset.class_names().begin(), dataset.class_names().end()}};
}

}  // namespace

Dataset::Dataset(std::string_view name, std::int64_t size, const ImageShape& shape,
                 DatasetLabels labels, std::vector<std::string> notes)
    : name_(printable_lines(name)),
      size_(size),
      shape_(shape),
      labels_(std::move(labels)),
      notes_(std::move(notes)) {
  for (std::string& note : notes_) note = printable_lines(note);
  const bool fits =
      labels_.num_classes == 0 || static_cast<std::int64_t>(labels_.of_image.size()) == size_;
  require(fits, "data set '{}' has {} labels for {} images", name_, labels_.of_image.size(), size_);
}

void Dataset::read(std::int64_t begin, std::int64_t count, float* pixels) const {
  require(begin >= 0 && count >= 0 && begin <= size_ && count <= size_ - begin,
          "cannot read {} images, starting at image {}, from '{}', which has {}", count, begin,
          name_, size_);
  read_images(begin, count, pixels);
}

void ByteDataset::read_images(std::int64_t begin, std::int64_t count, float* pixels) const {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape().elements()));
  for (std::int64_t i = 0; i < count; ++i) {
    read_image(begin + i, bytes.data());
    // Divided, not multiplied by 1/255, to give the same numbers as torchvision's ToTensor.
    std::transform(bytes.begin(), bytes.end(), pixels + i * shape().elements(),
                   [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0f; });
  }
}

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, std::int64_t skip,
                                      std::int64_t limit) {
  require(skip >= 0, "the number of images to skip is {}, but must be at least 0", skip);
  require(limit >= 1, "the number of images to read is {}, but must be at least 1", limit);
  require(skip < dataset->size(),
          "'{}' has {} images, and none remains after skipping the first {}: skip fewer",
          dataset->name(), dataset->size(), skip);
  const std::int64_t count = std::min(limit, dataset->size() - skip);
  DatasetLabels labels = empty_labels(*dataset);
  if (dataset->labelled()) {
    const auto kept =
        dataset->labels().subspan(static_cast<std::size_t>(skip), static_cast<std::size_t>(count));
    labels.of_image.assign(kept.begin(), kept.end());
  }
  return std::make_shared<Subset>(std::move(dataset), skip, count, std::move(labels));
}

std::shared_ptr<const Dataset> selection(std::shared_ptr<const Dataset> dataset,
                                         std::vector<std::int64_t> indices) {
  DatasetLabels labels = empty_labels(*dataset);
  for (const std::int64_t index : indices) {
    require(index >= 0 && index < dataset->size(), "'{}' has {} images, and none with number {}",
            dataset->name(), dataset->size(), index);
    if (dataset->labelled()) {
      labels.of_image.push_back(dataset->labels()[static_cast<std::size_t>(index)]);
    }
  }
  return std::make_shared<Selection>(std::move(dataset), std::move(indices), std::move(labels));
}

}  // namespace odin
