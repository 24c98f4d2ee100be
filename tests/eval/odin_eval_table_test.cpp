// odin_eval with many sets, many scores, and a search.
#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/odin_eval_support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

// The authors' sets, except for the two of LSUN.
void write_authors_sets(const EvalWorkspace& w) {
  w.write_folder("Imagenet", 9, 1);
  w.write_folder("Imagenet_resize", 8, 2);
  w.write_folder("iSUN", 7, 3);
}

constexpr const char* kAll = "--nn densenet10 --out_dataset all --skip 3 --device cpu --quiet ";

Json json_file(const EvalWorkspace& w, const char* name) {
  return Json::parse(content_of(w.folder / name));
}

}  // namespace

TEST_CASE("one command gives the whole table and says how to fetch what is missing") {
  const EvalWorkspace w;
  write_authors_sets(w);
  const ProgramResult r =
      w.succeed(std::string(kAll) + "--json t.json --csv t.csv --markdown t.md --scores s");
  CHECK(r.errors.empty());
  CHECK(
      contains(r.output, "DenseNet-BC-100, in-distribution CIFAR-10 (22 images); Baseline / ODIN"));
  std::size_t at = 0;
  for (const char* row :
       {"\nTiny-ImageNet (crop) ", "\n  paper [1, 2] ", "\nTiny-ImageNet (resize) ", "\niSUN ",
        "\n  paper [3] ", "\nUniform noise ", "\nGaussian noise ",
        "\nMissing: LSUN (crop): there is no ./LSUN; fetch it: fetch_data LSUN --data-dir .\n",
        "\nMissing: LSUN (resize): ", "\n[1] Liang"}) {
    CAPTURE(row);
    at = r.output.find(row, at);
    REQUIRE(at != std::string::npos);
  }
  const Json json = json_file(w, "t.json");
  REQUIRE(json["evaluations"].size() == 5);
  CHECK(json["missing"].size() == 2);
  CHECK(json["evaluations"][0]["detectors"]["odin"]["paper"]["fpr_at_tpr95"] == 0.043);
  CHECK(json["evaluations"][2]["out_images"] == 4);
  CHECK(contains(content_of(w.folder / "t.csv"), ",LSUN (crop),,,,missing,"));
  CHECK(contains(content_of(w.folder / "t.md"), "| Tiny-ImageNet (crop) | "));
  CHECK(fs::exists(w.folder / "s/out_5/confidence_Our_Out.txt"));
}

TEST_CASE("whose figures the published ones are is said where the network was given by its file") {
  const EvalWorkspace w;
  w.write_folder("iSUN", 7, 3);
  const std::string note =
      "The published figures are of the authors' own training of a DenseNet-BC-100 (densenet10)";
  const std::string rest = " --out_dataset iSUN --skip 3 --limit 4 --device cpu --quiet --score ";
  const std::string by_file =
      "--weights '" ODIN_SOURCE_DIR
      "/weights/densenet_bc_100_cifar10.h5' --in cifar10:cifar-10-batches-bin";
  CHECK(contains(w.succeed(by_file + rest + "odin").output, note));
  CHECK_FALSE(contains(w.succeed("--nn densenet10" + rest + "odin").output, note));
  CHECK_FALSE(contains(w.succeed(by_file + rest + "energy").output, note));
}

TEST_CASE("every figure and every score of the table equals that of a single run") {
  const EvalWorkspace w;
  write_authors_sets(w);
  REQUIRE(
      w.run(std::string(kAll) + "--json all.json --scores all --score " + kUnfitted).exit_status ==
      0);
  const Json all = json_file(w, "all.json")["evaluations"];
  int set = 0;
  for (const char* name : {"Imagenet", "Imagenet_resize", "iSUN", "Uniform", "Gaussian"}) {
    CAPTURE(name);
    const ProgramResult r = w.succeed(
        fmt::format("--nn densenet10 --out_dataset {} --skip 3 --device cpu --quiet --score {} "
                    "--json one.json --scores one",
                    name, kUnfitted));
    CHECK(json_file(w, "one.json")["evaluations"][0] == all[static_cast<std::size_t>(set++)]);
    for (const char* detector : {"Base", "MaxLogit", "Energy", "Our"}) {
      for (const char* side : {"In", "Out"}) {
        const std::string file = fmt::format("confidence_{}_{}.txt", detector, side);
        CHECK(content_of(w.folder / ("one/" + file)) ==
              content_of(w.folder / fmt::format("all/out_{}/{}", set, file)));
      }
    }
  }
}

