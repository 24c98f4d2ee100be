#include "eval/scoring/ranks.h"

#include <climits>
#include <string>

#include "eval/scoring/launcher.h"
#include "kernels/error.h"

#ifdef ODIN_MPI
#include <mpi.h>
#endif

namespace odin {
namespace {

#ifdef ODIN_MPI
void check(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(status, text, &length);
  fail("{} failed: {}", call, text);
}

class MpiRanks final : public Ranks {
 public:
  MpiRanks() {
    check(MPI_Init(nullptr, nullptr), "MPI_Init");
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &count_), "MPI_Comm_size");
    MPI_Comm machine = MPI_COMM_NULL;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine),
          "MPI_Comm_split_type");
    check(MPI_Comm_rank(machine, &local_rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(machine, &local_count_), "MPI_Comm_size");
    check(MPI_Comm_free(&machine), "MPI_Comm_free");
  }

  int rank() const override { return rank_; }
  int count() const override { return count_; }
  int local_rank() const override { return local_rank_; }
  int local_count() const override { return local_count_; }

  std::vector<double> gather(std::vector<double> values) const override {
    require(values.size() <= INT_MAX, "{} scores are too many for one rank: use more ranks",
            values.size());
    const int own = static_cast<int>(values.size());
    std::vector<int> counts(static_cast<std::size_t>(count_));
    check(MPI_Allgather(&own, 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD),
          "MPI_Allgather");
    std::vector<int> begins;
    std::size_t total = 0;
    for (const int count : counts) {
      begins.push_back(static_cast<int>(total));
      total += static_cast<std::size_t>(count);
      require(total <= INT_MAX, "{} scores are too many to gather", total);
    }
    std::vector<double> all(total);
    check(MPI_Allgatherv(values.data(), own, MPI_DOUBLE, all.data(), counts.data(), begins.data(),
                         MPI_DOUBLE, MPI_COMM_WORLD),
          "MPI_Allgatherv");
    return all;
  }

  void finish(int status) const override {
    if (status == 0) {
      check(MPI_Finalize(), "MPI_Finalize");
    } else {
      MPI_Abort(MPI_COMM_WORLD, status);
    }
  }

 private:
  int rank_ = 0;
  int count_ = 1;
  int local_rank_ = 0;
  int local_count_ = 1;
};
#endif

}  // namespace

std::unique_ptr<Ranks> make_ranks() {
  const Launch started = launch();
#ifdef ODIN_MPI
  require(!started.is_one_of_several() || started.connected,
          "{} started several processes, but MPI cannot connect them, so each would do all of the "
          "work: use srun --mpi=pmix or mpirun, or start one process",
          started.launcher);
  // A single process need not start MPI. A launcher that does not tell their number leaves it to
  // MPI.
  if (!started.connected || started.processes == 1) return std::make_unique<Ranks>();
  auto ranks = std::make_unique<MpiRanks>();
  require(ranks->count() > 1 || !started.is_one_of_several(),
          "{} started several processes, but MPI sees a single one, so each would do all of the "
          "work: use the mpirun of the MPI that this build has, or start one process",
          started.launcher);
  return ranks;
#else
  require(!started.is_one_of_several(),
          "{} started {} processes, but this build has no MPI, so each would do all of the work: "
          "install libopenmpi-dev and configure again, or start one process",
          started.launcher,
          started.processes ? fmt::format("{}", *started.processes) : std::string("several"));
  return std::make_unique<Ranks>();
#endif
}

}  // namespace odin
