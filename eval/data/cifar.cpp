#include "eval/data/cifar.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/data/class_names.h"
#include "kernels/error.h"
#include "weights/files/input_file.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

// A record is its labels, one byte each, and an image.
struct Layout {
  std::string_view name;
  std::string_view folder;  // created by unpacking the published archive
  std::vector<std::string_view> training_files;
  std::string_view test_file;
  std::vector<int> classes;     // for each label byte; the last one is the label that we use
  std::string_view names_file;  // one name per line, next to the images

  std::int64_t label_bytes() const { return static_cast<std::int64_t>(classes.size()); }
  std::int64_t record_bytes() const { return label_bytes() + kImageElements; }
};

Layout layout_of(CifarVersion version) {
  if (version == CifarVersion::kCifar10) {
    return {"CIFAR-10",
            "cifar-10-batches-bin",
            {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
             "data_batch_5.bin"},
            "test_batch.bin",
            {10},
            "batches.meta.txt"};
  }
  return {"CIFAR-100", "cifar-100-binary", {"train.bin"},
          "test.bin",  {20, 100},          "fine_label_names.txt"};
}

std::vector<fs::path> find_files(const fs::path& path, const Layout& layout, CifarSplit split) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {path};
  const std::vector<std::string_view> names =
      split == CifarSplit::kTest ? std::vector{layout.test_file} : layout.training_files;
  fs::path folder = path;
  if (!fs::exists(folder / names[0], ignored) && fs::is_directory(path / layout.folder, ignored)) {
    folder /= layout.folder;
  }
  std::vector<fs::path> files;
  for (const std::string_view name : names) {
    files.push_back(folder / name);
    require(
        fs::exists(files.back(), ignored),
        "'{}' does not contain {}, a file of the binary version of {}: give the folder {} from the "
        "unpacked archive",
        folder.string(), name, layout.name, layout.folder);
  }
  return files;
}

// Appends the labels of every record of `file`.
void read_labels(const InputFile& file, const Layout& layout, std::vector<std::int32_t>& labels) {
  const std::int64_t record = layout.record_bytes();
  require(file.size() > 0 && file.size() % record == 0,
          "'{}' has {} bytes, which is not a whole number of the {}-byte records of {}'s binary "
          "version: download it again, or check which data set it is",
          file.path().string(), file.size(), record, layout.name);
  constexpr std::int64_t kRecordsAtOnce = 256;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kRecordsAtOnce * record));
  const std::int64_t count = file.size() / record;
  for (std::int64_t begin = 0; begin < count; begin += kRecordsAtOnce) {
    const std::int64_t n = std::min(kRecordsAtOnce, count - begin);
    file.read(begin * record, bytes.data(), static_cast<std::size_t>(n * record));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint8_t* at = bytes.data() + i * record;
      for (const int classes : layout.classes) {
        if (*at >= classes) {
          fail(
              "'{}' has the label {} in record {}, but {} has classes 0 to {}: download it again, "
              "or "
              "check which data set it is",
              file.path().string(), *at, begin + i, layout.name, classes - 1);
        }
        ++at;
      }
      labels.push_back(at[-1]);
    }
  }
}

class Cifar final : public ByteDataset {
 public:
  Cifar(std::string name, std::vector<InputFile> files, const Layout& layout,
        const DatasetLabels& labels)
      : ByteDataset(std::move(name), static_cast<std::int64_t>(labels.of_image.size()), labels),
        files_(std::move(files)),
        label_bytes_(layout.label_bytes()),
        record_bytes_(layout.record_bytes()) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    for (const InputFile& file : files_) {
      const std::int64_t records = file.size() / record_bytes_;
      if (index < records) {
        file.read(index * record_bytes_ + label_bytes_, pixels, kImageElements);
        return;
      }
      index -= records;
    }
  }

  std::vector<InputFile> files_;
  std::int64_t label_bytes_;
  std::int64_t record_bytes_;
};

}  // namespace

std::shared_ptr<const Dataset> open_cifar(const fs::path& path, CifarVersion version,
                                          CifarSplit split) {
  const Layout layout = layout_of(version);
  std::vector<InputFile> files;
  DatasetLabels labels;
  labels.num_classes = layout.classes.back();
  for (const fs::path& file : find_files(path, layout, split)) {
    files.emplace_back(file);
    read_labels(files.back(), layout, labels.of_image);
  }
  labels.class_names =
      read_class_names(files.front().path().parent_path() / layout.names_file, labels.num_classes);
  std::string name(layout.name);
  if (split == CifarSplit::kTraining) name += " (training)";
  return std::make_shared<Cifar>(std::move(name), std::move(files), layout, labels);
}

}  // namespace odin
