// What a program knows of the terminal that it writes to.
#pragma once

#include <optional>

namespace odin {

// The columns of the terminal that `descriptor` is. None where it is no terminal, or one that does
// not know its size, as mpirun's is, behind which may be a file. A window changes its size: ask
// before each use.
std::optional<int> terminal_columns(int descriptor);

// Whether `descriptor` is a terminal that takes escape codes from us: not one whose TERM is "dumb"
// or missing, and not where NO_COLOR is set to anything (https://no-color.org).
bool takes_escape_codes(int descriptor);

}  // namespace odin
