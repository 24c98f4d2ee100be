// A set of images, labelled or not, from any source.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/image_shape.h"

namespace odin {

// The classes of the images of a set.
struct DatasetLabels {
  std::vector<std::int32_t> of_image;    // one per image, in [0, num_classes), or none at all
  int num_classes = 0;                   // 0 for a set without labels
  std::vector<std::string> class_names;  // one per class, or none if the set has no names
};

// Images in a fixed order. Everything is const: any number of threads may read at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  const std::string& name() const { return name_; }  // for reports: "CIFAR-10"
  std::int64_t size() const { return size_; }
  // Of every image, as it is read: grey, or red, green and blue.
  const ImageShape& shape() const { return shape_; }
  bool labelled() const { return labels_.num_classes > 0; }
  int num_classes() const { return labels_.num_classes; }
  // One per image; empty if the set has no labels.
  std::span<const std::int32_t> labels() const { return labels_.of_image; }
  // One per class; empty if the set has no names.
  std::span<const std::string> class_names() const { return labels_.class_names; }

  // What a reader of figures on this set should know: which images were left out, in which order
  // they come. A sentence each, without the set's name.
  std::span<const std::string> notes() const { return notes_; }

  // Writes images [begin, begin + count) as (count, channels, side, side) of shape(), row-major, in
  // 0..1. An image does not depend on begin and count. Throws Error, which names the file, for an
  // image that cannot be read, and for a range outside the set.
  void read(std::int64_t begin, std::int64_t count, float* pixels) const;

 protected:
  // Name and notes are made printable: they may be those of files.
  Dataset(std::string_view name, std::int64_t size, const ImageShape& shape, DatasetLabels labels,
          std::vector<std::string> notes = {});

 private:
  virtual void read_images(std::int64_t begin, std::int64_t count, float* pixels) const = 0;

  std::string name_;
  std::int64_t size_;
  ImageShape shape_;
  DatasetLabels labels_;
  std::vector<std::string> notes_;
};

// Images with eight bits per channel. The value v is the pixel v / 255.
class ByteDataset : public Dataset {
 protected:
  using Dataset::Dataset;

 private:
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const final;
  // Writes one image (channels, side, side).
  virtual void read_image(std::int64_t index, std::uint8_t* pixels) const = 0;
};

// A data set under the name that reports give it.
struct NamedDataset {
  std::string display_name;
  std::shared_ptr<const Dataset> images;
};

// At most `limit` images of `dataset`, after its first `skip`. Throws Error if no image remains,
// and for a negative skip or a limit below one.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, std::int64_t skip,
                                      std::int64_t limit);

// The images of `dataset` with these indices, in their order. Throws Error for an index out of
// range.
std::shared_ptr<const Dataset> selection(std::shared_ptr<const Dataset> dataset,
                                         std::vector<std::int64_t> indices);

}  // namespace odin
