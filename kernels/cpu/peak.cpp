#include "kernels/cpu/peak.h"

#include <algorithm>
#include <chrono>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

double peak_gflops(int threads, InstructionSet set) {
  constexpr int kRuns = 8;
  constexpr long kRounds = 4'000'000;
  const KernelTable& kernels = kernel_table(set);
  ThreadPool pool(threads);
  const double flops = 2.0 * static_cast<double>(kRounds) * kernels.multiply_add_chains_per_round *
                       kernels.lanes * pool.size();
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = std::chrono::steady_clock::now();
    pool.run_on_all([&](int) {
      volatile float sink = kernels.multiply_add_chains(kRounds);
      (void)sink;
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / seconds.count() / 1e9);
  }
  return best;
}

}  // namespace odin::cpu
