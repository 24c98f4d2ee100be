// The program odin_detect with names and files that arrive while it runs.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_detect_support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

// The files of lines of JSON, joined.
std::string files_of(const std::string& output) {
  std::string files;
  for (const auto& line : json_lines(output)) files += line["file"].get<std::string>() + ' ';
  return files;
}

}  // namespace

TEST_CASE("odin_detect: an image is judged before the next name comes") {
  const DetectWorkspace w;
  const ProgramResult r = w.script(
      "mkfifo names; $detect --json a/0005.png - a/0000.png <names >out 2>err & exec 3>names\n"
      "echo a/0002.png >&3; await 0002 out\n"
      "printf 'a/0003.png\\nno' >&3; await 0003 out\n"
      "printf 'thing.png\\n' >&3; await nothing.png err\n"
      "exec 3>&-; wait $!; echo $? >status; cat out");
  CHECK(r.errors.empty());
  CHECK(files_of(r.output) == "a/0005.png a/0002.png a/0003.png nothing.png a/0000.png ");
  CHECK(content_of(w.folder / "status") == "1\n");
}

TEST_CASE("odin_detect: names from standard input may be folders, and thousands of them") {
  const DetectWorkspace w;
  const ProgramResult r =
      w.script("{ echo a; for i in $(seq 1000); do echo a/0001.png; done; } | $detect --csv -");
  CHECK(r.exit_status == 0);
  CHECK(std::count(r.output.begin(), r.output.end(), '\n') == 1 + 12 + 1000);
  const ProgramResult none = w.script("$detect --json - <&-");
  CHECK(none.exit_status == 1);
  CHECK(holds(none.errors, {"odin_detect: cannot read standard input", "1 unreadable"}));
}

TEST_CASE("odin_detect: a watched folder is judged file by file until a signal") {
  const DetectWorkspace w;
  for (const char* signal : {"INT", "TERM"}) {
    CAPTURE(signal);
    const ProgramResult r = w.script(fmt::format(
        "rm -rf in out err; mkdir in; cp a/0009.png in/before.png\n"
        "$detect --json --watch in a/0001.png >out 2>err & await 0001 out\n"
        // In pieces, the last of which comes after another file.
        "exec 3>in/slow.png; head -c 1000 a/0002.png >&3; cp a/0003.png in/; await 0003 out\n"
        "tail -c +1001 a/0002.png >&3; exec 3>&-; await slow out\n"
        "cp a/0004.png in/part; mv in/part in/moved.png; await moved out\n"
        "kill -{} $!; wait $!; echo $? >status; cat out",
        signal));
    CHECK(r.errors.empty());
    CHECK(files_of(r.output) == "a/0001.png in/0003.png in/slow.png in/moved.png ");
    CHECK(content_of(w.folder / "status") == "0\n");
    const std::string errors = content_of(w.folder / "err");
    CHECK(holds(errors, {"4 images: ", "0 unreadable\n"}));
    CHECK(errors.find("images/s") == std::string::npos);
    const auto scores = w.eval_scores("a");
    CHECK(json_lines(r.output)[2]["score"].get<double>() == scores[2]);
  }
}

TEST_CASE("odin_detect: a bad file in a watched folder is status 1 at the end, as is its removal") {
  const DetectWorkspace w;
  const ProgramResult bad = w.script(
      "mkdir in; $detect --watch in a/0001.png >out 2>err & await 0001 out\n"
      "echo nothing >in/bad.png; await bad.png err; cp a/0002.png in/; await 0002 out\n"
      "kill $!; wait $!; echo $?; cat out");
  CHECK(bad.output.starts_with("1\n"));
  CHECK(holds(bad.output, {"in/0002.png", "1 unreadable"}));
  const ProgramResult removed = w.script(
      "rm out err; mkdir gone; $detect --watch gone a/0001.png >out 2>err & await 0001 out\n"
      "rmdir gone; wait $!; echo $?");
  CHECK(removed.output == "1\n");
  CHECK(holds(content_of(w.folder / "err"), {"nothing can arrive in the folder 'gone'"}));
}

TEST_CASE("odin_detect: a signal also ends the paths before a watched folder") {
  const DetectWorkspace w;
  const ProgramResult r = w.script(
      "mkdir in; mkfifo names; $detect --watch in a/0001.png - <names >out 2>err & exec 3>names\n"
      "await 0001 out; kill $!; wait $!; echo $?; cat out");
  CHECK(r.output.starts_with("0\n"));
  CHECK(holds(r.output, {"1 image: "}));
}
