#include "kernels/tensor_view.h"

#include <numeric>
#include <vector>

#include <doctest/doctest.h>

namespace odin::test {
namespace {

TEST_CASE("data types have a size and a name") {
  CHECK(size_of(DataType::kFloat32) == 4);
  CHECK(size_of(DataType::kFloat64) == 8);
  CHECK(size_of(DataType::kInt32) == 4);
  CHECK(name_of(DataType::kFloat32) == "float32");
  CHECK(name_of(DataType::kFloat64) == "float64");
  CHECK(name_of(DataType::kInt32) == "int32");
  CHECK(size_of(DataType::kUInt8) == 1);
  CHECK(name_of(DataType::kUInt8) == "uint8");
  const auto unknown = static_cast<DataType>(77);
  CHECK_THROWS_WITH_AS(size_of(unknown), "unknown data type 77", Error);
  CHECK_THROWS_WITH_AS(name_of(unknown), "unknown data type 77", Error);
}

TEST_CASE("a shape has extents, a number of elements and a text form") {
  const Shape shape{2, 3, 32, 16};
  CHECK(shape.rank() == 4);
  CHECK(shape[3] == 16);
  CHECK(shape.numel() == 2 * 3 * 32 * 16);
  CHECK(shape.to_string() == "(2, 3, 32, 16)");
  CHECK(shape == Shape{2, 3, 32, 16});
  CHECK(shape != Shape{2, 3, 32, 15});
  CHECK(Shape{2} != Shape{2, 1});
  CHECK(Shape().numel() == 1);
  CHECK(Shape().to_string() == "()");
  CHECK(Shape{0, 5}.numel() == 0);
  CHECK_THROWS_WITH_AS((Shape{1, 2, 3, 4, 5}), "a tensor has at most 4 axes, not 5", Error);
  CHECK_THROWS_WITH_AS((Shape{2, -1}), "the extent of an axis cannot be negative (-1)", Error);
}

TEST_CASE("a view reads and writes its elements in place") {
  std::vector<float> memory(2 * 3 * 4 * 5);
  std::iota(memory.begin(), memory.end(), 0.0f);
  const TensorView view(memory.data(), {2, 3, 4, 5});
  CHECK(view.is_contiguous());
  CHECK(view.numel() == 120);
  CHECK(view.elements<float>()(1, 2, 3, 4) == 119);
  view.elements<float>()(0, 1, 0, 2) = -1;
  CHECK(memory[22] == -1);

  const TensorView matrix(memory.data(), {6, 20});
  CHECK(matrix.elements<float>()(5, 19) == 119);
  const ConstTensorView vector(memory.data(), Shape{120});
  CHECK(vector.elements<float>()(119) == 119);
}

TEST_CASE("a slice is a view of the same memory") {
  std::vector<double> memory(4 * 6 * 2 * 2);
  std::iota(memory.begin(), memory.end(), 0.0);
  const TensorView view(memory.data(), {4, 6, 2, 2});

  const TensorView channels = view.channels(2, 3);
  CHECK(channels.shape() == Shape{4, 3, 2, 2});
  CHECK(!channels.is_contiguous());
  CHECK(channels.elements<double>()(1, 0, 0, 0) == 24 + 8);

  const TensorView images = view.images(1, 2);
  CHECK(images.is_contiguous());
  CHECK(images.elements<double>()(0, 0, 0, 0) == 24);

  const TensorView both = images.channels(5, 1);
  CHECK(both.elements<double>()(1, 0, 1, 1) == 2 * 24 + 23);
  CHECK(both.images(0, 1).is_contiguous());  // one image has no gap

  CHECK(view.slice(3, 1, 1).elements<double>()(0, 0, 1, 0) == 3);
  CHECK(view.channels(6, 0).empty());
  const ConstTensorView constant = view;
  CHECK(constant.channels(2, 3).elements<double>()(1, 0, 0, 0) == 24 + 8);
}

TEST_CASE("a slice outside the shape is an error") {
  std::vector<float> memory(6);
  const TensorView view(memory.data(), {2, 3});
  CHECK_THROWS_WITH_AS(view.slice(1, 2, 2),
                       "slice [2, 4) of axis 1 is outside a tensor of shape "
                       "(2, 3)",
                       Error);
  CHECK_THROWS_AS(view.slice(1, -1, 2), Error);
  CHECK_THROWS_AS(view.slice(1, 0, -1), Error);
  CHECK_THROWS_AS(view.slice(2, 0, 1), Error);
  CHECK_THROWS_AS(view.slice(-1, 0, 1), Error);
}

TEST_CASE("elements of another type are an error") {
  std::vector<float> memory(6);
  const TensorView view(memory.data(), {2, 3});
  CHECK(view.data<float>() == memory.data());
  CHECK(view.data<const float>() == memory.data());
  CHECK_THROWS_WITH_AS(view.data<double>(), "a tensor of float32 was given, but float64 is needed",
                       Error);
  CHECK_THROWS_AS(view.elements<std::int32_t>(), Error);
}

TEST_CASE("a default-constructed view is empty") {
  CHECK(TensorView().empty());
  CHECK(ConstTensorView().empty());
  std::vector<float> memory(1);
  CHECK(!TensorView(memory.data(), Shape{1}).empty());
  CHECK(TensorView(memory.data(), {0, 3}).empty());
}

TEST_CASE("row-major strides grow from the last axis to the first") {
  const Strides strides = row_major_strides({2, 3, 4, 5});
  CHECK(strides[0] == 60);
  CHECK(strides[1] == 20);
  CHECK(strides[2] == 5);
  CHECK(strides[3] == 1);
}

}  // namespace
}  // namespace odin::test
