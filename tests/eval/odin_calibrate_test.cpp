// The program odin_calibrate, with a small network and small sets.
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/detection/ood_detector.h"
#include "eval/metrics/tpr_threshold.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/odin_eval_support.h"

using namespace odin;
using namespace odin::test;

namespace {

const std::string kProgram = std::string(ODIN_BINARY_DIR) + "/eval/odin_calibrate";
const std::string kNetwork =
    "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --device cpu --quiet ";

struct Workspace : EvalWorkspace {
  ProgramResult calibrate(const std::string& arguments) const {
    return run_program(
        fmt::format("cd '{}' && '{}' {}", folder.path().string(), kProgram, arguments));
  }
  DetectorSettings settings(const std::string& file) const {
    return read_checkpoint(folder / file).detector.value();
  }
};

}  // namespace

TEST_CASE("odin_calibrate sets the threshold on odin_eval's scores") {
  const Workspace w;
  const ProgramResult r =
      w.calibrate(kNetwork + "--images 20 --skip 3 --tpr 0.8 --magnitude 0.002 --out d.h5");
  INFO(r.errors);
  REQUIRE(r.exit_status == 0);
  CHECK(r.errors.empty());
  w.succeed(
      "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out uniform --skip 3 --limit 23 "
      "--device cpu --magnitude 0.002 --scores s");
  const std::vector<double> scores = read_scores(w.folder / "s/confidence_Our_In.txt");
  REQUIRE(scores.size() == 20);
  const TprThreshold expected = tpr_threshold(scores, 0.8);
  const DetectorSettings made = w.settings("d.h5");
  CHECK(made.threshold ==
        doctest::Approx(expected.threshold).epsilon(1e-9));  // files have ten digits
  CHECK(made.tpr_low == expected.tpr.low);
  CHECK(made.images == 20);
  CHECK(made.images_name == "CIFAR-10");
  CHECK(made.fit == "exact");
  CHECK(holds(r.output, {"score       ODIN, temperature 1000, magnitude 0.002\n"}));
  CHECK(holds(r.output, {fmt::format("threshold   {:.17g}\n", made.threshold)}));
  CHECK(holds(r.output, {"TPR         80 % asked for, from 20 images of CIFAR-10;\n"}));
  CHECK(holds(r.output, {"written     d.h5\n"}));
  // The file is a checkpoint, too.
  CHECK(
      w.run("--weights d.h5 --in cifar10:cifar-10-batches-bin --out uniform --skip 3 --device cpu")
          .exit_status == 0);
}

TEST_CASE("odin_calibrate prints and keeps the curve of magnitudes") {
  const Workspace w;
  const ProgramResult r = w.calibrate(
      kNetwork + "--choose-magnitude --magnitudes 0,0.001,0.3 --temperature 10 --out d.h5");
  INFO(r.errors);
  REQUIRE(r.exit_status == 0);
  const DetectorSettings made = w.settings("d.h5");
  CHECK(made.magnitudes == std::vector<double>{0, 0.001, 0.3});
  REQUIRE(made.mean_scores.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(
        holds(r.output, {fmt::format("{:<9g}   {:.8f}{}\n", made.magnitudes[i], made.mean_scores[i],
                                     made.magnitudes[i] == made.magnitude ? "   chosen" : "")}));
  }
  CHECK(made.temperature == 10);
  CHECK(made.images == EvalWorkspace::kImages);
  const ProgramResult edge =
      w.calibrate(kNetwork + "--choose-magnitude --magnitudes 0,0.0001 --out e.h5");
  CHECK(w.settings("e.h5").magnitude == 0.0001);
  CHECK(holds(edge.output, {"The largest magnitude was chosen"}));
}

