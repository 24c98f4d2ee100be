#include <utility>

#include <nlohmann/json.hpp>

#include "eval/detection/verdict_format.h"

namespace odin {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

class VerdictJson final : public VerdictFormat {
 public:
  explicit VerdictJson(std::vector<std::string> class_names)
      : class_names_(std::move(class_names)) {}

  std::string header() const override { return {}; }

  std::string line(const std::string& file, const Verdict& v) const override {
    Json json{{"file", file},
              {"verdict", v.in_distribution ? "in" : "out"},
              {"score", v.score},
              {"class_number", v.predicted_class}};
    if (!class_names_.empty()) {
      json["class"] = class_names_[static_cast<std::size_t>(v.predicted_class)];
    }
    json["probability"] = v.probability;
    return line_of(json);
  }

  std::string problem_line(const std::string& file, const std::string& problem) const override {
    return line_of({{"file", file}, {"error", problem}});
  }

 private:
  std::vector<std::string> class_names_;
};

}  // namespace

std::unique_ptr<VerdictFormat> verdict_json(std::vector<std::string> class_names) {
  return std::make_unique<VerdictJson>(std::move(class_names));
}

}  // namespace odin
