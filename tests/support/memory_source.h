// Bytes in memory, under the name that tests give it.
#pragma once

#include "weights/files/byte_source.h"

namespace odin::test {

using odin::in_memory;

}  // namespace odin::test
