// The program train, run as by a user.
#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/image/png_writer.h"
#include "tests/support/support.h"
#include "tests/tools/train/training_support.h"
#include "tools/train/training_state.h"
#include "weights/checkpoint.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/train";

std::int64_t lines_of(const fs::path& file) {
  const std::string text = content_of(file);
  return std::count(text.begin(), text.end(), '\n');
}

// A folder with images of stripes to train on.
class Training {
 public:
  Training() : images_(write_stripes(folder_.path(), 112, 1)) {}

  fs::path operator/(std::string_view name) const { return folder_ / name; }

  // The command line to train a tiny network on the CPU.
  std::string command(const std::string& out, const std::string& more = "") const {
    return fmt::format(
        "'{}' --network densenet_bc_10_k4 --in 'idx:{}' --device cpu --batch-size 10 "
        "--schedule cosine --out '{}' {}{}",
        kProgram, images_.string(), (folder_ / out).string(),
        more.find("--held-out") == std::string::npos ? "--held-out 12 " : "", more);
  }
  ProgramResult train(const std::string& out, const std::string& more = "") const {
    return run_program(command(out, more));
  }

 private:
  TemporaryFolder folder_;
  fs::path images_;
};

TEST_CASE("train learns, logs every epoch and writes a checkpoint with its history") {
  const Training t;
  const ProgramResult result = t.train("net.h5", "--epochs 8.5 --crop-padding 2 --dropout 0.1");
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  CHECK(result.output == (t / "net.h5").string() + ": DenseNet-BC-10\n");
  // Standard error is not a terminal here: one line for each epoch, the last of which is half.
  CHECK(result.errors.find("epoch 1 of 8.5: 100 images in ") != std::string::npos);
  CHECK(result.errors.find("epoch 9 of 8.5: 50 images in ") != std::string::npos);
  CHECK(result.errors.find("held out: loss ") != std::string::npos);
  CHECK(lines_of(t / "net.h5.csv") == 1 + 9);
  CHECK(content_of(t / "net.h5.csv")
            .starts_with("epoch,step,rate,train_loss,train_error,held_out_loss,held_out_error,"
                         "seconds,images_per_second\n1,10,0.09"));

  const Checkpoint checkpoint = read_checkpoint(t / "net.h5");
  CHECK(checkpoint.architecture == Architecture(DenseNetConfig{10, 4, 0.5, true, 3}, {1, 32}));
  for (const char* part :
       {"trained by train of ODIN ", " (oneDNN 2.", " on cpu in fp32 with 100 images of ",
        "8.5 epochs in batches of 10, rate 0.1 with a cosine schedule, Nesterov momentum 0.9, "
        "weight decay 0.0001, dropout 0.1, random crops padded by 2, random flips, seed 0; after "
        "8.5 epochs: training loss ",
        ", error on 12 images held out "}) {
    CHECK_MESSAGE(checkpoint.source.find(part) != std::string::npos, checkpoint.source);
  }
  // The images' own mean and deviation, because their name is unknown.
  CHECK(checkpoint.mean[0] > 0.3F);
  CHECK(checkpoint.mean[0] < 0.6F);
  CHECK(checkpoint.std[0] > 0.05F);
  CHECK(checkpoint.std[0] < 0.3F);
  CHECK(checkpoint.mean.size() == 1);
  CHECK(checkpoint.source.find(", as 32 x 32 in grey (without") != std::string::npos);
}

