// The program odin_detect, run as by a user: images, options and output.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_detect_support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

TEST_CASE("odin_detect: scores are odin_eval's, bit for bit, for any number of threads") {
  const DetectWorkspace w;
  const std::vector<double> expected = w.eval_scores("a");
  for (const char* threads : {"1", "2", "5"}) {
    const ProgramResult r = w.detect(fmt::format("--json --threads {} a", threads));
    CHECK(r.exit_status == 0);
    const auto lines = json_lines(r.output);
    REQUIRE(lines.size() == DetectWorkspace::kPictures);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i]["file"] == fmt::format("a/{:04}.png", i));
      CHECK(lines[i]["score"].get<double>() == expected[i]);
      CHECK(lines[i]["verdict"] == (expected[i] >= w.threshold ? "in" : "out"));
      CHECK(lines[i]["class"] == fmt::format("class {}", lines[i]["class_number"].get<int>()));
      CHECK(lines[i]["probability"] > 0.1);
    }
  }
}

TEST_CASE("odin_detect: text has a line for each image, in columns, and a summary") {
  const DetectWorkspace w;
  const ProgramResult r = w.detect("a/0003.png a/0001.png a");
  CHECK(r.exit_status == 0);
  CHECK(r.errors.empty());
  CHECK(r.output.starts_with("verdict  class    probability         score  file\n"));
  CHECK(r.output.find("  a/0003.png\n") < r.output.find("  a/0001.png\n"));
  CHECK(r.output.find("  a/0001.png\n") < r.output.find("  a/0000.png\n"));
  CHECK(holds(r.output, {"\n14 images: ", "images/s\n", "temperature 1000, magnitude 0.0014",
                         "accept 95 % of our own on 500 images"}));
  const ProgramResult quiet = w.detect("--quiet a/0003.png");
  CHECK(std::count(quiet.output.begin(), quiet.output.end(), '\n') == 2);
}

TEST_CASE("odin_detect: JSON and CSV have the summary on standard error") {
  const DetectWorkspace w;
  const ProgramResult csv = w.detect("--csv a");
  CHECK(csv.output.starts_with("file,verdict,score,class_number,class,probability,error\n"));
  CHECK(std::count(csv.output.begin(), csv.output.end(), '\n') == 13);
  CHECK(holds(csv.errors, {"12 images: 6 in, 6 out of distribution, 0 unreadable; "}));
  const ProgramResult json = w.detect("--json a");
  CHECK(json_lines(json.output).size() == 12);
  CHECK(holds(json.errors, {"12 images: 6 in, 6 out"}));
  CHECK(w.detect("--json --quiet a").errors.empty());
}

TEST_CASE("odin_detect: images that cannot be used are reported, and the others judged") {
  const DetectWorkspace w;
  w.write_folder("b", 3, 8);
  const Bytes whole = read_file(w.folder / "b/0001.png");
  write_file(w.folder / "b/0001.png", {whole.begin(), whole.end() - 20});
  write_bytes(w.folder / "b/0000a.gif", "GIF89a");
  PngImage large;
  large.width = large.height = 64;
  large.data = noise_bytes(64 * 64 * 3, 1);
  write_png(w.folder / "b/large.png", large);
  fs::create_directories(w.folder / "empty");
  const ProgramResult r = w.detect("--json b missing.png empty a/0000.png");
  CHECK(r.exit_status == 1);
  std::vector<std::string> files;
  for (const auto& line : json_lines(r.output)) {
    files.push_back((line.contains("error") ? "!" : "") + line["file"].get<std::string>());
  }
  CHECK(files == std::vector<std::string>{"b/0000.png", "!b/0000a.gif", "!b/0001.png", "b/0002.png",
                                          "!b/large.png", "!missing.png", "!empty", "a/0000.png"});
  CHECK(
      holds(r.errors,
            {"odin_detect: 'b/0000a.gif' is neither a PNG nor a JPEG image",
             "odin_detect: 'b/0001.png' cannot be decoded", "odin_detect: 'b/large.png' is 64 x 64",
             "--resize", "odin_detect: cannot open 'missing.png'",
             "odin_detect: the folder 'empty' holds no pictures", "8 images:", "5 unreadable"}));
  // Text says the same on standard error only.
  const ProgramResult text = w.detect("b");
  CHECK(text.exit_status == 1);
  CHECK(std::count(text.errors.begin(), text.errors.end(), '\n') == 3);
  CHECK(holds(text.output, {"b/0002.png", "3 unreadable"}));
  CHECK(text.output.find("0001.png") == std::string::npos);
}

TEST_CASE(
    "odin_detect: images of another size are fitted as odin_eval does, or as in the calibration") {
  const DetectWorkspace w;
  fs::create_directories(w.folder / "large");
  for (int i = 0; i < 4; ++i) {
    JpegImage image;
    image.width = 70;
    image.height = 50;
    image.data = noise_bytes(70 * 50 * 3, static_cast<std::uint64_t>(i));
    write_jpeg(w.folder / fmt::format("large/{}.jpg", i), image);
  }
  const auto scores = [&](const std::string& arguments) {
    std::vector<double> all;
    for (const auto& line : json_lines(w.detect("--json " + arguments).output)) {
      all.push_back(line.at("score"));
    }
    return all;
  };
  const std::vector<double> resized = w.eval_scores("large", "--resize");
  REQUIRE(resized.size() == 4);
  CHECK(scores("--resize large") == resized);
  for (const char* fit : {"--center-crop", "--fit resize-crop"}) {
    CHECK(scores(fmt::format("{} large", fit)) == w.eval_scores("large", fit));
    CHECK(scores(fmt::format("{} large", fit)) != resized);
  }
  w.write_detector("det.h5", "resize");
  CHECK(scores("large") == resized);
  CHECK(scores("--center-crop large") == w.eval_scores("large", "--center-crop"));
}

