#include <utility>

#include "eval/detection/verdict_format.h"
#include "eval/report/csv_field.h"

namespace odin {
namespace {

class VerdictCsv final : public VerdictFormat {
 public:
  explicit VerdictCsv(std::vector<std::string> class_names)
      : class_names_(std::move(class_names)) {}

  std::string header() const override {
    return "file,verdict,score,class_number,class,probability,error\n";
  }

  std::string line(const std::string& file, const Verdict& v) const override {
    const std::string name =
        class_names_.empty() ? "" : class_names_[static_cast<std::size_t>(v.predicted_class)];
    return fmt::format("{},{},{},{},{},{},\n", csv_field(file), v.in_distribution ? "in" : "out",
                       v.score, v.predicted_class, csv_field(name), v.probability);
  }

  std::string problem_line(const std::string& file, const std::string& problem) const override {
    return fmt::format("{},,,,,,{}\n", csv_field(file), csv_field(problem));
  }

 private:
  std::vector<std::string> class_names_;
};

}  // namespace

std::unique_ptr<VerdictFormat> verdict_csv(std::vector<std::string> class_names) {
  return std::make_unique<VerdictCsv>(std::move(class_names));
}

}  // namespace odin
