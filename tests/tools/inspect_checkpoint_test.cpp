// inspect_checkpoint as its user sees it: output, sentences, exit statuses.
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/support.h"
#include "tests/weights/sample_checkpoint.h"
#include "tests/weights/sample_detector.h"
#include "weights/checkpoint.h"

namespace odin {
namespace {

using test::contains;

test::ProgramResult inspect(const std::string& arguments, const std::string& environment = "") {
  return test::run_program(
      fmt::format("{} '{}/tools/inspect_checkpoint' {}", environment, ODIN_BINARY_DIR, arguments));
}

TEST_CASE("the benchmark's networks have the parameters of the authors' networks") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  const std::pair<Architecture, const char*> networks[] = {
      {DenseNetConfig{}, "Parameters:      769,162 trainable"},
      {DenseNetConfig{.num_classes = 100}, "Parameters:      800,032 trainable"},
      {WideResNetConfig{16, 4, 10}, "Parameters:      2,748,890 trainable"},
  };
  for (const auto& [architecture, line] : networks) {
    write_checkpoint(test::sample_checkpoint(architecture), file);
    const auto result = inspect(file);
    CHECK(result.exit_status == 0);
    CHECK(result.errors.empty());
    CHECK(contains(result.output, "Network:         " + name_of(architecture) + "\n"));
    CHECK(contains(result.output, line));
    CHECK(contains(result.output, "class 8, class 9"));
  }
}

TEST_CASE("the table gives each parameter's shape and range, in the order of the network") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  Checkpoint checkpoint = test::small_densenet();
  checkpoint.parameters["fc.bias"].values = {-1.5F, 0.25F, 2};
  const std::string long_name(300, 'a');  // the sha256 behind it must be seen
  checkpoint.source = "escape \x1b[2J " + long_name + ", sha256 0123";
  write_checkpoint(checkpoint, file);
  const std::string output = inspect(file).output;
  CHECK(contains(output,
                 "\nfc.bias                          (3)                        -1.5"
                 "           2        0.25\n"));
  CHECK(contains(output, "Source:          escape \\x1b[2J " + long_name + ", sha256 0123\n"));
  CHECK(output.find("conv1.weight") < output.find("block1.layer.0.bn1.weight"));
  CHECK(output.find("block3.layer.0.conv2.weight") < output.find("\nbn1.weight"));
}

TEST_CASE("JSON says the same") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  Checkpoint checkpoint = test::small_densenet();
  checkpoint.parameters["fc.bias"].values = {-1.5F, 0.25F, 2};
  checkpoint.class_names[1] = "not UTF-8: \xff";
  write_checkpoint(checkpoint, file);
  const auto result = inspect("--json " + file);
  CHECK(result.exit_status == 0);
  const auto json = nlohmann::json::parse(result.output);
  CHECK(json["network"] == "DenseNet-BC-10");
  CHECK(json["hyperparameters"]["growth_rate"] == 2);
  CHECK(json["class_names"][0] == "class 0");
  CHECK(json["mean"][0].get<float>() == 0.4914F);
  CHECK(json["problems"].empty());
  CHECK(json["parameters"].size() == checkpoint.parameters.size());
  const auto& bias = json["parameters"].back();
  CHECK(bias["name"] == "fc.bias");
  CHECK(bias["shape"] == nlohmann::json::array({3}));
  CHECK(bias["min"] == -1.5);
  CHECK(bias["max"] == 2);
  CHECK(bias["mean"] == 0.25);
}

TEST_CASE("a detector is shown where there is one") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  Checkpoint checkpoint = test::small_densenet();
  write_checkpoint(checkpoint, file);
  CHECK_FALSE(contains(inspect(file).output, "Detector:"));
  CHECK(nlohmann::json::parse(inspect("--json " + file).output)["detector"].is_null());
  checkpoint.detector = test::sample_detector();
  write_checkpoint(checkpoint, file);
  const std::string output = inspect(file).output;
  CHECK(contains(output,
                 "Detector:        odin, temperature 1000, magnitude 0.002, threshold "
                 "0.1000123456789\n"));
  CHECK(contains(
      output, "Accepts:         93.5 to 96.0 % of in-distribution images, by 1000 of CIFAR-10\n"));
  const auto json = nlohmann::json::parse(inspect("--json " + file).output)["detector"];
  CHECK(json["score"] == "odin");
  CHECK(json["threshold"] == 0.1000123456789);
  CHECK(json["images"] == 1000);
  CHECK(json["fit"] == "resize");
  CHECK(json["magnitudes"] == nlohmann::json{0.0, 0.002});
  CHECK(json["mean_scores"] == nlohmann::json{0.10001, 0.10002});
}

