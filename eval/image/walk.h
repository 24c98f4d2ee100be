// Which images lie in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace odin {

// What lies in one folder, each sorted by name.
struct FolderEntries {
  std::vector<std::string> folders;
  std::vector<std::string> images;  // PNG and JPEG by their names' endings
};

// Throws Error where the folder cannot be listed, and for an image of another format, which a data
// set would otherwise lack unnoticed.
FolderEntries folder_entries(const std::filesystem::path& folder);

// The paths of the images of the folder and of all folders below it, links followed, folder by
// folder in the order of their paths. Throws Error as folder_entries() does, and where a link leads
// to a folder that it lies in.
std::vector<std::string> images_below(const std::filesystem::path& folder);

}  // namespace odin
