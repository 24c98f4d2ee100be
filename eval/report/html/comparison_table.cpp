#include <algorithm>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "eval/report/html/append.h"
#include "eval/report/html/figure_columns.h"
#include "eval/report/html/tables.h"

namespace odin {
namespace {

// Columns of one set, or of the average.
struct Group {
  const HtmlSet* set;
  std::string heading;  // HTML
  std::vector<const FigureColumn*> columns;
};

std::vector<Group> groups_of(const HtmlReport& report, std::string_view set_anchor) {
  const FigureColumn* const fpr = &kFigureColumns[0];
  const FigureColumn* const auroc = &kFigureColumns[2];
  std::vector<Group> groups;
  if (report.average) {
    groups.push_back({&*report.average, html_name(report.average->name), {fpr, auroc}});
  }
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    const HtmlSet& set = report.sets[i];
    Group& group = groups.emplace_back();
    group.set = &set;
    group.heading = fmt::format("<a href=\"#{}{}\">{}</a>", set_anchor, i + 1, html_name(set.name));
    group.columns = {fpr, auroc};
  }
  if (groups.size() == 1) {
    groups[0].columns.clear();
    for (const FigureColumn& column : kFigureColumns) groups[0].columns.push_back(&column);
  }
  return groups;
}

void append_cell(std::string& html, const Group& group, const FigureColumn& column,
                 std::size_t index) {
  const HtmlDetector& detector = group.set->detectors.at(index);
  const std::optional<double> value = column.of(detector.metrics);
  const bool is_best = value && value == best_of(*group.set, column);
  append(html, "<td{}>{}", is_best ? " class=\"best\"" : "", html_percent(value));
  if (detector.paper) append(html, "<small>({})</small>", html_percent(column.of(*detector.paper)));
  html += "</td>";
}

}  // namespace

std::string comparison_table(const HtmlReport& report, std::string_view set_anchor) {
  const std::vector<Group> groups = groups_of(report, set_anchor);
  const HtmlSet& costs = *groups.front().set;
  const std::string_view ranked_by = report.average ? "average AUROC over the sets" : "AUROC";
  std::string html = fmt::format(
      "<p class=\"muted\">Detectors by their {}. All figures in %, FPR at a TPR of 95\u00a0%; "
      "\u2193 less is better, \u2191 more is better; the best of each column is bold.{}</p>\n"
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"comparison of the "
      "detectors\"><table class=\"comparison\">\n<caption>Ranked by {}</caption>\n",
      ranked_by, report.paper.empty() ? "" : " Published figures are in brackets.", ranked_by);
  html +=
      "<thead><tr><th scope=\"col\" rowspan=\"2\">Detector</th>"
      "<th scope=\"col\" rowspan=\"2\">Rank</th>";
  if (has_cost(costs)) html += "<th scope=\"col\" rowspan=\"2\">ms per image</th>";
  for (const Group& group : groups) {
    append(html, "<th scope=\"colgroup\" colspan=\"{}\">{}</th>", group.columns.size(),
           group.heading);
  }
  html += "</tr>\n<tr>";
  for (const Group& group : groups) {
    for (const FigureColumn* column : group.columns) {
      append(html, "<th scope=\"col\">{}</th>", short_heading_of(*column, report.positive));
    }
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const HtmlRank& place : report.ranking) {
    const HtmlDetector& detector = costs.detectors.at(place.detector);
    append(html, "<tr><th scope=\"row\">{}</th><td>{}</td>", html_name(detector.name), place.rank);
    if (has_cost(costs)) append(html, "<td>{}</td>", html_milliseconds(detector.milliseconds));
    for (const Group& group : groups) {
      for (const FigureColumn* column : group.columns) {
        append_cell(html, group, *column, place.detector);
      }
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace odin
