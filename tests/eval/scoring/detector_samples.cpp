#include "tests/eval/scoring/detector_samples.h"

#include <fstream>
#include <sstream>

#include "eval/scoring/detectors/registry.h"

using namespace odin;

std::vector<float> DetectorSample::floats(const std::string& name) const {
  const std::vector<double>& doubles = values.at(name);
  return {doubles.begin(), doubles.end()};
}

std::vector<DetectorSample> read_detector_samples() {
  std::vector<DetectorSample> samples;
  std::ifstream file(std::string(ODIN_SOURCE_DIR) + "/tests/eval/scoring/detector_scores.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "outputs") {
      DetectorSample& sample = samples.emplace_back();
      words >> sample.classes >> sample.features >> sample.images;
      continue;
    }
    std::vector<double>& values = samples.at(samples.size() - 1).values[name];
    for (double value = 0; words >> value;) values.push_back(value);
  }
  return samples;
}

DetectorArrays::DetectorArrays(const DetectorSample& sample)
    : classes(sample.classes),
      logits(sample.floats("logits")),
      features(sample.floats("features")),
      weights(sample.floats("weights")),
      bias(sample.floats("bias")),
      training_features(sample.floats("training_features")),
      training_logits(sample.floats("training_logits")) {
  for (const double label : sample.values.at("labels")) {
    labels.push_back(static_cast<std::int32_t>(label));
  }
}

TrainingOutputs DetectorArrays::training(const Detector& detector) {
  options = option_values(detector);
  return {.outputs = {.classes = classes,
                      .logits = training_logits,
                      .feature_count = static_cast<int>(weights.size()) / classes,
                      .features = training_features,
                      .weights = weights,
                      .bias = bias,
                      .options = options},
          .labels = labels};
}

NetworkOutputs DetectorArrays::outputs(const Detector& detector) {
  const TrainingOutputs of_training = training(detector);
  NetworkOutputs outputs = of_training.outputs;
  outputs.logits = logits;
  outputs.features = features;
  if (detector.fit != nullptr) {
    fitted = detector.fit(of_training);
    outputs.fit = &fitted;
  }
  return outputs;
}
