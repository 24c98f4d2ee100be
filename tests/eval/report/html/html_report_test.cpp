#include "eval/report/html/html_report.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "eval/metrics/score_histogram.h"
#include "eval/report/html/charts.h"
#include "kernels/error.h"
#include "tests/eval/report/html/html_example.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

ProgramResult run_script(std::string_view script, const std::string& arguments) {
  return run_program(fmt::format("'{}' '{}/tests/eval/report/html/{}' {}", ODIN_PYTHON,
                                 ODIN_SOURCE_DIR, script, arguments));
}

// The path of the page in that folder, quoted for a shell.
std::string page_of(const TemporaryFolder& folder) {
  return fmt::format("'{}'", (folder / "index.html").string());
}

// The text of the page, after html_check.py has checked it.
std::string checked_text(const HtmlReport& report) {
  const TemporaryFolder folder;
  write_html_report(report, folder.path());
  const ProgramResult result = run_script("html_check.py", page_of(folder));
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  return result.output;
}

TEST_CASE("the page is well-formed, self-contained and accessible, and shows everything") {
  HtmlExample example;
  HtmlSet& set = example.report.sets[0];
  set.detectors[0].metrics = {0.348, 0.099, 0.953, 0.964, 0.938};
  set.detectors[0].intervals = {Interval{0.3381, 0.3577}, Interval{0.9499, 0.9561}};
  set.detectors[3].metrics = {0.0431, 0.0464, 0.991, 0.9919, std::nullopt};
  set.detectors[3].intervals = {std::nullopt, Interval{0.9904, 0.9916}};
  example.report.notes = {"No accuracy: <b>3</b> classes & the network's 10."};
  const std::string text = checked_text(example.report);
  INFO(text);
  CHECK(contains(text, "li: No accuracy: <b>3</b> classes & the network's 10.\n"));
  // A curve, a scatter plot and four histograms of each of three sets, two maps.
  CHECK(contains(text, "charts 20\n"));
  CHECK(contains(text, "images 48\n"));
  CHECK(contains(text, "h1: DenseNet-BC-100| on |CIFAR-10\n"));
  CHECK(contains(text, "dd: CIFAR-10, 3000 images\n"));
  CHECK(contains(text, "dd: 95.2 %\n"));
  CHECK(contains(text, "dd: cpu (avx2, 2 threads)\n"));
  CHECK(contains(text, "tr: Tiny-ImageNet (crop)| |3000 images\n"));
  CHECK(contains(text,
                 "tr: Baseline|34.8|33.8 \u2013 35.8|(34.7)|9.9|(10.0)|95.3|"
                 "95.0 \u2013 95.6|(95.3)|96.4|(96.4)|93.8|(93.8)\n"));
  CHECK(contains(text,
                 "tr: ODIN|T = 1000, magnitude 0.0014|4.3|(4.3)|4.6|(4.7)|99.1|"
                 "99.0 \u2013 99.2|(99.1)|99.2|(99.1)|n/a|(99.1)\n"));
  CHECK(contains(text,
                 "Missing: the folder 'data/LSUN' does not exist. To fetch it: |"
                 "fetch_data --data-dir data LSUN\n"));
  CHECK(contains(text, "tr: Missing: it holds no image.\n"));
  CHECK(contains(text, "title: ROC curves: CIFAR-10 against Gaussian noise\n"));
  CHECK(contains(text, "title: Scores by ODIN: CIFAR-10 and Tiny-ImageNet (crop)\n"));
  CHECK(
      contains(text, "title: Search on Gaussian noise: FPR at TPR 95 % on the held-out images\n"));
  CHECK(contains(text, "desc: Chosen: temperature 1000, magnitude 0.0014: 5.0 %\n"));
  CHECK(contains(text, "h3: Tiny-ImageNet (crop)| |out-of-distribution, by the score of |ODIN\n"));
  CHECK(contains(text, "li: airplane|0.100012\n"));
  const std::string page = to_html(example.report);
  CHECK_FALSE(contains(page, "://"));
}

