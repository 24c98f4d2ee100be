// Memory on the GPU, and host memory that it can copy from and to while it computes.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace odin::cuda {

// Device memory, at least 256-byte aligned, not initialised.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // Throws OutOfMemory.
  explicit DeviceBuffer(std::size_t bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  void* data() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  std::size_t size() const { return size_; }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// Page-locked host memory: copies from and to it run beside the kernels.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  // Throws OutOfMemory.
  explicit PinnedBuffer(std::size_t bytes);
  ~PinnedBuffer();
  PinnedBuffer(PinnedBuffer&& other) noexcept { swap(other); }
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  void* data() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  std::size_t size() const { return size_; }

 private:
  void swap(PinnedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// Device memory that is used by one operation after the other on one stream; it only ever grows.
class Scratch {
 public:
  // Valid until the next call. Throws OutOfMemory.
  void* get(std::size_t bytes);

 private:
  DeviceBuffer buffer_;
};

// Places blocks with known lifetimes in one piece of memory, so that blocks which are never alive
// together may share it. Plan first, then take as much memory as size() says.
class Arena {
 public:
  static constexpr std::size_t kAlignment = 256;

  // A block of `bytes`, alive from step `first` to step `last`, both included. Returns its number.
  int add(std::size_t bytes, int first, int last);
  // Assigns an offset to every block: the largest first, each at the lowest place where nothing
  // that lives at the same time lies.
  void plan();
  std::size_t offset(int block) const { return blocks_[static_cast<std::size_t>(block)].offset; }
  std::size_t size() const { return size_; }

 private:
  struct Block {
    std::size_t bytes;
    int first;
    int last;
    std::size_t offset;
  };

  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace odin::cuda
