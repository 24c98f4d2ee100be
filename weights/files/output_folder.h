// Folders to write several files to.
#pragma once

#include <filesystem>

namespace odin {

// Makes the folder, and those above it, where they are missing. Throws Error, naming it and the
// system's reason, where that fails or where no file can be made in it.
void make_output_folder(const std::filesystem::path& folder);

}  // namespace odin
