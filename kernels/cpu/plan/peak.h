// The processor's peak in multiply-adds, measured.
#pragma once

namespace odin::cpu {

// GFLOP/s (a multiply-add counts two) of single-precision vector arithmetic with `threads` threads
// at once (0: all cores that this process may use), with the instruction set that evaluation uses:
// the best of a few short runs. Takes a few tenths of a second.
double peak_gflops(int threads = 0);

}  // namespace odin::cpu