TEST_CASE("images of MNIST's format train a network for grey images of their size") {
  const TemporaryFolder folder;
  const auto images = write_stripes(folder.path(), 60, 1, 28);
  const auto train = [&](const std::string& out, const std::string& more) {
    return run_program(fmt::format(
        "'{}' --network wrn_10_1 --in 'idx:{}' --device cpu --batch-size 10 --held-out 12 "
        "--quiet --out '{}' {}",
        kProgram, images.string(), (folder / out).string(), more));
  };
  const auto shape_in = [&](const std::string& file) {
    return read_checkpoint(folder / file).architecture.image;
  };
  // Half of 28 is no multiple of four.
  REQUIRE(train("net.h5", "--epochs 1 --half-size-epochs 0.5").exit_status == 0);
  CHECK(shape_in("net.h5") == ImageShape{1, 28});
  CHECK(read_checkpoint(folder / "net.h5").mean.size() == 1);
  REQUIRE(train("net.h5", "--epochs 2 --half-size-epochs 0.5 --resume").exit_status == 0);
  CHECK(shape_in("net.h5") == ImageShape{1, 28});
  ProgramResult result = train("net.h5", "--epochs 2 --half-size-epochs 0.5 --resume --channels 3");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("another training: image was [1,28] and is [3,28] now") !=
        std::string::npos);

  REQUIRE(train("colour.h5", "--epochs 1 --channels 3 --image-size 32").exit_status == 0);
  CHECK(shape_in("colour.h5") == ImageShape{});
  CHECK(read_checkpoint(folder / "colour.h5").mean.size() == 3);
  // Goes on as it began, as trainings of older versions do.
  REQUIRE(train("colour.h5", "--epochs 2 --resume").exit_status == 0);
  CHECK(shape_in("colour.h5") == ImageShape{});
  REQUIRE(train("large.h5", "--epochs 1 --image-size 64 --resize").exit_status == 0);
  CHECK(shape_in("large.h5") == ImageShape{1, 64});
  CHECK(read_checkpoint(folder / "large.h5").source.find(", scaled to 64 x 64 in grey") !=
        std::string::npos);

  result = train("bad.h5", "--epochs 1 --image-size 24");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("28 x 28, but images of 24 x 24 are needed") != std::string::npos);
  CHECK(train("bad.h5", "--channels 2").exit_status == 2);
  CHECK(train("bad.h5", "--image-size 1000").exit_status == 2);
  result = train("bad.h5", "--epochs 1 --mean 0.1 0.2 0.3 --std 0.2 0.2 0.2");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find(
            "--mean takes a value for each channel: the images have 1, but 3 are given") !=
        std::string::npos);
}

TEST_CASE("a killed training resumes and ends with the same bytes") {
  const Training t;
  const std::string recipe = "--epochs 6 --half-size-epochs 2 --save-every 3 --quiet --seed 3";
  REQUIRE(t.train("whole.h5", recipe + " --threads 1").exit_status == 0);

  // Killed at once when the first state with steps has replaced the initial state. (The number of
  // threads may differ from before.)
  const std::string state = (t / "cut.h5.state").string();
  const std::string kill = fmt::format(
      "{} & child=$!; while [ ! -e '{}' ]; do sleep 0.01; done; first=$(stat -c %i '{}'); "
      "while [ \"$(stat -c %i '{}')\" = \"$first\" ]; do :; done; kill -9 $child; wait $child",
      t.command("cut.h5", recipe + " --threads 2"), state, state, state);
  CHECK(run_program(kill).exit_status == 128 + 9);
  const std::int64_t step = training::read_training_state(state).step;
  CHECK(step > 0);
  CHECK(step < 60);

  const ProgramResult resumed = t.train("cut.h5", recipe + " --resume --threads 2");
  INFO(resumed.errors);
  REQUIRE(resumed.exit_status == 0);
  CHECK(content_of(t / "cut.h5") == content_of(t / "whole.h5"));
  CHECK(lines_of(t / "cut.h5.csv") == lines_of(t / "whole.h5.csv"));
  const auto cut = training::read_training_state(t / "cut.h5.state");
  const auto whole = training::read_training_state(t / "whole.h5.state");
  for (const auto& [name, velocity] : whole.velocities) {
    CHECK(cut.velocities.at(name).values == velocity.values);
  }
  // Once more, with nothing left to do.
  CHECK(t.train("cut.h5", recipe + " --resume").exit_status == 0);
  CHECK(content_of(t / "cut.h5") == content_of(t / "whole.h5"));
}

TEST_CASE("a training is not confused with another, nor overwritten by it") {
  const Training t;
  REQUIRE(t.train("net.h5", "--epochs 1 --quiet").exit_status == 0);
  ProgramResult result = t.train("net.h5", "--epochs 1 --quiet");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("--resume") != std::string::npos);
  result = t.train("net.h5", "--epochs 1 --quiet --resume --seed 7");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("the state belongs to another training") != std::string::npos);
  result = t.train("other.h5", "--epochs 1 --quiet --resume");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("there is no training to resume") != std::string::npos);
  // More epochs do not make another training.
  CHECK(t.train("net.h5", "--epochs 2 --quiet --resume").exit_status == 0);
  CHECK(read_checkpoint(t / "net.h5").source.find("until step 10 on the schedule of 1 epochs") !=
        std::string::npos);
}

