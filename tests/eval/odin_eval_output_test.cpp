// What odin_eval writes to standard output, and the paths that it takes.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/odin_eval_support.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

TEST_CASE("- is standard output, which then holds nothing else") {
  const EvalWorkspace w;
  const std::string table = w.succeed(std::string(kGeneral) + " --quiet").output;
  const ProgramResult json = w.succeed(std::string(kGeneral) + " --json -");
  CHECK(nlohmann::json::parse(json.output)["in_set"] == "CIFAR-10");
  CHECK(json.errors.ends_with(table));
  CHECK_FALSE(std::filesystem::exists(w.folder / "-"));
  w.succeed(std::string(kGeneral) + " --quiet --csv file.csv --markdown file.md");
  for (const char* form : {"csv", "markdown"}) {
    CAPTURE(form);
    const ProgramResult r = w.succeed(fmt::format("{} --quiet --{} -", kGeneral, form));
    CHECK(r.output == content_of(w.folder / (form == std::string("csv") ? "file.csv" : "file.md")));
    CHECK(r.errors.empty());
  }
  const ProgramResult both = w.run(std::string(kGeneral) + " --json - --csv -");
  CHECK(both.exit_status == 2);
  CHECK(contains(both.errors, "--json and --csv are the same file, '/dev/stdout'"));
}

TEST_CASE("~ in a specification is the home folder") {
  const EvalWorkspace w;
  w.write_folder("x", 4, 1);
  const std::string arguments =
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --skip 0 --device cpu --quiet";
  const std::string home = fmt::format("env HOME='{}'", w.folder.path().string());
  CHECK(w.succeed(arguments + " --out folder:~/x", home).output ==
        w.succeed(arguments + " --out folder:x").output);
}

TEST_CASE("a path that is too long is told as such, and not as missing") {
  const EvalWorkspace w;
  const std::string name(300, 'n');
  for (const std::string& set :
       {"--out folder:" + name, "--out idx:" + name, "--out cifar10:" + name}) {
    const ProgramResult r = w.run(std::string(kGeneral) + " " + set);
    CHECK(r.exit_status == 1);
    CHECK(contains(r.errors, "is too long: it has 300 bytes"));
    CHECK_FALSE(contains(r.errors, "missing"));
  }
  for (const char* option : {"--json", "--csv", "--markdown", "--scores", "--report"}) {
    CAPTURE(option);
    const ProgramResult output = w.run(fmt::format("{} {} {}", kGeneral, option, name));
    CHECK(output.exit_status == 1);
    CHECK(contains(output.errors, "is too long: it has 300 bytes"));
    CHECK(!contains(output.errors, "images in "));  // before the work
    CHECK(output.output.empty());
  }
}

TEST_CASE("no name of a folder or file reaches a terminal as an escape code") {
  const EvalWorkspace w;
  const std::string name = "esc\033[31mred";
  const std::string run = fmt::format("{} --out 'folder:{}'", kGeneral, name);
  CHECK(contains(w.run(run).output + w.run(run).errors, "esc\\x1b[31mred"));  // missing
  w.write_folder(name, 5, 1);
  write_bytes(w.folder / name / "bad\033[0m.png", "no image");
  for (const ProgramResult& r : {w.run(run), w.run(run + " --skip-bad-images --json r.json")}) {
    CHECK(contains(r.output + r.errors, "esc\\x1b[31mred"));
    CHECK(contains(r.errors, "bad\\x1b[0m.png"));
    CHECK(r.output.find('\033') == std::string::npos);
    CHECK(r.errors.find('\033') == std::string::npos);
  }
  CHECK(nlohmann::json::parse(content_of(w.folder / "r.json"))["evaluations"][1]["out_set"] ==
        "esc\\x1b[31mred");
}

TEST_CASE("processes of srun that do not know each other are refused") {
  const EvalWorkspace w;
  const ProgramResult r =
      w.run(std::string(kGeneral),
            "env SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=4 SLURM_NTASKS=4 SLURM_PROCID=2");
  CHECK(r.exit_status == 1);
  CHECK(contains(r.errors, "srun started "));
  CHECK(contains(r.errors, "each would do all of the work"));
  CHECK(r.output.empty());
#ifndef ODIN_MPI
  for (const char* environment : {"PMIX_RANK=0 SLURM_NTASKS=2", "PMIX_RANK=1"}) {
    const ProgramResult pmix = w.run(std::string(kGeneral), fmt::format("env {}", environment));
    CHECK(pmix.exit_status == 1);
    CHECK(contains(pmix.errors, "this build has no MPI"));
  }
#endif
  // A batch script that may start several runs one by itself.
  CHECK(w.run(std::string(kGeneral), "env SLURM_NTASKS=4 SLURM_PROCID=0").exit_status == 0);
}
