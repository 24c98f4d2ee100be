// The version of the project.
#pragma once

#include <string_view>

namespace odin {

std::string_view version();  // "0.1.0"

}  // namespace odin
