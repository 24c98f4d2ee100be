// Whole numbers on a command line.
#pragma once

#include <cstdint>

namespace CLI {
class Validator;
}

namespace odin {

// Accepts only decimal digits that make a number from `least` to `most`. CLI11 by itself clamps a
// number that its type cannot hold, and reads -1 as the largest unsigned number.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

}  // namespace odin
