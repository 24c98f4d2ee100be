// HDF5's C API made safe: ids that close themselves, checked statuses, reasons in words.
#pragma once

#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include <hdf5.h>

#include "kernels/error.h"

namespace odin::hdf5 {

// By itself the library is not thread-safe, prints its errors, and loads a plugin for a filter that
// it does not know: code that a file's content names. While a Session lives, only this thread is in
// the library, which prints and loads nothing. After a failure it stays silent. Everything below
// needs a Session.
class Session {
 public:
  // Throws Error if the library cannot be set up.
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
  unsigned plugins_ = 0;
};

// "1.10.8"
std::string library_version();

// Why the last call failed, in HDF5's words, from the innermost function that failed.
std::string reason();

// Returns `status` (an id, a size, a truth value or herr_t). If it is negative, which is how HDF5
// reports failure, throws Error with the formatted words and the reason.
template <class Status, class... Args>
Status check(Status status, fmt::format_string<Args...> format, Args&&... args) {
  static_assert(std::is_signed_v<Status>);
  if (status < 0) [[unlikely]]
    fail("{} ({})", fmt::format(format, std::forward<Args>(args)...), reason());
  return status;
}

// Owns an id of any kind: a file, a group, a data set, a type, a space, a property list.
class Handle {
 public:
  Handle() = default;
  // Takes over the id that a checked call returned.
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) H5Idec_ref(id_);  // a file being written is closed by close(), which checks
  }

  hid_t get() const { return id_; }
  // Closes it now. Throws Error if that fails: a file writes its last bytes here.
  void close() { check(H5Idec_ref(std::exchange(id_, H5I_INVALID_HID)), "it cannot be closed"); }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

}  // namespace odin::hdf5
