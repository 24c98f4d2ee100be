// Running a row of the table of operations on a back end.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/kernels/operations.h"

namespace odin::test {

struct RunOptions {
  bool sliced =
      false;  // operands that may be slices are slices, of buffers with five more channels
  std::set<std::string> unwanted;  // gradients that are passed as empty views
  std::set<std::string> narrow{};  // operands and gradients of the back end's activation_type()
};

// An operation's operands on a back end, with the same pseudo-random values on each.
class Run {
 public:
  Run(Backend& backend, const Operation& operation, const RunOptions& options = {});

  // The operand, or the gradient "d" + operand.
  TensorView operator[](const std::string& name) const;
  std::vector<double> values(const std::string& name) const;
  // The values it started with.
  const std::vector<double>& initial(const std::string& name) const;
  void set(const std::string& name, const std::vector<double>& values);
  // The names of what the forward pass writes, and of the gradients that the backward pass adds to.
  std::vector<std::string> results() const;
  std::vector<std::string> gradients() const;
  // Whether all elements around the slices are unchanged.
  bool surroundings_untouched() const;

 private:
  struct Tensor {
    std::shared_ptr<void> memory;
    TensorView whole;
    TensorView view;
    std::vector<double> initial;
  };
  void make(const Operand& operand, const std::string& name, const Shape& shape, Values values);

  Backend& backend_;
  const Operation& operation_;
  RunOptions options_;
  std::map<std::string, Tensor> tensors_;
};

using Tensors = std::map<std::string, std::vector<double>>;

// Runs forward and backward. Returns everything that they write, by name.
Tensors results_of(Backend& backend, const Operation& operation, Run& run);

}  // namespace odin::test