TEST_CASE("the best figures of a set are bold: the least errors and the greatest areas") {
  HtmlExample example;
  example.report.sets.resize(1);
  auto& detectors = example.report.sets[0].detectors;
  detectors.resize(2);
  example.report.scatter = {0, 1};
  detectors[0].paper = detectors[1].paper = std::nullopt;
  detectors[0].intervals = detectors[1].intervals = {};
  detectors[0].metrics = {0.2, 0.1, 0.7, 0.5, std::nullopt};
  detectors[1].metrics = {0.1, 0.2, 0.6, 0.5, 0.9};
  const std::string page = to_html(example.report);
  CHECK(contains(page,
                 "<td>20.0</td><td class=\"best\">10.0</td><td class=\"best\">70.0</td>"
                 "<td class=\"best\">50.0</td><td>n/a</td>"));
  CHECK(contains(page,
                 "<td class=\"best\">10.0</td><td>20.0</td><td>60.0</td>"
                 "<td class=\"best\">50.0</td><td class=\"best\">90.0</td>"));
  detectors.resize(1);
  example.report.scatter.reset();
  CHECK_FALSE(contains(to_html(example.report), "<td class=\"best\">20.0"));
}

TEST_CASE("a hostile name appears as text only") {
  const std::string name = "\"'><script>alert(1)</script><img src=x onerror=y>&lt;]]></bdi>";
  const std::string text = checked_text(HtmlExample(name).report);
  CHECK(contains(text, "charts 20\n"));
  CHECK(contains(text, "images 48\n"));
  CHECK(contains(text, fmt::format("h1: DenseNet-BC-100{0}| on |CIFAR-10{0}\n", name)));
  CHECK(contains(text, fmt::format("tr: Tiny-ImageNet (crop){}| |3000 images\n", name)));
  CHECK(contains(text, fmt::format("code: fetch_data --data-dir data LSUN{}\n", name)));
  CHECK(contains(
      text, fmt::format("title: Scores by ODIN: CIFAR-10{0} and Tiny-ImageNet (crop){0}\n", name)));
  CHECK(contains(text, fmt::format("li: airplane{}|0.100012\n", name)));
}

TEST_CASE("names that are not UTF-8 do not break the page") {
  const std::string text = checked_text(HtmlExample("\x01\xFF\xC0\x80\xED\xA0\x80\x7F").report);
  const std::string replaced = "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD";
  CHECK(contains(text, fmt::format("h1: DenseNet-BC-100{}| on |", replaced)));
}

TEST_CASE("an empty report is a page without its optional parts") {
  const std::string text = checked_text({});
  CHECK(contains(text, "charts 0\n"));
  CHECK_FALSE(contains(text, "h2:"));
  HtmlExample example;
  example.report.accuracy.reset();
  example.report.searches.clear();
  example.report.sheets.clear();
  const std::string without = checked_text(example.report);
  CHECK(contains(without, "charts 18\n"));
  CHECK_FALSE(contains(without, "accuracy"));
  CHECK_FALSE(contains(without, "h2: Search"));
  CHECK_FALSE(contains(without, "h2: Images"));
}

TEST_CASE("infinite and equal scores are drawn") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> in{kInfinity, 1, 1};
  const std::vector<double> out{-kInfinity, 1};
  HtmlExample example;
  example.report.sets.resize(1);
  for (HtmlDetector& detector : example.report.sets[0].detectors) {
    detector.in = in;
    detector.out = out;
  }
  const std::string page = to_html(example.report);
  CHECK_FALSE(contains(page, "=\"nan"));
  CHECK_FALSE(contains(page, "=\"inf"));
  CHECK_FALSE(contains(page, ",nan"));
  CHECK_FALSE(contains(page, ",inf"));
  CHECK(contains(checked_text(example.report), "charts 8\n"));
}

TEST_CASE("the same report gives the same bytes, in a new folder and over an old page") {
  const TemporaryFolder folder;
  const HtmlExample example;
  const fs::path below = folder / "new/folder";
  write_html_report(example.report, below);
  CHECK(content_of(below / "index.html") == to_html(HtmlExample().report));
  write_html_report({}, below);
  CHECK(content_of(below / "index.html") == to_html({}));
  CHECK(std::distance(fs::directory_iterator(below), fs::directory_iterator()) == 1);
}