TEST_CASE("odin_detect: a name cannot play with the terminal or break a line") {
  const DetectWorkspace w;
  const fs::path good = w.folder / "h/in\n\x1b[31m.png";
  fs::create_directories(w.folder / "h");
  fs::copy_file(w.folder / "a/0000.png", good);
  write_bytes(w.folder / "h/not\n\x1b[32m\xff.png", "no picture");
  const ProgramResult text = w.detect("h");
  CHECK(holds(text.output, {"  h/in\\x0a\\x1b[31m.png\n"}));
  CHECK(one_line(text.errors));
  CHECK((text.output + text.errors).find('\x1b') == std::string::npos);
  const auto json = json_lines(w.detect("--json h").output);
  REQUIRE(json.size() == 2);
  CHECK(json[0]["file"] == "h/in\n\x1b[31m.png");
  CHECK(holds(w.detect("--csv h").output,
              {"\"h/in\n\x1b[31m.png\",", "\"h/not\n\x1b[32m\xff.png\""}));
}

TEST_CASE("odin_detect: without a detector there is one sentence and no verdict") {
  const DetectWorkspace w;
  const struct {
    const char* arguments;
    const char* part;
  } cases[] = {{"--detector missing.h5 a", "missing.h5"},
               {"--detector densenet10.h5 a", "odin_calibrate"},
               {"--detector a/0000.png a", "a/0000.png"},
               {"--detector det.h5 --watch missing a", "cannot watch the folder 'missing'"},
               {"--detector det.h5 --explain a a", "give it another folder"},
               {"--detector det.h5 --explain a --watch a", "give it another folder"},
               {"--detector det.h5 --explain a/0000.png a", "a/0000.png"}};
  for (const auto& c : cases) {
    CAPTURE(c.arguments);
    const ProgramResult r = w.script(fmt::format("${{detect%% --detector*}} {}", c.arguments));
    CHECK(r.exit_status == 1);
    CHECK(r.output.empty());
    CHECK(one_line(r.errors));
    CHECK(holds(r.errors, {"odin_detect: ", c.part}));
  }
}

TEST_CASE("odin_detect: a wrong command line is status 2") {
  const DetectWorkspace w;
  for (const char* arguments : {"", "--json --csv a", "--fit nonsense a", "--nonsense a",
                                "--resize --center-crop a", "--threads 0 a", "--quiet"}) {
    CAPTURE(arguments);
    const ProgramResult r = w.detect(arguments);
    CHECK(r.exit_status == 2);
    CHECK(r.output.empty());
    CHECK(one_line(r.errors));
  }
  CHECK(w.script("${detect%% --detector*} a").exit_status == 2);
  const ProgramResult help = w.detect("--help");
  CHECK(help.exit_status == 0);
  CHECK(holds(help.output, {"--watch", "--explain", "Examples:"}));
}

TEST_CASE("odin_detect: a program cannot be told to have written what it could not") {
  const DetectWorkspace w;
  for (const char* form : {"", "--json", "--csv"}) {
    CAPTURE(form);
    const ProgramResult full = w.detect(fmt::format("{} a >/dev/full", form));
    CHECK(full.exit_status == 1);
    CHECK(full.errors == "odin_detect: cannot write to standard output: No space left on device\n");
    const ProgramResult closed = w.detect(fmt::format("{} a >&-", form));
    CHECK(closed.exit_status == 1);
    CHECK(closed.errors == "odin_detect: cannot write to standard output: Bad file descriptor\n");
    const ProgramResult pipe =
        w.script(fmt::format("{{ $detect {} a; echo $? >status; }} | true; cat status", form));
    CHECK(pipe.output == "1\n");
    CHECK(pipe.errors == "odin_detect: cannot write to standard output: Broken pipe\n");
  }
}

TEST_CASE("odin_detect: --explain writes a picture of each image that was judged") {
  const DetectWorkspace w;
  fs::create_directories(w.folder / "b");
  fs::copy_file(w.folder / "a/0003.png", w.folder / "b/0001.png");
  write_bytes(w.folder / "b/bad.png", "no picture");
  const ProgramResult r = w.detect("--quiet --explain why a b");
  CHECK(r.exit_status == 1);
  for (int i = 0; i < DetectWorkspace::kPictures; ++i) {
    CHECK(fs::exists(w.folder / fmt::format("why/{:04}.png", i)));
  }
  CHECK(content_of(w.folder / "why/0001-2.png") == content_of(w.folder / "why/0003.png"));
  CHECK(content_of(w.folder / "why/0001.png") != content_of(w.folder / "why/0003.png"));
  CHECK_FALSE(fs::exists(w.folder / "why/bad.png"));
  // Pictures in a folder below are not judged, and nothing is overwritten.
  const ProgramResult again = w.detect("--quiet --explain ./why/ .");
  CHECK(again.output.find("why") == std::string::npos);
  CHECK(fs::exists(w.folder / "why/0003-2.png"));
  // A picture that cannot be written is an error, after its line.
  const ProgramResult full = w.script(
      "trap '' XFSZ; { ulimit -f 0; $detect --quiet --explain no a/0000.png 2>&1; } | cat");
  CHECK(holds(full.output, {"  a/0000.png\nodin_detect: ", "no/0000.png", "File too large"}));
  CHECK(fs::is_empty(w.folder / "no"));
}
