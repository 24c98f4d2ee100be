#include "eval/scoring/scorer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "nn/compile.h"
#include "nn/networks.h"

namespace odin {
namespace {

// Images that a thread scores at once.
constexpr std::size_t kImagesAtOnce = 32;

using Clock = std::chrono::steady_clock;

}  // namespace

Scorer::Scorer(const Checkpoint& checkpoint, Backend& backend,
               std::span<const Detector* const> detectors)
    : Scorer(checkpoint, compile(build_graph(checkpoint.architecture), checkpoint.parameters),
             backend, detectors) {}

Scorer::Scorer(const Checkpoint& checkpoint, const Plan& plan, Backend& backend,
               std::span<const Detector* const> detectors)
    : Scorer(checkpoint, plan, backend.prepare(plan), backend.name(), detectors) {}

Scorer::Scorer(const Checkpoint& checkpoint, const Plan& plan,
               std::unique_ptr<PlanExecutor> executor, std::string device,
               std::span<const Detector* const> detectors)
    : network_(name_of(checkpoint.architecture)),
      device_(std::move(device)),
      num_classes_(odin::num_classes(checkpoint.architecture)),
      class_names_(checkpoint.class_names),
      image_(checkpoint.architecture.image),
      mean_(checkpoint.mean),
      std_(checkpoint.std),
      executor_(std::move(executor)),
      detectors_(detectors.begin(), detectors.end()),
      fits_(detectors.size()),
      threads_(std::make_unique<ThreadPool>(1)),
      costs_(detectors.size()) {
  const auto channels = static_cast<std::size_t>(image_.channels);
  require(mean_.size() == channels && std_.size() == channels,
          "images of {} channels cannot be normalised with {} means and {} deviations, which the "
          "checkpoint gives",
          channels, mean_.size(), std_.size());
  for (std::size_t c = 0; c < channels; ++c) {
    require(std::isfinite(mean_[c]) && std::isfinite(std_[c]) && std_[c] > 0,
            "images cannot be normalised with mean {} and deviation {} (channel {}), which the "
            "checkpoint gives",
            mean_[c], std_[c], c);
  }
  for (const Detector* detector : detectors_) options_.push_back(option_values(*detector));
  const auto reads_features = [](const Detector* d) {
    return d->uses_features || d->fit != nullptr;
  };
  if (std::ranges::any_of(detectors_, reads_features)) {
    const auto& classifier = std::get<PlanLinear>(plan.steps.back());
    feature_count_ = plan.features();
    weights_ = classifier.weights;
    bias_ = classifier.bias;
  }
}

std::string Scorer::description() const {
  return fmt::format("{} on {}: {}", network_, device_, executor_->description());
}

void Scorer::set_fit(const Detector& detector, std::shared_ptr<const DetectorFit> fit) {
  const auto found = std::ranges::find(detectors_, &detector);
  require(found != detectors_.end() && detector.fit != nullptr,
          "the score {} cannot be given a fit here", detector.name);
  if (fit != nullptr) require_finite(*fit);
  fits_[static_cast<std::size_t>(found - detectors_.begin())] = std::move(fit);
}

void Scorer::leave_out(const Detector& detector) {
  const auto at = static_cast<std::ptrdiff_t>(index_of(detector));
  detectors_.erase(detectors_.begin() + at);
  options_.erase(options_.begin() + at);
  fits_.erase(fits_.begin() + at);
  costs_.erase(costs_.begin() + at);
}

std::size_t Scorer::index_of(const Detector& detector) const {
  const auto found = std::ranges::find(detectors_, &detector);
  require(found != detectors_.end(), "the score {} is not computed here", detector.name);
  return static_cast<std::size_t>(found - detectors_.begin());
}

double Scorer::milliseconds(const Detector& detector) const {
  return costs_[index_of(detector)].milliseconds();
}

double Scorer::perturbation_milliseconds(std::span<const float> images, const Detector& detector,
                                         const OdinParameters& parameters) {
  const Detector* const alone = &detector;
  const auto seconds_of = [&](const std::vector<Pass>& passes) {
    const auto started = Clock::now();
    run_passes(images, passes);
    return std::chrono::duration<double>(Clock::now() - started).count();
  };
  const auto n = static_cast<double>(count_of(images));
  if (n == 0) return 0;
  const double forward = seconds_of({});
  const double all = seconds_of(passes_of({&alone, 1}, {&parameters, 1}));
  return std::max(0.0, 1000 * (all - forward) / n);
}

void Scorer::use_threads(int threads) {
  threads_ = std::make_unique<ThreadPool>(threads);
}

void Scorer::normalise(std::span<float> pixels) const {
  const auto size = static_cast<std::size_t>(image_.pixels());
  for (std::size_t plane = 0; plane * size < pixels.size(); ++plane) {
    const float mean = mean_[plane % mean_.size()];
    const float std = std_[plane % std_.size()];
    const std::size_t count = std::min(size, pixels.size() - plane * size);
    for (float& pixel : pixels.subspan(plane * size, count)) pixel = (pixel - mean) / std;
  }
}

std::vector<Scorer::Pass> Scorer::passes_of(std::span<const Detector* const> detectors,
                                            std::span<const OdinParameters> parameters) const {
  std::vector<Pass> passes;
  for (const OdinParameters& p : parameters) {
    require(std::isfinite(p.temperature) && p.temperature > 0,
            "the temperature must be positive, but is {}", p.temperature);
    require(std::isfinite(p.magnitude) && p.magnitude >= 0,
            "the magnitude of the perturbation must be finite and at least 0, but is {}",
            p.magnitude);
    if (p.magnitude == 0) continue;
    for (const Detector* detector : detectors) {
      if (!detector->uses_odin_parameters) continue;
      const OdinObjective objective = detector->objective;
      auto pass = std::ranges::find_if(
          passes, [&](const Pass& q) { return q.is_of(objective, p.temperature); });
      if (pass == passes.end()) pass = passes.insert(pass, {objective, p.temperature, {}});
      if (std::ranges::find(pass->magnitudes, p.magnitude) == pass->magnitudes.end()) {
        pass->magnitudes.push_back(p.magnitude);
      }
    }
  }
  return passes;
}

std::vector<OdinSetting> Scorer::settings_of(const std::vector<Pass>& passes) const {
  std::vector<OdinSetting> settings;
  for (const Pass& pass : passes) {
    OdinSetting setting{pass.temperature, {}, pass.objective};
    for (double magnitude : pass.magnitudes) {
      std::vector<float> step;
      for (float deviation : std_) step.push_back(static_cast<float>(magnitude / deviation));
      setting.steps.push_back(std::move(step));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

std::span<const float> Scorer::perturbed_logits(const std::vector<Pass>& passes,
                                                OdinObjective objective,
                                                const OdinParameters& parameters) const {
  std::size_t forward = 0;
  for (const Pass& pass : passes) {
    for (const double magnitude : pass.magnitudes) {
      if (pass.is_of(objective, parameters.temperature) && magnitude == parameters.magnitude) {
        return std::span(perturbed_).subspan(forward * logits_.size(), logits_.size());
      }
      ++forward;
    }
  }
  return logits_;  // a magnitude of 0 perturbs nothing
}

std::size_t Scorer::count_of(std::span<const float> images) const {
  const auto elements = static_cast<std::size_t>(image_.elements());
  require(images.size() % elements == 0,
          "{} pixels are not a whole number of images of {} x {} x {}", images.size(),
          image_.channels, image_.side, image_.side);
  // Checked here because a ReLU may turn a NaN into a zero and hide it.
  require(std::ranges::all_of(images, [](float v) { return std::isfinite(v); }),
          "a pixel of the images is not finite");
  return images.size() / elements;
}

void Scorer::run_passes(std::span<const float> images, const std::vector<Pass>& passes) {
  const std::size_t n = count_of(images);
  const auto classes = static_cast<std::size_t>(num_classes_);
  const std::vector<OdinSetting> settings = settings_of(passes);
  std::size_t forwards = 0;
  for (const Pass& pass : passes) forwards += pass.magnitudes.size();
  logits_.resize(n * classes);
  perturbed_.resize(forwards * n * classes);
  features_.resize(n * static_cast<std::size_t>(feature_count_));
  executor_->run(images.data(), static_cast<std::int64_t>(n), settings,
                 {.logits = logits_.data(),
                  .perturbed = perturbed_.data(),
                  .features = features_.empty() ? nullptr : features_.data()});
}

NetworkOutputs Scorer::network_outputs(std::span<const float> logits,
                                       std::span<const float> features) const {
  NetworkOutputs outputs{.classes = num_classes_, .logits = logits};
  outputs.feature_count = feature_count_;
  outputs.features = features;
  outputs.weights = weights_;
  outputs.bias = bias_;
  return outputs;
}

NetworkOutputs Scorer::run(std::span<const float> images) {
  run_passes(images, {});
  return network_outputs(logits_, features_);
}

void Scorer::score_in_parts(const Detector& detector, const NetworkOutputs& outputs,
                            std::span<double> scores) {
  const auto part_of = [](std::span<const float> rows, std::size_t width, std::size_t begin,
                          std::size_t count) {
    return rows.empty() ? rows : rows.subspan(begin * width, count * width);
  };
  const std::size_t parts = (scores.size() + kImagesAtOnce - 1) / kImagesAtOnce;
  threads_->run_until_error(static_cast<std::int64_t>(parts), [&](std::int64_t index, int) {
    const std::size_t begin = static_cast<std::size_t>(index) * kImagesAtOnce;
    const std::size_t count = std::min(kImagesAtOnce, scores.size() - begin);
    const auto classes = static_cast<std::size_t>(outputs.classes);
    const auto width = static_cast<std::size_t>(outputs.feature_count);
    NetworkOutputs part = outputs;
    part.logits = part_of(outputs.logits, classes, begin, count);
    part.perturbed_logits = part_of(outputs.perturbed_logits, classes, begin, count);
    part.features = part_of(outputs.features, width, begin, count);
    detector.score(part, scores.subspan(begin, count));
  });
}

Scores Scorer::score(std::span<const float> images, std::span<const OdinParameters> parameters) {
  const std::vector<Pass> passes = passes_of(detectors_, parameters);
  const auto classes = static_cast<std::size_t>(num_classes_);
  run_passes(images, passes);
  auto started = Clock::now();
  const std::size_t n = logits_.size() / classes;
  const auto spent = [&](auto& cost) {
    const auto now = Clock::now();
    cost.seconds += std::chrono::duration<double>(now - started).count();
    cost.images += static_cast<double>(n);
    started = now;
  };

  Scores scores(parameters.size(), detectors_);
  for (std::size_t d = 0; d < detectors_.size(); ++d) {
    const Detector& detector = *detectors_[d];
    for (std::size_t p = 0; p < scores.per_detector[d].size(); ++p) {
      NetworkOutputs shared{.classes = num_classes_, .logits = logits_};
      if (detector.uses_features) shared = network_outputs(logits_, features_);
      if (detector.uses_odin_parameters) {
        shared.perturbed_logits = perturbed_logits(passes, detector.objective, parameters[p]);
        shared.parameters = parameters[p];
      }
      shared.options = options_[d];
      shared.fit = fits_[d].get();
      scores.per_detector[d][p].resize(n);
      score_in_parts(detector, shared, scores.per_detector[d][p]);
      spent(costs_[d]);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = logits_.begin() + static_cast<std::ptrdiff_t>(i * classes);
    scores.predictions.push_back(
        static_cast<std::int32_t>(std::max_element(row, row + num_classes_) - row));
  }
  return scores;
}

std::vector<float> Scorer::gradient(std::span<const float> images, OdinObjective objective,
                                    double temperature) {
  const std::size_t n = count_of(images);
  const OdinSetting setting{temperature, {}, objective};
  std::vector<float> gradient(images.size());
  logits_.resize(n * static_cast<std::size_t>(num_classes_));
  executor_->run(images.data(), static_cast<std::int64_t>(n), {&setting, 1},
                 {.logits = logits_.data(), .gradient = gradient.data()});
  return gradient;
}

}  // namespace odin
