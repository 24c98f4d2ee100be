// The images in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace odin {

// The content of one folder, each list sorted by name.
struct FolderEntries {
  std::vector<std::string> folders;
  std::vector<std::string> images;  // PNG and JPEG, by the extension of the name
};

// Throws Error if the folder cannot be listed, and for an image of another format, which would
// otherwise be left out unnoticed.
FolderEntries folder_entries(const std::filesystem::path& folder);

// The paths of the images in the folder and in all folders below it, folder by folder in the order of
// their paths. Links are followed. Throws Error as folder_entries() does, and if a link leads to a
// folder that contains it.
std::vector<std::string> images_below(const std::filesystem::path& folder);

}  // namespace odin
