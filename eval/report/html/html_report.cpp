#include "eval/report/html/html_report.h"

#include <string_view>

#include "eval/report/html/append.h"
#include "eval/report/html/charts.h"
#include "eval/report/html/detector_choice.h"
#include "eval/report/html/page.h"
#include "eval/report/html/style.h"
#include "eval/report/html/tables.h"
#include "eval/report/html/text.h"
#include "kernels/error.h"
#include "weights/files/atomic_file.h"
#include "weights/files/output_folder.h"

namespace odin {
namespace {

constexpr std::string_view kSetAnchor = "set-";

// The keys of a scatter plot.
constexpr std::string_view kDotKey =
    "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><path class=\"dots-in\" "
    "d=\"M9,6h0M21,6h0\"/></svg>";
constexpr std::string_view kCrossKey =
    "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><path class=\"crosses-out\" "
    "d=\"M7,4l4,4m0-4l-4,4M19,4l4,4m0-4l-4,4\"/></svg>";

// The attribute, with a space before it; nothing for no class.
std::string class_attribute(const std::string& classes) {
  return classes.empty() ? "" : fmt::format(" class=\"{}\"", classes);
}

std::string bars_key(std::string_view style) {
  return fmt::format(
      "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"28\" "
      "height=\"10\" class=\"{}\"/></svg>",
      style);
}

void append_roc(std::string& html, const HtmlReport& report, const HtmlSet& set,
                std::string_view id) {
  std::vector<DetectorCurve> curves = curves_of(report);
  const std::vector<DetectorCurve> keys = curves;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    if (report.ranking.empty()) continue;
    curves[i].style += ' ' + hidden_with(report, i);
  }
  append(html, "<figure><figcaption>ROC curves</figcaption>\n{}<ul class=\"legend\">\n",
         roc_chart(set, curves, report.in_set, fmt::format("{}-roc", id)));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const HtmlDetector& detector = set.detectors[keys[i].detector];
    append(html, "<li{}>{}<span>{} <small>AUROC {:.1f}</small></span></li>\n",
           class_attribute(hidden_with(report, i)), curve_key(keys[i]), html_name(detector.name),
           detector.metrics.auroc * 100);
  }
  html += "</ul></figure>\n";
}

// The legend of a figure with the scores of two sets.
void append_sets_legend(std::string& html, const HtmlReport& report, const HtmlSet& set,
                        std::string_view in_key, std::string_view out_key) {
  append(html,
         "<ul class=\"legend\"><li>{}<span>in: {}</span></li><li>{}<span>out: {}</span></li></ul>",
         in_key, html_name(report.in_set), out_key, html_name(set.name));
}

void append_histogram(std::string& html, const HtmlReport& report, const HtmlSet& set,
                      const HtmlDetector& detector, const std::string& classes,
                      std::string_view id) {
  append(html, "<figure{}><figcaption>Scores by {}", class_attribute(classes),
         html_name(detector.name));
  if (!detector.settings.empty()) {
    append(html, " <small>{}</small>", html_escaped(detector.settings));
  }
  append(html, "</figcaption>\n{}", histogram_chart(detector, report.in_set, set.name, id));
  append_sets_legend(html, report, set, bars_key("bars-in"), bars_key("bars-out"));
  html += "</figure>\n";
}

void append_scatter(std::string& html, const HtmlReport& report, const HtmlSet& set,
                    std::string_view id) {
  const HtmlDetector& x = set.detectors.at((*report.scatter)[0]);
  const HtmlDetector& y = set.detectors.at((*report.scatter)[1]);
  const AcceptedByTwo accepted = accepted_by_two(x, y);
  append(
      html,
      "<figure><figcaption>{} and {} <small>out-of-distribution images accepted by both {:.1f} %, "
      "only by {} {:.1f} %, only by {} {:.1f} %</small></figcaption>\n{}",
      html_name(x.name), html_name(y.name), accepted.both * 100, html_name(x.name),
      accepted.only_x * 100, html_name(y.name), accepted.only_y * 100,
      scatter_chart(x, y, report.in_set, set.name, id));
  append_sets_legend(html, report, set, kDotKey, kCrossKey);
  html += "</figure>\n";
}

void append_notes(std::string& html, const HtmlReport& report) {
  if (report.notes.empty()) return;
  html += "<ul>\n";
  for (const std::string& note : report.notes) append(html, "<li>{}</li>\n", html_name(note));
  html += "</ul>\n";
}

