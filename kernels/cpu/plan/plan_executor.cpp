#include "kernels/cpu/plan/plan_executor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/memory.h"
#include "kernels/cpu/plan/program.h"
#include "kernels/error.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {
namespace {

std::size_t as_size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

class CpuPlanExecutor final : public PlanExecutor {
 public:
  CpuPlanExecutor(const Plan& plan, const PlanOptions& options)
      : kernels_(kernel_table(options.instruction_set.value_or(best_instruction_set()))),
        header_{plan.name, plan.buffers, plan.input, plan.classes, {}},
        pool_(options.threads),
        program_(make_program(plan, kernels_, options.convolution)) {
    pack_weights();
    const std::size_t word_floats =
        (program_.bit_words * as_size(kernels_.word_bytes) + sizeof(float) - 1) / sizeof(float);
    bits_begin_ = (program_.buffer_floats + 15) / 16 * 16;
    workspace_begin_ = (bits_begin_ + word_floats + 15) / 16 * 16;
    for (int w = 0; w < pool_.size(); ++w) {
      workers_.push_back({FloatMemory(workspace_begin_ + program_.workspace_floats),
                          std::vector<double>(as_size(plan.classes)), std::vector<std::int8_t>()});
    }
  }

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    check_run(header_, images, n, settings, results);
    if (n == 0) return;
    const Job job{images, as_size(n), settings, results};
    // Chunks of nearly the same size, as many to each worker, as large as a group if n allows it.
    const std::size_t workers = as_size(pool_.size());
    const std::size_t group = as_size(program_.group);
    std::size_t chunks = (job.n + group - 1) / group;
    chunks = std::min(job.n, (chunks + workers - 1) / workers * workers);
    for (Worker& worker : workers_) {
      const std::size_t signs = settings.size() * group * input_elements();
      if (worker.signs.size() < signs) worker.signs.resize(signs);
    }
    pool_.run(static_cast<std::int64_t>(chunks), [&](std::int64_t index, int worker) {
      const std::size_t chunk = as_size(index);
      const std::size_t first = chunk * job.n / chunks;
      run_chunk(workers_[as_size(worker)], job, first, (chunk + 1) * job.n / chunks - first);
    });
  }

  std::int64_t preferred_batch() const override {
    return std::int64_t{2} * pool_.size() * program_.group;
  }
  std::string description() const override {
    return fmt::format("{}, {} thread{}, {}", kernels_.name, pool_.size(),
                       pool_.size() == 1 ? "" : "s",
                       program_.uses_winograd ? "winograd" : "direct");
  }

 private:
  struct Worker {
    FloatMemory memory;
    std::vector<double> logit_gradients;  // of one image
    std::vector<std::int8_t> signs;       // (settings, group, input) of the gradients, +1 or -1
  };
  // The arguments of run().
  struct Job {
    const float* images;
    std::size_t n;
    std::span<const OdinSetting> settings;
    const OdinResults& results;
  };
  // One pass of some images: which ones, and where their logits are.
  struct Pass {
    std::size_t first;  // image of the run
    std::size_t count;  // up to a group
    float* logits;      // of image `first`
    bool keep_bits;     // for a backward pass
    double temperature;
  };

  std::size_t input_pixels() const {
    const PlanBuffer& buffer = header_.buffers[as_size(header_.input.buffer)];
    return as_size(buffer.height) * as_size(buffer.width);
  }
  std::size_t input_elements() const { return as_size(header_.input.channels) * input_pixels(); }

  void pack_weights() {
    // Whoever packs first touches the pages; that alone is most of the time, and is shared so.
    weights_ = FloatMemory(program_.weight_floats, false);
    pool_.run(std::ssize(program_.packings), [&](std::int64_t index, int) {
      const Packing& packing = program_.packings[as_size(index)];
      WeightMatrix matrix = packing.matrix;
      if (!packing.row_scale.empty()) matrix.row_scale = packing.row_scale.data();
      (packing.winograd ? kernels_.pack_winograd : kernels_.pack)(matrix,
                                                                  weights_.data() + packing.at);
    });
    program_.packings.clear();
  }

