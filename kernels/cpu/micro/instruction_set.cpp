#include "kernels/cpu/micro/instruction_set.h"

#include "kernels/cpu/micro/kernel_table.h"
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

InstructionSet instruction_set_of(std::string_view name) {
  if (name == "portable") return InstructionSet::kPortable;
  if (name == "avx2") return InstructionSet::kAvx2;
  if (name == "avx512") return InstructionSet::kAvx512;
  fail("instruction set \"{}\" is not known: it must be portable, avx2 or avx512", name);
}

const KernelTable& kernel_table(InstructionSet set) {
  require(is_supported(set),
          "this processor cannot run the kernels that were asked for; leave the choice of the "
          "instruction set to the program");
#ifdef ODIN_CPU_X86
  if (set == InstructionSet::kAvx512) return avx512::kernel_table();
  if (set == InstructionSet::kAvx2) return avx2::kernel_table();
#endif
  return portable::kernel_table();
}

}  // namespace odin::cpu