void append_set(std::string& html, const HtmlReport& report, const HtmlSet& set,
                const std::string& id) {
  append(html, "<section id=\"{}\">\n<h3>{}</h3>\n<div class=\"pictures\">\n", id,
         html_name(set.name));
  append_roc(html, report, set, id);
  if (report.scatter) append_scatter(html, report, set, fmt::format("{}-scatter", id));
  const std::vector<DetectorCurve> curves = curves_of(report);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    append_histogram(html, report, set, set.detectors[curves[i].detector], hidden_with(report, i),
                     fmt::format("{}-scores-{}", id, i + 1));
  }
  html += "</div>\n</section>\n";
}

void append_sets(std::string& html, const HtmlReport& report) {
  if (report.sets.empty()) return;
  append(html,
         "<h2>Curves and scores</h2>\n<p class=\"muted\">Circles on the curves and dashed lines in "
         "the histograms mark the threshold that accepts 95 % of the in-distribution images. The "
         "outermost bars of a histogram include all scores beyond them.");
  if (report.scatter) {
    append(
        html,
        " Where the scores of two detectors stand against each other, at most {} images of a set "
        "are drawn, evenly spaced in its order.",
        kScatterPoints);
  }
  html += "</p>\n";
  const bool choice = !report.ranking.empty();
  if (choice) {
    append(html, "<div>\n<p>Show the curves and scores of</p>\n{}<div class=\"chosen\">\n",
           choice_boxes(report));
  }
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    append_set(html, report, report.sets[i], fmt::format("{}{}", kSetAnchor, i + 1));
  }
  if (choice) html += "</div>\n</div>\n";
}

// The figures: one table or, with many detectors, one that compares them, and all figures on
// demand.
void append_results(std::string& html, const HtmlReport& report) {
  if (report.sets.empty() && report.missing.empty()) return;
  html += "<h2>Results</h2>\n";
  if (report.ranking.empty()) {
    html += results_table(report, kSetAnchor);
    return;
  }
  append(html, "{}<details><summary>All figures of each set</summary>\n{}</details>\n",
         comparison_table(report, kSetAnchor), results_table(report, kSetAnchor));
}

void append_searches(std::string& html, const HtmlReport& report) {
  if (report.searches.empty()) return;
  append(html,
         "<h2>Search over temperature and magnitude</h2>\n<p class=\"muted\">The frame marks the "
         "chosen parameters.</p>\n<div class=\"pictures\">\n");
  for (std::size_t i = 0; i < report.searches.size(); ++i) {
    const HtmlSearch& search = report.searches[i];
    const std::string picture = heat_map(search, fmt::format("search-{}", i + 1));
    append(html,
           "<figure><figcaption>{} <small>{}; chosen: temperature {:g}, magnitude "
           "{:.6g}</small></figcaption>\n{}<details><summary>Values</summary>\n{}</details>"
           "</figure>\n",
           html_name(search.out_set), html_escaped(search.quantity),
           search.temperatures[search.chosen_temperature],
           search.magnitudes[search.chosen_magnitude], picture, search_table(search));
  }
  html += "</div>\n";
}

void append_sheets(std::string& html, const HtmlReport& report) {
  if (report.sheets.empty()) return;
  append(html,
         "<h2>Images</h2>\n<p class=\"muted\">The images with the lowest and the highest scores of "
         "each set, with the predicted class and the score.</p>\n");
  for (const HtmlSheet& sheet : report.sheets) html += contact_sheet(sheet);
}

}  // namespace

std::string to_html(const HtmlReport& report) {
  std::string html;
  html +=
      html_head(fmt::format("ODIN: {} on {}", report.network, report.in_set), choice_style(report));
  append(html, "<body>\n{}<header>\n<h1>{} on {}</h1>\n", svg_definitions(),
         html_name(report.network), html_name(report.in_set));
  html +=
      "<p class=\"muted\">How well detectors separate out-of-distribution images from images like "
      "those that the network was trained on.</p>\n";
  append(html, "{}</header>\n<main>\n", description_list(report));
  append_results(html, report);
  append_notes(html, report);
  append_sets(html, report);
  append_searches(html, report);
  append_sheets(html, report);
  html += "</main>\n</body>\n</html>\n";
  return html;
}

void write_html_report(const HtmlReport& report, const std::filesystem::path& folder) {
  const std::string page = to_html(report);
  make_output_folder(folder);
  write_atomically(folder / "index.html", page);
}

}  // namespace odin
