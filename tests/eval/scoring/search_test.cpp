#include "eval/scoring/search.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

struct Fixture : SmallNetwork {
  std::vector<NamedDataset> out = {noise_set("a", NoiseKind::kUniform, 5, 2),
                                   noise_set("b", NoiseKind::kGaussian, 6, 3)};

  Fixture() : SmallNetwork(noise_set("in", NoiseKind::kUniform, 8, 1)) {}

  std::vector<SearchResult> run(const SearchGrid& grid, const ScoringOptions& options = {}) {
    return run_search(scorer, in, out, grid, options, progress);
  }
};

const SearchGrid kSmall{{1, 1000}, {0, 0.001, 0.002}};

// The metrics of a cell.
Metrics cell(double fpr, double auroc) {
  Metrics metrics;
  metrics.fpr_at_tpr95 = fpr;
  metrics.auroc = auroc;
  return metrics;
}

}  // namespace

TEST_CASE("the grid is the paper's") {
  const SearchGrid grid = paper_grid();
  CHECK(grid.temperatures == std::vector<double>{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000});
  REQUIRE(grid.magnitudes.size() == 21);
  CHECK(grid.magnitudes.front() == 0);
  CHECK(grid.magnitudes[7] == 0.0014);
  CHECK(grid.magnitudes[10] == 0.002);
  CHECK(grid.magnitudes.back() == 0.004);
  const std::vector<OdinParameters> cells = cells_of(grid);
  REQUIRE(cells.size() == 210);
  CHECK(cells[21] == OdinParameters{2, 0});
}

TEST_CASE("a search over 10 x 21 cells costs exactly its passes") {
  Fixture f;
  f.run(paper_grid());
  // One forward pass, one gradient per temperature, and one pass for every cell with a magnitude
  // above 0; the in-distribution images once for both sets.
  const std::int64_t images = 8 + 5 + 6;
  CHECK(f.count == PassCount{images, 10 * images, 10 * 20 * images, images});
}

TEST_CASE("every cell of a search equals a single run") {
  Fixture f;
  const std::vector<SearchResult> results = f.run(kSmall);
  REQUIRE(results.size() == 2);
  const std::vector<OdinParameters> cells = cells_of(kSmall);
  for (std::size_t s = 0; s < 2; ++s) {
    CHECK(results[s].out_set == f.out[s].display_name);
    CHECK(results[s].in_images == 8);
    CHECK(results[s].out_images == f.out[s].images->size());
    REQUIRE(results[s].cells.size() == cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto score = [&](const NamedDataset& set) {
        return score_set(f.scorer, set, {&cells[i], 1}, {}, f.progress).of(detectors::kOdin);
      };
      CHECK(results[s].cells[i] == exact_metrics(score(f.in), score(f.out[s])));
    }
    CHECK(results[s].best == best_cell(kSmall, results[s].cells));
    CHECK(results[s].chosen() == cells[results[s].best]);
  }
}

TEST_CASE("the least FPR is chosen, with ties decided by AUROC, magnitude and temperature") {
  // Cells: (1, 0), (1, 0.001), (1, 0.002), (1000, 0), (1000, 0.001), (1000, 0.002).
  std::vector<Metrics> cells(6, cell(0.5, 0.5));
  CHECK(best_cell(kSmall, cells) == 3);
  cells[1] = cells[4] = cells[5] = cell(0.4, 0.5);
  CHECK(best_cell(kSmall, cells) == 4);
  cells[5] = cell(0.4, 0.6);
  CHECK(best_cell(kSmall, cells) == 5);
  cells[0] = cell(0.3, 0.1);
  CHECK(best_cell(kSmall, cells) == 0);
  CHECK_THROWS_AS(best_cell(kSmall, std::span(cells).first(5)), Error);
  cells[2].fpr_at_tpr95.reset();
  CHECK_THROWS_AS(best_cell(kSmall, cells), Error);
}

TEST_CASE("an interrupted search resumes where it stopped") {
  const TemporaryFolder folder;
  Fixture f;
  const std::vector<SearchResult> expected = f.run(kSmall);
  const ScoreStore store(folder / "kept/scores", f.checkpoint, "cpu");
  ScoringOptions options;
  options.batch_size = 2;
  options.store = &store;

  // Interrupted after the in-distribution set.
  const std::vector<NamedDataset> both = std::exchange(f.out, {});
  f.run(kSmall, options);
  f.out = both;
  f.count = {};
  const std::vector<SearchResult> resumed = f.run(kSmall, options);
  CHECK(f.count.forward == 5 + 6);
  for (std::size_t s = 0; s < 2; ++s) CHECK(resumed[s].cells == expected[s].cells);

  // Nothing remains to do; a file that is damaged or missing is made again.
  f.count = {};
  f.run(kSmall, options);
  CHECK(f.count == PassCount{});
  std::vector<fs::path> files(fs::directory_iterator(folder / "kept/scores"), {});
  REQUIRE(files.size() == 4 + 3 + 3);
  std::fstream(files[0], std::ios::in | std::ios::out | std::ios::binary).put('\x55');
  fs::resize_file(files[1], 17);
  fs::remove(files[2]);
  CHECK(f.run(kSmall, options)[1].cells == expected[1].cells);
  CHECK(f.count.forward >= 3);
  CHECK(f.count.forward <= 6);
}

