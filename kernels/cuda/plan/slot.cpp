#include "kernels/cuda/plan/slot.h"

#include <algorithm>
#include <utility>

#include <cuda_runtime.h>

#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/upload.h"

namespace odin::cuda {

void Slot::reserve(const Request& request, std::size_t images, std::size_t arena) {
  const std::size_t gradients = request.settings.size() * images;
  bool grown = false;
  const auto grow = [&grown](auto& buffer, std::size_t bytes) {
    if (buffer.grow(bytes)) grown = true;
  };
  grow(arena_, arena);
  grow(image_, images * extents_.padded_image() * sizeof(float));
  grow(perturbed_, request.steps() > 0 ? image_.size() : 0);
  grow(nchw_, images * extents_.image() * sizeof(float));
  grow(images_host_, nchw_.size());
  grow(logits_, request.rows() * images * extents_.logits() * sizeof(float));
  grow(logits_host_, logits_.size());
  grow(features_, request.features ? images * extents_.features * sizeof(float) : 0);
  grow(features_host_, features_.size());
  grow(gradients_, gradients * extents_.padded_image() * sizeof(float));
  grow(gradients_nchw_, request.gradient ? gradients * extents_.image() * sizeof(float) : 0);
  grow(gradients_host_, gradients_nchw_.size());
  grow(steps_, request.steps() * static_cast<std::size_t>(extents_.channels) * sizeof(float));
  if (grown) graphs_.clear();
}

void Slot::set_steps(std::span<const OdinSetting> settings) {
  std::vector<float> values;
  for (const OdinSetting& setting : settings) {
    for (const std::vector<float>& step : setting.steps) {
      values.insert(values.end(), step.begin(), step.end());
    }
  }
  upload(values.data(), values.size(), steps_.data());
}

void Slot::start(Program& runner, const MemoryLayout& layout, const Request& request,
                 const float* images, std::int64_t first, std::int64_t count) {
  auto* host = images_host_.as<float>();
  const std::size_t given = static_cast<std::size_t>(count) * extents_.image();
  const std::size_t all = static_cast<std::size_t>(layout.images()) * extents_.image();
  std::copy_n(images + static_cast<std::size_t>(first) * extents_.image(), given, host);
  std::fill(host + given, host + all, 0.0f);
  auto recorded = graphs_.find({layout.images(), request});
  if (recorded == graphs_.end()) {
    // First run it unrecorded: that loads kernels and lets cuDNN measure, which a recording cannot.
    encode(runner, layout, request);
    stream_.synchronize();
    recorded =
        graphs_
            .emplace(std::piecewise_construct, std::forward_as_tuple(layout.images(), request),
                     std::forward_as_tuple(stream_, [&] { encode(runner, layout, request); }))
            .first;
  }
  recorded->second.launch(stream_);
  done_.record(stream_);
  pending_ = Pending{first, count, static_cast<std::size_t>(layout.images())};
}

void Slot::finish(const Request& request, std::int64_t n, const OdinResults& results) {
  if (!pending_) return;
  done_.synchronize();
  const auto [first, count, images] = *std::exchange(pending_, std::nullopt);
  const auto copy = [&, begin = static_cast<std::size_t>(first),
                     used = static_cast<std::size_t>(count),
                     stride = images](const PinnedBuffer& from, std::size_t row,
                                      std::size_t elements, float* to, std::size_t to_row) {
    std::copy_n(from.as<float>() + row * stride * elements, used * elements,
                to + (to_row * static_cast<std::size_t>(n) + begin) * elements);
  };
  copy(logits_host_, 0, extents_.logits(), results.logits, 0);
  for (std::size_t row = 1; row < request.rows(); ++row) {
    copy(logits_host_, row, extents_.logits(), results.perturbed, row - 1);
  }
  if (request.features) copy(features_host_, 0, extents_.features, results.features, 0);
  for (std::size_t s = 0; request.gradient && s < request.settings.size(); ++s) {
    copy(gradients_host_, s, extents_.image(), results.gradient, s);
  }
}

void Slot::abandon() noexcept {
  pending_.reset();
  cudaStreamSynchronize(stream_);
}

View Slot::image_view(const DeviceBuffer& buffer, std::size_t index, int images) const {
  const std::size_t offset = index * static_cast<std::size_t>(images) * extents_.padded_image();
  return {buffer.as<float>() + offset, Element::kFloat, images, extents_.height, extents_.width,
          extents_.channels,           extents_.pitch()};
}

void Slot::encode(Program& runner, const MemoryLayout& layout, const Request& request) {
  const int images = layout.images();
  const auto n = static_cast<std::size_t>(images);
  auto* memory = arena_.as<std::byte>();
  const Program::Batch batch{
      layout, memory, {stream_, layout.workspace(memory), layout.workspace_bytes()}};
  const auto logits = [&](std::size_t row) {
    return View{logits_.as<float>() + row * n * extents_.logits(),
                Element::kFloat,
                images,
                1,
                1,
                extents_.classes,
                extents_.classes};
  };
  transfer(nchw_.data(), images_host_.data(), n * extents_.image(), cudaMemcpyHostToDevice);
  const View image = image_view(image_, 0, images);
  from_nchw(nchw_.as<float>(), image, stream_);
  runner.forward(batch, ForwardPass::kFirst, image, logits(0),
                 request.features ? features_.as<float>() : nullptr);
  for (std::size_t s = 0; s < request.settings.size(); ++s) {
    const View gradient = image_view(gradients_, s, images);
    const Request::Setting& setting = request.settings[s];
    runner.backward(batch, image, logits(0), setting.objective, setting.temperature, gradient);
    if (request.gradient) {
      to_nchw(gradient, gradients_nchw_.as<float>() + s * n * extents_.image(), stream_);
    }
  }
  std::size_t row = 1;
  for (std::size_t s = 0; s < request.settings.size(); ++s) {
    for (std::size_t i = 0; i < request.settings[s].steps; ++i, ++row) {
      const float* step =
          steps_.as<float>() + (row - 1) * static_cast<std::size_t>(extents_.channels);
      const View perturbed = image_view(perturbed_, 0, images);
      perturb(image, image_view(gradients_, s, images), step, perturbed, stream_);
      runner.forward(batch, ForwardPass::kOther, perturbed, logits(row), nullptr);
    }
  }
  transfer(logits_host_.data(), logits_.data(), request.rows() * n * extents_.logits(),
           cudaMemcpyDeviceToHost);
  if (request.features) {
    transfer(features_host_.data(), features_.data(), n * extents_.features,
             cudaMemcpyDeviceToHost);
  }
  if (request.gradient) {
    transfer(gradients_host_.data(), gradients_nchw_.data(),
             request.settings.size() * n * extents_.image(), cudaMemcpyDeviceToHost);
  }
}

void Slot::transfer(void* to, const void* from, std::size_t floats, cudaMemcpyKind kind) {
  if (floats == 0) return;
  ODIN_CUDA_CHECK(cudaMemcpyAsync(to, from, floats * sizeof(float), kind, stream_), "{} bytes",
                  floats * sizeof(float));
}

}  // namespace odin::cuda
