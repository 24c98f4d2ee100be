// The files that come with the project, wherever it is installed.
#pragma once

#include <filesystem>
#include <string_view>

namespace odin {

// A checkpoint of the folder weights/: beside an installed program (../share/odin/weights), else in
// the source tree that this was built from. Throws Error, naming both places, where it is in
// neither.
std::filesystem::path bundled_weights(std::string_view name);

}  // namespace odin
