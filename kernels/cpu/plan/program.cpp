#include "kernels/cpu/plan/program.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace odin::cpu {
namespace {

std::size_t as_size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

// Floats from one plane to the next: whole cache lines, and an odd number of them, so that the same
// pixel of all planes does not fall into the same few sets of the cache.
long plane_stride(const PlanBuffer& buffer) {
  const long pixels = static_cast<long>(buffer.height) * buffer.width;
  return ((pixels + 15) / 16 | 1) * 16;
}

// Puts regions with lifetimes into one memory; those that live at different times may overlap.
class RegionPlanner {
 public:
  // The place of `floats` that live from step `first` to step `last`.
  std::size_t place(std::size_t floats, std::size_t first, std::size_t last) {
    std::vector<Taken> alive;
    for (const Taken& taken : taken_) {
      if (taken.first <= last && first <= taken.last) alive.push_back(taken);
    }
    std::sort(alive.begin(), alive.end(),
              [](const Taken& a, const Taken& b) { return a.begin < b.begin; });
    std::size_t at = 0;
    for (const Taken& taken : alive) {
      if (at + floats <= taken.begin) break;
      at = std::max(at, taken.end);
    }
    taken_.push_back({at, at + floats, first, last});
    size_ = std::max(size_, at + floats);
    return at;
  }
  std::size_t size() const { return size_; }

 private:
  struct Taken {
    std::size_t begin, end, first, last;
  };
  std::vector<Taken> taken_;
  std::size_t size_ = 0;
};

class Builder {
 public:
  Builder(const Plan& plan, const KernelTable& kernels, ConvolutionAlgorithm convolution)
      : plan_(plan), kernels_(kernels), convolution_(convolution) {}

  Program build() {
    cut_into_segments();
    place_buffers();
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      step_ = s;
      std::visit([this](const auto& step) { forward(step); }, plan_.steps[s]);
    }
    for (const PlanBuffer& buffer : plan_.buffers) {
      defined_.emplace_back(as_size(buffer.channels), false);
    }
    for (std::size_t s = plan_.steps.size(); s-- > 0;) {
      step_ = s;
      std::visit([this](const auto& step) { backward(step); }, plan_.steps[s]);
    }
    define_gradient(plan_.input);
    program_.input = place(plan_.input);
    program_.input_planes = planes(plan_.input);
    return std::move(program_);
  }

 private:
  // The bits of a ReLU, from the forward pass for the backward pass.
  struct Bits {
    std::size_t at = kNowhere;
    BitPlanes planes;
  };

  const PlanBuffer& extent(const PlanSlice& slice) const {
    return plan_.buffers[as_size(slice.buffer)];
  }
  Place place(const PlanSlice& slice) const {
    Place place = places_[as_size(slice.buffer)];
    place.at += as_size(plane_stride(extent(slice))) * as_size(slice.begin);
    return place;
  }
  Planes planes(const PlanSlice& slice) const {
    const long plane = plane_stride(extent(slice));
    return {nullptr, plane * extent(slice).channels, plane};
  }
  Segment& segment() { return program_.segments[segment_of_[step_]]; }

