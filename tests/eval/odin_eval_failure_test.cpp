// odin_eval where something fails after hours of work.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_eval_support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

const std::string kRun =
    "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --skip 0 --device cpu --quiet ";

// A set with an image whose damage its header does not show.
void write_damaged(const EvalWorkspace& w, const std::string& name) {
  w.write_folder(name, 6, 7);
  const fs::path image = w.folder / name / "0003.png";
  const Bytes whole = read_file(image);
  write_file(image, {whole.begin(), whole.end() - 20});
}

// The score files of the first set.
std::string scores_in(const fs::path& folder) {
  std::string all;
  for (const char* file : {"Base_In", "Base_Out", "Our_In", "Our_Out"}) {
    all += content_of(folder / fmt::format("confidence_{}.txt", file));
  }
  return all;
}

}  // namespace

TEST_CASE("a set that fails does not take the finished ones with it") {
  const EvalWorkspace w;
  w.write_folder("a", 5, 1);
  w.write_folder("c", 7, 2);
  write_damaged(w, "b");
  const ProgramResult r =
      w.run(kRun +
            "--out folder:a --out folder:b --out folder:c --json r.json --csv r.csv "
            "--markdown r.md --report page --scores s");
  CHECK(r.exit_status == 1);
  CHECK(holds(r.errors, {"odin_eval: b failed: 'b/0003.png' cannot be decoded"}));
  CHECK(holds(r.output, {"\na ", "\nc ", "5 of a, 7 of c", "Failed: b: 'b/0003.png'"}));
  CHECK(r.output.find("\nb ") == std::string::npos);
  const auto json = nlohmann::json::parse(content_of(w.folder / "r.json"));
  REQUIRE(json["evaluations"].size() == 2);
  CHECK(json["failed"][0]["out_set"] == "b");
  CHECK(holds(content_of(w.folder / "r.csv"), {",b,,,,failed,"}));
  CHECK(holds(content_of(w.folder / "r.md"), {"Failed: b"}));
  CHECK(holds(content_of(w.folder / "page/index.html"), {"Failed: b"}));
  // The others' figures and scores are those of runs without it, and keep their places.
  w.succeed(kRun + "--out folder:c --json c.json --scores only_c");
  const auto only_c = nlohmann::json::parse(content_of(w.folder / "c.json"));
  CHECK(json["evaluations"][1] == only_c["evaluations"][0]);
  CHECK(scores_in(w.folder / "s/out_3") == scores_in(w.folder / "only_c"));
  CHECK(fs::exists(w.folder / "s/out_1"));
  CHECK_FALSE(fs::exists(w.folder / "s/out_2"));
  CHECK(content_of(w.folder / "s/sets.txt") == "out_1 a\nout_3 c\n");
  CHECK_FALSE(fs::exists(w.folder / "only_c/sets.txt"));
}

TEST_CASE("a set that fails in a search does not take the others with it") {
  const EvalWorkspace w;
  write_damaged(w, "b");  // image 3 is among those held out
  const std::string run =
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --skip 4 --limit 6 --device cpu "
      "--quiet --search --out folder:a --out folder:b ";
  w.write_folder("a", 6, 1);
  const ProgramResult r = w.run(run + "--json r.json");
  CHECK(r.exit_status == 1);
  CHECK(holds(r.errors, {"odin_eval: b failed: 'b/0003.png' cannot be decoded"}));
  CHECK(holds(r.output, {"2 of CIFAR-10, 2 of a.", "of a: temperature"}));
  const auto json = nlohmann::json::parse(content_of(w.folder / "r.json"));
  CHECK(json["searches"].size() == 1);
  CHECK(json["failed"].size() == 1);
}

TEST_CASE("where every set fails there is an error and no table") {
  const EvalWorkspace w;
  write_damaged(w, "b");
  const ProgramResult r = w.run(kRun + "--out folder:b --json r.json");
  CHECK(r.exit_status == 1);
  CHECK(r.output.empty());
  CHECK(holds(r.errors, {"odin_eval: 'b/0003.png' cannot be decoded"}));
  CHECK_FALSE(fs::exists(w.folder / "r.json"));
  // --skip-bad-images decodes everything before the work, so it finds this damage too.
  const ProgramResult skipped = w.succeed(kRun + "--out folder:b --skip-bad-images");
  CHECK(holds(skipped.output, {"25 of CIFAR-10, 5 of b", "b: 1 picture was left out"}));
}

TEST_CASE("a full disk hides neither the figures nor the other files") {
  const EvalWorkspace w;
  const std::string expected = w.succeed(kRun + "--out uniform").output;
  for (const char* option : {"--json", "--csv"}) {
    const ProgramResult r =
        w.run(fmt::format("{} --out uniform {} /dev/full --markdown r.md", kRun, option));
    CHECK(r.exit_status == 1);
    CHECK(r.output == expected);
    CHECK(holds(r.errors, {"/dev/full"}));
    CHECK(r.errors.find('\n') == r.errors.size() - 1);
    CHECK(fs::exists(w.folder / "r.md"));
    fs::remove(w.folder / "r.md");
  }
  // Two of them, and standard output.
  const ProgramResult r =
      w.run(kRun + "--out uniform --json /dev/full --csv /dev/full --markdown r.md >/dev/full");
  CHECK(r.exit_status == 1);
  CHECK(
      holds(r.errors, {"cannot write to standard output: No space left on device\n", "/dev/full"}));
  CHECK(fs::exists(w.folder / "r.md"));
}
