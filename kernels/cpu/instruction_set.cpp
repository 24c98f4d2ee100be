#include "kernels/cpu/instruction_set.h"

#include "kernels/error.h"

namespace odin::cpu {

bool is_supported(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return true;
#ifdef ODIN_CPU_X86
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
      return false;
  }
}

InstructionSet best_instruction_set() {
  if (is_supported(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
  if (is_supported(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
  return InstructionSet::kPortable;
}

const KernelTable& kernels_of(InstructionSet set) {
#ifdef ODIN_CPU_X86
  if (set == InstructionSet::kAvx512) return avx512::kernel_table();
  if (set == InstructionSet::kAvx2) return avx2::kernel_table();
#endif
  require(set == InstructionSet::kPortable,
          "this program was built without the kernels of that instruction set");
  return portable::kernel_table();
}

}  // namespace odin::cpu