TEST_CASE("a report that cannot be shown or written is an error") {
  const auto error_after = [](const auto& spoil) {
    HtmlExample example;
    spoil(example.report);
    return error_of(to_html, example.report);
  };
  CHECK(contains(error_after([](HtmlReport& r) { r.sets[0].detectors[0].in = {}; }), "no scores"));
  const std::vector<double> nan{std::numeric_limits<double>::quiet_NaN()};
  CHECK(contains(error_after([&](HtmlReport& r) { r.sets[0].detectors[0].out = nan; }),
                 "is not a number"));
  CHECK(contains(error_after([](HtmlReport& r) { r.searches[0].values.pop_back(); }),
                 "does not fit"));
  CHECK(contains(error_after([](HtmlReport& r) { r.searches[0].chosen_magnitude = 21; }),
                 "does not fit"));
  CHECK(contains(error_after([&](HtmlReport& r) { r.searches[0].values.assign(210, nan[0]); }),
                 "no finite value"));
  CHECK(
      contains(error_after([](HtmlReport& r) { r.sheets[0].most_suspicious[0].pixels.pop_back(); }),
               "3071 numbers"));

  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  CHECK_THROWS_WITH_AS(write_html_report({}, folder / "file/folder"),
                       doctest::Contains("cannot be written to: Not a directory"), Error);
  fs::create_directories(folder / "taken/index.html/folder");
  CHECK_THROWS_AS(write_html_report({}, folder / "taken"), Error);
  CHECK(std::distance(fs::directory_iterator(folder / "taken"), fs::directory_iterator()) == 1);
}

TEST_CASE("many detectors are compared in one table, and the reader chooses whose curves to see") {
  for (const std::string& name : {std::string(), std::string("\"'><b>&lt;]]></bdi>")}) {
    HtmlExample example;
    example.use_detectors(25, name);
    HtmlReport& report = example.report;
    report.sets[0].detectors[24].metrics = {0.0431, 0.0464, 0.999, 0.9919, std::nullopt};
    report.sets[1].detectors[24].metrics.fpr_at_tpr95.reset();
    report.sets[2].detectors[24].metrics = {0.2, 0.1, 0.5, 0.5, 0.5};
    report.average->detectors[24].metrics = {0.07, 0.05, 0.999, 0.99, 0.98};
    const std::string text = checked_text(report);
    INFO(text);
    // A curve, a scatter plot and 25 histograms of each of three sets, two maps.
    CHECK(contains(text, "charts 83\n"));
    CHECK(contains(text,
                   "tr: Detector|Rank|ms per image|Average|Tiny-ImageNet (crop)|Gaussian noise|"));
    CHECK(contains(
        text,
        fmt::format("tr: Another detector (option 24){}|1|0.240|7.0|99.9|4.3|99.9|n/a|", name)));
    CHECK(contains(text, "tr: Baseline|25|<0.001|"));
    // All figures of each set follow, closed, with the cost last.
    CHECK(
        contains(text, fmt::format("tr: Another detector (option 24){}|20.0|98.7 \u2013 99.6|10.0|"
                                   "50.0|41.8 \u2013 44.7|50.0|50.0|0.240\n",
                                   name)));
  }
  HtmlExample example;
  example.use_detectors(25);
  const std::string page = to_html(example.report);
  CHECK(occurrences(page, "<input type=\"checkbox\"") == 25);
  CHECK(occurrences(page, " checked=\"\"/>") == 4);
  CHECK(occurrences(page, "<details><summary>All figures of each set</summary>") == 1);
  // What box 7 hides: in each set a curve, its circle, its line of the legend, and a histogram.
  CHECK(contains(page, "#show-7:not(:checked) ~ .chosen .choice-7 { display: none; }"));
  CHECK(occurrences(page, " choice-7\"") + occurrences(page, "\"choice-7\"") == 3 * 4);
  CHECK_FALSE(contains(to_html(HtmlExample().report), "checkbox"));
}