TEST_CASE("kept scores are reused only for the same run") {
  const TemporaryFolder folder;
  Fixture f;
  const ScoreStore store(folder.path(), f.checkpoint, "cpu");
  ScoringOptions options;
  options.store = &store;
  f.run(kSmall, options);
  const auto scored_anew = [&](const SearchGrid& grid, const ScoreStore& other) {
    f.count = {};
    options.store = &other;
    f.run(grid, options);
    return f.count.forward;
  };
  CHECK(scored_anew(kSmall, store) == 0);
  CHECK(scored_anew({{1, 1000}, {0, 0.001, 0.0021}}, store) == 19);
  CHECK(scored_anew(kSmall, ScoreStore(folder.path(), f.checkpoint, "cuda:0")) == 19);
  Checkpoint changed = f.checkpoint;
  changed.parameters.begin()->second.values[0] += 1;
  CHECK(scored_anew(kSmall, ScoreStore(folder.path(), changed, "cpu")) == 19);
  f.in.images = make_noise(NoiseKind::kUniform, 8, 9);
  CHECK(scored_anew(kSmall, store) == 8);
}

TEST_CASE("a folder for kept scores that cannot be created is named in the error") {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  const std::string below = (folder / "file/scores").string();
  const std::string error = error_of([&] { ScoreStore(below, small_checkpoint(), "cpu"); });
  CHECK(error.find(below) != std::string::npos);
}

TEST_CASE("a search tries each combination of a detector's options, the default first") {
  const std::vector<const Detector*> tried = options_to_try(detectors::kGen);
  REQUIRE(tried.size() == (1 + detectors::kGen.options[0].grid.size()) *
                              (1 + detectors::kGen.options[1].grid.size()));
  CHECK(tried.front() == &detectors::kGen);
  for (const Detector* one : std::span(tried).subspan(1)) {
    CHECK(one->variant_of == &detectors::kGen);
    CHECK(std::ranges::count(tried, one) == 1);
  }
  // A variant that was asked for is what is wanted.
  const Detector& variant = detector_named("gen:largest=10");
  CHECK(options_to_try(variant) == std::vector<const Detector*>{&variant});
  CHECK(options_to_try(detectors::kEnergy) == std::vector<const Detector*>{&detectors::kEnergy});
  const Detector* asked_for[] = {&detectors::kEnergy, &detectors::kOdin, &variant};
  CHECK(detectors_to_search(asked_for) == std::vector<const Detector*>{&detectors::kOdin});
}

TEST_CASE("options cost no passes of their own, and each result equals a single run's") {
  Fixture f;
  const Detector* wanted[] = {&detectors::kAshS, &detectors::kOdin};
  const std::vector<const Detector*> searched = detectors_to_search(wanted);
  f.scorer = counting_scorer(f.checkpoint, *f.backend, f.count, searched);
  const std::vector<SearchResult> results = f.run(kSmall);
  const std::int64_t images = 8 + 5 + 6;
  CHECK(f.count == PassCount{images, 2 * images, 4 * images, images});
  for (std::size_t s = 0; s < 2; ++s) {
    CHECK(results[s].cells.size() == 6);
    REQUIRE(results[s].options.size() == 1);
    const OptionSearch& search = results[s].options[0];
    CHECK(search.detector == &detectors::kAshS);
    CHECK(search.tried == options_to_try(detectors::kAshS));
    for (std::size_t i = 0; i < search.tried.size(); ++i) {
      Scorer alone(f.checkpoint, *f.backend, {&search.tried[i], 1});
      const auto score = [&](const NamedDataset& set) {
        return score_set(alone, set, {}, {}, f.progress).of(*search.tried[i]);
      };
      CHECK(search.results[i] == exact_metrics(score(f.in), score(f.out[s])));
    }
    CHECK(search.best == best_option(search.results));
  }
}

TEST_CASE("of options with equal FPR the greatest AUROC is chosen, then the first") {
  std::vector<Metrics> results(4, cell(0.5, 0.5));
  CHECK(best_option(results) == 0);
  results[2] = cell(0.5, 0.6);
  results[3] = cell(0.5, 0.6);
  CHECK(best_option(results) == 2);
  results[1] = cell(0.4, 0.1);
  CHECK(best_option(results) == 1);
  results[0].fpr_at_tpr95.reset();
  CHECK_THROWS_AS(best_option(results), Error);
  CHECK_THROWS_AS(best_option({}), Error);
}