TEST_CASE("odin_calibrate remembers how images are fitted, and takes other scores") {
  const Workspace w;
  w.write_folder("photos", 12, 1);
  const ProgramResult r = w.calibrate(
      "--weights densenet10.h5 --in folder:photos --resize --score energy --device cpu --quiet "
      "--out d.h5");
  INFO(r.errors);
  REQUIRE(r.exit_status == 0);
  const DetectorSettings made = w.settings("d.h5");
  CHECK(made.fit == "resize");
  CHECK(made.score == "energy");
  CHECK(made.images == 12);
  CHECK(holds(r.output, {"score       Energy, T = 1\n"}));
}

TEST_CASE("odin_calibrate fits a score on the training half, and keeps what it has learnt") {
  const Workspace w;
  w.write_folder("test", 20, 1);
  w.write_folder("train", 40, 2);
  const std::string network = "--weights densenet10.h5 --in folder:test --device cpu --quiet ";
  const ProgramResult r =
      w.calibrate(network + "--images 9 --score knn:neighbours=3 --tpr 0.8 --out d.h5");
  INFO(r.errors);
  REQUIRE(r.exit_status == 0);
  CHECK(r.errors.empty());
  CHECK(holds(r.output, {"score       k nearest neighbours, neighbours 3, learnt from 40 images of "
                         "train\n"}));
  const Checkpoint made = read_checkpoint(w.folder / "d.h5");
  CHECK(made.detector->score == "knn:neighbours=3");
  CHECK(made.detector->training_images == 40);
  CHECK(made.detector->training_images_name == "train");
  CHECK(made.detector->images_sha256 != made.detector->training_images_sha256);
  REQUIRE(made.detector_fit);
  CHECK(made.detector_fit->numbers.at("norms").size() == 40);

  // Its verdicts are on odin_eval's scores.
  w.succeed(
      "--weights densenet10.h5 --in folder:test --out uniform --skip 0 --device cpu --score "
      "knn:neighbours=3 --scores s");
  const std::vector<double> scores = read_scores(w.folder / "s/confidence_Knn_neighbours3_In.txt");
  REQUIRE(scores.size() == 20);
  const TprThreshold expected = tpr_threshold(std::span(scores).first(9), 0.8);
  CHECK(made.detector->threshold == doctest::Approx(expected.threshold).epsilon(1e-9));
  OodDetector detector(w.folder / "d.h5", "cpu");
  for (std::size_t i = 0; i < 20; ++i) {
    const auto pixels = noise_bytes(3072, 1000 + i);
    CHECK(detector.detect(pixels, PixelLayout::kInterleaved).at(0).score ==
          doctest::Approx(scores[i]).epsilon(1e-9));
  }

  // Other images, some of them; a plain score leaves nothing of the fit behind.
  const ProgramResult some = w.calibrate(
      "--weights d.h5 --in folder:test --device cpu --quiet --score react --fit-on folder:train "
      "--fit-images 30 --out e.h5");
  INFO(some.errors);
  REQUIRE(some.exit_status == 0);
  CHECK(w.settings("e.h5").training_images == 30);
  REQUIRE(w.calibrate("--weights e.h5 --in folder:test --device cpu --quiet --score energy --out "
                      "e.h5")
              .exit_status == 0);
  CHECK(w.settings("e.h5").training_images == 0);
  CHECK_FALSE(read_checkpoint(w.folder / "e.h5").detector_fit);
}