TEST_CASE("a loss that is not finite ends with status 1 and leaves the last good checkpoint") {
  const Training t;
  REQUIRE(t.train("net.h5", "--epochs 1 --quiet").exit_status == 0);
  const std::string before = content_of(t / "net.h5");
  fs::remove(t / "net.h5.state");
  const ProgramResult result = t.train("net.h5", "--epochs 1 --quiet --rate 1e30");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.starts_with("train: step "));
  CHECK(result.errors.find("at a learning rate of ") != std::string::npos);
  CHECK(content_of(t / "net.h5") == before);
}

TEST_CASE("a step that ruins the network with a finite loss is not saved") {
  const Training t;
  REQUIRE(t.train("net.h5", "--epochs 1 --quiet").exit_status == 0);
  const std::string before = content_of(t / "net.h5");
  fs::remove(t / "net.h5.state");
  const std::string spoil = "--quiet --rate 1e38 --warmup-epochs 0 ";

  const ProgramResult last = t.train("net.h5", spoil + "--epochs 0.1");  // a single step
  CHECK(last.exit_status == 1);
  CHECK_MESSAGE(last.errors.starts_with("train: step 1: after it "), last.errors);
  CHECK(content_of(t / "net.h5") == before);
  CHECK(training::read_training_state(t / "net.h5.state").step == 0);

  fs::remove(t / "net.h5.state");
  const ProgramResult middle = t.train("net.h5", spoil + "--epochs 1 --save-every 1");
  CHECK(middle.exit_status == 1);
  CHECK_MESSAGE(middle.errors.starts_with("train: step 2: the loss is "), middle.errors);
  CHECK(training::read_training_state(t / "net.h5.state").step == 0);
}

TEST_CASE("several processes do not train the same network") {
  const Training t;
  const ProgramResult result = run_program("OMPI_COMM_WORLD_SIZE=2 " + t.command("net.h5"));
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("mpirun started several processes") != std::string::npos);
  CHECK(!fs::exists(t / "net.h5"));
}

TEST_CASE("a wrong command line ends with status 2 and says what is wrong") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "--in is required"},
      {"--in uniform --out x.h5", "noise has no classes"},
      {"--in nonsense --out x.h5", "nonsense"},
      {"--in cifar10-train:x", "--out is required"},
      {"--in cifar10-train:x --out x.h5 --network resnet_50", "resnet_50 is unknown"},
      {"--in cifar10-train:x --out x.h5 --preset slow", "--preset"},
      {"--in cifar10-train:x --out x.h5 --epochs 0", "--epochs is 0"},
      {"--in cifar10-train:x --out x.h5 --epochs x", "--epochs"},
      {"--in cifar10-train:x --out x.h5 --preset fast --epochs 1",
       "--epochs: 1 is less than the 2 in which the preset fast warms up"},
      {"--in cifar10-train:x --out x.h5 --preset fast --milestones 0.5",
       "--milestones: it is for the step"},
      {"--in cifar10-train:x --out x.h5 --schedule cosine --decay 0.5",
       "--decay: it is for the step"},
      {"--in cifar10-train:x --out x.h5 --batch-size 1", "--batch-size is 1"},
      {"--in cifar10-train:x --out x.h5 --dropout 1", "--dropout is 1"},
      {"--in cifar10-train:x --out x.h5 --schedule line", "--schedule"},
      {"--in cifar10-train:x --out x.h5 --std 0 1 1", "--std"},
      {"--in cifar10-train:x --out x.h5 --mean 2 1 1", "--mean"},
      {"--in cifar10-train:x --out x.h5 --held-out -1", "--held-out"},
      {"--in cifar10-train:x --out x.h5 --threads 0", "--threads"},
      {"--in cifar10-train:x --out x.h5 --precision fp8", "--precision"},
      {"--in cifar10-train:x --out x.h5 --nonsense", "--nonsense"},
      {"--in cifar10-train:x --out x.h5 --state ./x.h5", "--out and --state are the same file"},
      {"--in cifar10-train:x --out x.h5 --log y/../x.h5", "--out and --log are the same file"},
      {"--in cifar10-train:x --out x.h5 --log x.h5.state", "--state and --log are the same file"},
      {"--in idx:x --out x", "--out and --in are the same file"},
  };
  for (const auto& [arguments, sentence] : cases) {
    CAPTURE(arguments);
    const ProgramResult result = run_program(fmt::format("'{}' {}", kProgram, arguments));
    CHECK(result.exit_status == 2);
    CHECK_MESSAGE(result.errors.find(sentence) != std::string::npos, result.errors);
    CHECK(result.output.empty());
  }
  const ProgramResult help = run_program(fmt::format("'{}' --help", kProgram));
  CHECK(help.exit_status == 0);
  CHECK(help.output.find("wrn_28_10") != std::string::npos);
}

