// Every kind of file that is not a checkpoint, and the sentence that says so.
#include <array>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <hdf5.h>
#include <sys/stat.h>

#include "kernels/error.h"
#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "weights/checkpoint.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStart = " cannot be used as a checkpoint: ";
constexpr const char* kMisfit =
    " cannot be used as a checkpoint: it does not hold a DenseNet-BC-10: ";

template <class Read>
std::string error_of(const Read& read, const fs::path& file) {
  try {
    read(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// A good checkpoint whose file is then changed through HDF5.
class Damaged {
 public:
  explicit Damaged(const std::function<void(hid_t)>& change,
                   const Checkpoint& checkpoint = test::small_densenet()) {
    write_checkpoint(checkpoint, path());
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hid_t file = H5Fopen(path().c_str(), H5F_ACC_RDWR, access);
    REQUIRE(file >= 0);
    change(file);
    REQUIRE(H5Fclose(file) >= 0);
    H5Pclose(access);
  }

  fs::path path() const { return folder_ / "net.h5"; }
  // What is said of it, after the file's name.
  std::string error() const {
    const std::string sentence = error_of(read_checkpoint, path());
    const std::string name = path().string();
    return sentence.starts_with(name) ? sentence.substr(name.size())
                                      : "without a name: " + sentence;
  }

 private:
  test::TemporaryFolder folder_;
};

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
  H5Adelete(file, name);
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

// Puts a data set of one type, extent and storage in the place of another.
void replace(hid_t file, const char* path, hid_t type, hid_t space, hid_t properties = H5P_DEFAULT,
             const void* values = nullptr) {
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

TEST_CASE("what is not a file, or not HDF5, is named") {
  const test::TemporaryFolder folder;
  const auto error = [&](const fs::path& file) {
    const std::string sentence = error_of(inspect_checkpoint, file);
    CHECK(sentence == error_of(read_checkpoint, file));
    return sentence;
  };
  CHECK(error(folder / "absent.h5") ==
        (folder / "absent.h5").string() + kStart + "No such file or directory");
  CHECK(error(folder.path()) == folder.path().string() + kStart + "it is not a regular file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error(folder / "pipe") == (folder / "pipe").string() + kStart + "it is not a regular file");
  for (const std::string& bytes : {std::string(), std::string("text"), std::string(5000, '\0')}) {
    test::write_bytes(folder / "file", bytes);
    CHECK(error(folder / "file") ==
          (folder / "file").string() + kStart +
              "it is not an HDF5 file; convert a PyTorch checkpoint with convert_checkpoint");
  }
  write_checkpoint(test::small_densenet(), folder / "net.h5");
  const std::string bytes = test::content_of(folder / "net.h5");
  test::write_bytes(folder / "net.h5", bytes.substr(0, bytes.size() / 2));
  CHECK(error(folder / "net.h5")
            .starts_with((folder / "net.h5").string() + kStart +
                         "it is damaged or cut short (truncated file: "));
}

TEST_CASE("each attribute that is missing is named") {
  for (const char* name :
       {"format", "format_version", "architecture", "depth", "growth_rate", "reduction",
        "bottleneck", "num_classes", "class_names", "mean", "std", "in_dataset", "source"}) {
    const Damaged file([&](hid_t id) { H5Adelete(id, name); });
    CHECK(file.error() == kStart + fmt::format("its attribute {} is missing", name));
  }
  const Damaged wide([](hid_t id) { H5Adelete(id, "widen_factor"); },
                     test::sample_checkpoint(WideResNetConfig{10, 1, 3}));
  CHECK(wide.error() == std::string(kStart) + "its attribute widen_factor is missing");
}

TEST_CASE("each attribute that is wrong is named, with what was expected") {
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const Case cases[] = {
      {[](hid_t f) { set_text(f, "format", "other"); },
       "its format is 'other' where 'odin-checkpoint' is expected"},
      {[](hid_t f) { set_text(f, "format", "\x1b[2J\n"); },
       "its format is '\\x1b[2J\\x0a' where 'odin-checkpoint' is expected"},
      {[](hid_t f) { set_integer(f, "format", 1); },
       "its attribute format holds 64-bit integers where text is expected"},
      {[](hid_t f) { set_attribute(f, "format", fixed_text(4), extents({0}), nullptr); },
       "its attribute format holds 0 values where 1 is expected"},
      {[](hid_t f) { set_attribute(f, "format", fixed_text(4), H5Screate(H5S_NULL), nullptr); },
       "its attribute format holds 0 values where 1 is expected"},
      {[](hid_t f) { set_integer(f, "format_version", 2); },
       "its format has version 2 where 1 is expected; use a version of this program that is as new "
       "as the file"},
      {[](hid_t f) { set_integer(f, "format_version", 0); },
       "its format has version 0 where 1 is expected; use a version of this program that is as old "
       "as the file"},
      {[](hid_t f) { set_text(f, "format_version", "1"); },
       "its attribute format_version holds text where a whole number is expected"},
      {[](hid_t f) { set_text(f, "architecture", "vgg"); },
       "its architecture is 'vgg' where 'densenet' or 'wide_resnet' is expected"},
      {[](hid_t f) { set_integer(f, "depth", 11); },
       "a DenseNet-BC has a depth of 6 n + 4 for a whole n of at least 1, not 11 (the nearest is "
       "10)"},
      {[](hid_t f) { set_integer(f, "depth", 1'000'006); },
       "a DenseNet-BC has a depth of 6 n + 4 for a whole n of at least 1, not 1000006 (the nearest "
       "is 2002)"},
      {[](hid_t f) { set_integer(f, "depth", -8); },
       "its attribute depth is -8, which no network has"},
      {[](hid_t f) { set_integer(f, "depth", std::numeric_limits<long long>::max()); },
       "its attribute depth is 9223372036854775807, which no network has"},
      {[](hid_t f) { set_number(f, "depth", 10); },
       "its attribute depth holds 64-bit floats where a whole number is expected"},
      {[](hid_t f) {
         set_numbers(f, "depth", {10, 10});
       },
       "its attribute depth holds 2 values where 1 is expected"},
      {[](hid_t f) { set_integer(f, "growth_rate", 0); },
       "the growth rate must lie between 1 and 1024, not 0"},
      {[](hid_t f) { set_number(f, "reduction", 1.5); },
       "the reduction must lie in (0, 1], not 1.5"},
      {[](hid_t f) { set_number(f, "reduction", std::numeric_limits<double>::quiet_NaN()); },
       "the reduction must lie in (0, 1], not nan"},
      {[](hid_t f) { set_text(f, "reduction", "half"); },
       "its attribute reduction holds text where a number is expected"},
      {[](hid_t f) { set_integer(f, "bottleneck", 2); },
       "its attribute bottleneck is 2 where 0 or 1 is expected"},
      {[](hid_t f) { set_text(f, "bottleneck", "yes"); },
       "its attribute bottleneck holds text where true or false is expected"},
      {[](hid_t f) { set_integer(f, "num_classes", 0); },
       "the number of classes must lie between 1 and 100000, not 0"},
      {[](hid_t f) { set_integer(f, "num_classes", 4); },
       "it has 3 class names for 4 classes; give one for each class or none"},
      {[](hid_t f) {
         set_numbers(f, "class_names", {0, 1, 2});
       },
       "its attribute class_names holds 64-bit floats where text is expected"},
      {[](hid_t f) { set_attribute(f, "class_names", fixed_text(8 << 20), extents({3}), nullptr); },
       "its attribute class_names claims to be larger than 16777216 bytes"},
      {[](hid_t f) {
         set_numbers(f, "mean", {0.5, 0.5});
       },
       "its attribute mean holds 2 values where 3 are expected"},
      {[](hid_t f) {
         set_numbers(f, "mean", {0.5, 0.5, 113.9});
       },
       "its mean of blue is 113.9 where pixels in 0..1 have one in [0, 1]; divide means of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) {
         set_numbers(f, "std", {0.2, 0, 0.2});
       },
       "its std of green is 0 where pixels in 0..1 have one in (0, 1]; divide deviations of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) {
         set_numbers(f, "std", {63, 62.1, 66.7});
       },
       "its std of red is 63 where pixels in 0..1 have one in (0, 1]; divide deviations of pixels "
       "in 0..255 by 255"},
      {[](hid_t f) { set_text(f, "std", "0.2"); },
       "its attribute std holds 1 values where 3 are expected"},
      {[](hid_t f) { set_integer(f, "in_dataset", 10); },
       "its attribute in_dataset holds 64-bit integers where text is expected"},
  };
  for (const Case& c : cases) CHECK(Damaged(c.change).error() == kStart + std::string(c.clause));
}

TEST_CASE("each parameter that is wrong is named, with what was expected") {
  struct Case {
    std::function<void(hid_t)> change;
    const char* clause;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {[](hid_t f) { H5Ldelete(f, "fc/bias", H5P_DEFAULT); }, "fc.bias is missing"},
      {[](hid_t f) { replace(f, "fc/scale", H5T_IEEE_F32LE, extents({3})); },
       "fc.scale has the shape (3) but only 0 bytes of it are stored"},
      {[](hid_t f) {
         const float scale = 1;
         replace(f, "fc/scale", H5T_IEEE_F32LE, extents({1}), H5P_DEFAULT, &scale);
       },
       "fc.scale is not a part of this network"},
      {[](hid_t f) {
         set_bias(f, {1, 2});
       },
       "fc.bias has the shape (2) where (3) is expected"},
      {[](hid_t f) { set_bias(f, {}); }, "fc.bias has the shape (0) where (3) is expected"},
      {[](hid_t f) {
         const float values[3] = {};
         replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3, 1}), H5P_DEFAULT, values);
       },
       "fc.bias has the shape (3, 1) where (3) is expected"},
      {[](hid_t f) {
         const float value = 1;
         replace(f, "fc/bias", H5T_IEEE_F32LE, scalar(), H5P_DEFAULT, &value);
       },
       "fc.bias has the shape () where (3) is expected"},
      {[](hid_t f) {
         const float value = 1;
         replace(f, "fc/bias", H5T_IEEE_F32LE, extents({1, 1, 1, 1, 1}), H5P_DEFAULT, &value);
       },
       "fc.bias has 5 dimensions, more than any parameter"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32LE, H5Screate(H5S_NULL)); },
       "fc.bias is an empty data set"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F64LE, extents({3})); },
       "fc.bias holds 64-bit floats where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32BE, extents({3})); },
       "fc.bias holds big-endian 32-bit floats where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5T_STD_I32LE, extents({3})); },
       "fc.bias holds 32-bit integers where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", fixed_text(4), extents({3})); },
       "fc.bias holds text where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", fixed_text(H5T_VARIABLE), extents({3})); },
       "fc.bias holds text where 32-bit floats are expected"},
      {[](hid_t f) { replace(f, "fc/bias", H5Tvlen_create(H5T_IEEE_F32LE), extents({3})); },
       "fc.bias holds sequences of varying length where 32-bit floats are expected"},
      {[](hid_t f) {
         const hsize_t three = 3;
         replace(f, "fc/bias", H5Tarray_create2(H5T_IEEE_F32LE, 1, &three), scalar());
       },
       "fc.bias holds arrays where 32-bit floats are expected"},
      {[](hid_t f) {
         const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
         H5Tinsert(pair, "real", 0, H5T_IEEE_F32LE);
         H5Tinsert(pair, "imaginary", 4, H5T_IEEE_F32LE);
         replace(f, "fc/bias", pair, extents({3}));
       },
       "fc.bias holds compound values where 32-bit floats are expected"},
      {[](hid_t f) {
         const hid_t type = H5Tenum_create(H5T_STD_I32LE);
         const int one = 1;
         H5Tenum_insert(type, "ONE", &one);
         replace(f, "fc/bias", type, extents({3}));
       },
       "fc.bias holds an enumeration where 32-bit floats are expected"},
      {[=](hid_t f) {
         set_bias(f, {0, nan, 1});
       },
       "fc.bias holds nan at index 1 where all values must be finite"},
      {[](hid_t f) {
         set_bias(f, {0, 1, HUGE_VALF});
       },
       "fc.bias holds inf at index 2 where all values must be finite"},
      {[](hid_t f) {
         const float values[4] = {1, 1, -0.25F, -1};
         replace(f, "block1/layer/0/bn1/running_var", H5T_IEEE_F32LE, extents({4}), H5P_DEFAULT,
                 values);
       },
       "block1.layer.0.bn1.running_var holds the negative variance -0.25 at index 2"},
      {[](hid_t f) {
         H5Ldelete(f, "fc/bias", H5P_DEFAULT);
         H5Gclose(H5Gcreate2(f, "fc/bias", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
       },
       "fc.bias is missing"},
      {[](hid_t f) {
         H5Ldelete(f, "fc", H5P_DEFAULT);
         replace(f, "fc", H5T_IEEE_F32LE, extents({3}));
       },
       "fc.weight is missing, fc.bias is missing and fc has the shape (3) but only 0 bytes of it "
       "are stored"},
      {[](hid_t f) { H5Ldelete(f, "block2", H5P_DEFAULT); },
       "block2.layer.0.bn1.weight is missing, block2.layer.0.bn1.bias is missing, "
       "block2.layer.0.bn1.running_mean is missing, block2.layer.0.bn1.running_var is missing and "
       "6 "
       "more entries are wrong"},
  };
  for (const Case& c : cases) CHECK(Damaged(c.change).error() == kMisfit + std::string(c.clause));
}

