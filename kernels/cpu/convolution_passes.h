// A convolution of fixed sizes on one thread: oneDNN's primitives, and the copies into and out of
// the blocked layouts that its fast kernels need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/scratch.h"

namespace odin::cpu {

// A batch in a layout that oneDNN chose, and the copies of each image into it and out of it. For
// one thread.
class PackedImages {
 public:
  explicit PackedImages(const dnnl::memory::desc& batch);

  const dnnl::memory::desc& desc() const { return batch_; }
  std::size_t bytes() const;
  // The size of one image, planar.
  std::size_t image_bytes() const { return plain_.get_size(); }

  void pack(Images<const float> from, std::byte* to);
  void unpack(const std::byte* from, Images<float> to);
  // Adds the images to those at `to`; `scratch` holds image_bytes().
  void unpack_and_add(const std::byte* from, float* scratch, Images<float> to);

 private:
  std::size_t images() const;
  void unpack_image(std::size_t image, const std::byte* from, float* to);

  dnnl::memory::desc batch_;
  dnnl::memory::desc image_;  // one image within the batch
  dnnl::memory::desc plain_;  // one image, planar
  std::size_t packed_image_bytes_;
  // One primitive for each image, created at its first use: one that keeps its place need not clear
  // the padding again.
  std::vector<BoundPrimitive> packing_;
  std::vector<BoundPrimitive> unpacking_;
};

// Forward (kForward), or backward to the data (kBackwardData), of sizes.images images.
class ImagePass {
 public:
  ImagePass(ConvolutionPass pass, const ConvolutionSizes& sizes, int workers);

  std::size_t weight_bytes() const;
  void pack_weights(const float* weights, std::byte* packed);

  // Forward: y = convolution of x. Backward: dx += transposed convolution of dy. `scratch` belongs
  // to the worker.
  void run(int worker, Scratch& scratch, const std::byte* packed_weights, Images<const float> in,
           Images<float> out);

 private:
  // The objects that one thread needs.
  struct Bound {
    explicit Bound(const ImagePass& pass);
    PackedImages in;
    PackedImages out;
    BoundPrimitive compute;
  };

  ConvolutionPass pass_;
  int in_argument_;
  int out_argument_;
  dnnl::primitive primitive_;
  dnnl::memory::desc in_;
  dnnl::memory::desc weights_;
  dnnl::memory::desc out_;
  dnnl::memory::desc scratchpad_;
  std::optional<BoundPrimitive> pack_weights_;
  std::vector<std::unique_ptr<Bound>> bound_;  // per worker, created at its first task
};

// The gradient of the weights from sizes.images images, in oneDNN's layout, which is the same for
// any number of images.
class FilterPass {
 public:
  FilterPass(const ConvolutionSizes& sizes, int workers);

  std::int64_t packed_floats() const;
  // packed = the gradient from these images; `scratch` belongs to the worker.
  void run(int worker, Scratch& scratch, Images<const float> x, Images<const float> dy,
           float* packed);
  // dw += packed
  void unpack_and_add(const float* packed, float* dw);

 private:
  struct Bound {
    explicit Bound(const FilterPass& pass);
    PackedImages x;
    PackedImages dy;
    BoundPrimitive compute;
  };

  dnnl::primitive primitive_;
  dnnl::memory::desc x_;
  dnnl::memory::desc dy_;
  dnnl::memory::desc dw_;
  dnnl::memory::desc scratchpad_;
  std::optional<BoundPrimitive> unpack_;
  std::vector<std::unique_ptr<Bound>> bound_;
};

}  // namespace odin::cpu
