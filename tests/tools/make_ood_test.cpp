#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/data/folder.h"
#include "eval/image/image_file.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {
namespace fs = std::filesystem;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/make_ood";

ProgramResult make_ood(const std::string& options, const fs::path& from, const fs::path& to) {
  return run_program(
      fmt::format("'{}' {} --from '{}' --to '{}'", kProgram, options, from.string(), to.string()));
}

// `count` images of noise, 40 x 50, in the folders a and b below `folder`.
void write_images(const fs::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    const fs::path below = folder / (i % 2 == 0 ? "a" : "b");
    fs::create_directories(below);
    write_png(below / fmt::format("{}.png", i),
              {.width = 40,
               .height = 50,
               .palette = {},
               .data = noise_bytes(40 * 50 * 3, static_cast<std::uint64_t>(i))});
  }
}

// Every file below the folder with its content.
std::map<std::string, Bytes> contents_of(const fs::path& folder) {
  std::map<std::string, Bytes> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      contents[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    }
  }
  return contents;
}

// The image that was made from the source with this path below the folder of sources.
Bytes image_of(const fs::path& set, const std::string& source) {
  const Bytes bytes = read_file(set / "sources.txt");
  const std::string text(bytes.begin(), bytes.end());
  const std::size_t end = text.find("\t" + source + "\n");
  REQUIRE(end != std::string::npos);
  const std::size_t begin = text.rfind('\n', end) + 1;
  return read_image(set / text.substr(begin, end - begin));
}

TEST_CASE("sets made from Tiny-ImageNet agree with Pillow and PyTorch" *
          doctest::test_suite("slow needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("tiny-imagenet", folder.path())) return;
  const fs::path from = folder / "tiny-imagenet-200";
  struct Case {
    const char* options;
    const char* fit;
  };
  for (const Case& c : {Case{"--crop --seed 3", "cut"},
                        {"--resize", "resize"},
                        {"--resize --filter bilinear", "bilinear"},
                        {"--resize --filter nearest", "nearest"}}) {
    CAPTURE(c.options);
    const fs::path to = folder / c.fit;
    const ProgramResult result = make_ood(fmt::format("{} --limit 500", c.options), from, to);
    INFO(result.errors);
    REQUIRE(result.exit_status == 0);
    CHECK(result.output == to.string() + ": 500 images\n");
    CHECK(open_folder(to, {})->size() == 500);
    if (!run_pillow(fmt::format("made '{}' '{}' {}", from.string(), to.string(), c.fit))) return;
  }
}

// How far two images are apart, in levels of 255: on average, and the share of values that differ
// by more than one.
struct Distance {
  double mean = 0;
  double share_beyond_1 = 0;
};

Distance distance(const Bytes& a, const Bytes& b) {
  REQUIRE(a.size() == b.size());
  Distance sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int difference = std::abs(a[i] - b[i]);
    sum.mean += difference;
    sum.share_beyond_1 += difference > 1 ? 1 : 0;
  }
  const auto size = static_cast<double>(a.size());
  return {sum.mean / size, sum.share_beyond_1 / size};
}

TEST_CASE("--like-odin makes the pixels that the authors' libjpeg 9b made") {
  // make_like_odin_images.py made both files, with that library.
  const fs::path images = ODIN_SOURCE_DIR "/tests/tools";
  const TemporaryFolder folder;
  fs::create_directory(folder / "from");
  fs::copy_file(images / "like_odin_source.jpg", folder / "from/source.jpg");
  const Bytes expected = read_image(images / "like_odin_made.png");
  const auto made_with = [&](const std::string& options, const char* to) {
    const ProgramResult result = make_ood(options, folder / "from", folder / to);
    INFO(result.errors);
    REQUIRE(result.exit_status == 0);
    return image_of(folder / to, "source.jpg");
  };
  const Distance like_odin = distance(made_with("--resize --like-odin", "like"), expected);
  CHECK(like_odin.mean < 0.2);
  CHECK(like_odin.share_beyond_1 < 0.02);
  CHECK(distance(made_with("--resize --filter nearest", "nearest"), expected).mean > 2);

  const Bytes sources = read_file(folder / "like/sources.txt");
  CHECK(holds(std::string(sources.begin(), sources.end()), {"make_ood --resize --like-odin\n"}));
  CHECK(make_ood("--resize --filter nearest --like-odin", folder / "from", folder / "to")
            .exit_status == 2);
}

