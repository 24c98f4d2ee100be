#include "tests/kernels/operation_run.h"

#include <algorithm>
#include <random>

namespace odin::test {
namespace {

constexpr double kSentinel = -77.5;  // exact in every type
constexpr std::size_t kBefore = 2;   // channels around a slice
constexpr std::size_t kAfter = 3;

double value_of(Values values, std::int64_t index, std::mt19937& random) {
  std::normal_distribution<double> normal;
  switch (values) {
    case Values::kNormal:
      break;
    case Values::kAwayFromZero: {
      const double v = normal(random);
      return v < 0 ? v - 0.1 : v + 0.1;
    }
    case Values::kPositive:
      return std::uniform_real_distribution<double>(0.5, 1.5)(random);
    case Values::kLabels:
      return static_cast<double>(index % 4);
    case Values::kBytes:
      return static_cast<double>(random() % 256);
    case Values::kConstant:
      return 1.75;
  }
  return normal(random);
}

// The same for every back end, and exact in single precision.
std::vector<double> make_values(const std::string& name, std::int64_t count, Values values) {
  std::seed_seq seed(name.begin(), name.end());
  std::mt19937 random(seed);
  std::vector<double> made(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < made.size(); ++i) {
    const double v = value_of(values, static_cast<std::int64_t>(i), random);
    made[i] = static_cast<double>(static_cast<float>(v));
  }
  return made;
}

// The index of element i of a row-major tensor of the shape in one that has kBefore channels more
// before its own, and kAfter after them.
std::size_t place_of(std::size_t i, const Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape[1]);
  const auto area =
      static_cast<std::size_t>(shape.numel() / std::max<std::int64_t>(shape[0] * shape[1], 1));
  const std::size_t image = i / (channels * area);
  return i + (image * (kBefore + kAfter) + kBefore) * area;
}

}  // namespace

Run::Run(Backend& backend, const Operation& operation, const RunOptions& options)
    : backend_(backend), operation_(operation), options_(options) {
  for (const Operand& operand : operation.operands) {
    const bool written = operand.role == Role::kOutput || operand.role == Role::kSaved;
    make(operand, operand.name, operand.shape,
         written && operand.values != Values::kLabels ? Values::kNormal : operand.values);
    if (operand.role == Role::kInput) {
      make(operand, "d" + operand.name, operand.shape, Values::kNormal);
    } else if (operand.role == Role::kOutput) {
      make(operand, "d" + operand.name, operand.shape, operand.values);
    }
  }
}

void Run::make(const Operand& operand, const std::string& name, const Shape& shape, Values values) {
  Tensor& tensor = tensors_[name];
  const DataType type = values == Values::kLabels        ? DataType::kInt32
                        : values == Values::kBytes       ? DataType::kUInt8
                        : options_.narrow.contains(name) ? backend_.activation_type()
                                                         : backend_.data_type();
  const bool sliced = options_.sliced && !operand.dense && shape.rank() > 1;
  Shape whole = shape;
  if (sliced) whole.set(1, shape[1] + std::int64_t{kBefore + kAfter});
  const bool is_activation = shape.rank() == 4 && !operand.dense;
  tensor.memory = backend_.allocate(static_cast<std::size_t>(whole.numel()) * size_of(type));
  tensor.whole = {tensor.memory.get(), type, whole,
                  is_activation ? backend_.activation_strides(whole) : row_major_strides(whole)};
  tensor.view = sliced ? tensor.whole.slice(1, std::int64_t{kBefore}, shape[1]) : tensor.whole;
  tensor.initial = make_values(name, shape.numel(), values);
  if (!sliced) return backend_.upload(tensor.initial.data(), tensor.view);
  std::vector<double> with_around(static_cast<std::size_t>(whole.numel()), kSentinel);
  for (std::size_t i = 0; i < tensor.initial.size(); ++i) {
    with_around[place_of(i, shape)] = tensor.initial[i];
  }
  backend_.upload(with_around.data(), tensor.whole);
}

TensorView Run::operator[](const std::string& name) const {
  return options_.unwanted.contains(name) ? TensorView() : tensors_.at(name).view;
}

std::vector<double> Run::values(const std::string& name) const {
  const Tensor& tensor = tensors_.at(name);
  std::vector<double> values(tensor.initial.size());
  backend_.download(tensor.view, values.data());
  return values;
}

const std::vector<double>& Run::initial(const std::string& name) const {
  return tensors_.at(name).initial;
}

void Run::set(const std::string& name, const std::vector<double>& values) {
  backend_.upload(values.data(), tensors_.at(name).view);
}

std::vector<std::string> Run::results() const {
  std::vector<std::string> names;
  for (const Operand& operand : operation_.operands) {
    if (operand.role == Role::kOutput || operand.role == Role::kSaved ||
        operand.role == Role::kState) {
      names.push_back(operand.name);
    }
  }
  return names;
}

std::vector<std::string> Run::gradients() const {
  std::vector<std::string> names;
  if (!operation_.backward) return names;
  for (const Operand& operand : operation_.operands) {
    if (operand.role == Role::kInput) names.push_back("d" + operand.name);
  }
  return names;
}

bool Run::surroundings_untouched() const {
  for (const auto& [name, tensor] : tensors_) {
    const Shape& inner = tensor.view.shape();
    if (tensor.whole.shape() == inner) continue;
    std::vector<double> values(static_cast<std::size_t>(tensor.whole.numel()));
    backend_.download(tensor.whole, values.data());
    for (std::size_t i = 0; i < tensor.initial.size(); ++i) values[place_of(i, inner)] = kSentinel;
    for (const double v : values) {
      if (v != kSentinel) return false;
    }
  }
  return true;
}

Tensors results_of(Backend& backend, const Operation& operation, Run& run) {
  operation.forward(backend, run);
  if (operation.backward) operation.backward(backend, run);
  Tensors results;
  for (const std::string& name : run.results()) results[name] = run.values(name);
  for (const std::string& name : run.gradients()) results[name] = run.values(name);
  return results;
}

}  // namespace odin::test
