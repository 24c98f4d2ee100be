// Tensors as a PyTorch file stores them: views of a storage of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/files/byte_source.h"

namespace odin::pytorch {

// A tensor with more axes is refused.
constexpr std::size_t kMostRank = 64;

// The type of a storage's numbers, with PyTorch's names.
struct ElementType {
  std::string_view storage;  // "FloatStorage", or nothing if no class has this name
  std::string_view name;     // "float32"
  std::uint64_t size;        // bytes
};

// The type of "FloatStorage", "HalfStorage" and so on, or nullptr.
const ElementType* find_element_type(std::string_view storage);
// The type of "float32", "float8_e4m3fn" and so on, or nullptr.
const ElementType* find_element_type_by_name(std::string_view name);

// Whether its numbers stand for others, by a scale that is kept elsewhere: "qint8" and the like.
bool is_quantised(const ElementType& type);

// A sequence of numbers in the file.
struct Storage {
  const ElementType* type = nullptr;
  std::uint64_t count = 0;
  SharedSource bytes;  // count * type->size
  bool big_endian = false;
  std::string location;  // "cpu", "cuda:1"
};

struct Tensor {
  std::shared_ptr<const Storage> storage;  // nullptr for a tensor that never had elements
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements, none negative, of any order, 0 if expanded
  std::int64_t offset = 0;            // in elements

  std::int64_t count() const;  // of elements
};

// Throws Error unless shape and strides have the same rank and every element is in the storage.
// After that, no product or sum of them overflows.
void require_valid(const Tensor& tensor);

// "(24, 3, 3, 3)".
std::string shape_text(const std::vector<std::int64_t>& shape);

// The elements in row-major order. float16, bfloat16, float32 and float64 are converted to float as
// PyTorch converts them. Throws Error for other types, and for a tensor whose elements are spread
// over a storage so much larger that reading them is out of proportion.
std::vector<float> read_elements(const Tensor& tensor);

}  // namespace odin::pytorch
