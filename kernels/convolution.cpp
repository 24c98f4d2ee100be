#include "kernels/convolution.h"

#include <array>
#include <utility>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::array<std::pair<ConvolutionAlgorithm, std::string_view>, 6> kAlgorithms{{
    {ConvolutionAlgorithm::kAuto, "auto"},
    {ConvolutionAlgorithm::kCudnn, "cudnn"},
    {ConvolutionAlgorithm::kOwn, "own"},
    {ConvolutionAlgorithm::kWgmma, "wgmma"},
    {ConvolutionAlgorithm::kDirect, "direct"},
    {ConvolutionAlgorithm::kWinograd, "winograd"},
}};

}  // namespace

ConvolutionAlgorithm convolution_algorithm_of(std::string_view name) {
  for (const auto& [algorithm, known] : kAlgorithms) {
    if (name == known) return algorithm;
  }
  fail("convolution \"{}\" is not known: it must be auto, cudnn, own, wgmma, direct or winograd",
       name);
}

std::string_view name_of(ConvolutionAlgorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)].second;
}

}  // namespace odin
