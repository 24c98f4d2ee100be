// The processes that share a run, each on its own machine, GPU or cores.
#pragma once

#include <memory>
#include <vector>

namespace odin {

// This class is a run of one process. make_ranks() returns one for several processes under mpirun.
// All processes must make the same calls in the same order.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  virtual int rank() const { return 0; }         // of this process
  virtual int count() const { return 1; }        // of all processes
  virtual int local_rank() const { return 0; }   // among the processes of this machine
  virtual int local_count() const { return 1; }  // processes of this machine
  // The values of all ranks, in the order of the ranks, on every rank.
  virtual std::vector<double> gather(std::vector<double> values) const { return values; }
  // The last call, with the exit status of this process. With 0 it waits for the other processes;
  // any other status ends them too.
  virtual void finish(int status) const { (void)status; }
};

// This process alone, or one of those that mpirun or srun started. Throws Error if there are
// several that MPI cannot connect, or if this build has no MPI: each would do all of the work.
std::unique_ptr<Ranks> make_ranks();

}  // namespace odin
