// The option of the benchmarks that says which of our CPU's kernels to run.
#pragma once

#include <optional>

#include "kernels/cpu/micro/instruction_set.h"

namespace CLI {
class App;
}  // namespace CLI

namespace odin {

// Adds --instruction-set, which sets `choice`.
void add_instruction_set_option(CLI::App& app, std::optional<cpu::InstructionSet>& choice);

}  // namespace odin
