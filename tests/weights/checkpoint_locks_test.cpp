// Checkpoints that other programs have open or locked.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <hdf5.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/damaged_checkpoint.h"

namespace odin {
namespace {

TEST_CASE("a checkpoint that another program has locked is read") {
  const test::TemporaryFolder folder;
  const Checkpoint written = test::small_densenet();
  write_checkpoint(written, folder / "net.h5");
  // Locks of two open descriptions exclude each other, in one process too.
  const int descriptor = ::open((folder / "net.h5").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  REQUIRE(::flock(descriptor, LOCK_EX | LOCK_NB) == 0);
  const Checkpoint read = read_checkpoint(folder / "net.h5");
  CHECK(read.source == written.source);
  CHECK(read.parameters.at("fc.bias").values == written.parameters.at("fc.bias").values);
  ::close(descriptor);
}

TEST_CASE("a checkpoint that this process has open through HDF5 is read") {
  const test::TemporaryFolder folder;
  write_checkpoint(test::small_densenet(), folder / "net.h5");
  const hid_t file = H5Fopen((folder / "net.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  REQUIRE(file >= 0);
  CHECK(test::error_of(read_checkpoint, folder / "net.h5") == test::kNoError);
  H5Fclose(file);
}

TEST_CASE("a file that was not closed after writing is called so, and not damaged") {
  const test::TemporaryFolder folder;
  write_checkpoint(test::small_densenet(), folder / "net.h5");
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  // Only such a file says that it is open.
  const hid_t file = H5Fcreate((folder / "open.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  REQUIRE(file >= 0);
  REQUIRE(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0);
  test::write_bytes(folder / "copy.h5", test::content_of(folder / "open.h5"));
  H5Fclose(file);
  H5Pclose(access);
  const std::string sentence = test::error_of(read_checkpoint, folder / "copy.h5");
  CAPTURE(sentence);
  CHECK(sentence.starts_with((folder / "copy.h5").string() + test::kStart +
                             "a program has it open for writing, or ended without closing it ("));
  CHECK(sentence.find("damaged") == std::string::npos);
}

}  // namespace
}  // namespace odin
