// Every operation of every back end against the reference, on whole tensors.
#include <doctest/doctest.h>

#include "tests/kernels/backends.h"
#include "tests/kernels/operations.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

using Tensors = std::map<std::string, std::vector<double>>;

// Forward and backward; everything that they write.
Tensors results_of(Backend& backend, const Operation& operation, Run& run) {
  operation.forward(backend, run);
  if (operation.backward) operation.backward(backend, run);
  Tensors results;
  for (const std::string& name : run.results()) results[name] = run.values(name);
  for (const std::string& name : run.gradients()) results[name] = run.values(name);
  return results;
}

Tensors results_of(Backend& backend, const Operation& operation, const RunOptions& options = {}) {
  Run run(backend, operation, options);
  Tensors results = results_of(backend, operation, run);
  CHECK(run.surroundings_untouched());
  return results;
}

// Calls test(backend under test, back end) for every back end that this machine has.
template <class Test>
void for_each_backend(Test test) {
  for (const BackendUnderTest& under_test : backends()) {
    std::unique_ptr<Backend> backend;
    try {
      backend = under_test.make();
    } catch (const Error& error) {
      skip(under_test.name + ": " + error.what());
      continue;
    }
    INFO(under_test.name);
    test(under_test, *backend);
  }
}

std::vector<Operation> all_operations() {
  std::vector<Operation> rows = large_operations();
  for (const std::int64_t images : {1, 2, 5}) {
    for (Operation& operation : operations(images)) rows.push_back(std::move(operation));
  }
  return rows;
}

void check_against_reference(bool sliced) {
  const std::unique_ptr<Backend> reference = make_reference_backend();
  for_each_backend([&](const BackendUnderTest& under_test, Backend& backend) {
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      const Tensors expected = results_of(*reference, operation);
      const Tensors results = results_of(backend, operation, {.sliced = sliced, .unwanted = {}});
      for (const auto& [name, values] : expected) {
        INFO(name);
        const double error = relative_error(std::span<const double>(results.at(name)),
                                            std::span<const double>(values));
        CHECK(error <= under_test.tolerance);
      }
    }
  });
}

TEST_CASE("every back end computes what the reference defines, from dense tensors") {
  check_against_reference(false);
}

TEST_CASE("every back end computes what the reference defines, from slices, and leaves the rest") {
  check_against_reference(true);
}

TEST_CASE("the results do not depend on whether the operands are slices") {
  for_each_backend([](const BackendUnderTest&, Backend& backend) {
    for (const Operation& operation : operations(3)) {
      INFO(operation.name);
      CHECK(results_of(backend, operation, {.sliced = true, .unwanted = {}}) ==
            results_of(backend, operation));
    }
  });
}

TEST_CASE("a gradient that is not wanted is left out and the others stay the same") {
  for_each_backend([](const BackendUnderTest&, Backend& backend) {
    for (const Operation& operation : operations(2)) {
      INFO(operation.name);
      const Run run(backend, operation);
      const Tensors all = results_of(backend, operation);
      const std::vector<std::string> gradients = run.gradients();
      for (unsigned subset = 1; subset < 1u << gradients.size(); ++subset) {
        RunOptions options;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
          if (subset >> i & 1) options.unwanted.insert(gradients[i]);
        }
        const Tensors results = results_of(backend, operation, options);
        for (const auto& [name, values] : all) {
          INFO(name);
          const bool unwanted = options.unwanted.contains(name);
          CHECK(results.at(name) == (unwanted ? run.initial(name) : values));
        }
      }
    }
  });
}

TEST_CASE("an empty batch changes nothing, and is an error where statistics are wanted") {
  for_each_backend([](const BackendUnderTest&, Backend& backend) {
    for (const Operation& operation : operations(0)) {
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
  });
}

TEST_CASE("the results do not depend, bit for bit, on the number of threads") {
  const std::unique_ptr<Backend> one = make_cpu_backend(1);
  for (const int threads : {2, 3}) {
    const std::unique_ptr<Backend> more = make_cpu_backend(threads);
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      CHECK(results_of(*one, operation) == results_of(*more, operation));
    }
  }
}

TEST_CASE("a second call gives the same results as the first") {
  for_each_backend([](const BackendUnderTest&, Backend& backend) {
    // Other operations in between use the same scratch memory.
    std::vector<Tensors> first;
    for (const Operation& operation : all_operations()) {
      first.push_back(results_of(backend, operation));
    }
    std::size_t i = 0;
    for (const Operation& operation : all_operations()) {
      INFO(operation.name);
      CHECK(results_of(backend, operation) == first[i++]);
    }
  });
}

}  // namespace
}  // namespace odin::test
