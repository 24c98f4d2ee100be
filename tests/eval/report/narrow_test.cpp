// The table on a terminal.
#include <doctest/doctest.h>

#include "eval/published/benchmark_file.h"
#include "eval/report/columns.h"
#include "eval/report/report.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

Evaluation evaluation(const char* set, const char* benchmark_name) {
  const Metrics baseline{0.348, 0.099, 0.953, 0.964, 0.938};
  const Metrics odin{0.043, 0.046, 0.991, std::nullopt, 1};
  return {set,
          8999,
          {{&detectors::kBaseline, 1, 0, baseline,
            published_figures(*load_benchmark("odin"), "densenet10", benchmark_name,
                              detectors::kBaseline, 0.0014)},
           {&detectors::kOdin, 1000, 0.0014, odin,
            published_figures(*load_benchmark("odin"), "densenet10", benchmark_name,
                              detectors::kOdin, 0.0014)}}};
}

Report narrow_example() {
  Report report;
  report.network = "DenseNet-BC-100";
  report.in_set = "CIFAR-10";
  report.in_images = 9000;
  report.skip = 1000;
  report.limit = 10000;
  report.accuracy = 0.9519;
  report.evaluations = {evaluation("Tiny-ImageNet (crop)", "Imagenet"),
                        evaluation("Mine, with a name as long as any folder's can be", "")};
  report.missing = {{"LSUN (crop)", "there is no D/LSUN", "fetch_data LSUN --data-dir D"}};
  return report;
}

// The most columns of a line.
int widest(std::string_view text) {
  int most = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    most = std::max(most, columns_of(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return most;
}

TEST_CASE("the narrow table has a line for each set and detector, and short headings") {
  CHECK(to_narrow_table(narrow_example(), 80) ==
        "DenseNet-BC-100, in-distribution CIFAR-10 (9000 images), in percent\n"
        "\n"
        "              FPR   Det.          AUPR   AUPR\n"
        "              95%  error  AUROC     In    Out\n"
        "Tiny-ImageNet (crop)\n"
        " Baseline    34.8    9.9   95.3   96.4   93.8\n"
        " paper [1]   34.7   10.0   95.3   96.4   93.8\n"
        " ODIN         4.3    4.6   99.1    n/a  100.0\n"
        " paper [2]    4.3    4.7   99.1   99.1   99.1\n"
        "Mine, with a name as long as any folder's can be\n"
        " Baseline    34.8    9.9   95.3   96.4   93.8\n"
        " ODIN         4.3    4.6   99.1    n/a  100.0\n"
        "Average\n"
        " Baseline    34.8    9.9   95.3   96.4   93.8\n"
        " ODIN         4.3    4.6   99.1    n/a  100.0\n"
        "\n"
        "Classification accuracy: 95.2%\n"
        "Images scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop), 8999 of Mine,\n"
        "  with a name as long as any folder's can be. The first 1000 of each set are\n"
        "  held out, and at most 10000 are read\n"
        "Missing: LSUN (crop): there is no D/LSUN; fetch it:\n"
        "  fetch_data LSUN --data-dir D\n"
        "AUPR n/a: all scores are outside the thresholds of the sweep. The exact metrics\n"
        "  have no such bounds.\n"
        "[1] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2\n"
        "[2] Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690v5, Table 2, T = 1000,\n"
        "  magnitude 0.0014\n");
}

TEST_CASE("the narrow table fits 40 columns") {
  const std::string text = to_narrow_table(narrow_example(), 40);
  CAPTURE(text);
  CHECK(widest(text) <= 40);
  CHECK(text.find("\n Baseline   34.8   9.9  95.3  96.4  93.8\n") != std::string::npos);
  CHECK(text.find("\nMine, with a name as long as any\n  folder's can be\n") != std::string::npos);
}

TEST_CASE(
    "a terminal gets the widest form whose figures fit, and what is no terminal the usual one") {
  const Report report = narrow_example();
  const int wide =
      widest(std::string_view(to_table(report)).substr(0, to_table(report).find("Class")));
  CHECK(to_output(report, std::nullopt) == to_table(report));
  CHECK(to_output(report, 200) == to_table(report));
  CHECK(to_output(report, wide)
            .starts_with(to_table(report).substr(0, to_table(report).find("Class"))));
  CHECK(widest(to_output(report, wide)) <= wide);
  CHECK(to_output(report, wide - 1) == to_narrow_table(report, wide - 1));
  CHECK(to_output(report, 80) == to_narrow_table(report, 80));

  Report one = report;
  one.evaluations.resize(1);
  one.missing.clear();
  CHECK(to_output(one, std::nullopt) == to_text(one));
  CHECK(to_output(one, 200) == to_text(one));
  // The figures, ours and the paper's, take 75 columns. The notes are broken.
  const std::size_t figures = to_text(one).find("\nImages scored");
  for (const int columns : {75, 80}) {
    CAPTURE(columns);
    const std::string text = to_output(one, columns);
    CHECK(text.substr(0, figures) == to_text(one).substr(0, figures));
    CHECK(widest(text) <= columns);
  }
  CHECK(to_output(one, 80).find(
            "\nImages scored: 9000 of CIFAR-10, 8999 of Tiny-ImageNet (crop). The first 1000 of\n"
            "  each set are held out, and at most 10000 are read\n"
            "\nAUPR n/a: all scores are outside the thresholds of the sweep. The exact metrics\n"
            "  have no such bounds.\n"
            "\n[1] Liang, ") != std::string::npos);
  CHECK(to_output(one, 74) == to_narrow_table(one, 74));

  // A command stays in one line.
  one.missing = report.missing;
  one.missing[0].reason = "there is no folder " + std::string(wide, 'D');
  CHECK(to_output(one, wide).starts_with(to_table(one).substr(0, to_table(one).find("Class"))));
  CHECK(to_output(one, wide).find("\n  fetch_data LSUN --data-dir D\n") != std::string::npos);
}

}  // namespace
}  // namespace odin