  // Small maps of one image make too few columns for the micro-kernel, and too little work for the
  // weights that have to be read; so steps on them take several images at once. The others do not,
  // so that their activations stay in the cache.
  void cut_into_segments() {
    std::size_t weight_bytes = 0;
    for (const PlanStep& step : plan_.steps) {
      if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
        weight_bytes += convolution->weights.size() * sizeof(float);
      }
    }
    constexpr std::size_t kCachedWeights = std::size_t{8} << 20;
    const long pixels_wanted = weight_bytes > kCachedWeights ? 1024 : 512;
    constexpr long kMostImages = 16;
    int images = 1;
    for (const PlanStep& step : plan_.steps) {
      if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
        const PlanBuffer& out = extent(convolution->output);
        const long pixels = static_cast<long>(out.height) * out.width;
        images = static_cast<int>(std::min(kMostImages, (pixels_wanted + pixels - 1) / pixels));
      }
      if (program_.segments.empty() || program_.segments.back().images != images) {
        program_.segments.push_back({images, {}, {}});
      }
      segment_of_.push_back(program_.segments.size() - 1);
      program_.group = std::max(program_.group, images);
    }
  }

  // A lifetime in steps is that of the values in the order of the forward pass and that of their
  // gradients in the order of the backward pass: the same places serve both.
  void place_buffers() {
    struct Life {
      std::size_t buffer = 0, first = kNowhere, last = 0, floats = 0;
      bool whole_group = false;
    };
    std::vector<Life> lives(plan_.buffers.size());
    const auto touch = [&](const PlanSlice& slice, std::size_t step) {
      Life& life = lives[as_size(slice.buffer)];
      life.first = std::min(life.first, step);
      life.last = std::max(life.last, step);
    };
    touch(plan_.input, 0);
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      std::visit(
          [&](const auto& step) {
            touch(step.input, s);
            if constexpr (requires { step.output; }) touch(step.output, s);
            if constexpr (requires { step.residual; }) {
              if (step.residual) touch(*step.residual, s);
            }
          },
          plan_.steps[s]);
    }
    std::vector<Life> order;
    for (std::size_t b = 0; b < lives.size(); ++b) {
      Life& life = lives[b];
      if (life.first == kNowhere) continue;
      life.buffer = b;
      const std::size_t first_segment = segment_of_[life.first];
      const std::size_t last_segment = segment_of_[life.last];
      life.whole_group = first_segment != last_segment;
      if (life.whole_group) {
        // The other subgroups still need it when one is through with it.
        while (life.first > 0 && segment_of_[life.first - 1] == first_segment) --life.first;
        while (life.last + 1 < segment_of_.size() && segment_of_[life.last + 1] == last_segment) {
          ++life.last;
        }
      }
      const int images =
          life.whole_group ? program_.group : program_.segments[first_segment].images;
      life.floats = as_size(plane_stride(plan_.buffers[b])) * as_size(plan_.buffers[b].channels) *
                    as_size(images);
      order.push_back(life);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const Life& a, const Life& b) { return a.floats > b.floats; });
    RegionPlanner planner;
    places_.resize(plan_.buffers.size());
    for (const Life& life : order) {
      places_[life.buffer] = {planner.place(life.floats, life.first, life.last), life.whole_group};
    }
    program_.buffer_floats = planner.size();
  }

  bool takes_winograd(const PlanConvolution& step) const {
    if (step.kernel != 3 || step.stride != 1 || step.padding != 1) return false;
    if (convolution_ != ConvolutionAlgorithm::kAuto)
      return convolution_ == ConvolutionAlgorithm::kWinograd;
    // Below these, transforming (or the part of the tiles beyond the image) costs more than is
    // saved.
    constexpr int kFewestChannels = 3;
    const PlanBuffer& out = extent(step.output);
    const int covered = (out.height + 3) / 4 * 4 * ((out.width + 3) / 4 * 4);
    return std::min(step.input.channels, step.output.channels) >= kFewestChannels &&
           2 * out.height * out.width >= covered;
  }
  static bool is_pointwise(const PlanConvolution& step) {
    return step.kernel == 1 && step.stride == 1 && step.padding == 0;
  }

  Bits reserve_bits(const PlanSlice& slice) {
    const PlanBuffer& buffer = extent(slice);
    Bits bits;
    bits.at = program_.bit_words;
    bits.planes.plane =
        (static_cast<long>(buffer.height) * buffer.width + kernels_.lanes - 1) / kernels_.lanes;
    bits.planes.image = bits.planes.plane * slice.channels;
    program_.bit_words += as_size(bits.planes.image) * as_size(program_.group);
    return bits;
  }
  std::size_t reserve_weights(bool winograd, const WeightMatrix& matrix,
                              std::vector<float> row_scale = {}) {
    const std::size_t at = program_.weight_floats;
    const std::size_t floats = as_size(matrix.rows) * as_size(matrix.columns) * (winograd ? 36 : 1);
    program_.weight_floats += (floats + 15) / 16 * 16;
    program_.packings.push_back({at, winograd, matrix, std::move(row_scale)});
    return at;
  }
  const float* keep(const std::vector<float>& values) {
    if (values.empty()) return nullptr;
    program_.vectors.push_back(values);
    return program_.vectors.back().data();
  }
  void need_workspace(long floats) {
    program_.workspace_floats = std::max(program_.workspace_floats, as_size(floats));
  }

  // Every channel of the slice gets a defined gradient, zero where it has none yet. With
  // `will_set`, whoever asks would set the slice as a whole, and is told if that is right.
  bool define_gradient(const PlanSlice& slice, bool will_set = false) {
    auto& defined = defined_[as_size(slice.buffer)];
    const auto begin = defined.begin() + slice.begin;
    const auto end = begin + slice.channels;
    const bool none = std::none_of(begin, end, [](bool d) { return d; });
    if (!(will_set && none)) {
      for (auto d = begin; d != end; ++d) {
        if (*d) continue;
        PlanSlice one = slice;
        one.begin = static_cast<int>(d - defined.begin());
        one.channels = 1;
        Operation clear;
        clear.kind = Operation::Kind::kClear;
        clear.out = place(one);
        clear.planes_task.out = planes(one);
        segment().backward.push_back(clear);
      }
    }
    std::fill(begin, end, true);
    return will_set && none;
  }

  // --- convolutions -----------------------------------------------------------------------------

  void forward(const PlanConvolution& step) {
    Operation operation;
    ConvolutionTask& task = operation.convolution_task;
    task.in_channels = step.input.channels;
    task.in_height = extent(step.input).height;
    task.in_width = extent(step.input).width;
    task.out_channels = step.output.channels;
    task.out_height = extent(step.output).height;
    task.out_width = extent(step.output).width;
    task.kernel = step.kernel;
    task.stride = step.stride;
    task.padding = step.padding;
    operation.in = place(step.input);
    task.in = planes(step.input);
    operation.out = place(step.output);
    task.out = planes(step.output);
    task.bias = keep(step.bias);
    if (step.prologue) {
      task.load = Load::kNormalise;
      task.scale = keep(step.prologue->scale);
      task.shift = keep(step.prologue->shift);
      const Bits bits = reserve_bits(step.input);
      operation.in_bits = bits.at;
      task.in_bits = bits.planes;
    }
    if (step.relu) {
      task.store = Store::kRelu;
      const Bits bits = reserve_bits(step.output);
      operation.out_bits = bits.at;
      task.out_bits = bits.planes;
    } else if (step.residual) {
      task.store = Store::kResidual;
      operation.residual = place(*step.residual);
      task.residual = planes(*step.residual);
    }
    const int taps = step.kernel * step.kernel;
    const long row = static_cast<long>(step.input.channels) * taps;
    if (takes_winograd(step)) {
      program_.uses_winograd = true;
      operation.convolution = kernels_.winograd;
      operation.weights = reserve_weights(true, {step.weights.data(), step.output.channels,
                                                 step.input.channels, row, taps, nullptr});
    } else {
      operation.convolution = is_pointwise(step) ? kernels_.pointwise : kernels_.direct;
      operation.weights = reserve_weights(false, {step.weights.data(), step.output.channels,
                                                  step.input.channels * taps, row, 1, nullptr});
    }
    operation.forward = true;
    forward_operations_.push_back(operation);
    add_convolution(std::move(operation), segment().forward);
  }

  // Reserves workspace for the largest subgroup and adds the operation.
  void add_convolution(Operation operation, std::vector<Operation>& to) {
    ConvolutionTask task = operation.convolution_task;
    task.images = segment().images;
    if (operation.convolution == kernels_.winograd)
      need_workspace(kernels_.winograd_workspace(task));
    if (operation.convolution == kernels_.pointwise) {
      need_workspace(kernels_.pointwise_workspace(task));
    }
    if (operation.convolution == kernels_.direct) need_workspace(kernels_.direct_workspace(task));
    if (operation.convolution == kernels_.direct_backward) {
      need_workspace(kernels_.direct_backward_workspace(task));
    }
    to.push_back(std::move(operation));
  }

  void backward(const PlanConvolution& step) {
    const Operation forward = std::move(forward_operations_.back());
    forward_operations_.pop_back();
    define_gradient(step.output);
    if (step.residual) {
      Operation copy;
      copy.kind = Operation::Kind::kPlanes;
      copy.planes = kernels_.copy;
      copy.in = place(step.output);
      copy.out = place(*step.residual);
      copy.planes_task.channels = step.output.channels;
      copy.planes_task.in_height = copy.planes_task.out_height = extent(step.output).height;
      copy.planes_task.in_width = copy.planes_task.out_width = extent(step.output).width;
      copy.planes_task.in = planes(step.output);
      copy.planes_task.out = planes(*step.residual);
      copy.planes_task.accumulate = !define_gradient(*step.residual, true);
      segment().backward.push_back(copy);
    }
    Operation operation;
    ConvolutionTask& task = operation.convolution_task;
    const ConvolutionTask& was = forward.convolution_task;
    task.in_channels = was.out_channels;
    task.in_height = was.out_height;
    task.in_width = was.out_width;
    task.out_channels = was.in_channels;
    task.out_height = was.in_height;
    task.out_width = was.in_width;
    task.kernel = was.kernel;
    task.stride = was.stride;
    task.padding = was.padding;
    operation.in = forward.out;
    task.in = was.out;
    operation.out = forward.in;
    task.out = was.in;
    if (step.relu) {
      task.load = Load::kMasked;
      operation.in_bits = forward.out_bits;
      task.in_bits = was.out_bits;
    }
    const bool set = define_gradient(step.input, true);
    if (step.prologue) {
      task.store = set ? Store::kMaskedSet : Store::kMaskedAdd;
      operation.out_bits = forward.in_bits;
      task.out_bits = was.in_bits;
    } else {
      task.store = set ? Store::kSet : Store::kAdd;
    }
    const int taps = step.kernel * step.kernel;
    const long row = static_cast<long>(step.input.channels) * taps;
    if (takes_winograd(step)) {
      operation.convolution = kernels_.winograd;
      operation.weights = forward.weights;
      task.transposed = true;
      task.out_scale = was.scale;
    } else {
      operation.convolution = is_pointwise(step) ? kernels_.pointwise : kernels_.direct_backward;
      std::vector<float> scales;  // of every tap of every channel
      if (step.prologue) {
        for (const float s : step.prologue->scale) scales.insert(scales.end(), as_size(taps), s);
      }
      operation.weights = reserve_weights(
          false,
          {step.weights.data(), step.input.channels * taps, step.output.channels, 1, row, nullptr},
          std::move(scales));
    }
    add_convolution(std::move(operation), segment().backward);
  }

  // --- planes -----------------------------------------------------------------------------------

  void forward(const PlanPool& step) {
    forward_planes(step.input, step.output, step.prologue ? &*step.prologue : nullptr, step.window,
                   step.stride, kernels_.pool);
  }
  void backward(const PlanPool& step) {
    backward_planes(step.input, step.output, kernels_.pool_backward);
  }
  void forward(const PlanNormalise& step) {
    forward_planes(step.input, step.output, &step.normalisation, 1, 1, kernels_.normalise);
  }
  void backward(const PlanNormalise& step) {
    backward_planes(step.input, step.output, kernels_.normalise_backward);
  }

  void forward_planes(const PlanSlice& input, const PlanSlice& output,
                      const Normalisation* normalisation, int window, int stride,
                      void (*kernel)(const PlaneTask&)) {
    Operation operation;
    operation.kind = Operation::Kind::kPlanes;
    operation.planes = kernel;
    operation.in = place(input);
    operation.out = place(output);
    PlaneTask& task = operation.planes_task;
    task.channels = input.channels;
    task.in_height = extent(input).height;
    task.in_width = extent(input).width;
    task.out_height = extent(output).height;
    task.out_width = extent(output).width;
    task.window = window;
    task.stride = stride;
    task.in = planes(input);
    task.out = planes(output);
    if (normalisation != nullptr) {
      task.scale = keep(normalisation->scale);
      task.shift = keep(normalisation->shift);
      task.relu = normalisation->relu;
      if (task.relu) {
        const Bits bits = reserve_bits(input);
        operation.in_bits = bits.at;
        task.bits = bits.planes;
      }
    }
    need_workspace(kernels_.plane_workspace(task));
    operation.forward = true;
    forward_operations_.push_back(operation);
    segment().forward.push_back(std::move(operation));
  }

  void backward_planes(const PlanSlice& input, const PlanSlice& output,
                       void (*kernel)(const PlaneTask&)) {
    Operation operation = std::move(forward_operations_.back());
    forward_operations_.pop_back();
    define_gradient(output);
    operation.forward = false;
    operation.planes = kernel;
    std::swap(operation.in, operation.out);
    PlaneTask& task = operation.planes_task;
    std::swap(task.in, task.out);
    std::swap(task.in_height, task.out_height);
    std::swap(task.in_width, task.out_width);
    task.accumulate = !define_gradient(input, true);
    segment().backward.push_back(std::move(operation));
  }

  // --- the classifier ---------------------------------------------------------------------------

  void forward(const PlanLinear& step) {
    Operation operation;
    operation.kind = Operation::Kind::kLinear;
    operation.in = place(step.input);
    PlaneTask& task = operation.planes_task;
    task.channels = step.input.channels;
    task.in_height = extent(step.input).height;
    task.in_width = extent(step.input).width;
    task.in = planes(step.input);
    task.scale = keep(step.weights);
    task.shift = keep(step.bias);
    operation.forward = true;
    forward_operations_.push_back(operation);
    segment().forward.push_back(std::move(operation));
  }
  void backward(const PlanLinear& step) {
    Operation operation = std::move(forward_operations_.back());
    forward_operations_.pop_back();
    operation.kind = Operation::Kind::kLinearBackward;
    std::swap(operation.in, operation.out);
    std::swap(operation.planes_task.in, operation.planes_task.out);
    operation.planes_task.accumulate = !define_gradient(step.input, true);
    segment().backward.push_back(std::move(operation));
  }

  const Plan& plan_;
  const KernelTable& kernels_;
  const ConvolutionAlgorithm convolution_;
  std::size_t step_ = 0;                       // being built
  std::vector<std::size_t> segment_of_;        // of every step
  std::vector<Place> places_;                  // of every buffer
  std::vector<Operation> forward_operations_;  // one per step, taken off again by backward()
  std::vector<std::vector<bool>> defined_;     // channels of every buffer whose gradient is
  Program program_;
};

}  // namespace

Program make_program(const Plan& plan, const KernelTable& kernels,
                     ConvolutionAlgorithm convolution) {
  return Builder(plan, kernels, convolution).build();
}

}  // namespace odin::cpu