TEST_CASE("many detectors on one set are compared with all five figures") {
  HtmlExample example;
  example.report.sets.resize(1);
  example.use_detectors(5);
  example.report.average.reset();
  example.report.sets[0].detectors[4].metrics = {0.01, 0.02, 0.999, 0.998, 0.997};
  const std::string text = checked_text(example.report);
  INFO(text);
  CHECK(
      contains(text, "tr: FPR \u2193|Error \u2193|AUROC \u2191|AUPR in \u2191|AUPR out \u2191\n"));
  CHECK(contains(text, "tr: Another detector (option 4)|1|0.040|1.0|2.0|99.9|99.8|99.7\n"));
  CHECK(contains(to_html(example.report), "<td>1</td><td>0.040</td><td class=\"best\">1.0</td>"));
}

TEST_CASE("the cost of few detectors has a column where it is known") {
  HtmlExample example;
  CHECK_FALSE(contains(to_html(example.report), "ms per image"));
  example.report.sets[0].detectors[3].milliseconds = 12.3456;
  const std::string text = checked_text(example.report);
  CHECK(contains(text, "|AUPR out \u2191|ms per image\n"));
  CHECK(contains(text, "|12.346\n"));
}

TEST_CASE("a scatter plot shows images evenly spaced in the order of their set") {
  // The scores are the images' numbers, so that each point says which image it is.
  std::vector<double> in(2000);
  std::vector<double> out(300);
  std::iota(in.begin(), in.end(), 0.0);
  std::iota(out.begin(), out.end(), 0.0);
  HtmlDetector x;
  x.name = "One";
  x.in = in;
  x.out = out;
  HtmlDetector y = x;
  y.name = "Two";
  const std::string chart = scatter_chart(x, y, "in", "out", "id");
  CHECK(chart == scatter_chart(x, y, "in", "out", "id"));
  CHECK(occurrences(chart, "h0") == kScatterPoints);
  CHECK(occurrences(chart, "l4,4m0-4l-4,4") == 300);
  CHECK(contains(chart, "Scores by One and by Two: in and out"));
  // The first one stands at the ends of the axes, and number 1000 where its score says.
  CHECK(contains(chart, " d=\"M80,258h0"));
  const ScoreHistogram axis = score_histogram(in, out, 1);
  const double share = (1000 - axis.begin) / (axis.end - axis.begin);
  CHECK(contains(chart, fmt::format("M{:.1f},{:.1f}h0", 80 + 266 * share, 258 - 248 * share)));
  y.in = std::span(in).first(1999);
  CHECK_THROWS_WITH_AS(scatter_chart(x, y, "in", "out", "id"),
                       doctest::Contains("have not scored the same images"), Error);
}

TEST_CASE("what two detectors accept together is counted over all images") {
  // The threshold is the second lowest of twenty in-distribution scores: 1.
  std::vector<double> in(20);
  std::iota(in.begin(), in.end(), 0.0);
  const std::vector<double> x_out{5, 1, -1, -1, 1, 0, 1, 0, 0, 0};
  const std::vector<double> y_out{0, 2, 3, 0.5, 7, 4, 1, 0, 0, 0};
  HtmlDetector x;
  x.in = in;
  x.out = x_out;
  HtmlDetector y = x;
  y.out = y_out;
  const AcceptedByTwo accepted = accepted_by_two(x, y);
  CHECK(accepted.both == doctest::Approx(0.3));
  CHECK(accepted.only_x == doctest::Approx(0.1));
  CHECK(accepted.only_y == doctest::Approx(0.2));
}

TEST_CASE(
    "the page looks right in Chromium, wide and narrow, light and dark, with few and many "
    "detectors") {
  for (const bool many : {false, true}) {
    const TemporaryFolder folder;
    HtmlExample example;
    if (many) example.use_detectors(12);
    write_html_report(example.report, folder.path());
    const ProgramResult result = run_script("browser.py", "check " + page_of(folder));
    if (result.exit_status == 77) return skip(result.errors);
    INFO(result.output);
    INFO(result.errors);
    CHECK(result.exit_status == 0);
    for (const char* what : {"400 light", "400 dark", "1280 light", "1280 dark"}) {
      CHECK(contains(result.output, what));
    }
    const char* counts = many ? " texts, 48 images, 44 charts\n" : " texts, 48 images, 20 charts\n";
    CHECK(contains(result.output, counts));
  }
}

}  // namespace
}  // namespace odin::test
