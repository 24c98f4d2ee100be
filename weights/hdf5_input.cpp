#include "weights/hdf5_input.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>
#include <string>

#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>  // since HDF5 1.14, which hdf5.h does not include
#endif

#include "kernels/error.h"

namespace odin::hdf5 {
namespace {

// How the words begin that HDF5 gives as the reason where the file cannot be read.
constexpr const char* kUnreadable = "cannot read ";

// An open file, as HDF5 sees it through the functions below.
struct OpenFile {
  H5FD_t common{};  // HDF5's own, which must come first
  const InputFile* input = nullptr;
  haddr_t end_of_addresses = 0;
};

const OpenFile& from(const H5FD_t* file) {
  return *reinterpret_cast<const OpenFile*>(file);
}

H5FD_t* open(const char* /*name*/, unsigned /*flags*/, hid_t access, haddr_t /*most*/) {
  const auto* const input = static_cast<const InputFile* const*>(H5Pget_driver_info(access));
  if (input == nullptr) return nullptr;
  auto* const file = new (std::nothrow) OpenFile{.input = *input};
  return file == nullptr ? nullptr : &file->common;
}

herr_t close(H5FD_t* file) {
  delete &from(file);
  return 0;
}

haddr_t end_of_addresses(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return from(file).end_of_addresses;
}

herr_t set_end_of_addresses(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t end) {
  reinterpret_cast<OpenFile*>(file)->end_of_addresses = end;
  return 0;
}

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return static_cast<haddr_t>(from(file).input->size());
}

// As HDF5's own functions do, this one finds zeros past the end. No exception may pass through the
// library.
herr_t read(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address,
            std::size_t size, void* to) {
  try {
    require(address <= end_of_addresses(file, H5FD_MEM_DEFAULT) &&
                size <= end_of_addresses(file, H5FD_MEM_DEFAULT) - address,
            "an address is past the end of the file");
    auto* const bytes = static_cast<char*>(to);
    const std::size_t got =
        from(file).input->read_some(static_cast<std::int64_t>(address), bytes, size);
    std::fill(bytes + got, bytes + size, 0);
    return 0;
  } catch (const std::exception& error) {
    H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_IO, H5E_READERROR, "%s",
             error.what());
    return -1;
  }
}

herr_t refuse_to_write(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) {
  return -1;
}

// No lock is taken: network file systems may have none, and another program's lock does not concern
// a reader. But only where there are these functions, HDF5 looks whether the file says that a
// program has it open for writing.
herr_t lock(H5FD_t*, hbool_t) {
  return 0;
}
herr_t unlock(H5FD_t*) {
  return 0;
}

// What HDF5 calls a driver.
H5FD_class_t driver() {
  H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
  driver.version = H5FD_CLASS_VERSION;
  driver.value = 600;  // of those for everybody's tests
#endif
  driver.name = "odin_input";
  driver.maxaddr = std::numeric_limits<std::int64_t>::max();
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(const InputFile*);
  driver.open = open;
  driver.close = close;
  driver.get_eoa = end_of_addresses;
  driver.set_eoa = set_end_of_addresses;
  driver.get_eof = end_of_file;
  driver.read = read;
  driver.write = refuse_to_write;
  driver.lock = lock;
  driver.unlock = unlock;
  std::ranges::fill(driver.fl_map, H5FD_MEM_SUPER);
  return driver;
}

// Throws Error: why a file could not be opened.
[[noreturn]] void refuse_file(const std::string& why) {
  const auto says = [&](const char* words) { return why.find(words) != std::string::npos; };
  if (why.starts_with(kUnreadable)) fail("{}", why);  // a system call failed
  if (says("already open for")) {
    fail(
        "a program has it open for writing, or ended without closing it ({}); wait until that "
        "program is done, or give a copy that 'h5clear --status' has cleared",
        why);
  }
  fail("it is damaged or cut short ({})", why);
}

}  // namespace

Handle open_for_reading(const InputFile& input) {
  static const H5FD_class_t kDriver = driver();
  const Handle id(check(H5FDregister(&kDriver), "HDF5 cannot be given the file"));
  const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "HDF5 cannot be given the file"));
  const InputFile* const info = &input;
  check(H5Pset_driver(access.get(), id.get(), &info), "HDF5 cannot be given the file");
  Handle file(H5Fopen(input.path().c_str(), H5F_ACC_RDONLY, access.get()));
  if (file.get() < 0) refuse_file(reason());
  return file;
}

}  // namespace odin::hdf5