TEST_CASE("one page shows the table, the search and the images of every set") {
  const EvalWorkspace w;
  write_authors_sets(w);
  const ProgramResult r =
      w.succeed(std::string(kAll) +
                "--limit 6 --search --report new/page --plot energy,odin --score " + kUnfitted);
  const std::string page = content_of(w.folder / "new/page/index.html");
  for (const char* part :
       {"DenseNet-BC-100", "CIFAR-10", "Tiny-ImageNet (resize)", "Gaussian noise", "Energy",
        "arXiv:1706.02690v5", "LSUN (crop)", "fetch_data LSUN --data-dir .", "FPR at TPR 95",
        "class ", "data:image/png;base64,"}) {
    CAPTURE(part);
    CHECK(contains(page, part));
  }
  // Of many detectors, the two that were asked for are shown first.
  CHECK(contains(page, "<title id=\"set-1-scatter-title\">Scores by Energy and by ODIN: "));
  CHECK(occurrences(page, "<input type=\"checkbox\"") > 4);
  CHECK(occurrences(page, " checked=\"\"/>") == 2);
  // Three images at both ends, of the in-distribution set and of each of five sets.
  CHECK(occurrences(page, "data:image/png") == 2 * 3 * 6);
  CHECK_FALSE(contains(page, "http://"));
}

TEST_CASE("sets of any kind are evaluated together, and a missing one is reported") {
  const EvalWorkspace w;
  const ProgramResult r = w.succeed(
      std::string(kGeneral) + " --out folder:d/iSUN --out gaussian --out_dataset Uniform --quiet");
  CHECK(contains(
      r.output,
      "\nMissing: folder:d/iSUN: there is no d/iSUN; fetch it: fetch_data iSUN --data-dir d\n"));
  CHECK(contains(r.output, "\nUniform noise "));
  CHECK_FALSE(contains(r.output, "paper"));
}

TEST_CASE("scores are selected by name") {
  const EvalWorkspace w;
  const ProgramResult r = w.succeed(std::string(kGeneral) +
                                    " --score energy,max_logit --json r.json --scores s --quiet");
  CHECK(contains(r.output, "                         Max Logit             Energy\n"));
  CHECK(json_file(w, "r.json")["evaluations"][0]["detectors"].size() == 2);
  CHECK(fs::exists(w.folder / "s/confidence_Energy_In.txt"));
  CHECK_FALSE(fs::exists(w.folder / "s/confidence_Our_In.txt"));
}

TEST_CASE("a search tunes on the held-out images and reports on the others") {
  const EvalWorkspace w;
  const std::string command = std::string(kGeneral) + " --out gaussian --limit 6 --quiet";
  const ProgramResult r = w.succeed(command + " --search --json s.json");
  const Json json = json_file(w, "s.json");
  REQUIRE(json["searches"].size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& search = json["searches"][i];
    CHECK(search["in_images"] == 3);
    CHECK(search["out_images"] == 3);
    REQUIRE(search["cells"].size() == 210);
    double least = 1;
    for (const Json& cell : search["cells"]) least = std::min(least, double(cell["fpr_at_tpr95"]));
    // The report on a set has the parameters chosen for it, and equals that of a single run.
    const Json& odin = json["evaluations"][i]["detectors"]["odin"];
    CHECK(odin["temperature"] == search["chosen"]["temperature"]);
    CHECK(odin["magnitude"] == search["chosen"]["magnitude"]);
    const ProgramResult own =
        w.run(fmt::format("{} --temperature {} --magnitude {} --json own.json", command,
                          double(odin["temperature"]), double(odin["magnitude"])));
    REQUIRE(own.exit_status == 0);
    CHECK(json_file(w, "own.json")["evaluations"][i]["detectors"]["odin"] == odin);
  }
  // The kept scores give the same results again.
  CHECK(std::distance(fs::directory_iterator(w.folder / "odin_search"), {}) == 3);
  const ProgramResult again = w.run(command + " --search");
  CHECK(again.output == r.output);
  CHECK(std::distance(fs::directory_iterator(w.folder / "odin_search"), {}) == 3);
}

TEST_CASE("a search on one set reports on the others") {
  const EvalWorkspace w;
  write_authors_sets(w);
  const ProgramResult r = w.succeed(
      "--nn densenet10 --out_dataset Uniform --out_dataset iSUN --out_dataset Imagenet --skip 3 "
      "--limit 6 --device cpu --quiet --search --search-dir kept --tune-on iSUN --json s.json");
  const Json json = json_file(w, "s.json");
  REQUIRE(json["searches"].size() == 1);
  CHECK(json["searches"][0]["tuned_on"] == "iSUN");
  REQUIRE(json["evaluations"].size() == 2);
  CHECK(json["evaluations"][0]["out_set"] == "Tiny-ImageNet (crop)");
  CHECK(json["evaluations"][1]["out_set"] == "Uniform noise");
  for (const Json& evaluation : json["evaluations"]) {
    CHECK(evaluation["detectors"]["odin"]["magnitude"] ==
          json["searches"][0]["chosen"]["magnitude"]);
  }
  CHECK(fs::exists(w.folder / "kept"));
}
