#include "eval/scoring/launcher.h"

#include <cstdlib>

#include "kernels/error.h"
#include "kernels/parse_number.h"

namespace odin {
namespace {

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return {};
  const std::optional<int> number = whole_text_as<int>(text);
  return number && *number >= 0 ? number : std::nullopt;
}

// The first of the variables that is a number.
std::optional<int> number_in(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    if (const std::optional<int> number = number_in(variable)) return number;
  }
  return {};
}

}  // namespace

Launch launch() {
  // Open MPI; MPICH and Slurm's PMI-2; MVAPICH.
  if (const auto processes =
          number_in({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"})) {
    return {.launcher = "mpirun",
            .processes = processes,
            .number =
                number_in({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"}).value_or(0),
            .connected = true};
  }
  const std::optional<int> of_pmix = number_in("PMIX_RANK");
  // Only srun starts steps. SLURM_NTASKS alone is also in a batch script, for what that may start.
  const bool is_step = number_in("SLURM_STEP_ID").has_value();
  if (!of_pmix && !is_step) return {};
  const bool is_slurm = is_step || number_in("SLURM_NTASKS").has_value();
  return {.launcher = is_slurm ? "srun" : "a PMIx launcher",
          .processes = number_in({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}),
          .number = of_pmix ? *of_pmix : number_in("SLURM_PROCID").value_or(0),
          .connected = of_pmix.has_value()};
}

void require_single_process() {
  const Launch started = launch();
  require(!started.is_one_of_several(),
          "{} started several processes of this program, which works in one: each would do all of "
          "the work and write the same files. Start one process",
          started.launcher);
}

}  // namespace odin