  // Images [first, first + count) through everything that the settings ask for. All gradients come
  // before the first perturbed image, whose activations replace those of the image.
  void run_chunk(Worker& worker, const Job& job, std::size_t first, std::size_t count) const {
    const std::size_t classes = as_size(header_.classes);
    const std::size_t set_signs = as_size(program_.group) * input_elements();
    Pass pass{first, count, job.results.logits + first * classes, !job.settings.empty(), 1.0};
    forward(worker, job, pass, nullptr, nullptr);
    for (std::size_t s = 0; s < job.settings.size(); ++s) {
      pass.temperature = job.settings[s].temperature;
      float* gradient = job.results.gradient == nullptr
                            ? nullptr
                            : job.results.gradient + (s * job.n + first) * input_elements();
      backward(worker, pass, worker.signs.data() + s * set_signs, gradient);
    }
    pass.keep_bits = false;
    std::size_t row = 0;
    for (std::size_t s = 0; s < job.settings.size(); ++s) {
      for (const std::vector<float>& step : job.settings[s].steps) {
        pass.logits = job.results.perturbed + (row++ * job.n + first) * classes;
        forward(worker, job, pass, worker.signs.data() + s * set_signs, step.data());
      }
    }
  }

  // The images go to their place; perturbed if `step` is given.
  void forward(Worker& worker, const Job& job, const Pass& pass, const std::int8_t* signs,
               const float* step) const {
    for (std::size_t g = 0; g < program_.segments.size(); ++g) {
      const Segment& segment = program_.segments[g];
      for (std::size_t i = 0; i < pass.count; i += as_size(segment.images)) {
        const std::size_t images = std::min(as_size(segment.images), pass.count - i);
        if (g == 0) {
          for (std::size_t j = i; j < i + images; ++j) {
            load_image(worker, job.images + (pass.first + j) * input_elements(),
                       step == nullptr ? nullptr : signs + j * input_elements(), step, j, j - i);
          }
        }
        for (const Operation& operation : segment.forward) {
          execute(worker, operation, pass, i, images);
        }
      }
    }
  }

  float* input_plane(Worker& worker, std::size_t image, std::size_t image_of_subgroup,
                     std::size_t channel) const {
    const std::size_t index = program_.input.whole_group ? image : image_of_subgroup;
    return worker.memory.data() + program_.input.at + index * as_size(program_.input_planes.image) +
           channel * as_size(program_.input_planes.plane);
  }

  void load_image(Worker& worker, const float* image, const std::int8_t* signs, const float* step,
                  std::size_t index, std::size_t index_of_subgroup) const {
    const std::size_t pixels = input_pixels();
    for (std::size_t c = 0; c < as_size(header_.input.channels); ++c) {
      float* to = input_plane(worker, index, index_of_subgroup, c);
      const float* from = image + c * pixels;
      if (step == nullptr) {
        std::copy(from, from + pixels, to);
      } else {
        for (std::size_t p = 0; p < pixels; ++p) {
          to[p] = from[p] - step[c] * static_cast<float>(signs[c * pixels + p]);
        }
      }
    }
  }

  void backward(Worker& worker, const Pass& pass, std::int8_t* signs, float* gradient) const {
    for (std::size_t g = program_.segments.size(); g-- > 0;) {
      const Segment& segment = program_.segments[g];
      for (std::size_t i = 0; i < pass.count; i += as_size(segment.images)) {
        const std::size_t images = std::min(as_size(segment.images), pass.count - i);
        for (const Operation& operation : segment.backward) {
          execute(worker, operation, pass, i, images);
        }
        if (g > 0) continue;
        const std::size_t pixels = input_pixels();
        for (std::size_t j = i; j < i + images; ++j) {
          for (std::size_t c = 0; c < as_size(header_.input.channels); ++c) {
            const float* from = input_plane(worker, j, j - i, c);
            const std::size_t at = j * input_elements() + c * pixels;
            for (std::size_t p = 0; p < pixels; ++p) signs[at + p] = from[p] >= 0 ? 1 : -1;
            if (gradient != nullptr) std::copy(from, from + pixels, gradient + at);
          }
        }
      }
    }
  }

