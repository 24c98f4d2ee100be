// Which images of a folder odin_eval scores, and what it says about them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_eval_support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

const std::string kRun = "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --device cpu ";

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines of the score file of the images of a folder; each image of noise has a score of its
// own.
std::vector<std::string> scores_of(const EvalWorkspace& w, const std::string& folder,
                                   const std::string& options) {
  fs::remove_all(w.folder / "s");
  w.succeed(fmt::format("{} --out folder:{} {} --score baseline --quiet --scores s", kRun, folder,
                        options));
  return lines_of(w.folder / "s/confidence_Base_Out.txt");
}

}  // namespace

TEST_CASE(
    "a part of a set with several class folders has all classes, and a single one its order") {
  const EvalWorkspace w;
  for (const int c : {0, 1, 2}) {
    w.write_folder(fmt::format("classes/{}", c), 20, 10 + static_cast<std::uint64_t>(c));
  }
  std::map<std::string, int> class_of;
  for (const int c : {0, 1, 2}) {
    for (const std::string& score : scores_of(w, fmt::format("classes/{}", c), "--skip 0")) {
      class_of[score] = c;
    }
  }
  REQUIRE(class_of.size() == 60);
  const std::vector<std::string> all = scores_of(w, "classes", "--skip 0");
  CHECK(all.size() == 60);
  const std::vector<std::string> part = scores_of(w, "classes", "--skip 3 --limit 18");
  REQUIRE(part.size() == 15);
  int counts[3] = {};
  for (const std::string& score : part) ++counts[class_of.at(score)];
  CHECK(counts[0] == 5);
  CHECK(counts[1] == 5);
  CHECK(counts[2] == 5);
  // They are the images 3 to 17 of the whole set.
  CHECK(part == std::vector<std::string>(all.begin() + 3, all.begin() + 18));

  // One class folder is read in the order of the names, as the same images without it are.
  w.write_folder("one/only", 20, 10);
  CHECK(scores_of(w, "one", "--skip 2 --limit 9") ==
        scores_of(w, "classes/0", "--skip 2 --limit 9"));
}

TEST_CASE("the report says how many images of each set were scored, and how they were chosen") {
  const EvalWorkspace w;
  w.write_folder("classes/a", 4, 1);
  w.write_folder("classes/b", 4, 2);
  const std::string run = kRun + "--out folder:classes --skip 2 --limit 20 ";
  const ProgramResult r = w.succeed(run + "--quiet --json r.json --report page");
  CHECK(holds(r.output, {"Images scored: 18 of CIFAR-10, 6 of classes. The first 2 of each set are "
                         "held out, and at most 20 are read\n",
                         "classes: the images of its 2 class folders come in a fixed random order, "
                         "stratified by class (seed 0)"}));
  CHECK(content_of(w.folder / "r.json").find("stratified by class") != std::string::npos);
  CHECK(content_of(w.folder / "page/index.html").find("stratified by class") != std::string::npos);
  // Several sets have a table.
  CHECK(holds(w.succeed(run + "--quiet --out uniform").output,
              {"Images scored: 18 of CIFAR-10, 6 of classes, 18 of Uniform noise"}));
}

TEST_CASE("strays beside the images change nothing") {
  const EvalWorkspace w;
  w.write_folder("set", 12, 1);
  const std::vector<std::string> clean = scores_of(w, "set", "--skip 0");
  w.write_folder("set/.ipynb_checkpoints", 2, 2);
  w.write_folder("set/__MACOSX", 2, 2);
  std::ofstream(w.folder / "set/._0000.png") << "AppleDouble";
  CHECK(scores_of(w, "set", "--skip 0") == clean);
  CHECK(clean.size() == 12);
  w.write_folder("set/more", 2, 2);
  const ProgramResult r = w.run(kRun + "--out folder:set --skip 0");
  CHECK(r.exit_status == 1);
  CHECK(holds(r.errors, {"12 images itself and 2 in the folders below it"}));
}

TEST_CASE("bad images of all sets are listed before the work, or left out and reported") {
  const EvalWorkspace w;
  for (const char* set : {"a", "b"}) {
    w.write_folder(set, 6, 1);
    std::ofstream(w.folder / set / "0001.png") << "no image";
    std::ofstream(w.folder / set / "0002.png") << "no image";
    std::ofstream(w.folder / set / "x.webp") << "WebP";
  }
  const std::string run = kRun + "--out folder:a --out folder:b --skip 0 ";
  ProgramResult r = w.run(run);
  CHECK(r.exit_status == 1);
  CHECK(r.output.empty());
  CHECK(holds(r.errors, {"3 pictures of the folder 'a'", "a/0001.png'", "a/0002.png'", "a/x.webp'",
                         "3 pictures of the folder 'b'", "b/0001.png'", "--skip-bad-images"}));
  CHECK(r.errors.find("images/s") == std::string::npos);  // before any progress
  r = w.succeed(run + "--skip-bad-images --quiet");
  CHECK(holds(r.output, {"25 of CIFAR-10, 4 of a, 4 of b.", "a: 3 pictures were left out",
                         "b: 3 pictures were left out"}));
}
