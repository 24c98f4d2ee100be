// The instruction sets that the evaluation kernels exist for.
#pragma once

namespace odin::cpu {

struct KernelTable;

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Whether this processor can run the kernels of an instruction set, and this build has them.
bool is_supported(InstructionSet set);
// The widest that is supported.
InstructionSet best_instruction_set();
// Throws Error where it is not supported.
const KernelTable& kernel_table(InstructionSet set);

}  // namespace odin::cpu