TEST_CASE("extents that are not backed by the file are refused before memory is asked for") {
  constexpr hsize_t kHuge = hsize_t{1} << 40;
  const Damaged contiguous(
      [](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32LE, extents({kHuge})); });
  CHECK(contiguous.error() ==
        kMisfit + std::string("fc.bias has the extents 1099511627776, too many values for any "
                              "network"));
  const Damaged product([](hid_t f) {
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({kHuge, kHuge, kHuge, kHuge}),
            chunks({1, 1, 1, 1}));
  });
  CHECK(product.error().ends_with("too many values for any network"));
  // Within all limits, but nothing is stored: HDF5 would make up zeros.
  const Damaged unwritten(
      [](hid_t f) { replace(f, "fc/bias", H5T_IEEE_F32LE, extents({1 << 28}), chunks({1024})); });
  CHECK(unwritten.error() ==
        kMisfit +
            std::string("fc.bias has the shape (268435456) but only 0 bytes of it are stored"));
  const Damaged partial([](hid_t f) {
    const hid_t space = extents({40});
    replace(f, "fc/bias", H5T_IEEE_F32LE, space, chunks({20}));
    const hid_t dataset = H5Dopen2(f, "fc/bias", H5P_DEFAULT);
    const std::array<float, 20> values{};
    const hsize_t offset = 20;
    REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, sizeof values, values.data()) >= 0);
    H5Dclose(dataset);
  });
  CHECK(partial.error() ==
        kMisfit + std::string("fc.bias has 1 chunks stored where its extents need 2"));
  // Deflate can make so much of these bytes; of two such entries, but not of three.
  const Damaged sum([](hid_t f) {
    const std::vector<unsigned char> bytes((hsize_t{1} << 30) / 1000);
    for (const auto& [name, values] :
         {std::pair("a", 1 << 28), {"b", (1 << 28) - (1 << 20)}, {"z", 1 << 28}}) {
      const auto size = static_cast<hsize_t>(values);
      const hid_t properties = chunks({size});
      H5Pset_deflate(properties, 1);
      replace(f, name, H5T_IEEE_F32LE, extents({size}), properties);
      const hid_t dataset = H5Dopen2(f, name, H5P_DEFAULT);
      const hsize_t offset = 0;
      REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()) >= 0);
      H5Dclose(dataset);
    }
  });
  CHECK(sum.error() ==
        kMisfit +
            std::string("a is not a part of this network, b is not a part of this network and "
                        "z has the shape (268435456), with the others too many values for any "
                        "network"));
}

