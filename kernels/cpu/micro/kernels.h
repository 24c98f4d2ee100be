// All of our kernels of one instruction set, as a table. Included by one translation unit per
// set.
#pragma once

#include "kernels/cpu/micro/direct.h"
#include "kernels/cpu/micro/filter_gradient.h"
#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/multiply_add_chain.h"
#include "kernels/cpu/micro/planes.h"
#include "kernels/cpu/micro/pointwise.h"
#include "kernels/cpu/micro/pointwise_forward.h"
#include "kernels/cpu/micro/pointwise_gradient.h"
#include "kernels/cpu/micro/winograd.h"

#define ODIN_STRING_OF(name) #name
#define ODIN_STRING(name) ODIN_STRING_OF(name)

namespace odin::cpu::ODIN_KERNELS {

const KernelTable& kernel_table() {
  static constexpr KernelTable kTable = {
      .name = ODIN_STRING(ODIN_KERNELS),
      .lanes = kLanes,
      .word_bytes = sizeof(Word),
      .pointwise = {run_pointwise, pointwise_workspace},
      .direct = {run_direct, direct_workspace},
      .direct_backward = {run_direct_backward, direct_backward_workspace},
      .winograd = {run_winograd, winograd_workspace},
      .filter = {filter_space, run_bring_inputs, bring_gradients, multiply_filter, finish_filter},
      .pointwise_forward = {run_pointwise_forward, pointwise_forward_workspace},
      .pointwise_gradient = {run_pointwise_gradient, pointwise_gradient_workspace},
      .pack = pack,
      .pack_winograd = pack_winograd,
      .pool = pool,
      .pool_backward = pool_backward,
      .normalise = normalise,
      .normalise_backward = normalise_backward,
      .copy = copy,
      .plane_workspace = plane_workspace,
      .multiply_add_chains = multiply_add_chains,
      .multiply_add_chains_per_round = kChains,
  };
  return kTable;
}

}  // namespace odin::cpu::ODIN_KERNELS
