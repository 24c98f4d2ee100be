#include "tools/train/images/describe_images.h"

#include <cstdint>
#include <vector>

#include "eval/data/class_names.h"
#include "eval/data/idx.h"
#include "kernels/error.h"
#include "tools/train/setup.h"
#include "weights/files/printable.h"

namespace odin::training {

ImageShape shape_of_images(const DatasetSpec& spec, int channels, int side,
                           std::string_view setup) {
  ImageShape shape;
  if (!setup.empty()) {
    shape = image_shape_of(setup);
  } else if (spec.kind == DatasetKind::kIdx) {
    shape = stored_idx_shape(spec.path).value_or(shape);
  }
  if (channels > 0) shape.channels = channels;
  if (side > 0) shape.side = side;
  return shape;
}

void name_classes(const Dataset& dataset, const InDataset& known, bool named,
                  Checkpoint& checkpoint) {
  const auto names = dataset.class_names();
  std::vector<std::int32_t> classes = classes_by_name(names, known.class_names);
  if (classes.empty()) classes = classes_by_number(names);
  if (names.empty()) {
    checkpoint.class_names = known.class_names;
  } else if (!classes.empty()) {
    for (std::size_t i = 0; i < classes.size(); ++i) {
      checkpoint.class_names[i] = known.class_names[static_cast<std::size_t>(classes[i])];
    }
  } else {
    require(!named,
            "the classes of {} are not those of --in-dataset {}: its first class is '{}', and {} "
            "has '{}'. Class folders have the names of its classes, with '_' for '/', or their "
            "numbers from 0",
            dataset.name(), known.name, printable(names[0]), known.name, known.class_names[0]);
  }
}

}  // namespace odin::training
