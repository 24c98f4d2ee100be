#include "eval/report/html/tables.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "eval/image/png_writer.h"
#include "eval/report/html/append.h"
#include "eval/report/html/figure_columns.h"
#include "eval/report/html/text.h"

namespace odin {
namespace {

void append_detector(std::string& html, const HtmlSet& set, const HtmlDetector& detector,
                     bool with_cost) {
  append(html, "<tr><th scope=\"row\">{}", html_name(detector.name));
  if (!detector.settings.empty()) {
    append(html, "<small>{}</small>", html_escaped(detector.settings));
  }
  html += "</th>";
  for (const FigureColumn& column : kFigureColumns) {
    const std::optional<double> value = column.of(detector.metrics);
    const bool is_best = value && value == best_of(set, column);
    append(html, "<td{}>{}", is_best ? " class=\"best\"" : "", html_percent(value));
    if (column.interval != nullptr && detector.intervals.*column.interval) {
      const Interval& interval = *(detector.intervals.*column.interval);
      append(html, "<small>{}\u2009\u2013\u2009{}</small>", html_percent(interval.low),
             html_percent(interval.high));
    }
    if (detector.paper)
      append(html, "<small>({})</small>", html_percent(column.of(*detector.paper)));
    html += "</td>";
  }
  if (with_cost) append(html, "<td>{}</td>", html_milliseconds(detector.milliseconds));
  html += "</tr>\n";
}

void append_images(std::string& html, std::string_view heading,
                   const std::vector<HtmlImage>& images) {
  if (images.empty()) return;
  append(html, "<div><h4>{}</h4>\n<ul class=\"sheet\">\n", heading);
  for (const HtmlImage& image : images) {
    const std::string predicted = html_escaped(image.predicted);
    const std::string score = fmt::format("{:#.6g}", image.score);
    append(html,
           "<li><img width=\"{}\" height=\"{}\" alt=\"predicted: {}\" "
           "src=\"data:image/png;base64,{}\"/><b>{}</b>{}</li>\n",
           image.shape.side, image.shape.side, predicted,
           base64(encode_png(image.pixels, image.shape)), predicted, score);
  }
  html += "</ul></div>\n";
}

}  // namespace

std::string html_name(std::string_view name) {
  return fmt::format("<bdi>{}</bdi>", html_escaped(name));
}

std::string description_list(const HtmlReport& report) {
  std::vector<HtmlFact> facts{
      {"Network", report.network},
      {"In-distribution set", fmt::format("{}, {} images", report.in_set, report.in_images)}};
  if (report.accuracy) {
    facts.push_back({"Classification accuracy", html_percent(report.accuracy) + " %"});
  }
  facts.insert(facts.end(), report.facts.begin(), report.facts.end());
  std::string html = "<dl>\n";
  for (const HtmlFact& fact : facts) {
    append(html, "<div><dt>{}</dt><dd>{}</dd></div>\n", html_escaped(fact.name),
           html_name(fact.value));
  }
  return html + "</dl>\n";
}

std::string results_table(const HtmlReport& report, std::string_view set_anchor) {
  std::string html =
      "<table class=\"results\">\n<caption>All figures in %; \u2193 less is better, \u2191 more is "
      "better; the best of each set is bold. Small figures below ours are 95\u00a0% confidence "
      "intervals.";
  if (!report.paper.empty())
    append(html, " The paper\u2019s figures are in brackets: {}.", html_escaped(report.paper));
  html += "</caption>\n<thead><tr><th scope=\"col\">Set and detector</th>";
  for (const FigureColumn& column : kFigureColumns) {
    append(html, "<th scope=\"col\">{}</th>", heading_of(column, report.positive));
  }
  const bool with_cost = std::ranges::any_of(report.sets, has_cost);
  if (with_cost) html += "<th scope=\"col\">ms per image</th>";
  const std::size_t columns = kFigureColumns.size() + (with_cost ? 2 : 1);
  html += "</tr></thead>\n";
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    const HtmlSet& set = report.sets[i];
    append(html,
           "<tbody><tr><th colspan=\"{}\" scope=\"rowgroup\"><a href=\"#{}{}\">{}</a> "
           "<small>{} images</small></th></tr>\n",
           columns, set_anchor, i + 1, html_name(set.name), set.images);
    for (const HtmlDetector& detector : set.detectors)
      append_detector(html, set, detector, with_cost);
    html += "</tbody>\n";
  }
  if (report.average) {
    append(html, "<tbody><tr><th colspan=\"{}\" scope=\"rowgroup\">{}</th></tr>\n", columns,
           html_name(report.average->name));
    for (const HtmlDetector& detector : report.average->detectors) {
      append_detector(html, *report.average, detector, with_cost);
    }
    html += "</tbody>\n";
  }
  for (const HtmlMissingSet& set : report.missing) {
    append(html,
           "<tbody><tr><th colspan=\"{0}\" scope=\"rowgroup\">{1}</th></tr>\n"
           "<tr><td colspan=\"{0}\" class=\"missing\">Missing: {2}.",
           columns, html_name(set.name), html_escaped(set.reason));
    if (!set.command.empty()) {
      append(html, " To fetch it: <code>{}</code>", html_escaped(set.command));
    }
    html += "</td></tr></tbody>\n";
  }
  return html + "</table>\n";
}

std::string search_table(const HtmlSearch& search) {
  std::string html =
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"values of the search\">"
      "<table>\n<caption>In %; rows: temperature, columns: magnitude</caption>\n<thead><tr>"
      "<th scope=\"col\">T</th>";
  for (const double magnitude : search.magnitudes) {
    append(html, "<th scope=\"col\">{:.6g}</th>", magnitude);
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < search.temperatures.size(); ++row) {
    append(html, "<tr><th scope=\"row\">{:g}</th>", search.temperatures[row]);
    for (std::size_t column = 0; column < search.magnitudes.size(); ++column) {
      const double value = search.values[row * search.magnitudes.size() + column];
      const bool chosen = row == search.chosen_temperature && column == search.chosen_magnitude;
      append(html, "<td{}>{}</td>", chosen ? " class=\"best\"" : "",
             std::isnan(value) ? "n/a" : html_percent(value));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string contact_sheet(const HtmlSheet& sheet) {
  std::string html = fmt::format(
      "<section>\n<h3>{} <small>{}, by the score of {}</small></h3>\n<div class=\"sides\">\n",
      html_name(sheet.set), sheet.in_distribution ? "in-distribution" : "out-of-distribution",
      html_name(sheet.detector));
  append_images(html, "Most suspicious", sheet.most_suspicious);
  append_images(html, "Least suspicious", sheet.least_suspicious);
  return html + "</div>\n</section>\n";
}

}  // namespace odin
