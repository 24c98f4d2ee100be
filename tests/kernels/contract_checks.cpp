#include "tests/kernels/contract_checks.h"

#include <bit>
#include <span>

#include <doctest/doctest.h>

#include "tests/support/support.h"

namespace odin::test {
namespace {

Tensors results_of(Backend& backend, const Operation& operation, const RunOptions& options) {
  Run run(backend, operation, options);
  Tensors results = results_of(backend, operation, run);
  CHECK(run.surroundings_untouched());
  return results;
}

}  // namespace

void check_unwanted_gradients(Backend& backend, double tolerance, const Supports& supports) {
  const auto reference = make_reference_backend();
  for (const Operation& operation : operations(2)) {
    if (supports && !supports(operation)) continue;
    INFO(operation.name);
    const Run run(*reference, operation);  // every back end's begins alike
    const Tensors all = results_of(backend, operation, RunOptions{});
    const std::vector<std::string> gradients = run.gradients();
    for (unsigned subset = 1; subset < 1u << gradients.size(); ++subset) {
      if (few_cases() && !std::has_single_bit(subset)) continue;
      RunOptions options;
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (subset >> i & 1) options.unwanted.insert(gradients[i]);
      }
      const Tensors results = results_of(backend, operation, options);
      const Tensors expected = results_of(*reference, operation, options);
      for (const auto& [name, values] : all) {
        INFO(name);
        const bool unwanted = options.unwanted.contains(name);
        CHECK(results.at(name) == (unwanted ? run.initial(name) : values));
        CHECK(relative_error(std::span<const double>(results.at(name)),
                             std::span<const double>(expected.at(name))) <= tolerance);
      }
    }
  }
}

void check_no_images(Backend& backend, const Supports& supports) {
  for (const Operation& operation : operations(0)) {
    if (supports && !supports(operation)) continue;
    INFO(operation.name);
    Run run(backend, operation);
    if (operation.needs_images) {
      CHECK_THROWS_AS(operation.forward(backend, run), Error);
      CHECK_THROWS_AS(operation.backward(backend, run), Error);
      continue;
    }
    for (const auto& [name, values] : results_of(backend, operation, run)) {
      INFO(name);
      CHECK(values == run.initial(name));
    }
  }
}

}  // namespace odin::test