TEST_CASE("a file that cannot be read or written ends with status 1 and is named") {
  const Training t;
  const auto refused = [&](const ProgramResult& result, const std::string& sentence) {
    CAPTURE(sentence);
    CHECK(result.exit_status == 1);
    CHECK_MESSAGE(result.errors.find(sentence) != std::string::npos, result.errors);
  };
  refused(run_program(fmt::format("'{}' --in idx:/nonexistent --out x.h5", kProgram)),
          "/nonexistent");
  refused(t.train("net.h5", "--quiet --held-out 110"), "which leaves too few for a batch of 10");
  refused(t.train("net.h5", "--quiet --in-dataset cifar10"), "cifar10 has 10 classes");
  refused(t.train("net.h5", "--quiet --mean .5 .5 .5"),
          "--mean takes a value for each channel: the images have 1, but 3 are given");
  refused(t.train("net.h5", "--quiet --channels 3 --std .5"),
          "--std takes a value for each channel: the images have 3, but 1 is given");
  refused(t.train("missing/net.h5", "--quiet"), "missing");
  refused(run_program(
              fmt::format("'{}' --in 'idx:{}' --out '{}' --held-out 12 --quiet --device cuda:99",
                          kProgram, (t / "images-idx3-ubyte").string(), (t / "net.h5").string())),
          "cuda:99");
  for (const std::string precision : {"tf32", "fp16", "bf16"}) {
    refused(t.train("net.h5", "--quiet --precision " + precision),
            "precision " + precision + " needs a GPU: the CPU computes in fp32");
  }
  refused(t.train("net.h5", "--quiet --conv own"), "convolutions of the kind own need a GPU");
  CHECK_FALSE(fs::exists(t / "net.h5.state"));
  // A full disk is found before the work, not after it.
  refused(t.train("net.h5", "--quiet --epochs 0.1 --state /dev/full"), "/dev/full");
  refused(t.train("net.h5", "--quiet --epochs 0.1 --log /dev/full"), "/dev/full");
  CHECK_FALSE(fs::exists(t / "net.h5"));
  fs::remove(t / "net.h5.state");
  // An absolute path takes the folder's place.
  refused(t.train("/dev/full", fmt::format("--quiet --epochs 0.1 --state '{}' --log '{}'",
                                           (t / "s").string(), (t / "l").string())),
          "/dev/full");
}

// Three images of noise in a folder for each class.
void write_classes(const fs::path& folder, const std::vector<std::string>& names) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> pixels(3 * 32 * 32);
  for (const std::string& name : names) {
    fs::create_directories(folder / name);
    for (int i = 0; i < 3; ++i) {
      for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random());
      write_bytes(folder / name / fmt::format("{}.png", i), encode_png(pixels, {}));
    }
  }
}

TEST_CASE("the classes of folders have the known set's names, in the order of the folders") {
  const TemporaryFolder folder;
  const auto train = [&](const char* in) {
    return run_program(fmt::format(
        "cd '{}' && '{}' --network densenet_bc_10_k4 --in folder:{} --in-dataset fashion_mnist "
        "--device cpu --batch-size 10 --epochs 0.4 --held-out 0 --quiet --out {}.h5",
        folder.path().string(), kProgram, in, in));
  };
  const std::vector<std::string> sorted = {"Ankle boot",  "Bag",    "Coat",  "Dress",
                                           "Pullover",    "Sandal", "Shirt", "Sneaker",
                                           "T-shirt/top", "Trouser"};
  std::vector<std::string> names = sorted;
  names[8] = "T-shirt_top";
  write_classes(folder / "named", names);
  ProgramResult result = train("named");
  CAPTURE(result.errors);
  REQUIRE(result.exit_status == 0);
  CHECK(read_checkpoint(folder / "named.h5").class_names == sorted);

  write_classes(folder / "numbered", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  REQUIRE(train("numbered").exit_status == 0);
  const Checkpoint numbered = read_checkpoint(folder / "numbered.h5");
  CHECK(numbered.class_names[0] == "T-shirt/top");
  CHECK(numbered.class_names[9] == "Ankle boot");

  names[0] = "Boot";
  write_classes(folder / "other", names);
  result = train("other");
  CHECK(result.exit_status == 1);
  CHECK(result.errors.find("the classes of other are not those of --in-dataset fashion_mnist") !=
        std::string::npos);
  CHECK(!fs::exists(folder / "other.h5"));
}

}  // namespace
}  // namespace odin::test