TEST_CASE("odin_calibrate says where images are not what a threshold needs") {
  const Workspace w;
  w.write_training_half();
  const std::string command = "--weights densenet10.h5 --device cpu --out d.h5 --in ";
  CHECK(w.calibrate(command + "cifar10-train:cifar-10-batches-bin")
            .errors.starts_with(
                "The network was trained on the images of CIFAR-10 (training), which score "
                "higher than new ones.\n"));
  Checkpoint other = read_checkpoint(w.folder / "densenet10.h5");
  other.in_dataset = "cifar100";
  write_checkpoint(other, w.folder / "densenet10.h5");
  CHECK(
      w.calibrate(command + "cifar10:cifar-10-batches-bin")
          .errors.starts_with("The network was trained on cifar100, but the in-distribution set is "
                              "CIFAR-10.\n"));
  // Others of the same folder will do.
  w.write_folder("photos", 5, 1);
  const ProgramResult apart = w.calibrate(command +
                                          "folder:photos --quiet --skip 3 --score knn:neighbours=1 "
                                          "--fit-on folder:photos --fit-images 3");
  INFO(apart.errors);
  CHECK(apart.exit_status == 0);
  CHECK(apart.errors.empty());
  CHECK(holds(w.calibrate(command + "folder:photos --quiet --images 1").output,
              {"from 1 image of photos;"}));
}

TEST_CASE("odin_calibrate refuses what makes no detector") {
  const Workspace w;
  const auto fails = [&](const std::string& arguments, int status, const std::string& part) {
    const ProgramResult r = w.calibrate(arguments);
    INFO(arguments, ": ", r.errors);
    CHECK(r.exit_status == status);
    CHECK(holds(r.errors, {part}));
    CHECK_FALSE(std::filesystem::exists(w.folder / "d.h5"));
  };
  fails(kNetwork, 2, "--out is required");
  fails(kNetwork + "--out d.h5 --tpr 1", 2, "1 is not between 0 and 1");
  fails(kNetwork + "--out d.h5 --tpr nan", 2, "nan is not between 0 and 1");
  fails(kNetwork + "--out d.h5 --score all", 2, "there is no score \"all\": use one of baseline, ");
  fails(kNetwork + "--out d.h5 --score energy --magnitude 0.1", 2,
        "the score energy has neither temperature nor magnitude");
  fails(kNetwork + "--out d.h5 --score energy --fit-on folder:x", 2,
        "the score energy learns nothing from training images");
  fails(kNetwork + "--out d.h5 --score knn:neighbours=0", 2, "neighbours of the score knn must be");
  w.write_folder("photos", 5, 1);
  fails("--weights densenet10.h5 --in folder:photos --out d.h5 --device cpu --score knn", 1,
        "those of folder:photos are not known: give them with --fit-on");
  fails(kNetwork + "--out d.h5 --score knn", 1, "does not contain data_batch_1.bin");
  fails(kNetwork + "--out d.h5 --score knn --fit-on uniform", 1, "uniform is noise");
  fails(kNetwork + "--out d.h5 --score knn --fit-on cifar10:cifar-10-batches-bin", 1,
        "would be both fitted on and judged");
  fails(kNetwork + "--out d.h5 --score knn --fit-on folder:photos", 1,
        "50 nearest neighbours cannot be found among 5 training images");
  fails(kNetwork + "--out d.h5 --score mahalanobis --fit-on folder:photos", 1,
        "the classes of the training images are not known");
  fails(kNetwork + "--out d.h5 --choose-magnitude --magnitude 0.1", 2, "excludes");
  fails(kNetwork + "--out d.h5 --magnitudes 0.1", 2, "--choose-magnitude");
  fails(kNetwork + "--out d.h5 --magnitude -1", 2, "a finite number of at least 0");
  fails(kNetwork + "--out d.h5 --images 0", 2, "0");
  fails("--weights densenet10.h5 --in idx:./d.h5 --out d.h5 --device cpu", 2, "are the same file");
  fails(kNetwork + "--out d.h5 --skip 25", 1, "leaves out all of them");
  fails(kNetwork + "--out absent/d.h5", 1, "absent");
  fails("--weights densenet10.h5 --in uniform --out d.h5 --device cpu", 1, "uniform is noise");
  fails("--weights no.h5 --in cifar10:cifar-10-batches-bin --out d.h5 --device cpu", 1, "no.h5");
  fails("--weights densenet10.h5 --in cifar10:nowhere --out d.h5 --device cpu", 1, "nowhere");
}
