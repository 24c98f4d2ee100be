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
  CHECK(holds(r.output, {"score       Energy\n"}));
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
  fails(kNetwork + "--out d.h5 --score all", 2, "all");
  fails(kNetwork + "--out d.h5 --score energy --magnitude 0.1", 2,
        "the score energy has neither temperature nor magnitude");
  fails(kNetwork + "--out d.h5 --choose-magnitude --magnitude 0.1", 2, "excludes");
  fails(kNetwork + "--out d.h5 --magnitudes 0.1", 2, "--choose-magnitude");
  fails(kNetwork + "--out d.h5 --magnitude -1", 2, "a finite number of at least 0");
  fails(kNetwork + "--out d.h5 --images 0", 2, "0");
  fails(kNetwork + "--out d.h5 --skip 25", 1, "leaves out all of them");
  fails(kNetwork + "--out absent/d.h5", 1, "absent");
  fails("--weights densenet10.h5 --in uniform --out d.h5 --device cpu", 1, "uniform is noise");
  fails("--weights no.h5 --in cifar10:cifar-10-batches-bin --out d.h5 --device cpu", 1, "no.h5");
  fails("--weights densenet10.h5 --in cifar10:nowhere --out d.h5 --device cpu", 1, "nowhere");
}
