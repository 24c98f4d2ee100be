#include "kernels/cpu/training/image_convolution.h"

#include <algorithm>

#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/memory.h"

namespace odin::cpu {

std::int64_t images_at_once(const ConvolutionSizes& s, const Blocks& blocks) {
  // A layer's weights serve the whole batch before the next layer's come. (An evaluation needs
  // those of all layers for every group: cut_into_segments().)
  constexpr std::int64_t kCachedWeights = std::int64_t{1} << 18;
  const std::int64_t images = images_in_group(blocks, static_cast<long>(s.out_height * s.out_width),
                                              weight_elements(s) > kCachedWeights);
  return std::clamp<std::int64_t>(images, 1, std::max<std::int64_t>(s.images, 1));
}

ImageConvolution::ImageConvolution(ConvolutionPass pass, const ConvolutionSizes& s,
                                   const KernelTable& kernels, const Blocks& blocks,
                                   const PackedWeights& weights)
    : kernels_(kernels),
      kernel_(convolution_kernel(kernels, pass, s, weights.winograd())),
      task_(convolution_task(pass, s, weights.winograd(), blocks)),
      in_pixels_(std::int64_t{task_.in_height} * task_.in_width),
      out_pixels_(std::int64_t{task_.out_height} * task_.out_width) {
  task_.weights = weights.data();
}

ConvolutionTask ImageConvolution::task_for(Worker& worker, std::int64_t images,
                                           Images<const float> in) const {
  ConvolutionTask task = task_;
  task.images = static_cast<int>(images);
  // Kernels read and write whole vectors, which must not reach into the next plane.
  task.in = planes_of(in, in_pixels_);
  if (in_pixels_ % kernels_.lanes != 0) {
    const std::int64_t plane = padded_plane(in_pixels_);
    task.in.plane = static_cast<long>(plane);
    task.in.image = static_cast<long>(plane * task.in_channels);
    task.in.data = worker.staged_in.floats(images * task.in.image);
    for (std::int64_t n = 0; n < images; ++n) {
      for (std::int64_t c = 0; c < task.in_channels; ++c) {
        std::copy_n(in.plane(n, c, in_pixels_), in_pixels_,
                    task.in.data + n * task.in.image + c * plane);
      }
    }
  }
  return task;
}

void ImageConvolution::run(Worker& worker, std::int64_t images, Images<const float> in,
                           const Prologue& prologue, Images<float> out,
                           std::int64_t out_plane) const {
  ConvolutionTask task = task_for(worker, images, in);
  if (prologue.scale != nullptr) {
    task.load = Load::kNormalise;
    task.scale = prologue.scale;
    task.shift = prologue.shift;
  }
  const bool staged = out_pixels_ % kernels_.lanes != 0 && out_plane < padded_plane(out_pixels_);
  task.out = planes_of(out, out_plane);
  if (staged) {
    task.out.plane = static_cast<long>(padded_plane(out_pixels_));
    task.out.image = task.out.plane * task.out_channels;
    task.out.data = worker.staged_out.floats(images * task.out.image);
  }
  task.workspace = worker.workspace.floats(kernel_.workspace(task));
  kernel_.run(task);
  if (!staged) return;
  for (std::int64_t n = 0; n < images; ++n) {
    for (std::int64_t c = 0; c < task.out_channels; ++c) {
      std::copy_n(task.out.data + n * task.out.image + c * task.out.plane, out_pixels_,
                  out.plane(n, c, out_plane));
    }
  }
}

bool ImageConvolution::passes_on() const {
  return task_.transposed && out_pixels_ % kernels_.lanes == 0;
}

void ImageConvolution::pass_on(Worker& worker, std::int64_t images, Images<const float> in,
                               const OpenGradient& open) const {
  ConvolutionTask task = task_for(worker, images, in);
  task.open = open;
  task.workspace = worker.workspace.floats(kernel_.workspace(task));
  kernel_.run(task);
}

}  // namespace odin::cpu
