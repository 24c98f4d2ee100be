// The emulated device has no NVIDIA libraries: convolutions must be our own.
#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/error.h"

namespace odin::cuda {

std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Precision, Stream) {
  fail("cuDNN does not run on the emulated device");
}

PlanConvolutionMaker cudnn_plan_convolutions(Precision) {
  fail("cuDNN does not run on the emulated device");
}

}  // namespace odin::cuda
