#include "kernels/versions.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.hpp>

#ifdef ODIN_WITH_CUDA
#include <cuda_runtime_api.h>
#include <cudnn_version.h>
#endif

namespace odin {

std::string library_versions() {
  const dnnl_version_t& dnnl = *dnnl_version();
  std::string text = fmt::format("oneDNN {}.{}.{}", dnnl.major, dnnl.minor, dnnl.patch);
#ifdef ODIN_WITH_CUDA
  text += fmt::format(", CUDA {}.{}, cuDNN {}.{}.{}", CUDART_VERSION / 1000,
                      CUDART_VERSION % 1000 / 10, CUDNN_MAJOR, CUDNN_MINOR, CUDNN_PATCHLEVEL);
#endif
  return text;
}

}  // namespace odin
