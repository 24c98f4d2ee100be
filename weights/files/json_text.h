// JSON from files that are not trusted.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace odin {

// The value that a text in JSON describes. Throws Error, a clause that follows the name of the
// file, if it is not JSON, if it is nested more than 32 deep (what copies, compares or writes a
// value calls itself for each level), or if it has more than 10,000 names (the members of an object
// are searched one by one).
nlohmann::ordered_json parse_json(std::string_view text);

}  // namespace odin
