#include "kernels/cpu/convolution.h"

#include <algorithm>

#include "kernels/cpu/elementwise.h"
#include "kernels/cpu/openmp.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

constexpr auto kFloatBytes = static_cast<std::int64_t>(sizeof(float));

std::int64_t weight_elements(const ConvolutionSizes& s) {
  return s.out_channels * s.in_channels * s.kernel_height * s.kernel_width;
}

// Images that a thread takes at once: more where the weights weigh more than the activations, so
// that they are read from memory less often.
std::int64_t images_at_once(const ConvolutionSizes& s) {
  const std::int64_t activations =
      s.in_channels * s.height * s.width + s.out_channels * s.out_height * s.out_width;
  return std::clamp<std::int64_t>(weight_elements(s) / activations, 1, 4);
}

// Into how many sums the gradient of the weights is split, so that threads can share it out. It
// must not depend on the number of threads: the order of additions would. Few where the weights are
// large, because each sum is as large.
std::int64_t partial_sums(const ConvolutionSizes& s) {
  constexpr std::int64_t kBytes = 32 << 20;
  const std::int64_t affordable = kBytes / (weight_elements(s) * kFloatBytes);
  return std::min(s.images, std::clamp<std::int64_t>(affordable, 8, 32));
}

Images<const float> images_of(std::string_view name, const ConstTensorView& view) {
  return {view.data<float>(), rows_of(name, view).stride};
}
Images<float> images_of(std::string_view name, const TensorView& view) {
  return {view.data<float>(), rows_of(name, view).stride};
}

}  // namespace

Convolutions::Convolutions(ThreadPool& pool)
    : pool_(pool),
      // Measured with oneDNN 2.6: with AVX-512 its matrix product is as fast as its convolutions,
      // with AVX2 it has half their speed.
      products_are_faster_(dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core),
      workers_(static_cast<std::size_t>(pool.size())) {}

bool Convolutions::is_product(const ConvolutionSizes& s) const {
  return products_are_faster_ && s.kernel_height == 1 && s.kernel_width == 1 && s.stride == 1 &&
         s.padding == 0;
}

ImagePass& Convolutions::image_pass(const ConvolutionSizes& sizes, Direction direction) {
  return image_passes_.try_emplace(std::pair(direction, sizes), sizes, direction, pool_.size())
      .first->second;
}

FilterPass& Convolutions::filter_pass(const ConvolutionSizes& sizes) {
  return filter_passes_.try_emplace(sizes, sizes, pool_.size()).first->second;
}

void Convolutions::run_images(Direction direction, ConvolutionSizes sizes, Images<const float> in,
                              const float* weights, Images<float> out) {
  const SingleThreadedOpenMp single;
  const std::int64_t images = sizes.images;
  const std::int64_t group = std::min(images, images_at_once(sizes));
  const std::int64_t groups = images / group;
  // The images that fill no group make a smaller one.
  const std::int64_t rest = images % group;
  sizes.images = group;
  ImagePass& pass = image_pass(sizes, direction);
  sizes.images = rest;
  ImagePass* const rest_pass = rest > 0 ? &image_pass(sizes, direction) : nullptr;

  std::byte* const packed =
      weights_.reserve(pass.weight_bytes() + (rest_pass ? rest_pass->weight_bytes() : 0));
  std::byte* const rest_packed = packed + pass.weight_bytes();
  pass.pack_weights(weights, packed);
  if (rest_pass) rest_pass->pack_weights(weights, rest_packed);

  pool_.run(groups + (rest > 0 ? 1 : 0), [&](std::int64_t index, int worker) {
    Scratch& scratch = workers_[static_cast<std::size_t>(worker)];
    const std::int64_t first = index * group;
    if (index < groups) {
      pass.run(worker, scratch, packed, in + first, out + first);
    } else {
      rest_pass->run(worker, scratch, rest_packed, in + first, out + first);
    }
  });
}