TEST_CASE("nothing outside the file is read") {
  const test::TemporaryFolder elsewhere;
  const std::string other = (elsewhere / "other.h5").string();
  write_checkpoint(test::small_densenet(), other);

  const Damaged soft([](hid_t f) {
    H5Lmove(f, "fc/bias", f, "other", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/other", f, "fc/bias", H5P_DEFAULT, H5P_DEFAULT);
  });
  CHECK(soft.error() ==
        kMisfit +
            std::string("fc/bias is a soft or external link, which is not followed, fc.bias is "
                        "missing and other is not a part of this network"));
  const Damaged external([&](hid_t f) {
    H5Ldelete(f, "fc", H5P_DEFAULT);
    H5Lcreate_external(other.c_str(), "/fc", f, "fc", H5P_DEFAULT, H5P_DEFAULT);
  });
  CHECK(external.error() ==
        kMisfit + std::string("fc is a soft or external link, which is not followed, fc.weight is "
                              "missing and fc.bias is missing"));
  const Damaged storage([&](hid_t f) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, other.c_str(), 0, 12);
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
  });
  CHECK(storage.error() ==
        kMisfit + std::string("fc.bias is stored in another file, which is not read"));
  const Damaged virtual_data([&](hid_t f) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(properties, extents({3}), other.c_str(), "/fc/bias", extents({3}));
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
  });
  CHECK(virtual_data.error() ==
        kMisfit + std::string("fc.bias is a virtual data set, whose sources are not read"));
}

