#include "eval/data/arrays/svhn.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <matio.h>

#include "eval/data/arrays/mat_layout.h"
#include "eval/image/array_image.h"
#include "kernels/error.h"
#include "weights/child_process.h"
#include "weights/files/input_file.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

// Of every image.
constexpr int kSide = 32;
constexpr int kPlane = kSide * kSide;
constexpr int kElements = 3 * kPlane;

constexpr int kClasses = 10;

// matio counts elements with an int.
constexpr std::size_t kMostImages = 0x7fffffff / kElements;

struct CloseFile {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatFile = std::unique_ptr<mat_t, CloseFile>;
using MatVariable = std::unique_ptr<matvar_t, FreeVariable>;

// What a file holds, of which a child process reports the classes and then the pixels.
struct Content {
  std::vector<std::uint8_t> pixels;  // (N, 3, 32, 32), the last two being column and row
  std::vector<std::int32_t> classes;
};

// "32 x 32 x 3 x 10"
std::string shape_of(const matvar_t& variable) {
  return fmt::format("{}", fmt::join(variable.dims, variable.dims + variable.rank, " x "));
}

MatVariable find(mat_t* file, const char* name, const char* what) {
  Mat_Rewind(file);
  MatVariable variable(Mat_VarReadInfo(file, name));
  require(variable != nullptr, "it has no variable {}, which holds the {}", name, what);
  require(variable->rank >= 2 && variable->dims != nullptr, "its variable {} has no shape", name);
  return variable;
}

// All elements of a variable, whose class in memory is T.
template <class T>
std::vector<T> elements(mat_t* file, matvar_t* variable, std::size_t count) {
  require(Mat_SizeOfClass(variable->class_type) == sizeof(T), "its variable {} is damaged",
          variable->name);
  std::vector<T> values(count);
  require(Mat_VarReadDataLinear(file, variable, values.data(), 0, 1, static_cast<int>(count)) == 0,
          "its variable {} is damaged", variable->name);
  return values;
}

template <class T>
std::vector<double> as_doubles(mat_t* file, matvar_t* variable, std::size_t count) {
  const std::vector<T> values = elements<T>(file, variable, count);
  return {values.begin(), values.end()};
}

std::vector<double> numbers(mat_t* file, matvar_t* variable, std::size_t count) {
  switch (variable->class_type) {
    case MAT_C_UINT8:
      return as_doubles<std::uint8_t>(file, variable, count);
    case MAT_C_INT8:
      return as_doubles<std::int8_t>(file, variable, count);
    case MAT_C_UINT16:
      return as_doubles<std::uint16_t>(file, variable, count);
    case MAT_C_INT16:
      return as_doubles<std::int16_t>(file, variable, count);
    case MAT_C_UINT32:
      return as_doubles<std::uint32_t>(file, variable, count);
    case MAT_C_INT32:
      return as_doubles<std::int32_t>(file, variable, count);
    case MAT_C_UINT64:
      return as_doubles<std::uint64_t>(file, variable, count);
    case MAT_C_INT64:
      return as_doubles<std::int64_t>(file, variable, count);
    case MAT_C_SINGLE:
      return as_doubles<float>(file, variable, count);
    case MAT_C_DOUBLE:
      return as_doubles<double>(file, variable, count);
    default:
      fail("its labels y are no numbers");
  }
}

std::vector<std::int32_t> read_classes(mat_t* file, std::size_t images) {
  const MatVariable y = find(file, "y", "labels");
  const bool is_vector = y->rank == 2 && (y->dims[0] == 1 || y->dims[1] == 1);
  require(is_vector && y->dims[0] * y->dims[1] == images,
          "its labels y are {}, where {} x 1 is expected, one for each image", shape_of(*y),
          images);
  std::vector<std::int32_t> classes;
  for (const double label : numbers(file, y.get(), images)) {
    require(label >= 1 && label <= 10 && label == std::floor(label),
            "label {} of image {} is out of range: labels are 1 to 9, and 10 for the digit 0",
            label, classes.size() + 1);
    classes.push_back(static_cast<std::int32_t>(label) % 10);
  }
  return classes;
}

Content read_content(const InputFile& input, const MatLayout& layout) {
  const MatFile file(Mat_Open(input.path_to_open().c_str(), MAT_ACC_RDONLY));
  require(file != nullptr && Mat_GetVersion(file.get()) == MAT_FT_MAT5,
          "it cannot be read as a file of MATLAB's version 5");
  const MatVariable x = find(file.get(), "X", "images");
  require(x->class_type == MAT_C_UINT8 && x->isComplex == 0 && x->isLogical == 0,
          "its images X are not of class uint8");
  const std::size_t* dims = x->dims;
  // MATLAB drops the last axis where it is 1.
  const bool is_one = x->rank == 3;
  require((is_one || x->rank == 4) && dims[0] == kSide && dims[1] == kSide && dims[2] == 3,
          "its images X are {}, where 32 x 32 x 3 x N is expected", shape_of(*x));
  const std::size_t images = is_one ? 1 : dims[3];
  require(images > 0, "it holds no images: X is {}", shape_of(*x));
  require(images <= kMostImages, "it says that it holds {} images, but at most {} are read", images,
          kMostImages);
  const std::size_t bytes = images * kElements;
  require(bytes <= static_cast<std::size_t>(layout.largest),
          "it says that it holds {} images, but has fewer bytes: it is damaged", images);
  Content content;
  content.classes = read_classes(file.get(), images);
  content.pixels = elements<std::uint8_t>(file.get(), x.get(), bytes);
  return content;
}

// Reads a file in a child process, because matio may crash, or never end, on a damaged one. Returns
// the classes of the images and then their pixels. Throws Error if the file cannot be read.
std::vector<std::byte> read_in_child(const InputFile& input, const MatLayout& layout) {
  ChildLimits limits;
  // matio unpacks tens of megabytes a second on slow machines, and its values are copied once.
  limits.cpu_seconds += static_cast<unsigned>(layout.unpacked >> 24);
  limits.bytes += 2 * static_cast<std::size_t>(layout.unpacked);
  // Classes take less than pixels.
  limits.result_bytes = 2 * static_cast<std::size_t>(layout.unpacked);
  try {
    return run_in_child(
        [&](ResultWriter& writer) {
          const Content content = read_content(input, layout);
          writer.write(std::as_bytes(std::span(content.classes)));
          writer.write(std::as_bytes(std::span(content.pixels)));
        },
        limits);
  } catch (const ChildFailure& failure) {
    fail("it is damaged ({})", failure.what());
  }
}

// The classes in a report, for each of which it has an image. Throws Error unless it is whole.
std::vector<std::int32_t> classes_in(std::span<const std::byte> report) {
  constexpr std::size_t kOfImage = sizeof(std::int32_t) + kElements;
  require(!report.empty() && report.size() % kOfImage == 0, "it is damaged (its images are lost)");
  std::vector<std::int32_t> classes(report.size() / kOfImage);
  std::memcpy(classes.data(), report.data(), classes.size() * sizeof(std::int32_t));
  const auto is_class = [](std::int32_t c) { return c >= 0 && c < kClasses; };
  require(std::ranges::all_of(classes, is_class), "it is damaged (its labels are lost)");
  return classes;
}

class Svhn final : public ByteDataset {
 public:
  Svhn(std::vector<std::byte> content, ImageFit fit, const ImageShape& shape,
       const DatasetLabels& labels)
      : ByteDataset("SVHN", std::ssize(labels.of_image), shape, labels),
        content_(std::move(content)),
        pixels_(reinterpret_cast<const std::uint8_t*>(content_.data()) +
                labels.of_image.size() * sizeof(std::int32_t)),
        fit_(fit) {}

 private:
  // MATLAB stores columns: a plane is the transposed image.
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    fit_array_image({pixels_ + index * kElements, 3, kSide, kSide, kPlane, 1, kSide}, name(), fit_,
                    shape(), pixels);
  }

  std::vector<std::byte> content_;
  const std::uint8_t* pixels_;  // (N, 3, 32, 32), in content_
  ImageFit fit_;
};

}  // namespace

std::shared_ptr<const Dataset> open_svhn(const fs::path& file, ImageFit fit,
                                         const ImageShape& shape) {
  const InputFile input(file);
  try {
    // matio has global state, and a child must not wait for another thread that is in it.
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    const MatLayout layout = check_mat_layout(input);
    std::vector<std::byte> content = read_in_child(input, layout);
    DatasetLabels labels;
    labels.of_image = classes_in(content);
    labels.num_classes = kClasses;
    return std::make_shared<Svhn>(std::move(content), fit, shape, labels);
  } catch (const Error& error) {
    fail("'{}' cannot be read as SVHN: {}", file.string(), error.what());
  }
}

}  // namespace odin
