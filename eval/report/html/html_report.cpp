#include "eval/report/html/html_report.h"

#include <iterator>
#include <string_view>

#include "eval/report/html/charts.h"
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

template <class... Args>
void append(std::string& html, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(html), format, std::forward<Args>(args)...);
}

// The key of a curve in a legend.
std::string curve_key(std::size_t index) {
  return fmt::format(
      "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><line x1=\"0\" y1=\"6\" x2=\"30\" y2=\"6\" "
      "class=\"curve {}\"/></svg>",
      detector_style(index));
}

std::string bars_key(std::string_view style) {
  return fmt::format(
      "<svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"28\" "
      "height=\"10\" class=\"{}\"/></svg>",
      style);
}

void append_roc(std::string& html, const HtmlReport& report, const HtmlSet& set,
                std::string_view id) {
  append(html, "<figure><figcaption>ROC curves</figcaption>\n{}<ul class=\"legend\">\n",
         roc_chart(set, report.in_set, fmt::format("{}-roc", id)));
  for (std::size_t i = 0; i < set.detectors.size(); ++i) {
    append(html, "<li>{}<span>{} <small>AUROC {:.1f}</small></span></li>\n", curve_key(i),
           html_name(set.detectors[i].name), set.detectors[i].metrics.auroc * 100);
  }
  html += "</ul></figure>\n";
}

void append_histogram(std::string& html, const HtmlReport& report, const HtmlSet& set,
                      const HtmlDetector& detector, std::string_view id) {
  append(html, "<figure><figcaption>Scores by {}", html_name(detector.name));
  if (!detector.settings.empty()) {
    append(html, " <small>{}</small>", html_escaped(detector.settings));
  }
  append(html,
         "</figcaption>\n{}<ul class=\"legend\"><li>{}<span>in: {}</span></li>"
         "<li>{}<span>out: {}</span></li></ul></figure>\n",
         histogram_chart(detector, report.in_set, set.name, id), bars_key("bars-in"),
         html_name(report.in_set), bars_key("bars-out"), html_name(set.name));
}

void append_notes(std::string& html, const HtmlReport& report) {
  if (report.notes.empty()) return;
  html += "<ul>\n";
  for (const std::string& note : report.notes) append(html, "<li>{}</li>\n", html_name(note));
  html += "</ul>\n";
}

void append_sets(std::string& html, const HtmlReport& report) {
  if (report.sets.empty()) return;
  append(html,
         "<h2>Curves and scores</h2>\n<p class=\"muted\">Circles on the curves and dashed lines in "
         "the histograms mark the threshold that accepts 95 % of the in-distribution images. The "
         "outermost bars of a histogram include all scores beyond them.</p>\n");
  for (std::size_t i = 0; i < report.sets.size(); ++i) {
    const HtmlSet& set = report.sets[i];
    const std::string id = fmt::format("{}{}", kSetAnchor, i + 1);
    append(html, "<section id=\"{}\">\n<h3>{}</h3>\n<div class=\"pictures\">\n", id,
           html_name(set.name));
    append_roc(html, report, set, id);
    for (std::size_t k = 0; k < set.detectors.size(); ++k) {
      append_histogram(html, report, set, set.detectors[k], fmt::format("{}-scores-{}", id, k + 1));
    }
    html += "</div>\n</section>\n";
  }
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
  html += html_head(fmt::format("ODIN: {} on {}", report.network, report.in_set));
  append(html, "<body>\n{}<header>\n<h1>{} on {}</h1>\n", svg_definitions(),
         html_name(report.network), html_name(report.in_set));
  html +=
      "<p class=\"muted\">How well detectors separate out-of-distribution images from images like "
      "those that the network was trained on.</p>\n";
  append(html, "{}</header>\n<main>\n", description_list(report));
  if (!report.sets.empty() || !report.missing.empty()) {
    append(html, "<h2>Results</h2>\n{}", results_table(report, kSetAnchor));
  }
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
