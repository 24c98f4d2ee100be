#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "eval/detection/score_text.h"
#include "eval/detection/verdict_format.h"
#include "eval/report/columns.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr int kWidestClass = 24;  // columns

// A name in one line of a terminal.
std::string shown(const std::string& name) {
  return printable(name, std::string::npos, Characters::kUtf8);
}

// ODIN's scores at high temperatures, which lie just above 1 / classes, need these digits; some
// others are in the thousands.
std::string digits(double score) {
  return std::abs(score) < 100 ? fmt::format("{:.8f}", score) : fmt::format("{:.8g}", score);
}

class VerdictText final : public VerdictFormat {
 public:
  VerdictText(const std::vector<std::string>& class_names, int classes) {
    for (int c = 0; c < classes; ++c) {
      const auto at = static_cast<std::size_t>(c);
      classes_.push_back(class_names.empty()
                             ? std::to_string(c)
                             : cut_to_columns(shown(class_names[at]), kWidestClass));
      width_ = std::max(width_, columns_of(classes_.back()));
    }
  }

  std::string header() const override {
    return fmt::format("verdict  {}  probability         score  file\n", padded("class"));
  }

  std::string line(const std::string& file, const Verdict& v) const override {
    return fmt::format("{:<7}  {}  {:>11.6f}  {:>12}  {}\n", v.in_distribution ? "in" : "out",
                       padded(classes_[static_cast<std::size_t>(v.predicted_class)]), v.probability,
                       digits(v.score), shown(file));
  }

  std::string problem_line(const std::string& /*file*/,
                           const std::string& /*problem*/) const override {
    return {};
  }

 private:
  std::string padded(const std::string& name) const {
    return name +
           std::string(static_cast<std::size_t>(std::max(0, width_ - columns_of(name))), ' ');
  }

  std::vector<std::string> classes_;
  int width_ = 5;  // of "class"
};

}  // namespace

std::unique_ptr<VerdictFormat> verdict_text(const std::vector<std::string>& class_names,
                                            int classes) {
  return std::make_unique<VerdictText>(class_names, classes);
}

std::string summary_of(const VerdictCounts& counts, const DetectorSettings& settings,
                       std::optional<double> seconds) {
  std::string text = fmt::format("{} image{}: {} in, {} out of distribution, {} unreadable",
                                 counts.images(), counts.images() == 1 ? "" : "s", counts.accepted,
                                 counts.rejected, counts.unreadable);
  if (seconds)
    text += fmt::format("; {:.1f} images/s",
                        static_cast<double>(counts.images()) / std::max(*seconds, 1e-9));
  return text + fmt::format(
                    "\nin: a score ({}) of at least {}, calibrated to accept {:g} % of {} on "
                    "{} images;\n    of others like them it accepts {:.1f} to {:.1f} % (95 % "
                    "confidence)\n",
                    score_text(settings), digits(settings.threshold), 100 * settings.tpr,
                    shown(settings.images_name), settings.images, 100 * settings.tpr_low,
                    100 * settings.tpr_high);
}

}  // namespace odin
