// The instruction sets for which our kernels are compiled.
#pragma once

#include <string_view>

namespace odin::cpu {

struct KernelTable;

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Whether this build has the kernels of an instruction set and this processor can run them.
bool is_supported(InstructionSet set);
// The widest instruction set that is_supported().
InstructionSet best_instruction_set();
// "portable", "avx2" or "avx512"; throws Error for another name.
InstructionSet instruction_set_of(std::string_view name);
// Throws Error if the instruction set is not supported.
const KernelTable& kernel_table(InstructionSet set);

}  // namespace odin::cpu
