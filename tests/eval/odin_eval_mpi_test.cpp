// odin_eval on several processes.
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/odin_eval_support.h"

using namespace odin;
using namespace odin::test;

namespace {

// The address sanitizer does not look for leaks here: those of OpenMPI are in modules that it has
// unloaded by then, which no suppression can name. Runs without MPI look for our leaks.
std::string launcher(int ranks) {
  return fmt::format(
      "env ASAN_OPTIONS=detect_leaks=0 mpirun --allow-run-as-root --oversubscribe -n {}", ranks);
}

// Returns false, after skip(), if there is no MPI.
bool has_mpi() {
#ifdef ODIN_MPI
  if (run_program("mpirun --version").exit_status == 0) return true;
  skip("needs mpirun (openmpi-bin)");
#else
  skip("this build has no MPI (libopenmpi-dev)");
#endif
  return false;
}

// Everything that a run writes, except its duration and its number of ranks.
std::string results_of(const EvalWorkspace& w, const std::string& start,
                       const std::string& options) {
  const ProgramResult r = w.succeed(
      fmt::format("{} --json r.json --csv r.csv --scores s --device cpu --threads 1 --quiet",
                  options),
      start);
  auto json = nlohmann::json::parse(content_of(w.folder / "r.json"));
  const int ranks = json["settings"]["ranks"];
  CHECK(ranks == (start.empty() ? 1 : start.back() - '0'));
  json["settings"].erase("ranks");
  json.erase("seconds");
  json.erase("images_per_second");
  std::string all = r.output + json.dump() + content_of(w.folder / "r.csv");
  for (const char* file : {"Base_In", "Base_Out", "Our_In", "Our_Out"}) {
    all += content_of(w.folder / fmt::format("s/out_1/confidence_{}.txt", file));
  }
  return all;
}

}  // namespace

TEST_CASE("a set that fails in one process does not take the finished ones with it") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  w.write_folder("a", 6, 1);
  w.write_folder("b", 6, 2);
  const std::string png = content_of(w.folder / "a/0005.png");
  std::ofstream(w.folder / "a/0005.png", std::ios::binary) << png.substr(0, png.size() - 20);
  // Only the second process reads the damaged image.
  const ProgramResult r = w.run(
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out folder:a --out folder:b "
      "--skip 0 --device cpu --threads 1 --quiet",
      launcher(2));
  CHECK(r.exit_status == 1);
  CHECK(r.output.find("Failed: a: 'a/0005.png' cannot be decoded") != std::string::npos);
  CHECK(r.output.find("25 of CIFAR-10, 6 of b") != std::string::npos);
}

TEST_CASE("two and three processes give the same bits as one") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  w.write_folder("iSUN", 8, 1);
  const std::string options = "--nn densenet10 --out_dataset all --skip 3";
  const std::string expected = results_of(w, "", options);
  CHECK(results_of(w, launcher(2), options) == expected);
  CHECK(results_of(w, launcher(3), options) == expected);
}

TEST_CASE("a process may have no image of a set, and several processes can search") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  w.write_folder("iSUN", 5, 1);
  const std::string options = "--nn densenet10 --out_dataset all --skip 3 --limit 5 --search";
  const std::string expected = results_of(w, "", options);
  CHECK(results_of(w, launcher(3), options + " --search-dir other") == expected);
}

TEST_CASE("processes share the images that detectors are fitted on") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  w.write_training_half();
  w.write_folder("iSUN", 5, 1);
  const std::string options =
      "--nn densenet10 --out_dataset all --skip 3 --score baseline,odin,react,knn:neighbours=3,vim";
  // The scores alone: times that a report of such detectors has differ.
  const auto fitted = [&](const std::string& start, const char* folder) {
    w.succeed(
        fmt::format("{} --fit-dir {} --scores s --device cpu --threads 1 --quiet", options, folder),
        start);
    std::string all;
    for (const char* file : {"Base_In", "Our_Out", "React_Out", "Knn_neighbours3_Out", "Vim_In"}) {
      all += content_of(w.folder / fmt::format("s/out_1/confidence_{}.txt", file));
    }
    REQUIRE_FALSE(all.empty());
    return all;
  };
  const std::string expected = fitted("", "one");
  CHECK(fitted(launcher(3), "three") == expected);
  // With what is kept.
  CHECK(fitted(launcher(2), "three") == expected);
}

TEST_CASE("an error in one process ends the run with its message") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  w.write_folder("iSUN", 9, 1);
  // An image in the last process's share only.
  run_program(fmt::format("truncate -s 100 '{}'", (w.folder / "iSUN/0008.png").string()));
  const ProgramResult r =
      w.run("--nn densenet10 --out_dataset iSUN --skip 3 --device cpu --quiet --json r.json",
            "timeout 200 " + launcher(3));
  CHECK(r.exit_status == 1);
  CHECK(r.errors.find("0008.png") != std::string::npos);
  CHECK(r.output.empty());
  CHECK_FALSE(std::filesystem::exists(w.folder / "r.json"));
}

TEST_CASE("a process that dies ends the run with a message") {
  if (!has_mpi()) return;
  const EvalWorkspace w;
  // A minute of work. The second process is killed after half a second.
  const std::string killed =
      " sh -c 'if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then (sleep 0.5; kill -9 $$) & fi; "
      "exec \"$0\" \"$@\"'";
  const ProgramResult r =
      w.run(fmt::format("--weights '{}/weights/densenet_bc_100_fashion_mnist.h5' --in uniform "
                        "--out gaussian --limit 3000 --device cpu --threads 1 --quiet",
                        ODIN_SOURCE_DIR),
            "timeout 200 " + launcher(2) + killed);
  INFO(r.errors);
  CHECK(r.exit_status != 0);
  CHECK(r.exit_status != 124);  // that of timeout
  CHECK(r.output.find("AUROC") == std::string::npos);
  CHECK((r.errors + r.output).find("signal 9") != std::string::npos);
}

TEST_CASE("a build without MPI refuses several processes") {
#ifdef ODIN_MPI
  return skip("this build has MPI");
#else
  const EvalWorkspace w;
  const ProgramResult r = w.run(std::string(kGeneral), "OMPI_COMM_WORLD_SIZE=2");
  CHECK(r.exit_status == 1);
  CHECK(r.errors.find("this build has no MPI") != std::string::npos);
#endif
}
