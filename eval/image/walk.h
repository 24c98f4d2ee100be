// The pictures in a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace odin {

// What a file in a folder is, as the extension of its name says, in upper or lower case.
enum class FileKind : std::uint8_t {
  kImage,         // .png, .jpg, .jpeg, .jpe and .jfif
  kOtherPicture,  // cannot be read: .gif, .webp, .bmp, .tif, .avif and their like
  // Does not count: texts and the like, and what the user did not put there: names that begin with
  // a dot
  // (._0.jpeg as macOS makes them, .0.jpeg.x7Yp as rsync does while it copies), __MACOSX and their
  // like.
  kNoPicture
};
FileKind kind_of_file(std::string_view name);

// The content of one folder, each list sorted by name: the files that count, and the folders but
// for those that the user did not put there, such as .ipynb_checkpoints and "@eaDir".
struct FolderEntries {
  std::vector<std::string> folders;
  std::vector<std::string> images;
  std::vector<std::string> other_pictures;
};

// Throws Error if the folder cannot be listed.
FolderEntries folder_entries(const std::filesystem::path& folder);

// A folder and all folders below it, one at a time, so that memory holds the names of one folder.
class FolderWalk {
 public:
  struct Folder {
    std::filesystem::path path;
    FolderEntries entries;
  };

  explicit FolderWalk(std::filesystem::path top);

  // The next folder, or nothing after the last one: a folder before those in it, and these by name.
  // Links are followed. Throws Error as folder_entries() does, and if a link leads to a folder that
  // contains it; the call after that goes on with the next folder.
  std::optional<Folder> next();

 private:
  using Identity = std::pair<dev_t, ino_t>;
  struct Level {  // a folder on the way down to the current one
    std::filesystem::path path;
    Identity identity;
    std::vector<std::string> folders_left;  // in it, the next one last
  };

  Folder enter(const std::filesystem::path& folder);

  std::optional<std::filesystem::path> top_;  // until it is entered
  std::vector<Level> levels_;
};

// The paths of the pictures in the folder and in all folders below it.
struct Pictures {
  std::vector<std::string> images;  // folder by folder in the order of their paths
  std::vector<std::string> other_pictures;

  std::size_t count() const { return images.size() + other_pictures.size(); }
};

// Throws Error as FolderWalk::next() does.
Pictures pictures_below(const std::filesystem::path& folder);

}  // namespace odin