void Convolutions::forward(const ConvolutionSizes& sizes, const ConstTensorView& x,
                           const ConstTensorView& w, const TensorView& y) {
  if (sizes.images == 0) return;
  const Images<const float> in = images_of("x", x);
  const Images<float> out = images_of("y", y);
  const auto* const weights = w.data<float>();
  if (!is_product(sizes)) return run_images(Direction::kForward, sizes, in, weights, out);
  const std::int64_t pixels = sizes.height * sizes.width;
  pool_.run(sizes.images, [&](std::int64_t n, int) {
    multiply(sizes.out_channels, pixels, sizes.in_channels, {weights, sizes.in_channels},
             {(in + n).data, pixels}, 0, (out + n).data, pixels);
  });
}

void Convolutions::backward_data(const ConvolutionSizes& sizes, const ConstTensorView& dy,
                                 const ConstTensorView& w, const TensorView& dx) {
  if (sizes.images == 0) return;
  const Images<const float> in = images_of("dy", dy);
  const Images<float> out = images_of("dx", dx);
  const auto* const weights = w.data<float>();
  if (!is_product(sizes)) return run_images(Direction::kBackwardData, sizes, in, weights, out);
  const std::int64_t pixels = sizes.height * sizes.width;
  pool_.run(sizes.images, [&](std::int64_t n, int) {
    multiply(sizes.in_channels, pixels, sizes.out_channels, {weights, sizes.in_channels, true},
             {(in + n).data, pixels}, 1, (out + n).data, pixels);
  });
}

void Convolutions::backward_filter(const ConvolutionSizes& sizes, const ConstTensorView& x,
                                   const ConstTensorView& dy, const TensorView& dw) {
  if (sizes.images == 0) return;
  const SingleThreadedOpenMp single;
  const Images<const float> in = images_of("x", x);
  const Images<const float> dout = images_of("dy", dy);
  const std::int64_t sums = partial_sums(sizes);
  const auto first_of = [&](std::int64_t sum) { return sizes.images * sum / sums; };

  const bool product = is_product(sizes);
  // Sums of two lengths, which differ by one image.
  ConvolutionSizes part = sizes;
  part.images = sizes.images / sums;
  FilterPass* const pass = product ? nullptr : &filter_pass(part);
  ++part.images;
  FilterPass* const longer = product || sizes.images % sums == 0 ? nullptr : &filter_pass(part);

  const std::int64_t elements = product
                                    ? weight_elements(sizes)
                                    : static_cast<std::int64_t>(pass->packed_bytes()) / kFloatBytes;
  auto* const packed = reinterpret_cast<float*>(
      partial_sums_.reserve(static_cast<std::size_t>(sums * elements * kFloatBytes)));
  const std::int64_t pixels = sizes.height * sizes.width;
  pool_.run(sums, [&](std::int64_t sum, int worker) {
    float* const to = packed + sum * elements;
    const std::int64_t begin = first_of(sum);
    const std::int64_t end = first_of(sum + 1);
    if (product) {
      for (std::int64_t n = begin; n < end; ++n) {
        multiply(sizes.out_channels, sizes.in_channels, pixels, {(dout + n).data, pixels},
                 {(in + n).data, pixels, true}, n == begin ? 0 : 1, to, sizes.in_channels);
      }
    } else {
      FilterPass& own = end - begin == sizes.images / sums ? *pass : *longer;
      own.run(worker, workers_[static_cast<std::size_t>(worker)], in + begin, dout + begin,
              reinterpret_cast<std::byte*>(to));
    }
  });

  // All are added to the first one, and that to the gradient.
  auto* const to = dw.data<float>();
  for_each_span(pool_, {1, elements, elements},
                [&](std::int64_t, std::int64_t begin, std::int64_t end) {
                  for (std::int64_t sum = 1; sum < sums; ++sum) {
                    accumulate(packed + sum * elements + begin, packed + begin, end - begin);
                  }
                  if (product) accumulate(packed + begin, to + begin, end - begin);
                });
  if (!product) pass->unpack_and_add(reinterpret_cast<const std::byte*>(packed), to);
}

}  // namespace odin::cpu