TEST_CASE("--crop --like-odin crops again, in a black frame of 4 pixels") {
  const TemporaryFolder folder;
  write_images(folder / "from", 40);
  REQUIRE(make_ood("--crop --seed 4", folder / "from", folder / "plain").exit_status == 0);
  REQUIRE(make_ood("--crop --like-odin --seed 4", folder / "from", folder / "framed").exit_status ==
          0);
  // The value at (x, y) of a plane; 0 in the frame.
  const auto value = [](const Bytes& image, int plane, int x, int y) {
    const bool inside = x >= 0 && x < 32 && y >= 0 && y < 32;
    return inside ? image[static_cast<std::size_t>((plane * 32 + y) * 32 + x)] : 0;
  };
  std::set<int> shifts;
  for (int i = 0; i < 40; ++i) {
    const std::string source = fmt::format("{}/{}.png", i % 2 == 0 ? 'a' : 'b', i);
    const Bytes plain = image_of(folder / "plain", source);
    const Bytes framed = image_of(folder / "framed", source);
    int found = 0;
    for (int shift = 0; shift < 81; ++shift) {
      const int dx = shift % 9 - 4;
      const int dy = shift / 9 - 4;
      bool equal = true;
      for (int k = 0; equal && k < 3 * 32 * 32; ++k) {
        const int y = k / 32 % 32;
        equal = value(framed, k / 1024, k % 32, y) == value(plain, k / 1024, k % 32 + dx, y + dy);
      }
      if (!equal) continue;
      ++found;
      shifts.insert(shift);
    }
    CHECK(found == 1);
  }
  CHECK(shifts.size() > 20);  // of 81
}

TEST_CASE("--like-odin makes the authors' Imagenet_resize from Tiny-ImageNet" *
          doctest::test_suite("slow needs-data")) {
  const TemporaryFolder folder;
  if (!unpack_shared("tiny-imagenet", folder.path())) return;
  if (!unpack_shared("imagenet-resize", folder.path())) return;
  const fs::path from = folder / "tiny-imagenet-200/test";
  const ProgramResult result = make_ood("--resize --like-odin --limit 500", from, folder / "made");
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  Distance mean;
  int images = 0;
  // The authors' N.jpg is made of test_N.JPEG.
  std::ifstream sources(folder / "made/sources.txt");
  std::string line;
  std::getline(sources, line);
  while (std::getline(sources, line)) {
    const std::string source = line.substr(line.find('\t') + 1);
    const std::size_t number = source.find('_') + 1;
    const std::string name = source.substr(number, source.find('.') - number) + ".jpg";
    Bytes theirs(3 * 32 * 32);
    read_image_file(folder / "Imagenet_resize" / name, ImageFit::kExact, {}, theirs.data(), {},
                    JpegChroma::kDct);
    const Distance one = distance(image_of(folder / "made", source), theirs);
    mean.mean += one.mean / 500;
    mean.share_beyond_1 += one.share_beyond_1 / 500;
    ++images;
  }
  CHECK(images == 500);
  CHECK(mean.mean < 0.12);
  CHECK(mean.share_beyond_1 < 0.02);
}

TEST_CASE("the same options give the same bytes, and another seed gives other bytes") {
  const TemporaryFolder folder;
  write_images(folder / "from", 12);
  for (const char* to : {"first", "again"}) {
    REQUIRE(make_ood("--crop --seed 9", folder / "from", folder / to).exit_status == 0);
  }
  REQUIRE(make_ood("--crop --seed 10", folder / "from/", folder / "other/").exit_status == 0);
  const auto first = contents_of(folder / "first");
  CHECK(first.size() == 13);
  CHECK(first.contains("images/00001.png"));
  CHECK(first.contains("images/00012.png"));
  CHECK(first == contents_of(folder / "again"));
  int alike = 0;
  for (const auto& [name, content] : contents_of(folder / "other")) {
    alike += name != "sources.txt" && first.at(name) == content;
  }
  CHECK(alike < 3);  // of 12, each with a chance of 1 / 171
}

TEST_CASE("a crop does not depend on the other images") {
  const TemporaryFolder folder;
  write_images(folder / "few", 4);
  write_images(folder / "many", 9);
  REQUIRE(make_ood("--crop", folder / "few", folder / "of few").exit_status == 0);
  REQUIRE(make_ood("--crop", folder / "many", folder / "of many").exit_status == 0);
  for (const char* source : {"a/0.png", "b/1.png", "a/2.png", "b/3.png"}) {
    CHECK(image_of(folder / "of few", source) == image_of(folder / "of many", source));
  }
}

