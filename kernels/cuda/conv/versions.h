// The versions of our convolution, one file each. convolution.h says what they compute, and asks
// whether a version can do a shape before it calls it.
#pragma once

#include "kernels/cuda/conv/convolution.h"

namespace odin::cuda {

// plain.cu
void conv_plain_forward(const ForwardConvolution& convolution, Stream stream);
void conv_plain_backward(const BackwardConvolution& convolution, Stream stream);

// image.cu
bool conv_image_can_run(const ForwardConvolution& convolution);
bool conv_image_can_run(const BackwardConvolution& convolution);
void conv_image_forward(const ForwardConvolution& convolution, Stream stream);
void conv_image_backward(const BackwardConvolution& convolution, Stream stream);

// gemm.cpp
bool conv_gemm_can_run(const ForwardConvolution& convolution);
bool conv_gemm_can_run(const BackwardConvolution& convolution);
void conv_gemm_forward(const ForwardConvolution& convolution, Stream stream);
void conv_gemm_backward(const BackwardConvolution& convolution, Stream stream);
bool conv_halo_can_run(const ForwardConvolution& convolution);
bool conv_halo_can_run(const BackwardConvolution& convolution);
void conv_halo_forward(const ForwardConvolution& convolution, Stream stream);
void conv_halo_backward(const BackwardConvolution& convolution, Stream stream);
bool conv_wgmma_can_run(const ForwardConvolution& convolution);
bool conv_wgmma_can_run(const BackwardConvolution& convolution);
void conv_wgmma_forward(const ForwardConvolution& convolution, Stream stream);
void conv_wgmma_backward(const BackwardConvolution& convolution, Stream stream);

}  // namespace odin::cuda
