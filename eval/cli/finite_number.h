// Numbers with a fraction on a command line.
#pragma once

namespace CLI {
class Validator;
}

namespace odin {

// Accepts only finite numbers of at least `least` or, if `above`, above it.
CLI::Validator finite_number(double least, bool above = false);

}  // namespace odin
