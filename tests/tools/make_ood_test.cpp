#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "eval/data/folder.h"
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
  for (const char* options :
       {"", "--crop --resize", "--crop --filter nearest", "--resize --seed 1",
        "--resize --filter lanczos", "--crop --limit 0", "--crop --seed -1", "--crop x"}) {
    CAPTURE(options);
    const ProgramResult result = make_ood(options, folder / "from", folder / "to");
    CHECK(result.exit_status == 2);
    CHECK(holds(result.errors, {"make_ood --help"}));
    CHECK_FALSE(fs::exists(folder / "to"));
  }
  const ProgramResult help = run_program(fmt::format("'{}' --help", kProgram));
  CHECK(help.exit_status == 0);
  CHECK(holds(help.output, {"without antialiasing", "easier to detect than their content"}));
}

}  // namespace
}  // namespace odin::test
