// A count, of the signed type that sizes of tensors have, as an index into containers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace odin {

// `value` must not be negative.
constexpr std::size_t as_size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

}  // namespace odin
