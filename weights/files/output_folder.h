// Folders that several files are written to.
#pragma once

#include <filesystem>

namespace odin {

// Creates the folder and its missing parents. Throws Error, naming the folder and the system's
// reason, if that fails or if no file can be created in it.
void make_output_folder(const std::filesystem::path& folder);

}  // namespace odin