TEST_CASE("filters that are not known are named") {
  const Damaged plugin([](hid_t f) {
    const hid_t properties = chunks({3});
    H5Pset_filter(properties, 32015, H5Z_FLAG_OPTIONAL, 0, nullptr);
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
  });
  CHECK(plugin.error() ==
        kMisfit + std::string("fc.bias is stored with the filter 32015 (of no name) where gzip, "
                              "shuffle, fletcher32 or none is expected"));
  const Damaged lossy([](hid_t f) {
    const hid_t properties = chunks({3});
    H5Pset_scaleoffset(properties, H5Z_SO_FLOAT_DSCALE, 2);
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
  });
  CHECK(lossy.error() ==
        kMisfit + std::string("fc.bias is stored with the filter 6 (scaleoffset) where gzip, "
                              "shuffle, fletcher32 or none is expected"));
}

TEST_CASE("entries that are no parameters are named") {
  const Damaged type(
      [](hid_t f) { H5Tcommit2(f, "kind", fixed_text(3), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT); });
  CHECK(type.error() == kMisfit + std::string("kind is neither a group nor a data set"));
  const Damaged dotted([](hid_t f) { replace(f, "fc.bias", H5T_IEEE_F32LE, extents({3})); });
  CHECK(dotted.error() == kMisfit + std::string("fc.bias has a '.' or '/' in its name"));
  const Damaged cycle(
      [](hid_t f) { H5Lcreate_hard(f, "/", f, "block1/again", H5P_DEFAULT, H5P_DEFAULT); });
  CHECK(cycle.error() == kStart + std::string("its groups lie more than 16 deep in each other"));
  // 8^8 ways lead to the last of nine groups.
  const Damaged ways([](hid_t f) {
    std::string group = "/";
    for (int level = 0; level < 8; ++level) {
      const std::string next = fmt::format("/level{}", level);
      H5Gclose(H5Gcreate2(f, next.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      for (int way = 0; way < 8; ++way) {
        H5Lcreate_hard(f, next.c_str(), f, fmt::format("{}/way{}", group, way).c_str(), H5P_DEFAULT,
                       H5P_DEFAULT);
      }
      group = next;
    }
  });
  CHECK(ways.error() == kStart + std::string("it has more than 50000 entries"));
  const Damaged hostile([](hid_t f) { replace(f, "\x1b[31m\n", H5T_STD_I8LE, extents({3})); });
  CHECK(hostile.error() ==
        kMisfit +
            std::string("\\x1b[31m\\x0a holds 8-bit integers where 32-bit floats are expected"));
}

TEST_CASE("a chunk whose bytes do not hold its values is named") {
  const auto with_chunk = [](const std::vector<unsigned char>& bytes, bool filtered) {
    return Damaged([&](hid_t f) {
      const hid_t properties = chunks({3});
      if (filtered) H5Pset_deflate(properties, 1);
      replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
      const hid_t dataset = H5Dopen2(f, "fc/bias", H5P_DEFAULT);
      const hsize_t offset = 0;
      REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()) >= 0);
      H5Dclose(dataset);
    });
  };
  CHECK(with_chunk(std::vector<unsigned char>(20, 7), true).error() ==
        kStart + std::string("fc.bias cannot be read (its compressed bytes are damaged)"));
  // Uncompressed, as the bit mask of skipped filters says: that is right, and read.
  const Damaged skipped([](hid_t f) {
    const hid_t properties = chunks({3});
    H5Pset_deflate(properties, 1);
    replace(f, "fc/bias", H5T_IEEE_F32LE, extents({3}), properties);
    const hid_t dataset = H5Dopen2(f, "fc/bias", H5P_DEFAULT);
    const hsize_t offset = 0;
    const std::array<float, 3> values = {1, 2, 3};
    REQUIRE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 1, &offset, sizeof values, values.data()) >= 0);
    H5Dclose(dataset);
  });
  CHECK(read_checkpoint(skipped.path()).parameters.at("fc.bias").values ==
        std::vector<float>{1, 2, 3});
}

