#include "kernels/cpu/plan/plan_executor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/as_size.h"
#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/memory.h"
#include "kernels/cpu/plan/program.h"
#include "kernels/error.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {
namespace {

class CpuPlanExecutor final : public PlanExecutor {
 public:
  CpuPlanExecutor(const Plan& plan, const PlanOptions& options)
      : kernels_(options.kernels()),
        header_{plan.name, plan.buffers, plan.input, plan.classes, {}},
        features_(as_size(plan.features())),
        pool_(options.threads),
        program_(make_program(plan, kernels_, options.convolution, options.blocks())) {
    pack_weights();
    for (int w = 0; w < pool_.size(); ++w) {
      workers_.push_back({FloatMemory(program_.memory.size()),
                          std::vector<double>(as_size(plan.classes)), std::vector<std::int8_t>()});
    }
  }

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    check_run(header_, images, n, settings, results);
    if (n == 0) return;
    const Job job{images, as_size(n), settings, results};
    const std::size_t group = as_size(program_.group);
    for (Worker& worker : workers_) {
      const std::size_t signs = settings.size() * group * input_elements();
      if (worker.signs.size() < signs) worker.signs.resize(signs);
    }
    pool_.run_chunks(n, program_.group, [&](std::int64_t first, std::int64_t end, int worker) {
      run_chunk(workers_[as_size(worker)], job, as_size(first), as_size(end - first));
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
    float* features;    // of image `first`, or null: not wanted
    bool keeps_masks;   // for a backward pass
    OdinObjective objective = OdinObjective::kCrossEntropy;
    double temperature = 1;
  };

  std::size_t input_pixels() const {
    const PlanBuffer& buffer = header_.buffers[as_size(header_.input.buffer)];
    return as_size(buffer.height) * as_size(buffer.width);
  }
  std::size_t input_elements() const { return as_size(header_.input.channels) * input_pixels(); }

  void pack_weights() {
    // Touching the pages for the first time takes most of the time, so the threads share it.
    weights_ = FloatMemory(program_.weight_floats, false);
    pool_.run(std::ssize(program_.packings), [&](std::int64_t index, int) {
      const Packing& packing = program_.packings[as_size(index)];
      WeightMatrix matrix = packing.matrix;
      if (!packing.row_scale.empty()) matrix.row_scale = packing.row_scale.data();
      float* const to = weights_.data() + packing.at;
      pack_matrix(kernels_, matrix, packing.winograd, packing.stride, to);
    });
    program_.packings.clear();
  }

  // Runs all that the settings ask for on images [first, first + count). All gradients come before
  // the first perturbed image, because its activations replace those of the image.
  void run_chunk(Worker& worker, const Job& job, std::size_t first, std::size_t count) const {
    const std::size_t classes = as_size(header_.classes);
    const std::size_t set_signs = as_size(program_.group) * input_elements();
    float* const features =
        job.results.features == nullptr ? nullptr : job.results.features + first * features_;
    Pass pass{first, count, job.results.logits + first * classes, features, !job.settings.empty()};
    forward(worker, job, pass, nullptr, nullptr);
    for (std::size_t s = 0; s < job.settings.size(); ++s) {
      pass.objective = job.settings[s].objective;
      pass.temperature = job.settings[s].temperature;
      float* gradient = job.results.gradient == nullptr
                            ? nullptr
                            : job.results.gradient + (s * job.n + first) * input_elements();
      backward(worker, pass, worker.signs.data() + s * set_signs, gradient);
    }
    pass.features = nullptr;
    pass.keeps_masks = false;
    std::size_t row = 0;
    for (std::size_t s = 0; s < job.settings.size(); ++s) {
      for (const std::vector<float>& step : job.settings[s].steps) {
        pass.logits = job.results.perturbed + (row++ * job.n + first) * classes;
        forward(worker, job, pass, worker.signs.data() + s * set_signs, step.data());
      }
    }
  }

  // Loads the images, perturbed if `step` is given, and runs the forward pass.
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
        const CallSite site = call_site(worker, pass, i, images);
        for (const KernelCall& call : segment.forward) execute(call, site);
      }
    }
  }

  float* input_plane(Worker& worker, std::size_t image, std::size_t image_of_subgroup,
                     std::size_t channel) const {
    const std::size_t index = program_.input.whole_group ? image : image_of_subgroup;
    return worker.memory.data() + program_.input.offset + index * as_size(program_.input.image) +
           channel * as_size(program_.input.plane);
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
        const CallSite site = call_site(worker, pass, i, images);
        for (const KernelCall& call : segment.backward) execute(call, site);
        if (g > 0) continue;
        for (std::size_t j = i; j < i + images; ++j) {
          const std::size_t at = j * input_elements();
          take_gradient(worker, j, j - i, signs + at,
                        gradient == nullptr ? nullptr : gradient + at);
        }
      }
    }
  }

  // The image's gradient is where the image was. Writes its signs to `signs` and, if `gradient` is
  // not null, the gradient itself there.
  void take_gradient(Worker& worker, std::size_t index, std::size_t index_of_subgroup,
                     std::int8_t* signs, float* gradient) const {
    const std::size_t pixels = input_pixels();
    for (std::size_t c = 0; c < as_size(header_.input.channels); ++c) {
      const float* from = input_plane(worker, index, index_of_subgroup, c);
      for (std::size_t p = 0; p < pixels; ++p) signs[c * pixels + p] = from[p] >= 0 ? 1 : -1;
      if (gradient != nullptr) std::copy(from, from + pixels, gradient + c * pixels);
    }
  }

  // For images [first, first + images) of the pass.
  CallSite call_site(Worker& worker, const Pass& pass, std::size_t first,
                     std::size_t images) const {
    float* const memory = worker.memory.data();
    const std::size_t classes = as_size(header_.classes);
    return {.buffers = memory,
            .masks = reinterpret_cast<std::byte*>(memory + program_.memory.masks_begin()),
            .word_bytes = kernels_.word_bytes,
            .workspace = memory + program_.memory.workspace_begin(),
            .weights = weights_.data(),
            .first = first,
            .images = images,
            .keeps_masks = pass.keeps_masks,
            .logits = pass.logits + first * classes,
            .features = pass.features == nullptr ? nullptr : pass.features + first * features_,
            .classes = classes,
            .objective = pass.objective,
            .temperature = pass.temperature,
            .logit_gradients = worker.logit_gradients};
  }

  const KernelTable& kernels_;
  const Plan header_;           // without its steps
  const std::size_t features_;  // of one image
  ThreadPool pool_;
  Program program_;
  FloatMemory weights_;
  std::vector<Worker> workers_;
};

}  // namespace

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const PlanOptions& options) {
  validate(plan);
  return std::make_unique<CpuPlanExecutor>(plan, options);
}

}  // namespace odin::cpu
