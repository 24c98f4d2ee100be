#include "eval/data/cifar.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/data/cifar_batch.h"
#include "eval/data/class_names.h"
#include "eval/image/array_image.h"
#include "kernels/error.h"
#include "weights/files/gunzip.h"
#include "weights/files/input_file.h"
#include "weights/files/paths.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

// The files of one of the versions that are published.
struct Layout {
  std::string_view version;
  std::string_view folder;  // created by unpacking the published archive
  std::vector<std::string_view> training_files;
  std::string_view test_file;
  std::string_view names_file;

  std::vector<std::string_view> files_of(CifarSplit split) const {
    return split == CifarSplit::kTest ? std::vector{test_file} : training_files;
  }
};

CifarKind kind_of(CifarVersion version) {
  if (version == CifarVersion::kCifar10) return {"CIFAR-10", {10}, "labels", "label_names"};
  return {"CIFAR-100", {20, 100}, "fine_labels", "fine_label_names"};
}

Layout binary_layout(CifarVersion version) {
  if (version == CifarVersion::kCifar10) {
    return {"binary",
            "cifar-10-batches-bin",
            {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
             "data_batch_5.bin"},
            "test_batch.bin",
            "batches.meta.txt"};
  }
  return {"binary", "cifar-100-binary", {"train.bin"}, "test.bin", "fine_label_names.txt"};
}

Layout python_layout(CifarVersion version) {
  if (version == CifarVersion::kCifar10) {
    return {"Python",
            "cifar-10-batches-py",
            {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
            "test_batch",
            "batches.meta"};
  }
  return {"Python", "cifar-100-python", {"train"}, "test", "meta"};
}

// The files of the version that is in the folder, or in a folder in it.
std::vector<fs::path> find_files(const fs::path& path, CifarVersion version, CifarSplit split) {
  std::error_code ignored;
  if (!is_folder(path)) return {path};
  const Layout binary = binary_layout(version);
  const Layout python = python_layout(version);
  fs::path folder = path;
  const Layout* layout = &binary;
  const auto has_first = [&](const fs::path& in, const Layout& candidate) {
    return fs::is_regular_file(in / candidate.files_of(split).front(), ignored);
  };
  if (has_first(path, python) && !has_first(path, binary)) {
    layout = &python;
  } else if (!has_first(path, binary)) {
    for (const Layout* inner : {&python, &binary}) {
      if (!fs::is_directory(path / inner->folder, ignored)) continue;
      folder = path / inner->folder;
      layout = inner;
    }
  }
  std::vector<fs::path> files;
  for (const std::string_view name : layout->files_of(split)) {
    files.push_back(folder / name);
    require(
        fs::exists(files.back(), ignored),
        "'{}' does not contain {}, a file of the {} version of {}: give the folder {} or {} from "
        "the unpacked archive",
        folder.string(), name, layout->version, kind_of(version).name, binary.folder,
        python.folder);
  }
  return files;
}

bool is_gzip(const InputFile& file) {
  std::byte begin[2] = {};
  return file.read_some(0, begin, sizeof(begin)) == sizeof(begin) && looks_like_gzip(begin);
}

class Cifar final : public ByteDataset {
 public:
  Cifar(std::string_view name, std::vector<CifarBatch> batches, ImageFit fit,
        const ImageShape& shape, const DatasetLabels& labels)
      : ByteDataset(name, static_cast<std::int64_t>(labels.of_image.size()), shape, labels),
        batches_(std::move(batches)),
        fit_(fit) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    if (shape() == ImageShape{3, kCifarSide}) return read_stored(index, pixels);
    std::array<std::uint8_t, kCifarElements> stored;
    read_stored(index, stored.data());
    fit_array_image({stored.data(), 3, kCifarSide, kCifarSide, kCifarPlane, kCifarSide, 1}, name(),
                    fit_, shape(), pixels);
  }

  void read_stored(std::int64_t index, std::uint8_t* pixels) const {
    auto left = static_cast<std::size_t>(index);
    for (const CifarBatch& batch : batches_) {
      if (left < batch.labels.size()) {
        batch.bytes->read(batch.first + left * batch.stride,
                          std::as_writable_bytes(std::span(pixels, kCifarElements)));
        return;
      }
      left -= batch.labels.size();
    }
  }

  std::vector<CifarBatch> batches_;
  ImageFit fit_;
};

}  // namespace

std::shared_ptr<const Dataset> open_cifar(const fs::path& path, CifarVersion version,
                                          CifarSplit split, ImageFit fit, const ImageShape& shape) {
  const CifarKind kind = kind_of(version);
  std::vector<CifarBatch> batches;
  DatasetLabels labels;
  labels.num_classes = kind.classes.back();
  const std::vector<fs::path> files = find_files(path, version, split);
  bool is_python = false;
  for (const fs::path& file : files) {
    InputFile input(file);
    require(!is_gzip(input),
            "'{}' is a packed archive: unpack it with 'tar xf', and give the folder that it holds",
            file.string());
    is_python = is_python_batch(input);
    const auto read_batch = is_python ? read_python_batch : read_binary_batch;
    batches.push_back(read_batch(std::move(input), kind));
    const std::vector<std::int32_t>& added = batches.back().labels;
    labels.of_image.insert(labels.of_image.end(), added.begin(), added.end());
  }
  const fs::path folder = files.front().parent_path();
  labels.class_names =
      is_python ? read_python_class_names(folder / python_layout(version).names_file, kind)
                : read_class_names(folder / binary_layout(version).names_file, labels.num_classes);
  std::string name(kind.name);
  if (split == CifarSplit::kTraining) name += " (training)";
  return std::make_shared<Cifar>(std::move(name), std::move(batches), fit, shape, labels);
}

}  // namespace odin