TEST_CASE("a file of another network is inspected with all that is wrong") {
  const Damaged file([](hid_t f) {
    set_integer(f, "num_classes", 2);
    set_attribute(f, "class_names", fixed_text(1), extents({0}), nullptr);
    replace(f, "bn1/bias", H5T_IEEE_F64LE, extents({3}));
    const float extra = 7;
    replace(f, "extra", H5T_IEEE_F32LE, scalar(), H5P_DEFAULT, &extra);
  });
  const CheckpointInspection inspection = inspect_checkpoint(file.path());
  const ParameterMap& parameters = inspection.checkpoint.parameters;
  const ParameterMap right = test::small_densenet().parameters;
  CHECK(num_classes(inspection.checkpoint.architecture) == 2);
  CAPTURE(fmt::format("{}", fmt::join(inspection.problems, "; ")));
  CHECK(inspection.problems ==
        std::vector<std::string>{"bn1.bias holds 64-bit floats where 32-bit floats are expected",
                                 "fc.weight has the shape (3, 4) where (2, 4) is expected",
                                 "fc.bias has the shape (3) where (2) is expected",
                                 "extra is not a part of this network"});
  CHECK(parameters.size() == right.size());
  CHECK(!parameters.contains("bn1.bias"));
  CHECK(parameters.at("extra").values == std::vector<float>{7});
  CHECK(test::same_bits(parameters.at("fc.weight").values, right.at("fc.weight").values));
}

}  // namespace
}  // namespace odin
