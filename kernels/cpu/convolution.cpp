#include "kernels/cpu/convolution.h"

#include <algorithm>

#include "kernels/cpu/accumulate.h"
#include "kernels/cpu/backend.h"
#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/openmp.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

// Pixels that are worth the call of a kernel: smaller images are computed together.
constexpr std::int64_t kPixels = 512;

// Images that fill kPixels.
std::int64_t images_for_a_call(std::int64_t pixels) {
  return std::clamp<std::int64_t>(kPixels / std::max<std::int64_t>(pixels, 1), 1, 32);
}

// Images that a thread takes at once: more if the weights are larger than the activations, so that
// they are read from memory less often, and more if the images are small.
std::int64_t images_by_thread(const ConvolutionSizes& s) {
  const std::int64_t activations =
      s.in_channels * s.height * s.width + s.out_channels * s.out_height * s.out_width;
  return std::max(std::clamp<std::int64_t>(weight_elements(s) / activations, 1, 4),
                  images_for_a_call(s.out_height * s.out_width));
}

// The number of partial sums of the weights' gradient, which the threads share. It must not depend
// on the number of threads, or the order of additions would. It is low if the weights are large,
// because each sum is as large as they are, and if the images are small.
std::int64_t partial_sums(const ConvolutionSizes& s) {
  constexpr std::int64_t kFloats = (32 << 20) / sizeof(float);
  const std::int64_t affordable = kFloats / weight_elements(s);
  const std::int64_t worthwhile = s.images / images_for_a_call(s.out_height * s.out_width);
  return std::min(s.images, std::clamp<std::int64_t>(std::min(affordable, worthwhile), 8, 32));
}

// Lays small images side by side as (channels, images pixels), so that one product computes all.
void lay_side_by_side(Images<const float> from, std::int64_t images, std::int64_t channels,
                      std::int64_t pixels, float* to) {
  for (std::int64_t n = 0; n < images; ++n) {
    const float* plane = (from + n).data;
    for (std::int64_t c = 0; c < channels; ++c, plane += pixels) {
      std::copy_n(plane, pixels, to + (c * images + n) * pixels);
    }
  }
}

// The reverse; adds if `accumulated`.
void take_apart(const float* from, std::int64_t images, std::int64_t channels, std::int64_t pixels,
                bool accumulated, Images<float> to) {
  for (std::int64_t n = 0; n < images; ++n) {
    float* plane = (to + n).data;
    for (std::int64_t c = 0; c < channels; ++c, plane += pixels) {
      const float* const source = from + (c * images + n) * pixels;
      if (accumulated) {
        accumulate(source, plane, pixels);
      } else {
        std::copy_n(source, pixels, plane);
      }
    }
  }
}

}  // namespace

Convolutions::Convolutions(ThreadPool& pool)
    : pool_(pool),
      // Measured with oneDNN 2.6: its matrix product is as fast as its convolutions with AVX-512,
      // and half as fast with AVX2.
      products_are_faster_(dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core),
      workers_(static_cast<std::size_t>(pool.size())) {}

bool Convolutions::is_product(const ConvolutionSizes& s) const {
  return products_are_faster_ && is_pointwise(s);
}

ImagePass& Convolutions::image_pass(ConvolutionPass pass, const ConvolutionSizes& sizes) {
  return image_passes_.try_emplace(std::pair(pass, sizes), pass, sizes, pool_.size()).first->second;
}

FilterPass& Convolutions::filter_pass(const ConvolutionSizes& sizes) {
  return filter_passes_.try_emplace(sizes, sizes, pool_.size()).first->second;
}

