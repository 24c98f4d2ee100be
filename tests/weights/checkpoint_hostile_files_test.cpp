// Files that are not checkpoints, or malicious: they would use up memory or have other files read.
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/support/error_of.h"
#include "tests/weights/damaged_checkpoint.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

using test::chunks;
using test::Damaged;
using test::extents;
using test::fixed_text;
using test::kMisfit;
using test::kStart;
using test::replace;

TEST_CASE("the error names what is not a file or not HDF5") {
  const test::TemporaryFolder folder;
  const auto error = [&](const fs::path& file) {
    const std::string sentence = test::error_of(inspect_checkpoint, file);
    CHECK(sentence == test::error_of(read_checkpoint, file));
    return sentence;
  };
  CHECK(error(folder / "absent.h5") == fmt::format("cannot open '{}': No such file or directory",
                                                   (folder / "absent.h5").string()));
  CHECK(error(folder.path()) ==
        fmt::format("'{}' is a folder, where a file is needed", folder.path().string()));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error(folder / "pipe") == fmt::format("'{}' is not a regular file, where a file is needed",
                                              (folder / "pipe").string()));
  const std::pair<std::string, std::string> others[] = {
      {"", "it is empty"},
      {std::string(5000, '\0'),
       "it begins with 1024 bytes of zero, as a file does whose download was not finished: "
       "download "
       "it again"},
      {"\x89PNG\r\n\x1a\n", "it is an image, not a network: give the file that holds the network"},
      {"\x01\x02\x03", "it is not a checkpoint, which is an HDF5 file"},
      {"text", "it is text, which begins 'text', not an HDF5 file"},
      {"version https://git-lfs.github.com/spec/v1\n",
       "it is a Git LFS pointer, not the file that it stands for: run 'git lfs pull' in its "
       "repository, or download the file itself"},
  };
  using namespace std::string_literals;
  for (const std::string& bytes : {"PK\x03\x04"s, "\x80\x02}."s, "\x1f\x8b\x08"s,
                                   std::string(256, 'a') + "\0ustar"s, "\x02\0\0\0\0\0\0\0{}"s}) {
    test::write_bytes(folder / "file", bytes);
    CHECK(error(folder / "file") ==
          (folder / "file").string() + kStart +
              "it is not an HDF5 file, but may be one of PyTorch or safetensors: convert it with "
              "convert_checkpoint");
  }
  for (const auto& [bytes, sentence] : others) {
    test::write_bytes(folder / "file", bytes);
    CHECK(error(folder / "file") == (folder / "file").string() + kStart + sentence);
  }
  write_checkpoint(test::small_densenet(), folder / "net.h5");
  const std::string bytes = test::content_of(folder / "net.h5");
  test::write_bytes(folder / "net.h5", bytes.substr(0, bytes.size() / 2));
  CHECK(error(folder / "net.h5")
            .starts_with((folder / "net.h5").string() + kStart +
                         "it is damaged or cut short (truncated file: "));
}

TEST_CASE("extents without stored data are refused before memory is allocated") {
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
  // Deflate could unpack these bytes to that size. Two such entries are within the limits, three
  // are not.
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

TEST_CASE("unknown filters are named") {
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

TEST_CASE("entries that cannot be parameters are named") {
  const Damaged type([](hid_t f) {
    const hid_t text = fixed_text(3);
    H5Tcommit2(f, "kind", text, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(text);  // else the file stays open, and is not complete
  });
  CHECK(type.error() == kMisfit + std::string("kind is neither a group nor a data set"));
  const Damaged dotted([](hid_t f) { replace(f, "fc.bias", H5T_IEEE_F32LE, extents({3})); });
  CHECK(dotted.error() == kMisfit + std::string("fc.bias has a '.' or '/' in its name"));
  const Damaged cycle(
      [](hid_t f) { H5Lcreate_hard(f, "/", f, "block1/again", H5P_DEFAULT, H5P_DEFAULT); });
  CHECK(cycle.error() == kStart + std::string("its groups are nested more than 16 deep"));
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

TEST_CASE("a damaged chunk is named") {
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

}  // namespace
}  // namespace odin
