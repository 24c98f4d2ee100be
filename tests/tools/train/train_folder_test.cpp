// The program train on folders of images: what is held out, and what is no set to train on.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/image/png_writer.h"
#include "nn/architecture.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/support.h"
#include "tools/train/training_state.h"
#include "weights/checkpoint.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/train";

// Images of three colours, in a folder each, that vary a little.
class Colours {
 public:
  explicit Colours(int images) {
    const char* names[] = {"a red", "b green", "c blue"};
    for (std::size_t c = 0; c < 3; ++c) {
      fs::create_directories(folder_ / "set" / names[c]);
      for (int i = 0; i < images; ++i) {
        std::vector<std::uint8_t> pixels(kImageElements, static_cast<std::uint8_t>(i));
        std::fill_n(pixels.begin() + static_cast<std::ptrdiff_t>(c) * 1024, 1024,
                    static_cast<std::uint8_t>(200 + i));
        write(fmt::format("set/{}/{:02}.png", names[c], i), encode_png(pixels, {}));
      }
    }
  }

  fs::path operator/(std::string_view name) const { return folder_ / name; }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  ProgramResult train(const std::string& in, const std::string& more) const {
    return run_program(fmt::format(
        "cd '{}' && '{}' --network densenet_bc_10_k4 --in {} --device cpu --batch-size 10 "
        "--schedule cosine --out net.h5 --mean 0.3 0.3 0.3 --std 0.3 0.3 0.3 {}",
        folder_.path().string(), kProgram, in, more));
  }

 private:
  TemporaryFolder folder_;
};

// The last field but two of the last line: the error on the held-out images.
double held_out_error(const fs::path& log) {
  std::ifstream stream(log);
  std::string line;
  for (std::string next; std::getline(stream, next);) line = next;
  std::istringstream fields(line);
  std::string field;
  for (int i = 0; i < 7; ++i) std::getline(fields, field, ',');
  return std::stod(field);
}

TEST_CASE("a folder sorted by class is held out from all classes alike") {
  const Colours c(20);
  const ProgramResult result = c.train("folder:set", "--held-out 20 --epochs 5 --quiet");
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  // The last 20 would be all of one class, never seen in training: an error of 100 %.
  CHECK(held_out_error(c / "net.h5.csv") < 0.2);
  const std::string source = read_checkpoint(c / "net.h5").source;
  CHECK_MESSAGE(source.find("with 40 images of set (without 20 held out, drawn with seed 0 and "
                            "stratified by class)") != std::string::npos,
                source);
}

TEST_CASE("a training that began with the last images held out goes on with these") {
  const Colours c(20);
  const std::string options = "--held-out 20 --quiet ";
  REQUIRE(c.train("folder:set", options + "--epochs 1").exit_status == 0);
  // Another draw is another training.
  ProgramResult result = c.train("folder:set", options + "--epochs 2 --resume --held-out-seed 1");
  CHECK(result.exit_status == 1);
  CHECK_MESSAGE(result.errors ==
                    "train: the state belongs to another training: held_out_seed was 0 "
                    "and is 1 now. Give what it was started with, or name another "
                    "--state\n",
                result.errors);
  // As a version up to 0.2 wrote it.
  training::TrainingState state = training::read_training_state(c / "net.h5.state");
  const std::string seed = ",\"held_out_seed\":0";
  const std::size_t at = state.setup.find(seed);
  REQUIRE(at != std::string::npos);
  state.setup.erase(at, seed.size());
  training::write_training_state(state, c / "net.h5.state");
  result = c.train("folder:set", "--held-out 20 --epochs 2 --resume");
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  CHECK(result.errors.find("the last images stay held out, as when this training began") !=
        std::string::npos);
  CHECK(read_checkpoint(c / "net.h5").source.find("(without the last 20, held out)") !=
        std::string::npos);
}

TEST_CASE("the parent of the class folders is no set to train on") {
  const Colours c(2);
  fs::create_directory(c / "parent");
  fs::rename(c / "set", c / "parent/train");
  ProgramResult result = c.train("folder:parent", "--held-out 0 --epochs 1");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("folder:parent has images of one class") != std::string::npos);
  CHECK(result.errors.find("Found the class 'train'") != std::string::npos);
  result = c.train("'folder:parent/train/a red'", "--held-out 0 --epochs 1");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("has no labels to train with") != std::string::npos);
  CHECK_FALSE(fs::exists(c / "net.h5"));
}

