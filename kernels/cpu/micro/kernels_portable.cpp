// Our kernels for any processor.
#include "kernels/cpu/micro/kernels.h"
