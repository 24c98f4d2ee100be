#include "weights/checkpoint.h"
