// Runs a compiled network on the processor: whole images per thread, our own vectorised kernels.
#pragma once

#include <memory>
#include <optional>

#include "kernels/convolution.h"
#include "kernels/cpu/caches.h"
#include "kernels/cpu/micro/instruction_set.h"
#include "kernels/plan.h"

namespace odin::cpu {

struct PlanOptions {
  int threads = 0;  // 0: all cores that this process may use
  // kAuto, kDirect or kWinograd, for 3x3 convolutions of stride 1 or 2. Winograd's algorithm (Lavin
  // & Gray 2016) in tiles of 4x4 results needs 36 multiplications for 144 at stride 1 and 81 at
  // stride 2, and has a relative error of 1e-6 to 5e-6 where a direct convolution has 1e-7 to 1e-6.
  // kAuto takes it where it is faster, kWinograd wherever it is possible.
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kAuto;
  // None: the best that this processor has.
  std::optional<InstructionSet> instruction_set = std::nullopt;
  // Bytes of a core's second-level cache, by which blocks() are chosen. 0: this machine's.
  long second_level_cache = 0;

  Blocks blocks() const {
    return blocks_for(second_level_cache > 0 ? second_level_cache : cpu::second_level_cache());
  }
  // Throws Error if the instruction set is not supported.
  const KernelTable& kernels() const {
    return kernel_table(instruction_set.value_or(best_instruction_set()));
  }
};

// Prepares `plan`: packs (and transforms) its weights, once. Bit for bit, the results for an image
// do not depend on the number of threads, on the cache, on n or on the other images. Throws Error
// if validate(plan) does, and if the instruction set is not supported.
std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const PlanOptions& options = {});

}  // namespace odin::cpu
