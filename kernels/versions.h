// Whose code computes beside our own kernels.
#pragma once

#include <string>

namespace odin {

// "oneDNN 2.6.3", and the CUDA and cuDNN that this was built with, if it was: for reports and for
// the provenance of what was computed.
std::string library_versions();

}  // namespace odin
