#include "weights/hdf5_handle.h"

namespace odin::hdf5 {
namespace {

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

// Whether a call has ever failed. After a damaged file HDF5 1.10 cannot close down properly when
// the process ends, and prints that unless it is silent. So it stays silent.
bool any_failure = false;  // guarded by library_mutex()

// Keeps the first entry, which is the innermost one when the stack is walked upwards.
herr_t keep_first(unsigned, const H5E_error2_t* entry, void* words) {
  auto& kept = *static_cast<std::string*>(words);
  if (kept.empty() && entry->desc != nullptr) kept = entry->desc;
  return 0;
}

}  // namespace

Session::Session() : lock_(library_mutex()) {
  require(H5open() >= 0, "the HDF5 library cannot be started");
  require(H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_) >= 0 &&
              H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0,
          "the HDF5 library cannot be silenced");
  require(H5PLget_loading_state(&plugins_) >= 0 && H5PLset_loading_state(0) >= 0,
          "the HDF5 library cannot be kept from loading plugins");
}

Session::~Session() {
  H5Eclear2(H5E_DEFAULT);
  H5PLset_loading_state(plugins_);
  if (!any_failure) H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
}

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  check(H5get_libversion(&major, &minor, &release), "the HDF5 library cannot be started");
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::string reason() {
  any_failure = true;
  std::string words;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &words);
  return words.empty() ? "HDF5 gives no reason" : words;
}

}  // namespace odin::hdf5
