// The processor's peak in multiply-adds, measured.
#pragma once

#include "kernels/cpu/micro/instruction_set.h"

namespace odin::cpu {

// GFLOP/s of single-precision vector arithmetic on `threads` threads at once (0: all cores that
// this process may use), with that instruction set. A multiply-add counts as two. The best of a few
// short runs, which take a few tenths of a second. Throws Error if the set is not supported.
double peak_gflops(int threads, InstructionSet set);

}  // namespace odin::cpu
