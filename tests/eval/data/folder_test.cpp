#include "eval/data/folder.h"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "eval/data/batch_loader.h"
#include "tests/eval/data/folder_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

std::vector<int> labels_of(const Dataset& dataset) {
  return {dataset.labels().begin(), dataset.labels().end()};
}

// Compares the first images of a folder of real images, read by two threads, with Pillow's.
void check_against_pillow(const fs::path& folder, const char* fit, ImageFit value,
                          std::int64_t images) {
  const TemporaryFolder out;
  const fs::path file = out / "pixels";
  if (!run_pillow(
          fmt::format("pixels '{}' {} '{}' {}", folder.string(), fit, file.string(), images)))
    return;
  const Bytes expected = read_file(file);
  REQUIRE(expected.size() == static_cast<std::size_t>(images * kImageElements));
  const auto dataset = subset(open_folder(folder, {.fit = value}), 0, images);
  BatchLoader loader(*dataset, {.batch_size = 256, .threads = 2});
  std::int64_t different = 0;
  std::size_t at = 0;
  while (const auto batch = loader.next()) {
    for (std::int64_t i = 0; i < batch->count * kImageElements; ++i) {
      different += batch->images[i] == static_cast<float>(expected[at++]) / 255.0f ? 0 : 1;
    }
  }
  CHECK(at == expected.size());
  CHECK(different == 0);
}

}  // namespace

TEST_CASE("Folder: images without class folders are sorted by name and unlabelled") {
  const TemporaryFolder folder;
  write_numbered(folder / "b10.png", 1);
  write_numbered(folder / "b9.PNG", 2);
  write_numbered(folder / "B.png", 3);
  write_numbered(folder / "a.Jpeg", 4);  // a PNG by another name
  write_numbered(folder / "c.jfif", 5);
  write_numbered(folder / "d.JPE", 7);
  write_numbered(folder / "\xC3\xA9.png", 6);  // e with an accent
  write_file(folder / "notes.txt", {'x'});
  write_file(folder / "png", {'x'});
  fs::create_directories(folder / "nothing" / "here");
  const auto dataset = open_folder(folder.path(), {});
  CHECK(numbers(*dataset) == std::vector{3, 4, 1, 2, 5, 7, 6});
  CHECK(!dataset->labelled());
  CHECK(dataset->class_names().empty());
  CHECK(dataset->name() == folder.path().filename().string());
  CHECK(open_folder(folder.path() / "", {})->name() == dataset->name());
}

TEST_CASE("Folder: class folders are in the order of torchvision's ImageFolder") {
  const TemporaryFolder folder;
  // '-' sorts before '/', so "cat-1" before the content of "cat"; and within "cat" the folder "x-y"
  // before "x/z", though "x" is before "x-y".
  write_numbered(folder / "cat" / "2.png", 1);
  write_numbered(folder / "cat" / "10.png", 2);
  write_numbered(folder / "cat" / "x" / "a.png", 3);
  write_numbered(folder / "cat" / "x" / "z" / "a.png", 4);
  write_numbered(folder / "cat" / "x-y" / "a.png", 5);
  write_numbered(folder / "cat-1" / "only.JPG", 6);
  write_numbered(folder / "Zebra" / "deep" / "er" / "one.jpeg", 7);
  write_numbered(folder / "folder.png" / "inside.png", 8);
  write_file(folder / "cat" / "notes.txt", {'x'});
  const auto dataset = open_folder(folder.path(), {});
  CHECK(numbers(*dataset) == std::vector{7, 2, 1, 3, 5, 4, 6, 8});
  CHECK(labels_of(*dataset) == std::vector{0, 1, 1, 1, 1, 1, 2, 3});
  CHECK(dataset->num_classes() == 4);
  CHECK(std::vector<std::string>(dataset->class_names().begin(), dataset->class_names().end()) ==
        std::vector<std::string>{"Zebra", "cat", "cat-1", "folder.png"});
}

