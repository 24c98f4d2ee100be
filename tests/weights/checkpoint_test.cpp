#include "weights/checkpoint.h"

#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <hdf5.h>

#include "kernels/error.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "weights/bundled.h"

// HDF5 1.10 forgets some 400 bytes for each object header whose checksum is wrong, as a plain C
// program that opens such a file shows too.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5";
}

namespace odin {
namespace {

using test::error_of;
using test::kNoError;
using test::same;
using test::sample_checkpoint;
using test::small_densenet;

TEST_CASE("a checkpoint is read as it was written, bit for bit") {
  const test::TemporaryFolder folder;
  const Architecture architectures[] = {
      DenseNetConfig{10, 2, 0.5, true, 3},
      DenseNetConfig{7, 3, 1, false, 2},
      DenseNetConfig{16, 5, 0.4, true, 100},
      WideResNetConfig{10, 1, 7},
      {DenseNetConfig{10, 2, 0.5, true, 3}, {1, 28}},
      {WideResNetConfig{10, 1, 7}, {3, 96}},
      WideResNetConfig{10, 4,
                       10},  // whose largest parameters take several chunks, the last one padded
  };
  for (const Architecture& architecture : architectures) {
    const Checkpoint written = sample_checkpoint(architecture);
    write_checkpoint(written, folder / "net.h5");
    CHECK(same(read_checkpoint(folder / "net.h5"), written));
    const CheckpointInspection inspection = inspect_checkpoint(folder / "net.h5");
    CHECK(inspection.problems.empty());
    CHECK(same(inspection.checkpoint, written));
  }
}

TEST_CASE("every finite float and any text survive") {
  const test::TemporaryFolder folder;
  Checkpoint written = small_densenet();
  written.parameters["fc.bias"].values = {-0.0F, std::numeric_limits<float>::denorm_min(),
                                          std::numeric_limits<float>::lowest()};
  written.class_names = {"", "T-shirt/top", "\xc3\xa9t\xc3\xa9, \"quoted\"\n"};
  written.in_dataset = "";
  written.source = std::string(100'000, 's');
  written.mean = {0, 1, 0.5F};
  written.std = {1, 1e-6F, 0.25F};
  write_checkpoint(written, folder / "net.h5");
  CHECK(same(read_checkpoint(folder / "net.h5"), written));
  written.class_names.clear();
  write_checkpoint(written, folder / "net.h5");
  CHECK(same(read_checkpoint(folder / "net.h5"), written));
}

TEST_CASE("as many classes as there may be can have names") {
  const test::TemporaryFolder folder;
  const Checkpoint written = sample_checkpoint(DenseNetConfig{7, 1, 0.5, false, 100'000});
  write_checkpoint(written, folder / "net.h5");
  CHECK(same(read_checkpoint(folder / "net.h5"), written));
}

TEST_CASE("only a checkpoint for other images than 3 x 32 x 32 says which") {
  const test::TemporaryFolder folder;
  const auto attribute = [&](const Architecture& architecture, const char* name) {
    write_checkpoint(sample_checkpoint(architecture), folder / "net.h5");
    const hid_t file = H5Fopen((folder / "net.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    long long value = -1;  // absent
    if (H5Aexists(file, name) > 0) {
      const hid_t id = H5Aopen(file, name, H5P_DEFAULT);
      H5Aread(id, H5T_NATIVE_LLONG, &value);
      H5Aclose(id);
    }
    H5Fclose(file);
    return value;
  };
  const WideResNetConfig config{10, 1, 3};
  CHECK(attribute(config, "format_version") == 1);
  CHECK(attribute(config, "image_channels") == -1);
  CHECK(attribute(config, "image_size") == -1);
  CHECK(attribute({config, {1, 28}}, "format_version") == 2);
  CHECK(attribute({config, {1, 28}}, "image_channels") == 1);
  CHECK(attribute({config, {1, 28}}, "image_size") == 28);
  CHECK(attribute({config, {3, 64}}, "image_channels") == 3);
}

TEST_CASE("a rewritten checkpoint that came with the program is the same file") {
  const test::TemporaryFolder folder;
  const auto bundled = bundled_weights("densenet_bc_100_fashion_mnist.h5");
  write_checkpoint(read_checkpoint(bundled), folder / "net.h5");
  CHECK(test::content_of(folder / "net.h5") == test::content_of(bundled));
}

TEST_CASE("the same checkpoint gives the same bytes") {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = sample_checkpoint(WideResNetConfig{10, 2, 10});
  write_checkpoint(checkpoint, folder / "a.h5");
  write_checkpoint(small_densenet(), folder / "other.h5");
  write_checkpoint(checkpoint, folder / "b.h5");
  const std::string bytes = test::content_of(folder / "a.h5");
  CHECK(bytes.size() > 1000);
  CHECK(bytes == test::content_of(folder / "b.h5"));
  write_checkpoint(read_checkpoint(folder / "a.h5"), folder / "c.h5");
  CHECK(bytes == test::content_of(folder / "c.h5"));
}

herr_t no_time(hid_t, const char* name, const H5O_info_t* info, void* count) {
  CAPTURE(name);
  CHECK(info->atime == 0);
  CHECK(info->mtime == 0);
  CHECK(info->ctime == 0);
  CHECK(info->btime == 0);
  ++*static_cast<int*>(count);
  return 0;
}

TEST_CASE("no object of a file has a time stamp") {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = small_densenet();
  write_checkpoint(checkpoint, folder / "net.h5");
  const hid_t file = H5Fopen((folder / "net.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  REQUIRE(file >= 0);
  int objects = 0;
  CHECK(H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, no_time, &objects) == 0);
  CHECK(objects > static_cast<int>(checkpoint.parameters.size()));
  H5Fclose(file);
}

TEST_CASE("several threads may read and write at once") {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = small_densenet();
  write_checkpoint(checkpoint, folder / "net.h5");
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (int& flag : right) {
      threads.emplace_back([&] {
        write_checkpoint(checkpoint, folder / "net.h5");
        flag = same(read_checkpoint(folder / "net.h5"), checkpoint) ? 1 : 0;
      });
    }
  }
  CHECK(right == std::vector<int>(4, 1));
}

TEST_CASE("a damaged byte is noticed or changes nothing") {
  const test::TemporaryFolder folder;
  const Checkpoint written = sample_checkpoint(DenseNetConfig{7, 1, 0.5, false, 2});
  write_checkpoint(written, folder / "net.h5");
  const std::string bytes = test::content_of(folder / "net.h5");
  int noticed = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 31) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    test::write_bytes(folder / "damaged.h5", damaged);
    CAPTURE(at);
    Checkpoint read;
    try {
      read = read_checkpoint(folder / "damaged.h5");
    } catch (const Error& error) {
      ++noticed;
      CHECK(std::string(error.what()).starts_with((folder / "damaged.h5").string()));
      continue;
    }
    CHECK(same(read, written));
  }
  CHECK(noticed > std::ssize(bytes) / 31 / 2);
}

TEST_CASE("a file cut short anywhere is refused") {
  const test::TemporaryFolder folder;
  write_checkpoint(small_densenet(), folder / "net.h5");
  const std::string bytes = test::content_of(folder / "net.h5");
  for (std::size_t size = 0; size < bytes.size(); size += bytes.size() / 40) {
    CAPTURE(size);
    test::write_bytes(folder / "short.h5", bytes.substr(0, size));
    CHECK_THROWS_AS(read_checkpoint(folder / "short.h5"), Error);
    CHECK_THROWS_AS(inspect_checkpoint(folder / "short.h5"), Error);
  }
}

TEST_CASE("parameters that do not fit the architecture are named") {
  const Architecture architecture = DenseNetConfig{10, 2, 0.5, true, 3};
  const ParameterMap right = test::sample_parameters(architecture);
  const auto error = [&](const auto& change) {
    ParameterMap wrong = right;
    change(wrong);
    return error_of([&] { validate(architecture, wrong); });
  };
  const std::string start = "the parameters do not make a DenseNet-BC-10: ";
  CHECK(error([](ParameterMap&) {}) == kNoError);
  CHECK(error([](ParameterMap& p) { p.erase("fc.bias"); }) == start + "fc.bias is missing");
  CHECK(error([](ParameterMap& p) {
          p["fc.extra"] = {{1}, {0}};
        }) == start + "fc.extra is not a part of this network");
  CHECK(error([](ParameterMap& p) {
          p["fc.bias"] = {{4}, {0, 0, 0, 0}};
        }) == start + "fc.bias has the shape (4) where (3) is expected");
  CHECK(error([](ParameterMap& p) { p["fc.bias"].values.pop_back(); }) ==
        start + "fc.bias has 2 values where its shape (3) has 3");
  CHECK(error([](ParameterMap& p) { p["fc.bias"].values[2] = std::nanf(""); }) ==
        start + "fc.bias holds nan at index 2 where all values must be finite");
  CHECK(error([](ParameterMap& p) { p["conv1.weight"].values[0] = -HUGE_VALF; }) ==
        start + "conv1.weight holds -inf at index 0 where all values must be finite");
  CHECK(error([](ParameterMap& p) { p["bn1.running_var"].values[1] = -0.5F; }) ==
        start + "bn1.running_var holds the negative variance -0.5 at index 1");
  CHECK(error([](ParameterMap& p) { p["bn1.running_mean"].values[1] = -0.5F; }) == kNoError);
  CHECK(error([](ParameterMap& p) {
          p.erase("fc.bias");
          p["fc.extra"] = {{1}, {0}};
        }) == start + "fc.bias is missing and fc.extra is not a part of this network");
  CHECK(error([](ParameterMap& p) { p.clear(); }) ==
        start +
            "conv1.weight is missing, block1.layer.0.bn1.weight is missing, "
            "block1.layer.0.bn1.bias is missing, block1.layer.0.bn1.running_mean is missing and "
            "43 more entries are wrong");
  CHECK(error_of([&] {
          validate(DenseNetConfig{11, 2, 0.5, true, 3}, right);
        }).starts_with("a DenseNet-BC has a depth of 6 n + 4"));
}

TEST_CASE("a checkpoint that could not be read is not written, and an older file stays") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  test::write_bytes(file, "old");
  const auto error = [&](const auto& change) {
    Checkpoint wrong = small_densenet();
    change(wrong);
    return error_of([&] { write_checkpoint(wrong, file); });
  };
  const std::string start = file + " is not written: ";
  CHECK(error([](Checkpoint& c) { c.parameters.erase("fc.bias"); }) ==
        start + "the parameters do not make a DenseNet-BC-10: fc.bias is missing");
  CHECK(error([](Checkpoint& c) { c.class_names.pop_back(); }) ==
        start + "it has 2 class names for 3 classes; give one for each class or none");
  CHECK(error([](Checkpoint& c) { c.class_names[1] = std::string("a\0b", 3); }) ==
        start + "the text of the attribute class_names must not contain a zero byte");
  CHECK(error([](Checkpoint& c) {
          c.mean[1] = 125.3F;
        }).starts_with(start + "its mean of green is 125.3 where"));
  CHECK(
      error([](Checkpoint& c) { c.std[2] = 0; }).starts_with(start + "its std of blue is 0 where"));
  CHECK(error([](Checkpoint& c) {
          c.std[0] = std::nanf("");
        }).starts_with(start + "its std of red is nan where"));
  CHECK(error([](Checkpoint& c) { c.mean.pop_back(); }) ==
        start + "it has 2 means and 3 deviations for images of 3 channels");
  CHECK(error([](Checkpoint& c) {
          c = sample_checkpoint({WideResNetConfig{10, 1, 3}, {1, 28}});
          c.mean[0] = 2;
        }).starts_with(start + "its mean of grey is 2 where"));
  CHECK(error([](Checkpoint& c) { c.architecture.image.side = 2000; }) ==
        start + "the side of the images must be between 4 and 256, not 2000");
  CHECK(test::content_of(file) == "old");
}

TEST_CASE("a full disk and a missing folder are named") {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = small_densenet();
  CHECK(error_of([&] {
          write_checkpoint(checkpoint, "/dev/full");
        }).starts_with("/dev/full cannot be written: No space left on device"));
  const std::string absent = (folder / "absent/net.h5").string();
  CHECK(error_of([&] {
          write_checkpoint(checkpoint, absent);
        }).starts_with(absent + " cannot be written: No such file or directory"));
}

}  // namespace
}  // namespace odin
