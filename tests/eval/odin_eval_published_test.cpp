// The ODIN authors' own network on their own images.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_eval_support.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

// What PyTorch computed for one image (tests/pytorch/make_authors_scores.py).
struct Expected {
  double baseline, max_logit, energy, odin;
  int uncertain_signs;  // elements of the gradient so small that rounding decides their sign
};

std::map<std::string, std::vector<Expected>> expected_scores() {
  std::ifstream file(ODIN_SOURCE_DIR "/tests/eval/densenet10_scores.txt");
  std::map<std::string, std::vector<Expected>> sets;
  std::string set;
  Expected e{};
  while (file >> set >> e.baseline >> e.max_logit >> e.energy >> e.odin >> e.uncertain_signs) {
    sets[set].push_back(e);
  }
  return sets;
}

// The largest difference of the images' scores from those expected.
double largest_difference(const fs::path& file, const std::vector<Expected>& expected,
                          double Expected::*score, bool uncertain) {
  const std::vector<double> ours = read_scores(file);
  REQUIRE(ours.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if ((expected[i].uncertain_signs > 0) != uncertain) continue;
    largest = std::max(largest, std::abs(ours[i] - expected[i].*score));
  }
  return largest;
}

// Single precision, in another order of summation than PyTorch's: the logits reach 20, and differ
// by 1e-5 at most. At T = 1000 a thousandth of that reaches ODIN's score. A sign that rounding
// decides moves one of 3072 pixels.
void check_scores(const fs::path& folder, const char* kind, const std::vector<Expected>& expected) {
  REQUIRE(expected.size() == 200);
  for (const bool uncertain : {false, true}) {
    CAPTURE(uncertain);
    const auto difference = [&](const char* detector, double Expected::*score) {
      return largest_difference(folder / fmt::format("confidence_{}_{}.txt", detector, kind),
                                expected, score, uncertain);
    };
    CHECK(difference("Base", &Expected::baseline) < 1e-5);
    CHECK(difference("MaxLogit", &Expected::max_logit) < 1e-4);
    CHECK(difference("Energy", &Expected::energy) < 1e-4);
    CHECK(difference("Our", &Expected::odin) < (uncertain ? 1e-5 : 1e-6));
  }
}

TEST_CASE("the authors' DenseNet gives their images PyTorch's scores" *
          doctest::test_suite("slow needs-data")) {
  const fs::path shared = shared_folder();
  const fs::path network = shared / "checkpoints" / "odin_authors_densenet10.pth";
  if (shared.empty() || !fs::exists(network)) {
    return skip("../shared/checkpoints, with the authors' network, is absent");
  }
  const TemporaryFolder folder;
  for (const char* set : {"cifar10", "lsun-resize", "imagenet-resize", "isun"}) {
    if (!unpack_shared(set, folder.path())) return;
  }
  const std::string path = folder.path().string();
  const ProgramResult converted =
      run_program(fmt::format("'{}' '{}' '{}/densenet10.h5' --in-dataset cifar10",
                              ODIN_BINARY_DIR "/tools/convert_checkpoint", network.string(), path));
  INFO(converted.errors);
  REQUIRE(converted.exit_status == 0);
  const ProgramResult scored = run_program(fmt::format(
      "'{0}' --nn densenet10 --weights-dir '{1}' --data-dir '{1}' --out_dataset Imagenet_resize "
      "LSUN_resize iSUN --skip 1000 --limit 1200 --score {2} --jpeg-chroma linear --device cpu "
      "--scores '{1}/scores'",
      kEvalProgram, path, kUnfitted));
  INFO(scored.errors);
  REQUIRE(scored.exit_status == 0);
  const auto expected = expected_scores();
  const char* sets[] = {"Imagenet_resize", "LSUN_resize", "iSUN"};
  for (int i = 0; i < 3; ++i) {
    CAPTURE(sets[i]);
    const fs::path scores = folder / fmt::format("scores/out_{}", i + 1);
    check_scores(scores, "In", expected.at("CIFAR-10"));
    check_scores(scores, "Out", expected.at(sets[i]));
  }
}

}  // namespace
}  // namespace odin::test
