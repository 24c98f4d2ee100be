// Our kernels for avx512; the build gives this file the flags.
#include "kernels/cpu/micro/kernels.h"
