// Bytes in memory, as the reader of PyTorch's files takes them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "weights/files/byte_source.h"

namespace odin::test {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }

 private:
  void read_within(std::uint64_t offset, std::span<std::byte> out) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

  std::vector<std::byte> bytes_;
};

inline SharedSource in_memory(std::vector<std::byte> bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

}  // namespace odin::test