TEST_CASE("Folder: order and labels agree with torchvision") {
  const TemporaryFolder folder;
  const fs::path root = folder / "root";
  const std::vector<std::string> parts = {"a",           "a b", "a-b", "A", "a.b",
                                          "\xC3\xA9",    "10",  "9",   "_", "\xF0\x9F\x90\x88",
                                          "\xEF\xBC\xA1"};
  int number = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t j = 0; j < parts.size(); j += 1 + i % 3) {
      const fs::path inner = root / parts[i] / parts[(i + j) % parts.size()];
      write_numbered(inner / (parts[j] + ".png"), ++number);
      write_numbered(root / parts[i] / (parts[j] + "2.JPEG"), ++number);
    }
  }
  const fs::path elsewhere = folder / "elsewhere";
  write_numbered(elsewhere / "linked.png", ++number);
  fs::create_directory_symlink(elsewhere, root / "a" / "link");
  fs::create_directory_symlink(elsewhere, root / "linked class");

  const fs::path list = folder / "list";
  if (!run_pillow("order '" + root.string() + "' '" + list.string() + "'")) return;
  std::vector<int> expected_numbers;
  std::vector<int> expected_labels;
  const Bytes bytes = read_file(list);
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  int label = 0;
  for (std::string path; lines >> label && std::getline(lines >> std::ws, path);) {
    const Bytes pixels = read_image(path);
    expected_numbers.push_back(pixels[0] * 256 + pixels[1024]);
    expected_labels.push_back(label);
  }
  REQUIRE(expected_numbers.size() == static_cast<std::size_t>(number) + 1);
  const auto dataset = open_folder(root, {});
  CHECK(numbers(*dataset) == expected_numbers);
  CHECK(labels_of(*dataset) == expected_labels);
}

TEST_CASE("Folder: a folder that cannot be a data set is an error") {
  const TemporaryFolder folder;
  CHECK(holds(error_opening(folder / "absent"), {"absent", "does not exist"}));
  CHECK(holds(error_opening(folder.path()), {folder.path().string(), "no PNG or JPEG image"}));
  write_file(folder / "file", {'x'});
  CHECK(holds(error_opening(folder / "file"), {"file", "a folder of images is needed"}));

  const fs::path classes = folder / "classes";
  write_numbered(classes / "full" / "1.png", 1);
  fs::create_directories(classes / "void" / "deep");
  CHECK(holds(error_opening(classes), {"classes/void'", "no PNG or JPEG image"}));

  const fs::path mixed = folder / "mixed";
  write_numbered(mixed / "1.png", 1);
  write_file(mixed / "2.WebP", {'x'});
  CHECK(holds(error_opening(mixed), {"2.WebP", "neither PNG nor JPEG"}));
}

TEST_CASE("Folder: several class folders can be mixed, and one keeps its order") {
  const TemporaryFolder folder;
  for (int i = 0; i < 40; ++i) {
    write_numbered(folder / fmt::format("{}/{:02}.png", i / 10, i), i);
  }
  const auto mixed = open_folder(folder.path(), {.mix_classes = true});
  const std::vector<int> order = numbers(*mixed);
  for (int stretch = 0; stretch < 40; stretch += 4) {  // each has all classes
    std::vector<int> classes;
    for (int i = stretch; i < stretch + 4; ++i) {
      classes.push_back(order[static_cast<std::size_t>(i)] / 10);
      CHECK(mixed->labels()[static_cast<std::size_t>(i)] == classes.back());
    }
    std::ranges::sort(classes);
    CHECK(classes == std::vector{0, 1, 2, 3});
  }
  REQUIRE(mixed->notes().size() == 1);
  CHECK(holds(mixed->notes()[0], {"4 class folders", "stratified by class"}));
  std::vector<int> sorted = order;
  std::ranges::sort(sorted);
  CHECK(sorted != order);
  CHECK(numbers(*open_folder(folder.path(), {})) == sorted);
  // The first of them are the same ones, whatever the limit.
  CHECK(numbers(*open_folder(folder.path(), {.mix_classes = true, .most_images = 7})) ==
        std::vector<int>(order.begin(), order.begin() + 7));

  const TemporaryFolder one;
  for (int i = 0; i < 20; ++i) write_numbered(one / fmt::format("only/{:02}.png", i), i);
  const auto kept = open_folder(one.path(), {.mix_classes = true});
  CHECK(numbers(*kept) == numbers(*open_folder(one.path(), {})));
  CHECK(kept->notes().empty());
}