void Convolutions::run_images(ConvolutionPass pass, ConvolutionSizes sizes, Images<const float> in,
                              const float* weights, Images<float> out) {
  const SingleThreadedOpenMp single;
  const std::int64_t images = sizes.images;
  const std::int64_t group = std::min(images, images_by_thread(sizes));
  const std::int64_t groups = images / group;
  // The remaining images form a smaller group.
  const std::int64_t rest = images % group;
  sizes.images = group;
  ImagePass& group_pass = image_pass(pass, sizes);
  sizes.images = rest;
  ImagePass* const rest_pass = rest > 0 ? &image_pass(pass, sizes) : nullptr;

  std::byte* const packed =
      weights_.reserve(group_pass.weight_bytes() + (rest_pass ? rest_pass->weight_bytes() : 0));
  std::byte* const rest_packed = packed + group_pass.weight_bytes();
  group_pass.pack_weights(weights, packed);
  if (rest_pass) rest_pass->pack_weights(weights, rest_packed);

  pool_.run(groups + (rest > 0 ? 1 : 0), [&](std::int64_t index, int worker) {
    Scratch& scratch = workers_[static_cast<std::size_t>(worker)];
    const std::int64_t first = index * group;
    if (index < groups) {
      group_pass.run(worker, scratch, packed, in + first, out + first);
    } else {
      rest_pass->run(worker, scratch, rest_packed, in + first, out + first);
    }
  });
}

// out = weights in, or += if `add`, for every image.
void Convolutions::run_products(const Matrix& weights, std::int64_t in_channels,
                                std::int64_t out_channels, const ConvolutionSizes& sizes, bool add,
                                Images<const float> in, Images<float> out) {
  const std::int64_t pixels = sizes.height * sizes.width;
  const std::int64_t group = images_for_a_call(pixels);
  pool_.run_blocks(sizes.images, group, [&](std::int64_t first, std::int64_t end, int worker) {
    const std::int64_t images = end - first;
    const std::int64_t columns = images * pixels;
    if (images == 1) {
      multiply(out_channels, columns, in_channels, weights, {(in + first).data, columns},
               add ? 1 : 0, (out + first).data, columns);
      return;
    }
    Scratch& scratch = workers_[static_cast<std::size_t>(worker)];
    float* const beside = scratch.floats((in_channels + out_channels) * columns);
    float* const result = beside + in_channels * columns;
    lay_side_by_side(in + first, images, in_channels, pixels, beside);
    multiply(out_channels, columns, in_channels, weights, {beside, columns}, 0, result, columns);
    take_apart(result, images, out_channels, pixels, add, out + first);
  });
}

void Convolutions::forward(const ConvolutionSizes& sizes, const ConstTensorView& x,
                           const ConstTensorView& w, const TensorView& y) {
  const Images<const float> in = images_of("x", x);
  const Images<float> out = images_of("y", y);
  const auto* const weights = w.data<float>();
  if (!is_product(sizes)) return run_images(ConvolutionPass::kForward, sizes, in, weights, out);
  run_products({weights, sizes.in_channels}, sizes.in_channels, sizes.out_channels, sizes, false,
               in, out);
}

void Convolutions::backward_data(const ConvolutionSizes& sizes, const ConstTensorView& dy,
                                 const ConstTensorView& w, const TensorView& dx) {
  const Images<const float> in = images_of("dy", dy);
  const Images<float> out = images_of("dx", dx);
  const auto* const weights = w.data<float>();
  if (!is_product(sizes))
    return run_images(ConvolutionPass::kBackwardData, sizes, in, weights, out);
  run_products({weights, sizes.in_channels, true}, sizes.out_channels, sizes.in_channels, sizes,
               true, in, out);
}

// dw (+)= dy x^T over some images.
void Convolutions::add_filter_product(const ConvolutionSizes& sizes, Images<const float> x,
                                      Images<const float> dy, std::int64_t images, bool add,
                                      Scratch& scratch, float* dw) {
  const std::int64_t pixels = sizes.height * sizes.width;
  const std::int64_t columns = images * pixels;
  const float* left = dy.data;
  const float* right = x.data;
  if (images > 1) {
    float* const beside = scratch.floats((sizes.in_channels + sizes.out_channels) * columns);
    lay_side_by_side(dy, images, sizes.out_channels, pixels, beside);
    float* const inputs = beside + sizes.out_channels * columns;
    lay_side_by_side(x, images, sizes.in_channels, pixels, inputs);
    left = beside;
    right = inputs;
  }
  multiply(sizes.out_channels, sizes.in_channels, columns, {left, columns}, {right, columns, true},
           add ? 1 : 0, dw, sizes.in_channels);
}

