#include "eval/report/html/detector_choice.h"

#include <iterator>

#include <fmt/format.h>

#include "eval/report/html/tables.h"

namespace odin {

std::vector<DetectorCurve> curves_of(const HtmlReport& report) {
  std::vector<DetectorCurve> curves;
  for (std::size_t i = 0; i < report.ranking.size(); ++i) {
    // The first style is grey and dashed, for a baseline, and none for the best.
    curves.push_back({report.ranking[i].detector, detector_style(i + 1)});
  }
  if (!curves.empty() || report.sets.empty()) return curves;
  for (std::size_t i = 0; i < report.sets.front().detectors.size(); ++i) {
    curves.push_back({i, detector_style(i)});
  }
  return curves;
}

std::string hidden_with(const HtmlReport& report, std::size_t index) {
  return report.ranking.empty() ? "" : fmt::format("choice-{}", index + 1);
}

std::string choice_style(const HtmlReport& report) {
  std::string style;
  for (std::size_t i = 1; i <= report.ranking.size(); ++i) {
    fmt::format_to(
        std::back_inserter(style),
        "#show-{0}:not(:checked) ~ .chosen .choice-{0} {{ display: none; }}\n"
        "#show-{0}:checked ~ .boxes [for=show-{0}] {{ border-style: solid; }}\n"
        "#show-{0}:checked ~ .boxes [for=show-{0}]::before {{ background: currentColor; }}\n"
        "#show-{0}:focus-visible ~ .boxes [for=show-{0}] {{ outline: 2px solid var(--in); }}\n",
        i);
  }
  return style;
}

std::string choice_boxes(const HtmlReport& report) {
  std::string boxes;
  std::string labels;
  const std::vector<DetectorCurve> curves = curves_of(report);
  for (std::size_t i = 0; i < report.ranking.size(); ++i) {
    const HtmlRank& place = report.ranking[i];
    fmt::format_to(std::back_inserter(boxes),
                   "<input type=\"checkbox\" class=\"show\" id=\"show-{}\"{}/>\n", i + 1,
                   place.shown ? " checked=\"\"" : "");
    const std::string& name = report.sets.front().detectors.at(place.detector).name;
    fmt::format_to(std::back_inserter(labels), "<label for=\"show-{}\">{}{}</label>\n", i + 1,
                   curve_key(curves[i]), html_name(name));
  }
  return boxes.empty() ? "" : fmt::format("{}<div class=\"boxes\">{}</div>\n", boxes, labels);
}

std::string curve_key(const DetectorCurve& curve) {
  return fmt::format(
      "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><line x1=\"0\" y1=\"6\" x2=\"30\" y2=\"6\" "
      "class=\"curve {}\"/></svg>",
      curve.style);
}

}  // namespace odin
