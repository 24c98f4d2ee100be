#include "eval/dataset_folder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "eval/image_file.h"
#include "kernels/error.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

// What lies in one folder, each sorted by name.
struct Entries {
  std::vector<std::string> folders;
  std::vector<std::string> images;
};

Entries list(const fs::path& folder) {
  Entries entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code not_followed;  // a link to nothing is no folder
    if (it->is_directory(not_followed)) {
      entries.folders.push_back(name);
    } else if (ends_with_any(name, {".png", ".jpg", ".jpeg"})) {
      entries.images.push_back(name);
    } else {
      require(!ends_with_any(name, {".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}),
              "'{}' is neither PNG nor JPEG: convert it, or take it out of the data set",
              it->path().string());
    }
  }
  require(!error, "cannot list the folder '{}': {}", folder.string(), error.message());
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.images.begin(), entries.images.end());
  return entries;
}

// Collects the images of a folder and of all folders below it.
class Walk {
 public:
  explicit Walk(const fs::path& folder) {
    visit(folder);
    std::sort(folders_.begin(), folders_.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  // Appends the paths of the images, and returns how many there are.
  std::size_t append_to(std::vector<std::string>& files) const {
    const std::size_t before = files.size();
    for (const auto& folder : folders_) {
      for (const std::string& image : folder.images) files.push_back(folder.path + "/" + image);
    }
    return files.size() - before;
  }

 private:
  struct Folder {
    std::string path;
    std::vector<std::string> images;
  };

  void visit(const fs::path& folder) {
    struct stat status {};
    require(::stat(folder.c_str(), &status) == 0, "cannot enter the folder '{}'", folder.string());
    const std::pair<dev_t, ino_t> identity(status.st_dev, status.st_ino);
    require(std::find(ancestors_.begin(), ancestors_.end(), identity) == ancestors_.end(),
            "'{}' is a link to a folder that it lies in, so the data set has no end: remove it",
            folder.string());
    ancestors_.push_back(identity);
    Entries entries = list(folder);
    folders_.push_back({folder.string(), std::move(entries.images)});
    for (const std::string& name : entries.folders) visit(folder / name);
    ancestors_.pop_back();
  }

  std::vector<std::pair<dev_t, ino_t>> ancestors_;
  std::vector<Folder> folders_;
};

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
  require(fs::is_directory(folder, ignored), "'{}' is a file, where a folder of images is needed",
          folder.string());

  const Entries top = list(folder);
  std::vector<std::string> files;
  DatasetLabels labels;
  std::vector<std::string> without_images;
  for (const std::string& name : top.folders) {
    const std::size_t count = Walk(folder / name).append_to(files);
    if (count == 0) without_images.push_back(name);
    labels.of_image.insert(labels.of_image.end(), count, labels.num_classes++);
  }
  if (files.empty()) {
    for (const std::string& image : top.images) files.push_back((folder / image).string());
    require(!files.empty(), "the folder '{}' holds no PNG or JPEG image", folder.string());
    labels = {};
  } else {
    require(without_images.empty(),
            "the folder '{}' holds no PNG or JPEG image, as every class of '{}' must: remove it",
            (folder / (without_images.empty() ? "" : without_images[0])).string(), folder.string());
    labels.class_names = top.folders;
  }
  return std::make_shared<Folder>(last_name(folder), std::move(files), fit, std::move(labels));
}

}  // namespace odin
