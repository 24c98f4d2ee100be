// Which files of a folder are its images.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/data/folder.h"
#include "tests/eval/data/folder_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace fs = std::filesystem;

TEST_CASE("Folder: what programs and file systems leave there is no part of the set") {
  const TemporaryFolder folder;
  // Images at the top, as in a set without classes.
  const fs::path flat = folder / "flat";
  for (int i = 0; i < 3; ++i) write_numbered(flat / fmt::format("{}.png", i), i);
  write_numbered(flat / ".ipynb_checkpoints" / "0-checkpoint.png", 9);
  write_numbered(flat / "__MACOSX" / "0.png", 9);
  write_file(flat / "._0.png", {'x'});
  write_file(flat / ".DS_Store", {'x'});
  write_file(flat / "Thumbs.db", {'x'});
  CHECK(numbers(*open_folder(flat, {})) == std::vector{0, 1, 2});

  // Class folders, with strays beside them and in them.
  const fs::path classes = folder / "classes";
  write_numbered(classes / "a" / "1.png", 1);
  write_numbered(classes / "b" / "2.png", 2);
  fs::create_directories(classes / ".ipynb_checkpoints");  // empty
  write_numbered(classes / "@eaDir" / "a" / "1.png", 9);
  write_numbered(classes / "b" / ".thumbnails" / "2.png", 9);
  write_file(classes / "b" / "._2.png", {'x'});
  write_file(classes / ".hidden.gif", {'x'});
  const auto dataset = open_folder(classes, {});
  CHECK(numbers(*dataset) == std::vector{1, 2});
  CHECK(dataset->num_classes() == 2);
  CHECK(dataset->notes().empty());
}

TEST_CASE("Folder: images both at the top and in folders below are an error that counts both") {
  const TemporaryFolder folder;
  for (int i = 0; i < 24; ++i) write_numbered(folder / fmt::format("{}.png", i), i);
  write_numbered(folder / "more" / "1.png", 1);
  write_numbered(folder / "others" / "deep" / "2.png", 2);
  CHECK(holds(error_opening(folder.path()),
              {folder.path().string(), "24 images itself and 2 in the folders below"}));
  // A picture that cannot be read counts too.
  fs::remove_all(folder / "more");
  fs::remove_all(folder / "others");
  fs::create_directories(folder / "thumbs");
  write_file(folder / "thumbs" / "a.gif", {'x'});
  CHECK(holds(error_opening(folder.path()), {"24 images itself and 1 in"}));
}

TEST_CASE("Folder: pictures of other formats are counted and named, or left out on request") {
  const TemporaryFolder folder;
  write_numbered(folder / "a.png", 1);
  for (const char* name : {"b.gif", "c.GIF", "d.webp", "e.bmp", "f.tif", "g.avif"}) {
    write_file(folder / name, {'x'});
  }
  const std::string error = error_opening(folder.path());
  CHECK(holds(error, {"6 pictures that are neither PNG nor JPEG",
                      "(1 .avif, 1 .bmp, 2 .gif, 1 .tif, 1 .webp)", "/b.gif'", "convert",
                      "--skip-bad-images"}));
  CHECK(error.find('\n') == std::string::npos);
  const auto rest = open_folder(folder.path(), {.skip_bad_images = true});
  CHECK(numbers(*rest) == std::vector{1});
  REQUIRE(rest->notes().size() == 1);
  CHECK(holds(rest->notes()[0], {"6 pictures were left out", "2 .gif"}));
}

TEST_CASE("Folder: images whose headers are wrong are found before any is read") {
  const TemporaryFolder folder;
  write_numbered(folder / "1.png", 1);
  write_file(folder / "2.png", {'x'});
  // One of them: its own sentence.
  std::string error = error_opening(folder.path());
  CHECK(holds(error, {"2.png", "neither a PNG nor a JPEG", "--skip-bad-images"}));
  CHECK(error.find('\n') == std::string::npos);
  // Several: all of them.
  write_png(folder / "3.png",
            {.width = 33, .height = 32, .palette = {}, .data = Bytes(33 * 32 * 3)});
  error = error_opening(folder.path());
  CHECK(holds(error, {"2 pictures", "/2.png'", "/3.png' is 33 x 32"}));
  // The first twenty, and a count.
  for (int i = 10; i < 35; ++i) write_file(folder / fmt::format("{}.jpg", i), {0xFF, 0xD8, 'x'});
  write_file(folder / "x.gif", {'x'});
  error = error_opening(folder.path());
  CHECK(holds(error, {"28 pictures of the folder", "1 picture that is neither PNG nor JPEG",
                      "/10.jpg'", "/28.jpg'", "and 6 more"}));
  CHECK(error.find("/29.jpg'") == std::string::npos);

  // One of a wrong size stands for all.
  write_png(folder / "4.png", {.width = 9, .height = 99, .palette = {}, .data = Bytes(9 * 99 * 3)});
  write_png(folder / "5.png", {.width = 9, .height = 9, .palette = {}, .data = Bytes(9 * 9 * 3)});
  error = error_opening(folder.path());
  CHECK(holds(error, {"30 pictures of the folder", "/3.png' is 33 x 32", "/28.jpg'",
                      "\n  and 2 more of a wrong size\n", "\n  and 6 more"}));
  CHECK(error.find("/4.png'") == std::string::npos);
  CHECK(holds(
      error_of([&] { open_folder(folder.path(), {.fit = ImageFit::kCenterCrop}); }),
      {"29 pictures", "/4.png' is 9 x 99, which is too small", "and 1 more of a wrong size"}));

  // Only those that will be used are looked at.
  CHECK(
      holds(error_of([&] { open_folder(folder.path(), {.most_images = 1}); }), {"1 picture that"}));
  fs::remove(folder / "x.gif");
  CHECK(numbers(*open_folder(folder.path(), {.most_images = 1})) == std::vector{1});
}

TEST_CASE("Folder: images that cannot be used are left out on request, damaged ones too") {
  const TemporaryFolder folder;
  for (int i = 0; i < 6; ++i) write_numbered(folder / fmt::format("{}.png", i), i);
  write_file(folder / "1.png", {'x'});
  // Truncated: its header is right.
  const Bytes whole = read_file(folder / "3.png");
  write_file(folder / "3.png", {whole.begin(), whole.end() - 20});
  CHECK(holds(error_opening(folder.path()), {"/1.png'"}));
  const auto rest = open_folder(folder.path(), {.skip_bad_images = true});
  CHECK(numbers(*rest) == std::vector{0, 2, 4, 5});
  REQUIRE(rest->notes().size() == 1);
  CHECK(holds(rest->notes()[0], {"2 pictures were left out (--skip-bad-images)", "/1.png'"}));
  // Others take their places.
  const auto three = open_folder(folder.path(), {.most_images = 3, .skip_bad_images = true});
  CHECK(numbers(*three) == std::vector{0, 2, 4});
  for (int i : {0, 2, 4, 5}) write_file(folder / fmt::format("{}.png", i), {'x'});
  CHECK(holds(error_of([&] { open_folder(folder.path(), {.skip_bad_images = true}); }),
              {"no PNG or JPEG image that can be used", "6 pictures were left out"}));
}

}  // namespace odin::test