TEST_CASE("what a detector has learnt is shown, and from which images") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  Checkpoint checkpoint = test::small_densenet();
  test::add_fitted_detector(
      checkpoint, {.numbers = {{"mean", {0.5, -1}}}, .features = {{"bank", {1, 2, 6, 7}}}});
  write_checkpoint(checkpoint, file);
  const std::string output = inspect(file).output;
  CHECK(contains(output,
                 "Has learnt:      2 arrays, from 50000 training images of CIFAR-10, training\n"));
  CHECK(contains(output,
                 "\nLearnt by the detector:\n"
                 "mean                             (2)                          -1"
                 "         0.5       -0.25\n"
                 "bank                             (4)                           1"
                 "           7           4\n"));
  const auto json = nlohmann::json::parse(inspect("--json " + file).output);
  CHECK(json["detector"]["training_images"] == 50000);
  CHECK(json["detector"]["training_images_name"] == "CIFAR-10, training");
  CHECK(json["detector"]["training_images_sha256"] == std::string(64, 'a'));
  REQUIRE(json["detector"]["learnt"].size() == 2);
  CHECK(json["detector"]["learnt"][0] ==
        nlohmann::json{
            {"name", "mean"}, {"shape", {2}}, {"min", -1.0}, {"max", 0.5}, {"mean", -0.25}});
  CHECK(json["parameters"].size() == checkpoint.parameters.size());
}

TEST_CASE("wrong files give one sentence and 1, wrong usage one and 2") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "text.h5").string();
  test::write_bytes(file, "text");
  const auto one_line = [](const test::ProgramResult& result) {
    CHECK(result.output.empty());
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
    return result.errors;
  };
  auto result = inspect(file);
  CHECK(result.exit_status == 1);
  CHECK(one_line(result) ==
        "inspect_checkpoint: " + file +
            " cannot be used as a checkpoint: it is text, which begins 'text', not an HDF5 file\n");
  result = inspect("/absent.h5");
  CHECK(result.exit_status == 1);
  CHECK(one_line(result) ==
        "inspect_checkpoint: cannot open '/absent.h5': No such file or directory\n");
  for (const char* usage : {"", "--nonsense net.h5", "a.h5 b.h5"}) {
    result = inspect(usage);
    CHECK(result.exit_status == 2);
    CHECK(contains(one_line(result), "(see inspect_checkpoint --help)"));
  }
}

TEST_CASE("help and version") {
  const auto help = inspect("--help");
  CHECK(help.exit_status == 0);
  CHECK(contains(help.output, "inspect_checkpoint [OPTIONS] FILE"));
  const auto version = inspect("--version");
  CHECK(version.exit_status == 0);
  CHECK(version.output.starts_with("inspect_checkpoint "));
}

TEST_CASE("output that cannot be written is an error") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  write_checkpoint(test::small_densenet(), file);
  const auto result = inspect(file + " >/dev/full");
  CHECK(result.exit_status == 1);
  CHECK(contains(result.errors, "No space left on device"));
}

TEST_CASE("a checkpoint on a file system without locks is read") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "net.h5").string();
  write_checkpoint(test::small_densenet(), file);
  // AddressSanitizer wants to be the first library, unless it is told otherwise.
  const std::string without_locks =
      "ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 LD_PRELOAD='" ODIN_NO_LOCKS "' ";
  for (const char* locking : {"", "HDF5_USE_FILE_LOCKING=TRUE"}) {
    const auto result = inspect(file, without_locks + locking);
    CHECK(result.exit_status == 0);
    CHECK(result.errors.empty());
    CHECK(result.output == inspect(file).output);
  }
}

}  // namespace
}  // namespace odin
