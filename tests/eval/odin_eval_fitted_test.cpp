// odin_eval with detectors that learn from training images, and with a search for detectors'
// options.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_eval_support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr const char* kFitted =
    " --score react,dice,vim,knn:neighbours=3,mahalanobis,relative_mahalanobis,temperature_scaling";

// The scores that a run has written, of all files in their order.
std::string fitted_scores_in(const fs::path& folder) {
  std::string all;
  for (const char* name : {"React", "Dice", "Vim", "Knn_neighbours3", "Mahalanobis",
                           "RelativeMahalanobis", "TemperatureScaling"}) {
    for (const char* side : {"In", "Out"}) {
      const fs::path file = folder / fmt::format("confidence_{}_{}.txt", name, side);
      REQUIRE(fs::exists(file));
      all += content_of(file);
    }
  }
  return all;
}

std::string refused(const EvalWorkspace& w, const std::string& options) {
  const ProgramResult r = w.run(kGeneral + options + " --quiet");
  CHECK(r.exit_status == 1);
  CHECK(one_line(r.errors));
  return r.errors;
}

}  // namespace

TEST_CASE("detectors are fitted on the training half, whose outputs are kept for the next run") {
  const EvalWorkspace w;
  w.write_training_half();
  const std::string command = std::string(kGeneral) + kFitted;
  const ProgramResult first = w.succeed(command + " --threads 1 --scores first --json r.json");
  CHECK(contains(first.errors, "CIFAR-10 (training) (images to fit on): 60 images"));
  const std::string expected = fitted_scores_in(w.folder / "first");
  REQUIRE(std::distance(fs::directory_iterator(w.folder / "odin_fits"), {}) == 1);
  const Json json = Json::parse(content_of(w.folder / "r.json"));
  CHECK(json["milliseconds_per_image"].size() == 7);

  const ProgramResult second = w.succeed(command + " --threads 1 --scores second --batch-size 5");
  CHECK_FALSE(contains(second.errors, "images to fit on"));
  CHECK(fitted_scores_in(w.folder / "second") == expected);

  w.succeed(command + " --threads 3 --scores third --fit-dir other --batch-size 7");
  CHECK(fitted_scores_in(w.folder / "third") == expected);
}

TEST_CASE("other training images are given with --fit-on, and fewer with --fit-images") {
  const EvalWorkspace w;
  w.write_folder("photos", 9, 1);
  const ProgramResult r =
      w.succeed(std::string(kGeneral) + " --score react --fit-on folder:photos --fit-images 6");
  CHECK(contains(r.errors, "(images to fit on): 6 images"));
}

TEST_CASE("images that are judged or tuned on are not fitted on") {
  const EvalWorkspace w;
  // By another name, too.
  const std::string same = " --score react --fit-on cifar10:./cifar-10-batches-bin";
  CHECK(
      contains(refused(w, same),
               "images of cifar10:cifar-10-batches-bin would be both fitted on and judged: give "
               "others with --fit-on, or take only the 3 that are left out, with --fit-images 3"));
  CHECK(contains(refused(w, same + " --fit-images 4"), "both fitted on and judged"));
  w.succeed(kGeneral + same + " --fit-images 3");
  // A folder around the set's, and one in it.
  w.write_folder("photos/a", 5, 1);
  w.write_folder("photos/b", 5, 2);
  const std::string photos = "--weights densenet10.h5 --out uniform --skip 0 --score react --quiet";
  for (const char* sets : {" --in folder:photos/a --fit-on folder:photos/",
                           " --in folder:photos --fit-on folder:photos/b --fit-images 1"}) {
    const ProgramResult r = w.run(photos + sets);
    CHECK(r.exit_status == 1);
    CHECK(contains(r.errors, "both fitted on and judged: give others with --fit-on"));
  }
  w.succeed(photos + " --in folder:photos/a --fit-on folder:photos/b");
  const std::string error = refused(w, same + " --fit-images 3 --search");
  CHECK(contains(error, "both fitted on and judged: give others with --fit-on"));
  CHECK_FALSE(contains(error, "left out"));
}

TEST_CASE("training images that are missing or do not suffice are refused with a sentence") {
  const EvalWorkspace w;
  CHECK(contains(refused(w, " --score react"), "give others with --fit-on"));
  CHECK(contains(refused(w, " --score react --fit-on uniform"), "no network was trained on"));
  w.write_folder("photos", 9, 1);
  CHECK(contains(refused(w, " --score mahalanobis --fit-on folder:photos"),
                 "the score mahalanobis cannot be fitted on "));
  CHECK(contains(refused(w, " --score knn --fit-on folder:photos"),
                 "the score knn cannot be fitted on "));
  const ProgramResult unknown =
      w.run("--weights densenet10.h5 --in folder:photos --out uniform --score react --skip 0");
  CHECK(unknown.exit_status == 1);
  CHECK(contains(unknown.errors, "give them with --fit-on"));
  const ProgramResult wrong = w.run(kGeneral + std::string(" --score react:percentile=101"));
  CHECK(wrong.exit_status == 2);
  CHECK(contains(wrong.errors, "percentile of the score react must be between"));
}

