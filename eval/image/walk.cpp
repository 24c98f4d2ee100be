#include "eval/image/walk.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "kernels/error.h"
#include "weights/files/lower_case.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  const std::string lower = lower_case(name);
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

// Files and folders that programs and file systems leave among a user's own.
bool is_stray(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "__MACOSX",  "__pycache__", "@eaDir",       "#recycle",
      "#snapshot", "lost+found",  "$RECYCLE.BIN", "System Volume Information"};
  return name.starts_with('.') || std::ranges::find(kNames, name) != std::end(kNames);
}

// Collects the pictures of a folder and of all folders below it.
class Walk {
 public:
  explicit Walk(const fs::path& folder) {
    visit(folder);
    std::sort(folders_.begin(), folders_.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  Pictures pictures() const {
    Pictures pictures;
    for (const auto& [path, entries] : folders_) {
      for (const std::string& name : entries.images) pictures.images.push_back(path + "/" + name);
      for (const std::string& name : entries.other_pictures) {
        pictures.other_pictures.push_back(path + "/" + name);
      }
    }
    return pictures;
  }

 private:
  struct Folder {
    std::string path;
    FolderEntries entries;
  };

  void visit(const fs::path& folder) {
    struct stat status {};
    require(::stat(folder.c_str(), &status) == 0, "cannot enter the folder '{}'", folder.string());
    const std::pair<dev_t, ino_t> identity(status.st_dev, status.st_ino);
    require(std::find(ancestors_.begin(), ancestors_.end(), identity) == ancestors_.end(),
            "'{}' is a link to a folder that contains it, so the data set has no end: remove it",
            folder.string());
    ancestors_.push_back(identity);
    folders_.push_back({folder.string(), folder_entries(folder)});
    const std::vector<std::string> below = folders_.back().entries.folders;
    for (const std::string& name : below) visit(folder / name);
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
    if (is_stray(name)) continue;
    std::error_code not_followed;  // a broken link is not a folder
    if (it->is_directory(not_followed)) {
      entries.folders.push_back(name);
    } else if (ends_with_any(name, {".png", ".jpg", ".jpeg", ".jpe", ".jfif"})) {
      entries.images.push_back(name);
    } else if (ends_with_any(name, {".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic",
                                    ".heif", ".jp2", ".jxl", ".pbm", ".pgm", ".ppm", ".pnm"})) {
      entries.other_pictures.push_back(name);
    }
  }
  require(!error, "cannot list the folder '{}': {}", folder.string(), error.message());
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.images.begin(), entries.images.end());
  std::sort(entries.other_pictures.begin(), entries.other_pictures.end());
  return entries;
}

Pictures pictures_below(const fs::path& folder) {
  return Walk(folder).pictures();
}

}  // namespace odin
