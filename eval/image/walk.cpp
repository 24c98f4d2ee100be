#include "eval/image/walk.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "kernels/error.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

// Collects the images of a folder and of all folders below it.
class Walk {
 public:
  explicit Walk(const fs::path& folder) {
    visit(folder);
    std::sort(folders_.begin(), folders_.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  std::vector<std::string> images() const {
    std::vector<std::string> files;
    for (const auto& folder : folders_) {
      for (const std::string& image : folder.images) files.push_back(folder.path + "/" + image);
    }
    return files;
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
            "'{}' is a link to a folder that contains it, so the data set has no end: remove it",
            folder.string());
    ancestors_.push_back(identity);
    FolderEntries entries = folder_entries(folder);
    folders_.push_back({folder.string(), std::move(entries.images)});
    for (const std::string& name : entries.folders) visit(folder / name);
    ancestors_.pop_back();
  }

  std::vector<std::pair<dev_t, ino_t>> ancestors_;
  std::vector<Folder> folders_;
};

}  // namespace

FolderEntries folder_entries(const fs::path& folder) {
  FolderEntries entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code not_followed;  // a broken link is not a folder
    if (it->is_directory(not_followed)) {
      entries.folders.push_back(name);
    } else if (ends_with_any(name, {".png", ".jpg", ".jpeg"})) {
      entries.images.push_back(name);
    } else {
      require(!ends_with_any(name, {".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}),
              "'{}' is neither PNG nor JPEG: convert it, or remove it from the data set",
              it->path().string());
    }
  }
  require(!error, "cannot list the folder '{}': {}", folder.string(), error.message());
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.images.begin(), entries.images.end());
  return entries;
}

std::vector<std::string> images_below(const fs::path& folder) {
  return Walk(folder).images();
}

}  // namespace odin
