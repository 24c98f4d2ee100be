#include "eval/data/folder.h"

#include <string>
#include <utility>
#include <vector>

#include "eval/image/image_file.h"
#include "eval/image/walk.h"
#include "kernels/error.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

class Folder final : public ByteDataset {
 public:
  Folder(std::string name, std::vector<std::string> files, ImageFit fit, DatasetLabels labels)
      : ByteDataset(std::move(name), static_cast<std::int64_t>(files.size()), std::move(labels)),
        files_(std::move(files)),
        fit_(fit) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    read_image_file(files_[static_cast<std::size_t>(index)], fit_, pixels);
  }

  std::vector<std::string> files_;
  ImageFit fit_;
};

// "iSUN" for "data/iSUN", "data/iSUN/" and, inside it, ".".
std::string last_name(const fs::path& folder) {
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(folder, ignored);
  return whole.filename().empty() ? folder.string() : whole.filename().string();
}

}  // namespace

std::shared_ptr<const Dataset> open_folder(const fs::path& folder, ImageFit fit) {
  std::error_code ignored;
  require(fs::exists(folder, ignored), "the folder '{}' does not exist", folder.string());
  require(fs::is_directory(folder, ignored), "'{}' is a file, but a folder of images is needed",
          folder.string());

  const FolderEntries top = folder_entries(folder);
  std::vector<std::string> files;
  DatasetLabels labels;
  std::vector<std::string> without_images;
  for (const std::string& name : top.folders) {
    const std::vector<std::string> of_class = images_below(folder / name);
    files.insert(files.end(), of_class.begin(), of_class.end());
    if (of_class.empty()) without_images.push_back(name);
    labels.of_image.insert(labels.of_image.end(), of_class.size(), labels.num_classes++);
  }
  if (files.empty()) {
    for (const std::string& image : top.images) files.push_back((folder / image).string());
    require(!files.empty(), "the folder '{}' holds no PNG or JPEG image", folder.string());
    labels = {};
  } else {
    require(
        without_images.empty(),
        "the folder '{}' holds no PNG or JPEG image, but every class of '{}' needs one: remove it",
        (folder / (without_images.empty() ? "" : without_images[0])).string(), folder.string());
    labels.class_names = top.folders;
  }
  return std::make_shared<Folder>(last_name(folder), std::move(files), fit, std::move(labels));
}

}  // namespace odin