  // An operation on images [first, first + images) of the pass.
  void execute(Worker& worker, const Operation& operation, const Pass& pass, std::size_t first,
               std::size_t images) const {
    float* const memory = worker.memory.data();
    const auto address = [&](Planes& planes, const Place& place) {
      if (place.at == kNowhere) return;
      planes.data = memory + place.at;
      if (place.whole_group) planes.data += first * as_size(planes.image);
    };
    const auto bits_address = [&](BitPlanes& bits, std::size_t at, bool written) {
      if (at == kNowhere || (written && !pass.keep_bits)) return;
      bits.data = reinterpret_cast<std::byte*>(memory + bits_begin_) +
                  (at + first * as_size(bits.image)) * as_size(kernels_.word_bytes);
    };
    if (operation.kind == Operation::Kind::kConvolution) {
      ConvolutionTask task = operation.convolution_task;
      task.images = static_cast<int>(images);
      address(task.in, operation.in);
      address(task.out, operation.out);
      address(task.residual, operation.residual);
      bits_address(task.in_bits, operation.in_bits, task.load == Load::kNormalise);
      bits_address(task.out_bits, operation.out_bits, task.store == Store::kRelu);
      task.weights = weights_.data() + operation.weights;
      task.workspace = memory + workspace_begin_;
      operation.convolution(task);
      return;
    }
    PlaneTask task = operation.planes_task;
    task.images = static_cast<int>(images);
    address(task.in, operation.in);
    address(task.out, operation.out);
    switch (operation.kind) {
      case Operation::Kind::kPlanes:
        bits_address(task.bits, operation.in_bits, operation.forward);
        task.workspace = memory + workspace_begin_;
        operation.planes(task);
        break;
      case Operation::Kind::kClear:
        for (std::size_t i = 0; i < images; ++i) {
          std::fill_n(task.out.data + i * as_size(task.out.image), task.out.plane, 0.0f);
        }
        break;
      case Operation::Kind::kLinear:
        linear(task, pass.logits + first * as_size(header_.classes));
        break;
      case Operation::Kind::kLinearBackward:
        linear_backward(worker, task, pass.logits + first * as_size(header_.classes),
                        pass.temperature);
        break;
      case Operation::Kind::kConvolution:
        break;
    }
  }

  // In double: it is little work, and the logits are what everything else is made of.
  void linear(const PlaneTask& task, float* logits) const {
    const std::size_t classes = as_size(header_.classes);
    const std::size_t pixels = as_size(task.in_height) * as_size(task.in_width);
    for (std::size_t i = 0; i < as_size(task.images); ++i) {
      const float* weights = task.scale;
      for (std::size_t k = 0; k < classes; ++k) {
        double sum = 0;
        for (std::size_t c = 0; c < as_size(task.channels); ++c, weights += pixels) {
          const float* x = task.in.data + i * as_size(task.in.image) + c * as_size(task.in.plane);
          for (std::size_t p = 0; p < pixels; ++p) sum += double{weights[p]} * x[p];
        }
        logits[i * classes + k] = static_cast<float>(sum + double{task.shift[k]});
      }
    }
  }

  // Begins with the gradient of the cross entropy in the logits, scaled so that its largest element
  // is 1: a confident network's would be so small that it is lost further down.
  void linear_backward(Worker& worker, const PlaneTask& task, const float* logits,
                       double temperature) const {
    const std::size_t classes = as_size(header_.classes);
    const std::size_t pixels = as_size(task.in_height) * as_size(task.in_width);
    std::vector<double>& d = worker.logit_gradients;
    for (std::size_t i = 0; i < as_size(task.images); ++i, logits += classes) {
      const std::size_t label = as_size(std::max_element(logits, logits + classes) - logits);
      double others = 0;
      for (std::size_t k = 0; k < classes; ++k) {
        d[k] = std::exp((double{logits[k]} - double{logits[label]}) / temperature);
        if (k != label) others += d[k];
      }
      // softmax - 1 is minus the sum of the others; that is also the largest element.
      for (std::size_t k = 0; k < classes; ++k) {
        d[k] = k == label ? (others > 0 ? -1 : 0) : (others > 0 ? d[k] / others : 0);
      }
      for (std::size_t c = 0; c < as_size(task.channels); ++c) {
        float* dx = task.out.data + i * as_size(task.out.image) + c * as_size(task.out.plane);
        for (std::size_t p = 0; p < pixels; ++p) {
          double sum = task.accumulate ? double{dx[p]} : 0.0;
          const float* weights = task.scale + c * pixels + p;
          for (std::size_t k = 0; k < classes; ++k, weights += as_size(task.channels) * pixels) {
            sum += double{*weights} * d[k];
          }
          dx[p] = static_cast<float>(sum);
        }
      }
    }
  }

  const KernelTable& kernels_;
  const Plan header_;  // without its steps
  ThreadPool pool_;
  Program program_;
  FloatMemory weights_;
  std::size_t bits_begin_ = 0;  // in a worker's memory
  std::size_t workspace_begin_ = 0;
  std::vector<Worker> workers_;
};

}  // namespace

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const PlanOptions& options) {
  validate(plan);
  return std::make_unique<CpuPlanExecutor>(plan, options);
}

}  // namespace odin::cpu
