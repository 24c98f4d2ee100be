#include "eval/scoring/score_files.h"

#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

TEST_CASE("score files are those of the authors' code, with one line per image") {
  const test::TemporaryFolder folder;
  const std::vector<double> baseline_in{0.75, 0.5};
  const std::vector<double> baseline_out{0.25};
  const std::vector<double> odin_in{0.10012345678901234, 0.1};
  const fs::path below = folder / "new/folder";
  write_score_files({&detectors::kBaseline, 1000, 0.0014, baseline_in, baseline_out}, below);
  write_score_files({&detectors::kOdin, 1000, 0.0014, odin_in, {}}, below);
  CHECK(test::content_of(below / "confidence_Base_In.txt") ==
        "1000, 0.0014, 0.75\n1000, 0.0014, 0.5\n");
  CHECK(test::content_of(below / "confidence_Base_Out.txt") == "1000, 0.0014, 0.25\n");
  CHECK(test::content_of(below / "confidence_Our_In.txt") ==
        "1000, 0.0014, 0.10012345678901234\n1000, 0.0014, 0.1\n");
  CHECK(test::content_of(below / "confidence_Our_Out.txt").empty());
  CHECK(std::distance(fs::directory_iterator(below), fs::directory_iterator()) == 4);
}

TEST_CASE("scores read back as the same doubles") {
  const test::TemporaryFolder folder;
  std::vector<double> scores{1.0 / 3, 0.1 + 1e-17, 1, 1e-300, std::numeric_limits<double>::min()};
  for (int i = 0; i < 1000; ++i) scores.push_back(0.1 + i * 1.2345678901234567e-9);
  write_score_files({&detectors::kOdin, 0.5, 1e-5, {}, scores}, folder.path());
  std::ifstream file(folder / "confidence_Our_Out.txt");
  std::string line;
  for (const double score : scores) {
    REQUIRE(std::getline(file, line));
    double temperature = 0;
    double magnitude = 0;
    double found = 0;
    REQUIRE(std::sscanf(line.c_str(), "%lf, %lf, %lf", &temperature, &magnitude, &found) == 3);
    CHECK(temperature == 0.5);
    CHECK(magnitude == 1e-5);
    CHECK(found == score);
  }
  CHECK_FALSE(std::getline(file, line));
}

TEST_CASE("a folder for score files that cannot be created is named in the error") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  const fs::path below = folder / "file/folder";
  CHECK_THROWS_WITH_AS(
      write_score_files({}, below),
      ("the folder " + below.string() + " cannot be written to: Not a directory; name another")
          .c_str(),
      Error);
}

}  // namespace
}  // namespace odin
