// Which functions and classes a pickle may ask to be called.
#pragma once

#include <string_view>

#include "tools/pytorch/pickle_value.h"

namespace odin::pytorch {

// Whether calling the function or class cannot do more than make the objects that a checkpoint is
// made of. We call nothing in any case; but a file that would have PyTorch call anything else, say
// os.system, was made to do harm, or at least holds something that we cannot understand.
bool is_harmless_call(const PickleGlobal& global);

// Whether making an object of the class without calling its constructor (NEWOBJ) is harmless. Any
// class is, but for those of Python's own whose objects call something later: builtins.map.
bool is_harmless_class(const PickleGlobal& global);

}  // namespace odin::pytorch
