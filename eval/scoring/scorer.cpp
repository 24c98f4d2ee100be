#include "eval/scoring/scorer.h"

#include <algorithm>
#include <cmath>

#include "eval/scoring/scores.h"
#include "nn/compile.h"
#include "nn/networks.h"

namespace odin {
namespace {

constexpr std::int64_t kPlane = std::int64_t{kImageSize} * kImageSize;
constexpr std::int64_t kElements = kImageChannels * kPlane;

std::unique_ptr<PlanExecutor> prepare(const Checkpoint& checkpoint, Backend& backend) {
  validate(checkpoint.architecture, checkpoint.parameters);
  return backend.prepare(compile(build_graph(checkpoint.architecture), checkpoint.parameters));
}

}  // namespace

void Scores::append(const Scores& more) {
  require(odin.empty() || odin.size() == more.odin.size(),
          "scores for {} parameters cannot follow scores for {}", more.odin.size(), odin.size());
  const auto extend = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  extend(baseline, more.baseline);
  extend(max_logit, more.max_logit);
  extend(energy, more.energy);
  extend(predictions, more.predictions);
  odin.resize(more.odin.size());
  for (std::size_t i = 0; i < odin.size(); ++i) extend(odin[i], more.odin[i]);
}

Scorer::Scorer(const Checkpoint& checkpoint, Backend& backend)
    : Scorer(checkpoint, prepare(checkpoint, backend), backend.name()) {}

Scorer::Scorer(const Checkpoint& checkpoint, std::unique_ptr<PlanExecutor> executor,
               std::string device)
    : network_(name_of(checkpoint.architecture)),
      device_(std::move(device)),
      num_classes_(odin::num_classes(checkpoint.architecture)),
      mean_(checkpoint.mean),
      std_(checkpoint.std),
      executor_(std::move(executor)) {
  for (float deviation : std_) {
    require(std::isfinite(deviation) && deviation > 0,
            "the checkpoint's standard deviation of pixels must be positive, {} is not", deviation);
  }
}

std::string Scorer::description() const {
  return fmt::format("{} on {}: {}", network_, device_, executor_->description());
}

void Scorer::normalise(std::span<float> pixels) const {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t channel = i / kPlane % kImageChannels;
    pixels[i] = (pixels[i] - mean_[channel]) / std_[channel];
  }
}

std::vector<Scorer::Pass> Scorer::passes_of(std::span<const OdinParameters> parameters) const {
  std::vector<Pass> passes;
  for (const OdinParameters& p : parameters) {
    require(std::isfinite(p.temperature) && p.temperature > 0,
            "the temperature must be positive, {} is not", p.temperature);
    require(std::isfinite(p.magnitude) && p.magnitude >= 0,
            "the magnitude of the perturbation cannot be {}", p.magnitude);
    if (p.magnitude == 0) continue;
    auto pass = std::find_if(passes.begin(), passes.end(),
                             [&](const Pass& q) { return q.temperature == p.temperature; });
    if (pass == passes.end()) pass = passes.insert(pass, {p.temperature, {}});
    if (std::find(pass->magnitudes.begin(), pass->magnitudes.end(), p.magnitude) ==
        pass->magnitudes.end()) {
      pass->magnitudes.push_back(p.magnitude);
    }
  }
  return passes;
}

std::vector<OdinSetting> Scorer::settings_of(const std::vector<Pass>& passes) const {
  std::vector<OdinSetting> settings;
  for (const Pass& pass : passes) {
    OdinSetting setting{pass.temperature, {}};
    for (double magnitude : pass.magnitudes) {
      std::vector<float> step;
      for (float deviation : std_) step.push_back(static_cast<float>(magnitude / deviation));
      setting.steps.push_back(std::move(step));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

Scores Scorer::score(std::span<const float> images, std::span<const OdinParameters> parameters) {
  require(images.size() % kElements == 0, "{} numbers are no whole images of {} x {} x {}",
          images.size(), kImageChannels, kImageSize, kImageSize);
  // A ReLU may turn a NaN into a zero and hide it.
  require(std::ranges::all_of(images, [](float v) { return std::isfinite(v); }),
          "a pixel of the images is not finite");
  const std::size_t n = images.size() / kElements;
  const auto classes = static_cast<std::size_t>(num_classes_);
  const std::vector<Pass> passes = passes_of(parameters);
  const std::vector<OdinSetting> settings = settings_of(passes);

  std::size_t forwards = 0;
  for (const Pass& pass : passes) forwards += pass.magnitudes.size();
  logits_.resize(n * classes);
  perturbed_.resize(forwards * n * classes);
  executor_->run(images.data(), static_cast<std::int64_t>(n), settings,
                 {.logits = logits_.data(), .perturbed = perturbed_.data()});

  Scores scores;
  scores.baseline.resize(n);
  max_softmax(logits_, num_classes_, 1, scores.baseline);
  scores.max_logit.resize(n);
  max_logit(logits_, num_classes_, scores.max_logit);
  scores.energy.resize(n);
  negative_energy(logits_, num_classes_, 1, scores.energy);
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = logits_.begin() + static_cast<std::ptrdiff_t>(i * classes);
    scores.predictions.push_back(
        static_cast<std::int32_t>(std::max_element(row, row + num_classes_) - row));
  }
  for (const OdinParameters& p : parameters) {
    std::span<const float> logits = logits_;
    std::size_t forward = 0;
    for (const Pass& pass : passes) {
      for (double magnitude : pass.magnitudes) {
        if (p == OdinParameters{pass.temperature, magnitude}) {
          logits = std::span(perturbed_).subspan(forward * n * classes, n * classes);
        }
        ++forward;
      }
    }
    max_softmax(logits, num_classes_, p.temperature, scores.odin.emplace_back(n));
  }
  return scores;
}

}  // namespace odin
