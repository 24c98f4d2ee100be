#include "eval/scoring/launcher.h"

#include <list>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/environment.h"

namespace odin::test {
namespace {

// What launch() says where the environment of launchers holds just these variables.
Launch with(const std::map<std::string, const char*>& variables) {
  std::list<Environment> set;
  for (const char* name :
       {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK",
        "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_STEP_ID",
        "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_PROCID"}) {
    const auto given = variables.find(name);
    set.emplace_back(name, given == variables.end() ? "" : given->second);
  }
  return launch();
}

TEST_CASE("a process that was started alone is one, in a batch script of Slurm too") {
  CHECK(!with({}).is_one_of_several());
  CHECK(!with({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}).is_one_of_several());
  CHECK(!with({{"OMPI_COMM_WORLD_SIZE", "1"}}).is_one_of_several());
  CHECK(!with({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "1"}})
             .is_one_of_several());
  CHECK(!with({{"PMIX_RANK", "0"}}).is_one_of_several());
  CHECK(!with({{"OMPI_COMM_WORLD_SIZE", "4x"}}).is_one_of_several());  // no number
}

TEST_CASE("several processes of mpirun and of srun are known, with PMIx and without") {
  for (const char* size : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"}) {
    CAPTURE(size);
    const Launch mpirun = with({{size, "3"}});
    CHECK(mpirun.is_one_of_several());
    CHECK(mpirun.connected);
    CHECK(mpirun.processes == 3);
    CHECK(mpirun.launcher == "mpirun");
  }
  const Launch pmix = with({{"PMIX_RANK", "0"}, {"SLURM_NTASKS", "4"}});
  CHECK(pmix.is_one_of_several());
  CHECK(pmix.connected);
  CHECK(pmix.processes == 4);
  CHECK(pmix.launcher == "srun");
  // A launcher that says only which process this is: the second has a first before it.
  CHECK(with({{"PMIX_RANK", "1"}}).is_one_of_several());
  const Launch srun =
      with({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "0"}});
  CHECK(srun.is_one_of_several());
  CHECK(!srun.connected);
}

TEST_CASE("a program of one process refuses to be one of several") {
  CHECK_NOTHROW(require_single_process());
  const Environment several("OMPI_COMM_WORLD_SIZE", "2");
  CHECK_THROWS_WITH_AS(require_single_process(),
                       "mpirun started several processes of this program, which works in one: each "
                       "would do all of the work and write the same files. Start one process",
                       Error);
}

}  // namespace
}  // namespace odin::test
