// Whole numbers on a command line.
#pragma once

#include <cstdint>

namespace CLI {
class Validator;
}

namespace odin {

// Accepts decimal digits alone, and a number from `least` to `most`. CLI11 itself reads a number that
// its type cannot hold as the nearest one that it can, and -1 as the largest number without a sign.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

}  // namespace odin
