// The CUDA back end's operations on 16-bit activations, on the emulated device or a real one.
#include <doctest/doctest.h>

#include "tests/kernels/cuda/device.h"
#include "tests/kernels/operation_run.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// The names of the activations, and of their gradients, that may be narrow. Operations on images
// have none. Those in `wide`, and their gradients, are excluded.
std::set<std::string> narrow_operands(const Operation& operation,
                                      const std::set<std::string>& wide) {
  std::set<std::string> names;
  const bool on_images =
      operation.name.starts_with("perturbation") || operation.name.starts_with("augmentation");
  for (const Operand& operand : operation.operands) {
    if (on_images || operand.dense || operand.shape.rank() != 4) continue;
    if (wide.contains(operand.name)) continue;
    names.insert(operand.name);
    if (operand.role == Role::kInput || operand.role == Role::kOutput) {
      names.insert("d" + operand.name);
    }
  }
  return names;
}

struct HalfType {
  Precision precision;
  DataType type;
  double roundoff;
};
constexpr HalfType kHalfTypes[] = {{Precision::kFloat16, DataType::kFloat16, 0x1p-11},
                                   {Precision::kBFloat16, DataType::kBFloat16, 0x1p-8}};

// Compares everything that the operation writes with the reference's results for the same, already
// rounded, activations. The results are rounded once; if the weights of a convolution, or a sum
// that is added to, are rounded before, then twice.
void check_operation(Backend& backend, const HalfType& half, const Operation& operation,
                     const std::set<std::string>& wide) {
  INFO(operation.name, " in ", name_of(half.type));
  const auto reference = make_reference_backend();
  for (const bool sliced : {true, false}) {
    if (few_cases() && !sliced) continue;
    Run run(backend, operation,
            {.sliced = sliced, .unwanted = {}, .narrow = narrow_operands(operation, wide)});
    Run exact(*reference, operation);
    for (const std::string& name : narrow_operands(operation, wide)) {
      CHECK(run[name].type() == half.type);
      exact.set(name, run.values(name));
    }
    const Tensors results = results_of(backend, operation, run);
    for (const auto& [name, values] : results_of(*reference, operation, exact)) {
      INFO(name);
      CHECK(relative_error(std::span<const double>(results.at(name)),
                           std::span<const double>(values)) <= 2 * half.roundoff);
    }
    CHECK(run.surroundings_untouched());
  }
}

// Calls test(back end, half type, convolution) for every combination that the device has.
template <class Test>
void on_every_half(Test test) {
  on_every_convolution(Runs::kOther, [&](ConvolutionAlgorithm convolution) {
    for (const HalfType& half : kHalfTypes) {
      const auto backend = make_cuda({.precision = half.precision, .convolution = convolution});
      CHECK(backend->data_type() == DataType::kFloat32);
      CHECK(backend->activation_type() == half.type);
      test(*backend, half, convolution);
    }
  });
}

}  // namespace

TEST_CASE("every operation on 16-bit activations computes what the reference defines") {
  on_every_half([](Backend& backend, const HalfType& half, ConvolutionAlgorithm convolution) {
    for (const std::int64_t images : {3, 1}) {
      if (few_cases() && images != 3) continue;
      for (const Operation& operation : operations(images)) {
        // Our own convolutions take square kernels only.
        if (convolution != ConvolutionAlgorithm::kCudnn && !has_square_kernel(operation)) continue;
        // The others differ by the type's name only, which the kernels' own tests cover.
        const bool sums = operation.name.starts_with("convolution") ||
                          operation.name.starts_with("batch norm in training");
        if (few_cases() && half.type == DataType::kBFloat16 && !sums) continue;
        check_operation(backend, half, operation, {});
      }
    }
  });
}

TEST_CASE("a convolution of float images writes 16-bit activations, and computes its gradients") {
  on_every_half([](Backend& backend, const HalfType& half, ConvolutionAlgorithm) {
    for (const Operation& operation : convolutions(2)) {
      if (has_square_kernel(operation)) check_operation(backend, half, operation, {"x"});
    }
  });
}

TEST_CASE("an average pool of 16-bit activations writes float, and reads a float gradient") {
  on_every_half([](Backend& backend, const HalfType& half, ConvolutionAlgorithm) {
    int checked = 0;
    for (const Operation& operation : operations(2)) {
      if (!operation.name.starts_with("average pool")) continue;
      check_operation(backend, half, operation, {"y"});
      ++checked;
    }
    CHECK(checked > (few_cases() ? 0 : 5));
  });
}

TEST_CASE("layers run our other convolutions where warpgroup products are chosen") {
  if (few_cases()) return;  // the emulated device shows it
  const Operation operation = convolutions(2).front();
  std::vector<Tensors> results;
  on_every_convolution(Runs::kHalfPlans, [&](ConvolutionAlgorithm convolution) {
    if (convolution == ConvolutionAlgorithm::kCudnn) return;
    const auto backend = make_cuda({.precision = Precision::kFloat16, .convolution = convolution});
    Run run(*backend, operation);
    results.push_back(results_of(*backend, operation, run));
    CHECK(results.back() == results.front());
  });
}

TEST_CASE("operands of a wrong type are named") {
  on_every_half([](Backend& backend, const HalfType& half, ConvolutionAlgorithm) {
    const auto memory = backend.allocate(1024);
    const auto tensor = [&](const Shape& shape, DataType type) {
      return TensorView(
          memory.get(), type, shape,
          shape.rank() == 4 ? backend.activation_strides(shape) : row_major_strides(shape));
    };
    const TensorView narrow = tensor({1, 2, 2, 2}, half.type);
    const TensorView wide = tensor({1, 2, 2, 2}, DataType::kFloat32);
    const std::string sentence = fmt::format(
        "relu_forward: y is a tensor of float32; it must be one of {}", name_of(half.type));
    CHECK_THROWS_WITH_AS(backend.relu_forward(narrow, wide), sentence.c_str(), Error);
    CHECK_THROWS_WITH_AS(backend.convolution_forward({}, narrow, narrow, narrow),
                         doctest::Contains("convolution_forward: w is a tensor of"), Error);
    CHECK_THROWS_WITH_AS(backend.convolution_forward({}, narrow, wide, wide),
                         doctest::Contains("convolution_forward: x is a tensor of"), Error);
    CHECK_THROWS_WITH_AS(
        backend.linear_forward(tensor({1, 2}, half.type), tensor({2, 2}, DataType::kFloat32),
                               tensor({2}, DataType::kFloat32), tensor({1, 2}, DataType::kFloat32)),
        doctest::Contains("linear_forward: x is a tensor of"), Error);
    const DataType other =
        half.type == DataType::kFloat16 ? DataType::kBFloat16 : DataType::kFloat16;
    CHECK_THROWS_WITH_AS(backend.fill(tensor({1, 2, 2, 2}, other), 0),
                         doctest::Contains("it must be one of float32"), Error);
  });
}

TEST_CASE("host memory cannot store 16-bit activations") {
  const auto cpu = make_cpu_backend(1);
  const auto memory = cpu->allocate(64);
  const TensorView half(memory.get(), DataType::kFloat16, {4}, row_major_strides({4}));
  const std::vector<double> values(4);
  CHECK_THROWS_WITH_AS(cpu->upload(values.data(), half),
                       "a tensor of float16 cannot be in host memory", Error);
  CHECK(cpu->activation_type() == DataType::kFloat32);
}

}  // namespace odin::test
