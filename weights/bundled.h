// The files that ship with the project, wherever it is installed.
#pragma once

#include <filesystem>
#include <string_view>

namespace odin {

// The path of a bundled checkpoint: in ../share/odin/weights next to an installed program, else in
// the folder weights/ of the source tree that this was built from. Throws Error, naming both
// places, if it is in neither.
std::filesystem::path bundled_weights(std::string_view name);

}  // namespace odin