TEST_CASE("--resize-crop writes what --fit resize-crop reads") {
  const TemporaryFolder folder;
  write_images(folder / "from", 3);
  REQUIRE(make_ood("--resize-crop", folder / "from", folder / "to").exit_status == 0);
  for (const char* source : {"a/0.png", "b/1.png", "a/2.png"}) {
    CHECK(image_of(folder / "to", source) ==
          read_image(folder / "from" / source, ImageFit::kResizeCrop));
  }
  CHECK(make_ood("--resize-crop --crop", folder / "from", folder / "other").exit_status == 2);
  CHECK(make_ood("", folder / "from", folder / "other").exit_status == 2);
}

TEST_CASE("a limit spreads over all images") {
  const TemporaryFolder folder;
  write_images(folder / "from", 10);
  REQUIRE(make_ood("--resize --limit 4", folder / "from", folder / "to").exit_status == 0);
  const Bytes sources = read_file(folder / "to/sources.txt");
  const std::string text(sources.begin(), sources.end());
  // Those at 0, 2, 5 and 7 of a/0, 2, 4, 6, 8 and b/1, 3, 5, 7, 9.
  CHECK(text.substr(text.find('\n')) ==
        "\nimages/00001.png\ta/0.png\nimages/00002.png\ta/4.png\nimages/00003.png\tb/1.png\n"
        "images/00004.png\tb/5.png\n");
  CHECK(text.find("make_ood --resize --filter bilinear-antialias\n") != std::string::npos);
  REQUIRE(make_ood("--resize --limit 99", folder / "from", folder / "all").exit_status == 0);
  CHECK(open_folder(folder / "all", {})->size() == 10);
}

TEST_CASE("a set is made whole or not at all, and an existing folder is not changed") {
  const TemporaryFolder folder;
  write_images(folder / "from", 3);
  write_png(folder / "from/b/small.png",
            {.width = 20, .height = 50, .palette = {}, .data = Bytes(20 * 50 * 3)});
  const auto check = [&](const ProgramResult& result,
                         std::initializer_list<std::string_view> parts) {
    INFO(result.errors);
    CHECK(result.exit_status == 1);
    CHECK(holds(result.errors, parts));
  };
  check(make_ood("--crop", folder / "from", folder / "below/to"), {"small.png", "20 x 50"});
  CHECK_FALSE(fs::exists(folder / "below"));
  // Damage that its header does not show is found while the set is made.
  write_images(folder / "damaged", 3);
  const Bytes whole = read_file(folder / "damaged/b/1.png");
  write_file(folder / "damaged/b/1.png", {whole.begin(), whole.end() - 20});
  check(make_ood("--crop", folder / "damaged", folder / "below/to"), {"b/1.png", "cannot be"});
  CHECK(fs::is_empty(folder / "below"));

  fs::create_directory(folder / "taken");
  write_file(folder / "taken/file", {1});
  check(make_ood("--resize", folder / "from", folder / "taken"), {"taken", "already exists"});
  CHECK(contents_of(folder / "taken").size() == 1);
  check(make_ood("--resize", folder / "from", folder / "taken/file"), {"already exists"});
  check(make_ood("--resize", folder / "from", folder / "taken/file/below"), {"Not a directory"});
  fs::create_directory(folder / "empty");
  check(make_ood("--resize", folder / "empty", folder / "to"), {"holds no PNG or JPEG"});
  check(make_ood("--resize", folder / "absent", folder / "to"), {"absent", "is not a folder"});
  CHECK(make_ood("--resize", folder / "from", folder / "empty").exit_status == 0);
  CHECK(open_folder(folder / "empty", {})->size() == 4);
}

