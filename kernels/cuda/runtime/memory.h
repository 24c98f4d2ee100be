// Memory on the GPU, and host memory that it can copy from and to while it computes.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/cuda/runtime/handle.h"

namespace odin::cuda {

// A piece of memory, not initialised. `allocate` throws OutOfMemory.
template <void* (*allocate)(std::size_t bytes), void (*release)(void* data)>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes) : size_(bytes) {
    if (bytes > 0) *data_.to_create() = allocate(bytes);
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }

  void* data() const { return data_.get(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data());
  }
  std::size_t size() const { return size_; }

  // Makes room for `bytes` where there is less. Returns whether it did: the content is then lost.
  bool grow(std::size_t bytes) {
    if (bytes <= size_) return false;
    *this = Buffer();  // gives back the old memory before it takes the new
    *this = Buffer(bytes);
    return true;
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  Handle<void*, release> data_;
  std::size_t size_ = 0;
};

void* allocate_device(std::size_t bytes);
void release_device(void* data);
void* allocate_pinned(std::size_t bytes);
void release_pinned(void* data);

// Device memory, at least 256-byte aligned.
using DeviceBuffer = Buffer<allocate_device, release_device>;
// Page-locked host memory: copies from and to it run alongside the kernels.
using PinnedBuffer = Buffer<allocate_pinned, release_pinned>;

// Device memory that is used by one operation after the other on one stream; it only ever grows.
class Scratch {
 public:
  // Valid until the next call. Throws OutOfMemory.
  void* get(std::size_t bytes) {
    buffer_.grow(bytes);
    return buffer_.data();
  }

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
