#include "tests/weights/damaged_checkpoint.h"

#include <doctest/doctest.h>

#include "tests/support/error_of.h"

namespace odin::test {

Damaged::Damaged(const std::function<void(hid_t)>& change, const Checkpoint& checkpoint) {
  write_checkpoint(checkpoint, path());
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t file = H5Fopen(path().c_str(), H5F_ACC_RDWR, access);
  REQUIRE(file >= 0);
  change(file);
  REQUIRE(H5Fclose(file) >= 0);
  H5Pclose(access);
}

std::string Damaged::error() const {
  const std::string sentence = error_of(read_checkpoint, path());
  if (sentence == kNoError) return sentence;
  const std::string name = path().string();
  return sentence.starts_with(name) ? sentence.substr(name.size()) : "without a name: " + sentence;
}

hid_t scalar() {
  return H5Screate(H5S_SCALAR);
}

hid_t extents(const std::vector<hsize_t>& sizes) {
  return H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
}

hid_t fixed_text(std::size_t width) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, width);
  return type;
}

void set_attribute(hid_t file, const char* name, hid_t type, hid_t space, const void* values) {
  if (H5Aexists(file, name) > 0) H5Adelete(file, name);
  const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  REQUIRE(attribute >= 0);
  if (values != nullptr) REQUIRE(H5Awrite(attribute, type, values) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
}

void set_integer(hid_t file, const char* name, long long value) {
  set_attribute(file, name, H5T_NATIVE_LLONG, scalar(), &value);
}

void set_number(hid_t file, const char* name, double value) {
  set_attribute(file, name, H5T_NATIVE_DOUBLE, scalar(), &value);
}

void set_numbers(hid_t file, const char* name, const std::vector<double>& values) {
  set_attribute(file, name, H5T_NATIVE_DOUBLE, extents({values.size()}), values.data());
}

void set_text(hid_t file, const char* name, const std::string& value) {
  set_attribute(file, name, fixed_text(value.size() + 1), scalar(), value.c_str());
}

void replace(hid_t file, const char* path, hid_t type, hid_t space, hid_t properties,
             const void* values) {
  if (H5Lexists(file, path, H5P_DEFAULT) > 0) H5Ldelete(file, path, H5P_DEFAULT);
  const hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  REQUIRE(dataset >= 0);
  if (values != nullptr)
    REQUIRE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(dataset);
  H5Sclose(space);
}

void set_bias(hid_t file, const std::vector<float>& values) {
  replace(file, "fc/bias", H5T_IEEE_F32LE, extents({values.size()}), H5P_DEFAULT, values.data());
}

hid_t chunks(const std::vector<hsize_t>& sizes) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(properties, static_cast<int>(sizes.size()), sizes.data());
  return properties;
}

}  // namespace odin::test
