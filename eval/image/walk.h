// The pictures in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace odin {

// The content of one folder, each list sorted by name. What a file is depends on the extension of its
// name, in upper or lower case:
// - images: .png, .jpg, .jpeg, .jpe and .jfif;
// - other pictures, which cannot be read: .gif, .webp, .bmp, .tif, .avif and their like.
// Other files, such as texts, do not count. Neither does what the user did not put there: names that begin
// with a dot (.ipynb_checkpoints, and ._0.jpeg as macOS makes them), __MACOSX, "@eaDir" and their like.
struct FolderEntries {
  std::vector<std::string> folders;
  std::vector<std::string> images;
  std::vector<std::string> other_pictures;
};

// Throws Error if the folder cannot be listed.
FolderEntries folder_entries(const std::filesystem::path& folder);

// The paths of the pictures in the folder and in all folders below it.
struct Pictures {
  std::vector<std::string> images;  // folder by folder in the order of their paths
  std::vector<std::string> other_pictures;

  std::size_t count() const { return images.size() + other_pictures.size(); }
};

// Links are followed. Throws Error as folder_entries() does, and if a link leads to a folder that
// contains it.
Pictures pictures_below(const std::filesystem::path& folder);

}  // namespace odin