TEST_CASE(
    "a killed run of the same process number leaves nothing in a set, and keeps its folders") {
  const TemporaryFolder folder;
  write_images(folder / "from", 3);
  write_images(folder / "damaged", 3);
  const Bytes whole = read_file(folder / "damaged/b/1.png");
  write_file(folder / "damaged/b/1.png", {whole.begin(), whole.end() - 20});
  // The shell's number becomes the program's.
  std::ofstream(folder / "run.sh") << "cd \"$1\"\n"
                                      "for name in .odin-$$.tmp .odin-$$-0.tmp .odin-$$-1.tmp; do\n"
                                      "  mkdir -p $name/images\n"
                                      "  echo old > $name/images/old.png\n"
                                      "done\n"
                                      "exec \"$2\" --resize --from \"$3\" --to to\n";
  const auto run_after_killed = [&](const fs::path& from, const fs::path& parent) {
    return run_program(fmt::format("sh '{}' '{}' '{}' '{}'", (folder / "run.sh").string(),
                                   parent.string(), kProgram, from.string()));
  };
  const auto left_in = [](const fs::path& parent) {
    std::map<std::string, Bytes> left = contents_of(parent);
    return std::erase_if(left, [](const auto& file) { return file.first.ends_with("old.png"); });
  };
  fs::create_directory(folder / "good");
  const ProgramResult made = run_after_killed(folder / "from", folder / "good");
  INFO(made.errors);
  REQUIRE(made.exit_status == 0);
  CHECK(contents_of(folder / "good/to").size() == 3 + 1);  // with sources.txt
  CHECK(open_folder(folder / "good/to", {})->size() == 3);
  CHECK(left_in(folder / "good") == 3);

  fs::create_directory(folder / "bad");
  CHECK(run_after_killed(folder / "damaged", folder / "bad").exit_status == 1);
  CHECK(left_in(folder / "bad") == 3);
}

TEST_CASE("bad images are all listed, or left out on request") {
  const TemporaryFolder folder;
  write_images(folder / "from", 6);
  write_file(folder / "from/a/bad.jpg", {'x'});
  write_file(folder / "from/b/bad.png", {'x'});
  write_file(folder / "from/b/bad.gif", {'x'});
  write_file(folder / "from/b/._1.png", {'x'});
  fs::create_directory(folder / "from/.cache");
  write_file(folder / "from/.cache/0.png", {'x'});
  const ProgramResult refused = make_ood("--resize", folder / "from", folder / "to");
  CHECK(refused.exit_status == 1);
  CHECK(holds(refused.errors,
              {"3 pictures", "a/bad.jpg'", "b/bad.png'", "b/bad.gif'", "--skip-bad-images"}));
  CHECK_FALSE(fs::exists(folder / "to"));
  const ProgramResult made = make_ood("--resize --skip-bad-images", folder / "from", folder / "to");
  INFO(made.errors);
  REQUIRE(made.exit_status == 0);
  CHECK(holds(made.output, {"/to: 6 images\n", "3 pictures were left out", "(1 .gif)"}));
  CHECK(open_folder(folder / "to", {})->size() == 6);
}

TEST_CASE("a full disk is an error and leaves nothing behind") {
  const TemporaryFolder folder;
  write_images(folder / "from", 40);
  fs::create_directory(folder / "disk");
  const std::string disk = (folder / "disk").string();
  const auto on_small_disk = [&](const std::string& command) {
    return run_program(
        fmt::format("unshare --map-root-user --mount sh -c \"mount -t tmpfs -o size=64k none '{}' "
                    "&& {}\"",
                    disk, command));
  };
  if (on_small_disk("true").exit_status != 0) return skip("no small disk can be mounted");
  const ProgramResult result =
      on_small_disk(fmt::format("'{}' --resize --from '{}' --to '{}/to'; echo \\$?; ls -A '{}'",
                                kProgram, (folder / "from").string(), disk, disk));
  CHECK(result.output == "1\n");
  CHECK(holds(result.errors, {"No space left on device"}));
}

TEST_CASE("a wrong command line is explained") {
  const TemporaryFolder folder;
  write_images(folder / "from", 1);
  for (const char* options : {"", "--crop --resize", "--crop --filter nearest", "--resize --seed 1",
                              "--resize --filter lanczos", "--resize-crop --like-odin",
                              "--crop --limit 0", "--crop --seed -1", "--crop x"}) {
    CAPTURE(options);
    const ProgramResult result = make_ood(options, folder / "from", folder / "to");
    CHECK(result.exit_status == 2);
    CHECK(holds(result.errors, {"make_ood --help"}));
    CHECK_FALSE(fs::exists(folder / "to"));
  }
  fs::create_directory_symlink(folder / "from", folder / "link");
  for (const char* to : {"from", "from/to", "other/../from/to", "link/to"}) {
    CAPTURE(to);
    const ProgramResult result = make_ood("--resize", folder / "from", folder / to);
    CHECK(result.exit_status == 2);
    CHECK(holds(result.errors, {"--to", "is the folder", "of --from, or in it"}));
  }
  const ProgramResult help = run_program(fmt::format("'{}' --help", kProgram));
  CHECK(help.exit_status == 0);
  CHECK(holds(help.output, {"without antialiasing", "easier to detect than their content"}));
}

}  // namespace
}  // namespace odin::test
