#include "eval/data/spec.h"

#include <doctest/doctest.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/environment.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

std::string error_parsing(std::string_view text) {
  return error_of([&] { parse_dataset_spec(text); });
}

}  // namespace

TEST_CASE("Data-set specifications are parsed") {
  const auto check = [](std::string_view text, DatasetKind kind, const fs::path& path) {
    CAPTURE(std::string(text));
    const DatasetSpec spec = parse_dataset_spec(text);
    CHECK(spec.kind == kind);
    CHECK(spec.path == path);
    CHECK(is_noise(kind) == path.empty());
  };
  check("cifar10:data", DatasetKind::kCifar10, "data");
  check("cifar10-train:/a/b", DatasetKind::kCifar10Training, "/a/b");
  check("cifar100:.", DatasetKind::kCifar100, ".");
  check("cifar100-train:x", DatasetKind::kCifar100Training, "x");
  check("idx:a:b c", DatasetKind::kIdx, "a:b c");
  check("svhn:test_32x32.mat", DatasetKind::kSvhn, "test_32x32.mat");
  check("npy:C/fog.npy", DatasetKind::kNpy, "C/fog.npy");
  check("npy:C/fog.npy#3", DatasetKind::kNpy, "C/fog.npy");
  check("npy:a#3/b", DatasetKind::kNpy, "a#3/b");
  CHECK(parse_dataset_spec("npy:fog.npy#5").severity == 5);
  CHECK(parse_dataset_spec("npy:fog.npy").severity == 0);
  check("folder:iSUN/", DatasetKind::kFolder, "iSUN/");
  check("uniform", DatasetKind::kUniform, "");
  check("gaussian", DatasetKind::kGaussian, "");
  // A shell does not put the home folder there.
  const Environment home("HOME", "/home/someone");
  check("folder:~/x", DatasetKind::kFolder, "/home/someone/x");
  check("idx:~/x.gz", DatasetKind::kIdx, "/home/someone/x.gz");
  check("cifar10:~", DatasetKind::kCifar10, "/home/someone");
  check("folder:a/~/x", DatasetKind::kFolder, "a/~/x");
}

TEST_CASE("A wrong specification is an error that lists the possible ones") {
  for (const char* text :
       {"", "cifar", "cifar1000:x", "CIFAR10:x", ":x", "/data/iSUN", " uniform"}) {
    CAPTURE(text);
    CHECK(holds(error_parsing(text),
                {"is not a data-set specification", "cifar10:DIR", "cifar10-train:DIR",
                 "cifar100:DIR", "cifar100-train:DIR", "idx:FILE", "svhn:FILE", "npy:FILE",
                 "folder:DIR", "uniform", "gaussian"}));
  }
  for (const char* text : {"cifar10", "cifar10:", "folder"}) {
    CHECK(holds(error_parsing(text), {text, "has no path", ":DIR"}));
  }
  CHECK(holds(error_parsing("idx:"), {"has no path", "idx:FILE"}));
  CHECK(holds(error_parsing("svhn"), {"has no path", "svhn:FILE"}));
  for (const char* text :
       {"npy:a.npy#", "npy:a.npy#0", "npy:a.npy#6", "npy:a.npy#12", "npy:a.npy#x"}) {
    CHECK(holds(error_parsing(text), {text, "give a number from 1 to 5"}));
  }
  CHECK(holds(error_parsing("uniform:3"), {"uniform:3", "just 'uniform'"}));
  CHECK(holds(error_parsing("gaussian:"), {"gaussian:", "just 'gaussian'"}));
}

TEST_CASE("Every kind of data set opens") {
  const TemporaryFolder folder;
  const auto open = [&](const std::string& text, ImageFit fit = ImageFit::kExact) {
    return open_dataset(parse_dataset_spec(text), {.fit = fit, .noise_images = 12, .seed = 3});
  };
  const std::string path = folder.path().string();
  write_file(folder / "test_batch.bin", Bytes(2 * 3073));
  for (int i = 1; i <= 5; ++i) {
    write_file(folder / ("data_batch_" + std::to_string(i) + ".bin"), Bytes(3073));
  }
  write_file(folder / "test.bin", Bytes(3 * 3074));
  write_file(folder / "train.bin", Bytes(4 * 3074));
  Bytes idx = {0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 1};
  idx.resize(idx.size() + 6);
  write_file(folder / "idx", idx);
  write_png(folder / "large.png",
            {.width = 40, .height = 40, .palette = {}, .data = Bytes(40 * 40 * 3)});
  CHECK(open("cifar10:" + path)->size() == 2);
  CHECK(open("cifar10-train:" + path)->size() == 5);
  CHECK(open("cifar100:" + path)->size() == 3);
  CHECK(open("cifar100-train:" + path)->size() == 4);
  CHECK(open("idx:" + path + "/idx")->size() == 6);
  CHECK(open("uniform")->size() == 12);
  CHECK(open("gaussian")->size() == 12);
  CHECK(read_all(*open("gaussian")) != read_all(*open("uniform")));
  CHECK(error_of([&] { read_all(*open("folder:" + path)); }) != kNoError);
  CHECK(read_all(*open("folder:" + path, ImageFit::kResize)).size() == kImageElements);
  CHECK(read_all(*open("folder:" + path, ImageFit::kCenterCrop)).size() == kImageElements);
}

TEST_CASE("A subset has the right images and labels") {
  const TemporaryFolder folder;
  Bytes bytes;
  for (std::uint8_t i = 0; i < 10; ++i) {
    bytes.push_back(i);
    bytes.insert(bytes.end(), 3072, static_cast<std::uint8_t>(10 * i));
  }
  write_file(folder / "data.bin", bytes);
  const auto whole =
      open_dataset(parse_dataset_spec("cifar10:" + (folder / "data.bin").string()), {});
  const std::vector<float> pixels = read_all(*whole);
  const auto check = [&](std::int64_t skip, std::int64_t limit, std::int64_t size) {
    CAPTURE(skip);
    CAPTURE(limit);
    const auto part = subset(whole, skip, limit);
    REQUIRE(part->size() == size);
    CHECK(part->name() == "CIFAR-10");
    CHECK(part->num_classes() == 10);
    REQUIRE(part->labels().size() == static_cast<std::size_t>(size));
    CHECK(part->labels()[0] == skip);
    CHECK(read_all(*part) == std::vector<float>(pixels.begin() + skip * kImageElements,
                                                pixels.begin() + (skip + size) * kImageElements));
    std::vector<float> image(kImageElements);
    CHECK(error_of([&] { part->read(size, 1, image.data()); }) != kNoError);
  };
  check(0, 10, 10);
  check(0, 1, 1);
  check(3, 4, 4);
  check(7, 100, 3);
  check(9, std::numeric_limits<std::int64_t>::max(), 1);
  CHECK(subset(subset(whole, 2, 5), 1, 2)->labels()[0] == 3);
  CHECK(!subset(open_dataset({DatasetKind::kUniform, {}}, {.noise_images = 5}), 1, 2)->labelled());

  CHECK(holds(error_of([&] { subset(whole, 10, 1); }), {"CIFAR-10", "10 images", "skip fewer"}));
  CHECK(error_of([&] { subset(whole, -1, 1); }) != kNoError);
  CHECK(error_of([&] { subset(whole, 0, 0); }) != kNoError);
}

}  // namespace odin::test