TEST_CASE("bad images are listed, or left out, before training") {
  const Colours c(10);
  c.write("set/a red/bad.png", "no image");
  c.write("set/c blue/bad.gif", "no image");
  fs::create_directory(c / "set/.ipynb_checkpoints");
  c.write("set/b green/._00.png", "AppleDouble");
  ProgramResult result = c.train("folder:set", "--held-out 0 --epochs 1");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("2 pictures of the folder 'set'") != std::string::npos);
  CHECK_FALSE(fs::exists(c / "net.h5"));
  result = c.train("folder:set", "--held-out 0 --epochs 1 --skip-bad-images");
  INFO(result.errors);
  CHECK(result.exit_status == 0);
  CHECK(result.errors.find("2 pictures were left out") != std::string::npos);
  const Checkpoint checkpoint = read_checkpoint(c / "net.h5");
  CHECK(checkpoint.source.find("with 30 images of set: ") != std::string::npos);
  CHECK(checkpoint.class_names == std::vector<std::string>{"a red", "b green", "c blue"});
}

TEST_CASE("images of another size are scaled or cropped, by the options that the error names") {
  const Colours c(10);
  for (const char* name : {"a red", "b green", "c blue"}) {
    write_png(c / fmt::format("set/{}/large.png", name),
              {.width = 48,
               .height = 40,
               .palette = {},
               .data = noise_bytes(std::size_t{48} * 40 * 3, 1)});
  }
  ProgramResult result = c.train("folder:set", "--held-out 0 --epochs 1");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("give --resize to scale it or --center-crop") != std::string::npos);
  result = c.train("folder:set", "--held-out 0 --epochs 1 --quiet --center-crop");
  CHECK(result.exit_status == 0);
  CHECK(read_checkpoint(c / "net.h5").source.find("33 images of set, cropped to 32 x 32: ") !=
        std::string::npos);
  // Images fitted in another way are another training.
  result = c.train("folder:set", "--held-out 0 --epochs 2 --quiet --resize --resume");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("fit was \"center_crop\" and is \"resize\" now") != std::string::npos);
  fs::remove(c / "net.h5.state");
  result = c.train("folder:set", "--held-out 0 --epochs 1 --quiet --resize");
  CHECK(result.exit_status == 0);
  CHECK(read_checkpoint(c / "net.h5").source.find("of set, scaled to 32 x 32: ") !=
        std::string::npos);
  fs::remove(c / "net.h5.state");
  result = c.train("folder:set", "--held-out 0 --epochs 1 --quiet --fit resize-crop");
  CHECK(result.exit_status == 0);
  CHECK(read_checkpoint(c / "net.h5").source.find("of set, scaled and cropped to 32 x 32: ") !=
        std::string::npos);
  CHECK(c.train("folder:set", "--resize --center-crop").exit_status == 2);
  CHECK(c.train("folder:set", "--resize --fit resize-crop").exit_status == 2);
}

TEST_CASE("a class of which no image can be used is no class") {
  const Colours c(10);
  fs::create_directory(c / "set/gone");
  c.write("set/gone/a.png", "");
  const ProgramResult result = c.train("folder:set", "--held-out 0 --epochs 1 --skip-bad-images");
  CHECK(result.exit_status == 1);
  CHECK_MESSAGE(result.errors.find("the folder 'set/gone' holds no PNG or JPEG image that can be "
                                   "used, but every class of 'set' needs one") != std::string::npos,
                result.errors);
  CHECK_FALSE(fs::exists(c / "net.h5"));
}

TEST_CASE("an output whose path is too long is told of before the images are read") {
  const Colours c(2);
  const std::string longest(250, 'n');  // OUT.state is longer than a name may be
  for (const std::string& option :
       {"--out " + longest, "--out " + std::string(300, 'x'), "--log " + std::string(300, 'x'),
        "--state " + longest + ".states"}) {
    const ProgramResult result =
        run_program(fmt::format("'{}' --in folder:/not/there {}{}", kProgram, option,
                                option.starts_with("--out") ? "" : " --out /tmp/odin_net.h5"));
    CHECK(result.exit_status == 1);
    CHECK_MESSAGE(result.errors.find("is too long: it has ") != std::string::npos, result.errors);
  }
}

TEST_CASE("no name of a folder reaches a terminal as an escape code") {
  const Colours c(2);
  const std::string name = "esc\033[31mred";
  fs::create_directory(c / name);
  fs::rename(c / "set", c / (name + "/train"));
  ProgramResult result = c.train("'folder:" + name + "'", "--held-out 0 --epochs 1");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("Found the class 'train'") != std::string::npos);
  CHECK(result.errors.find("esc\\x1b[31mred") != std::string::npos);
  CHECK(result.errors.find('\033') == std::string::npos);
}

}  // namespace
}  // namespace odin::test
