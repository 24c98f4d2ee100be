// Memory on the GPU, and host memory that it can copy from and to while it computes.
#pragma once

#include <cstddef>
#include <utility>

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

// Device memory that the operations of one stream use one after another; it only ever grows.
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

}  // namespace odin::cuda
