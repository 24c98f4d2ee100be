// Memory of back ends, and copies between it and the host.
#include <cstdint>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/kernels/backends.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

TEST_CASE("memory is zeroed and aligned, and none at all is possible") {
  for (const BackendUnderTest& under_test : backends()) {
    const std::unique_ptr<Backend> backend = under_test.make();
    for (const std::size_t count : {0, 1, 1000}) {
      const auto memory = backend->allocate(count * size_of(backend->data_type()));
      REQUIRE(memory != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(memory.get()) % 64 == 0);
      std::vector<double> values(count, 1);
      backend->download(
          {memory.get(), backend->data_type(), Shape{static_cast<std::int64_t>(count)}, Strides{1}},
          values.data());
      CHECK(values == std::vector<double>(count, 0));
    }
  }
}

TEST_CASE("too much memory is an error that says how much") {
#ifdef __SANITIZE_ADDRESS__
  skip("the address sanitizer ends the process where memory runs out");
#else
  for (const BackendUnderTest& under_test : backends()) {
    const std::unique_ptr<Backend> backend = under_test.make();
    for (const std::size_t bytes :
         {std::size_t{1} << 60, std::numeric_limits<std::size_t>::max()}) {
      const std::string sentence =
          fmt::format("there is not enough memory for {} MB; use a smaller batch", bytes / 1000000);
      CHECK_THROWS_WITH_AS(backend->allocate(bytes), sentence.c_str(), Error);
    }
  }
#endif
}

TEST_CASE("values travel to a view of any strides and back") {
  for (const BackendUnderTest& under_test : backends()) {
    const std::unique_ptr<Backend> backend = under_test.make();
    for (const DataType type :
         {DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kUInt8}) {
      const auto memory = backend->allocate(240 * size_of(type));
      const Shape whole{2, 6, 4, 5};
      const TensorView wide(memory.get(), type, whole, row_major_strides(whole));
      const TensorView slice = wide.channels(1, 3);
      // The same memory with its last two axes exchanged.
      const TensorView transposed(slice.raw(), type, {2, 3, 5, 4}, {120, 20, 1, 5});

      std::vector<double> values(120);
      std::iota(values.begin(), values.end(), type == DataType::kUInt8 ? 0.0 : -60.0);
      backend->upload(values.data(), slice);
      std::vector<double> back(120);
      backend->download(slice, back.data());
      CHECK(back == values);
      backend->download(transposed, back.data());
      CHECK(back[1] == values[5]);
      CHECK(back[7] == values[16]);  // row 1, column 3 of the transposed plane

      std::vector<double> around(40, 1);
      backend->download(wide.images(0, 1).channels(4, 2), around.data());
      CHECK(around == std::vector<double>(40, 0));
    }
  }
}

TEST_CASE("a label that is no whole number, or no int32, is an error") {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  const auto memory = backend->allocate(8);
  const TensorView labels(memory.get(), DataType::kInt32, Shape{2}, Strides{1});
  for (const double wrong : {3e9, 1.5}) {
    const std::vector<double> values{1, wrong};
    CHECK(error_of([&] { backend->upload(values.data(), labels); }) ==
          fmt::format("{} is not an integer that a tensor of int32 can hold", wrong));
  }
}

TEST_CASE("back ends say what they are") {
  CHECK(make_reference_backend()->name() == "reference");
  CHECK(make_reference_backend()->data_type() == DataType::kFloat64);
  CHECK(make_cpu_backend()->name() == "cpu");
  CHECK(make_cpu_backend()->data_type() == DataType::kFloat32);
  CHECK(make_cpu_backend()->activation_strides({2, 3, 4, 5}) == row_major_strides({2, 3, 4, 5}));
}

}  // namespace
}  // namespace odin::test
