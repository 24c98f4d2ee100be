// One field of a CSV file (RFC 4180).
#pragma once

#include <string>
#include <string_view>

namespace odin {

// In quotes if it has a comma, a quote or a line break.
std::string csv_field(std::string_view text);

}  // namespace odin
