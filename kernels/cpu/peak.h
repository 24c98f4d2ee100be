// The processor's peak in multiply-adds, measured.
#pragma once

namespace odin::cpu {

// GFLOP/s of single-precision vector arithmetic on `threads` threads at once (0: all cores that
// this process may use), with the instruction set that evaluations use. A multiply-add counts as
// two. The best of a few short runs, which take a few tenths of a second.
double peak_gflops(int threads = 0);

}  // namespace odin::cpu