TEST_CASE("Folder: links that lead back are an error, other links are followed") {
  const TemporaryFolder folder;
  write_numbered(folder / "class" / "1.png", 1);
  fs::create_symlink("1.png", folder / "class" / "2.png");
  CHECK(numbers(*open_folder(folder.path(), {})) == std::vector{1, 1});
  fs::create_directory_symlink("..", folder / "class" / "back");
  CHECK(holds(error_opening(folder.path()), {"class/back", "has no end"}));
  fs::remove(folder / "class" / "back");
  // A link to itself is neither a folder nor an image.
  fs::create_symlink("itself", folder / "class" / "itself");
  CHECK(numbers(*open_folder(folder.path(), {})) == std::vector{1, 1});
}

TEST_CASE("Folder: a folder or file without permission is named") {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::all);
  write_numbered(folder / "class" / "1.png", 1);
  fs::permissions(folder / "class" / "1.png", fs::perms::none);
  // The superuser may read everything, so becomes nobody for a while.
  const bool superuser = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  if (superuser && ::seteuid(kNobody) != 0) {
    skip("the superuser may read everything, and cannot become another user here");
    return;
  }
  const std::string of_image = error_of([&] { read_all(*open_folder(folder.path(), {})); });
  if (superuser) REQUIRE(::seteuid(0) == 0);
  fs::permissions(folder / "class", fs::perms::none);
  if (superuser) REQUIRE(::seteuid(kNobody) == 0);
  const std::string of_folder = error_opening(folder.path());
  if (superuser) REQUIRE(::seteuid(0) == 0);
  fs::permissions(folder / "class", fs::perms::owner_all);
  CHECK(holds(of_image, {"class/1.png", "Permission denied"}));
  CHECK(holds(of_folder, {"class'", "Permission denied"}));
}

TEST_CASE(
    "Folder: a class of which no image can be used is an error, unless it was not looked at") {
  const TemporaryFolder folder;
  write_numbered(folder / "a" / "1.png", 1);
  write_numbered(folder / "a" / "2.png", 2);
  write_numbered(folder / "b" / "1.png", 3);
  write_file(folder / "b" / "1.png", {'x'});
  for (const bool mix : {false, true}) {
    CAPTURE(mix);
    const std::string error = error_of(
        [&] { open_folder(folder.path(), {.mix_classes = mix, .skip_bad_images = true}); });
    CHECK(holds(error,
                {"/b' holds no PNG or JPEG image that can be used", "1 picture was left out"}));
  }
  const auto first = open_folder(folder.path(), {.most_images = 2, .skip_bad_images = true});
  CHECK(numbers(*first) == std::vector{1, 2});
}

TEST_CASE("Folder: the authors' iSUN is read as Pillow reads it" *
          doctest::test_suite("needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("isun", folder.path())) return;
  check_against_pillow(folder / "iSUN" / "iSUN_patches", "exact", ImageFit::kExact, 8925);
  const auto with_class = open_folder(folder / "iSUN", {});
  CHECK(with_class->size() == 8925);
  CHECK(with_class->num_classes() == 1);
}

TEST_CASE("Folder: Tiny-ImageNet, cropped and scaled, is read as Pillow reads it" *
          doctest::test_suite("slow needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("tiny-imagenet", folder.path())) return;
  const fs::path images = folder / "tiny-imagenet-200" / "test" / "images";
  CHECK(open_folder(images, {.fit = ImageFit::kResize})->size() == 10000);
  CHECK(holds(error_opening(images), {"10000 pictures", "test_0.JPEG", "64 x 64", "--resize",
                                      "--center-crop", "and 9999 more of a wrong size"}));
  check_against_pillow(images, "crop", ImageFit::kCenterCrop, 2000);
  check_against_pillow(images, "resize", ImageFit::kResize, 2000);
}

}  // namespace odin::test
