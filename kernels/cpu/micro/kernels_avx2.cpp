// Our kernels for avx2; the build gives this file the flags.
#include "kernels/cpu/micro/kernels.h"
