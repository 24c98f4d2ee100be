// Ownership of what a C library creates.
#pragma once

#include <utility>

namespace odin::cuda {

// Owns a handle, nullptr for none, and gives it back with `destroy`. Movable, not copyable.
template <class Raw, auto destroy>
class Handle {
 public:
  Handle() = default;
  // A destructor cannot report a failure, and nothing could be done about it.
  ~Handle() {
    if (raw_ != nullptr) destroy(raw_);
  }
  Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }

  Raw get() const { return raw_; }
  // For the function that creates the handle; only while there is none.
  Raw* to_create() { return &raw_; }

 private:
  Raw raw_ = nullptr;
};

}  // namespace odin::cuda