TEST_CASE("a search chooses the options that are best on the held-out images") {
  const EvalWorkspace w;
  w.write_training_half();
  const std::string command =
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out uniform --out gaussian "
      "--skip 9 --limit 24 --device cpu --quiet --score ";
  w.succeed(command + "energy,react,ash_s --search --json s.json");
  const Json json = Json::parse(content_of(w.folder / "s.json"));
  REQUIRE(json["searches"].size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& options = json["searches"][i]["options"];
    REQUIRE(options.size() == 2);
    CHECK_FALSE(json["searches"][i].contains("cells"));
    for (const char* name : {"react", "ash_s"}) {
      const Json& search = options[name];
      REQUIRE(search["tried"].size() > 2);
      CHECK(search["tried"][0]["score"] == name);
      double least = 1;
      double of_chosen = 2;
      for (const Json& one : search["tried"]) {
        least = std::min(least, double(one["fpr_at_tpr95"]));
        if (one["score"] == search["chosen"]) of_chosen = one["fpr_at_tpr95"];
      }
      CHECK(of_chosen == least);
      // The report has the chosen options' figures, under the detector's name.
      const std::string chosen = search["chosen"];
      w.succeed(command + chosen + " --json own.json");
      const Json own = Json::parse(content_of(w.folder / "own.json"));
      CHECK(own["evaluations"][i]["detectors"][chosen]["auroc"] ==
            json["evaluations"][i]["detectors"][name]["auroc"]);
    }
  }
  const ProgramResult nothing = w.run(command + "energy,baseline --search");
  CHECK(nothing.exit_status == 2);
  CHECK(contains(nothing.errors, "--search has nothing to choose"));
}

TEST_CASE("a score that cannot be fitted does not take the others with it") {
  const EvalWorkspace w;
  w.write_folder("photos", 9, 1);  // without classes
  const std::string command = std::string(kGeneral) + " --quiet --fit-on folder:photos --score ";
  const ProgramResult r =
      w.run(command +
            "mahalanobis,energy,she,react --plot she --json r.json --csv r.csv --report page "
            "--scores s");
  CHECK(r.exit_status == 1);
  const std::string of_mahalanobis = "the score mahalanobis cannot be fitted on ";
  INFO(r.errors);
  CHECK(r.errors.starts_with("odin_eval: the score she cannot be fitted on "));
  CHECK(holds(r.errors, {"\n" + of_mahalanobis}));
  CHECK(holds(r.output, {"Failed: " + of_mahalanobis}));
  CHECK(holds(content_of(w.folder / "r.csv"), {",note,", "Failed: " + of_mahalanobis}));
  CHECK(holds(content_of(w.folder / "page/index.html"), {"Failed: " + of_mahalanobis}));
  CHECK(fs::exists(w.folder / "s/confidence_React_In.txt"));
  CHECK_FALSE(fs::exists(w.folder / "s/confidence_Mahalanobis_In.txt"));
  // The figures of the others are those of a run without it.
  w.succeed(command + "energy,react --json others.json");
  const Json json = Json::parse(content_of(w.folder / "r.json"));
  CHECK(json["evaluations"] == Json::parse(content_of(w.folder / "others.json"))["evaluations"]);
}

TEST_CASE("a search tries the options with which a score can be fitted") {
  const EvalWorkspace w;
  w.write_folder("photos", 9, 1);
  const ProgramResult r = w.run(
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out uniform --skip 9 --limit 24 "
      "--device cpu --quiet --fit-on folder:photos --search --score knn,she --json r.json");
  CHECK(r.exit_status == 1);
  CHECK(r.errors.starts_with("odin_eval: the score she cannot be fitted on "));
  CHECK(one_line(r.errors));
  const Json json = Json::parse(content_of(w.folder / "r.json"));
  const Json& tried = json["searches"][0]["options"]["knn"]["tried"];
  REQUIRE(tried.size() == 2);
  CHECK(tried[0]["score"] == "knn:neighbours=1");
  CHECK(tried[1]["score"] == "knn:neighbours=5");
  CHECK(json["evaluations"][0]["detectors"].size() == 1);
  CHECK(json["evaluations"][0]["detectors"].contains("knn"));
}
