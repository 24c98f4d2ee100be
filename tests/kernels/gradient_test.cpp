// Every backward pass of the reference, compared with central differences of its forward pass.
#include <doctest/doctest.h>

#include "tests/kernels/operation_run.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// The scalar to differentiate: the outputs, weighted by the gradients given to the backward pass.
double loss(Backend& backend, const Operation& operation, Run& run) {
  operation.forward(backend, run);
  double sum = 0;
  for (const Operand& operand : operation.operands) {
    if (operand.role != Role::kOutput) continue;
    const std::vector<double> values = run.values(operand.name);
    const std::vector<double>& weights = run.initial("d" + operand.name);
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
  }
  return sum;
}

std::vector<double> central_differences(Backend& backend, const Operation& operation, Run& run,
                                        const std::string& input) {
  constexpr double kStep = 1e-5;
  const std::vector<double>& at = run.initial(input);
  std::vector<double> gradient;
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::vector<double> moved = at;
    moved[i] = at[i] + kStep;
    run.set(input, moved);
    const double above = loss(backend, operation, run);
    moved[i] = at[i] - kStep;
    run.set(input, moved);
    gradient.push_back((above - loss(backend, operation, run)) / (2 * kStep));
  }
  run.set(input, at);
  return gradient;
}

// The step's square is 1e-10, and the rounding of the loss divided by the step about 1e-10 too.
// 1e-6 leaves room for large third derivatives.
constexpr double kTolerance = 1e-6;

void check_gradients(const Operation& operation) {
  INFO(operation.name);
  const std::unique_ptr<Backend> backend = make_reference_backend();
  Run run(*backend, operation);
  operation.forward(*backend, run);
  operation.backward(*backend, run);
  for (const std::string& gradient : run.gradients()) {
    INFO(gradient);
    std::vector<double> added = run.values(gradient);
    for (std::size_t i = 0; i < added.size(); ++i) added[i] -= run.initial(gradient)[i];
    const std::vector<double> expected =
        central_differences(*backend, operation, run, gradient.substr(1));
    CHECK(relative_error(std::span<const double>(added), std::span<const double>(expected)) <=
          kTolerance);
  }
}

TEST_CASE("the reference's gradients are those of central differences") {
  int checked = 0;
  for (const std::int64_t images : {1, 2}) {
    for (const Operation& operation : operations(images)) {
      if (!operation.backward) continue;
      check_gradients(operation);
      ++checked;
    }
  }
  CHECK(checked > 100);
}

}  // namespace
}  // namespace odin::test
