// Checkpoint files that are damaged on purpose, through HDF5.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <hdf5.h>

#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "weights/checkpoint.h"

namespace odin::test {

// How every error of a reader begins, after the file's name.
inline constexpr const char* kStart = " cannot be used as a checkpoint: ";
inline constexpr const char* kMisfit =
    " cannot be used as a checkpoint: it does not hold a DenseNet-BC-10: ";

// A good checkpoint whose file is then changed through HDF5.
class Damaged {
 public:
  explicit Damaged(const std::function<void(hid_t)>& change,
                   const Checkpoint& checkpoint = small_densenet());

  std::filesystem::path path() const { return folder_ / "net.h5"; }
  // What read_checkpoint() says of it, after the file's name; kNoError (tests/support/error_of.h)
  // if it reads it.
  std::string error() const;

 private:
  TemporaryFolder folder_;
};

// Spaces, types and creation properties.
hid_t scalar();
hid_t extents(const std::vector<hsize_t>& sizes);
hid_t fixed_text(std::size_t width);
hid_t chunks(const std::vector<hsize_t>& sizes);

// Replaces an attribute of the root group.
void set_attribute(hid_t file, const char* name, hid_t type, hid_t space, const void* values);
void set_integer(hid_t file, const char* name, long long value);
void set_number(hid_t file, const char* name, double value);
void set_numbers(hid_t file, const char* name, const std::vector<double>& values);
void set_text(hid_t file, const char* name, const std::string& value);

// Replaces a data set by one of another type, extent and storage.
void replace(hid_t file, const char* path, hid_t type, hid_t space, hid_t properties = H5P_DEFAULT,
             const void* values = nullptr);
void set_bias(hid_t file, const std::vector<float>& values);

}  // namespace odin::test
