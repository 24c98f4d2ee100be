// The instruction sets that the evaluation kernels exist for, and which of them this processor has.
#pragma once

#include "kernels/cpu/kernel_table.h"

namespace odin::cpu {

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Whether this processor can run the kernels of an instruction set.
bool is_supported(InstructionSet set);
// The widest that it can run.
InstructionSet best_instruction_set();
// Throws Error where this build has no kernels for the set.
const KernelTable& kernels_of(InstructionSet set);

}  // namespace odin::cpu