void Convolutions::backward_filter(const ConvolutionSizes& sizes, const ConstTensorView& x,
                                   const ConstTensorView& dy, const TensorView& dw) {
  const SingleThreadedOpenMp single;
  const Images<const float> in = images_of("x", x);
  const Images<const float> dout = images_of("dy", dy);
  const std::int64_t sums = partial_sums(sizes);
  const auto first_of = [&](std::int64_t sum) { return sizes.images * sum / sums; };

  const bool product = is_product(sizes);
  // The sums have two lengths, which differ by one image.
  ConvolutionSizes part = sizes;
  part.images = sizes.images / sums;
  FilterPass* const pass = product ? nullptr : &filter_pass(part);
  ++part.images;
  FilterPass* const longer = product || sizes.images % sums == 0 ? nullptr : &filter_pass(part);

  const std::int64_t elements = product ? weight_elements(sizes) : pass->packed_floats();
  float* const packed = partial_sums_.floats(sums * elements);
  const std::int64_t pixels = sizes.height * sizes.width;
  pool_.run(sums, [&](std::int64_t sum, int worker) {
    float* const to = packed + sum * elements;
    const std::int64_t begin = first_of(sum);
    const std::int64_t end = first_of(sum + 1);
    if (product) {
      const std::int64_t group = images_for_a_call(pixels);
      for (std::int64_t n = begin; n < end; n += group) {
        add_filter_product(sizes, in + n, dout + n, std::min(group, end - n), n > begin,
                           workers_[static_cast<std::size_t>(worker)], to);
      }
    } else {
      FilterPass& own = end - begin == sizes.images / sums ? *pass : *longer;
      own.run(worker, workers_[static_cast<std::size_t>(worker)], in + begin, dout + begin, to);
    }
  });

  // Adds all of them to the first one, and that one to the gradient.
  auto* const to = dw.data<float>();
  for_each_span(pool_, {1, elements, elements},
                [&](std::int64_t, std::int64_t begin, std::int64_t end) {
                  for (std::int64_t sum = 1; sum < sums; ++sum) {
                    accumulate(packed + sum * elements + begin, packed + begin, end - begin);
                  }
                  if (product) accumulate(packed + begin, to + begin, end - begin);
                });
  if (!product) pass->unpack_and_add(packed, to);
}

void CpuBackend::do_convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                                        ConstTensorView w, TensorView y) {
  const ConvolutionSizes sizes = convolution_sizes(geometry, x.shape(), w.shape());
  with_onednn("convolve", [&] { convolutions_->forward(sizes, x, w, y); });
}

void CpuBackend::do_convolution_backward_data(const ConvolutionGeometry& geometry,
                                              ConstTensorView dy, ConstTensorView w,
                                              TensorView dx) {
  const ConvolutionSizes sizes = convolution_sizes(geometry, dx.shape(), w.shape());
  with_onednn("convolve backwards", [&] { convolutions_->backward_data(sizes, dy, w, dx); });
}

void CpuBackend::do_convolution_backward_filter(const ConvolutionGeometry& geometry,
                                                ConstTensorView x, ConstTensorView dy,
                                                TensorView dw) {
  const ConvolutionSizes sizes = convolution_sizes(geometry, x.shape(), dw.shape());
  with_onednn("find the gradient of a convolution's weights",
              [&] { convolutions_->backward_filter(sizes, x, dy, dw); });
}

}  // namespace odin::cpu
