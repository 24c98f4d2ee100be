// The evaluation kernels for any processor.
#include "kernels/cpu/kernels.h"
