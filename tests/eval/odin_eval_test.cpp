// The program odin_eval, run as by a user.
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "eval/metrics/threshold_sweep.h"
#include "kernels/cores.h"
#include "tests/eval/odin_eval_support.h"
#include "tests/support/environment.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

TEST_CASE("the command line of the authors' script works") {
  const EvalWorkspace w;
  const ProgramResult r = w.succeed(
      "--nn densenet10 --out_dataset Uniform --magnitude 0.0014 --temperature 1000 --gpu 0 --skip "
      "3");
  CHECK(r.output.find("Neural network architecture:          DenseNet-BC-100\n") == 0);
  CHECK(r.output.find("In-distribution dataset:                     CIFAR-10\n") !=
        std::string::npos);
  CHECK(r.output.find("Out-of-distribution dataset:            Uniform noise\n") !=
        std::string::npos);
  CHECK(r.output.find(
            "                          Baseline  paper [1]         Our Method  paper [2]\n") !=
        std::string::npos);
  for (const char* figure :
       {"FPR at TPR 95%:", "Detection error:", "AUROC:", "AUPR In:", "AUPR Out:"}) {
    CHECK(r.output.find(std::string("\n") + figure) != std::string::npos);
  }
}

TEST_CASE("the authors' magnitude is the default for their networks and sets") {
  const EvalWorkspace w;
  const ProgramResult r = w.succeed(
      "--nn densenet10 --out_dataset Gaussian --skip 3 --device cpu --json r.json --quiet");
  CHECK(r.errors.empty());
  const std::string text = content_of(w.folder / "r.json");
  CHECK(text.find("0.0014") != std::string::npos);
  CHECK(nlohmann::json::accept(text));
}

TEST_CASE("scores are the same for every batch size and number of threads, bit for bit") {
  const EvalWorkspace w;
  const auto scores = [&](const char* options, const char* name) {
    const ProgramResult r = w.succeed(fmt::format("{} {} --scores {}", kGeneral, options, name));
    std::string all;
    for (const char* file : {"Base_In", "Base_Out", "Our_In", "Our_Out"}) {
      const std::string text =
          content_of(w.folder / fmt::format("{}/confidence_{}.txt", name, file));
      // One line for each image that is not held out.
      CHECK(std::count(text.begin(), text.end(), '\n') == EvalWorkspace::kImages - 3);
      all += text;
    }
    return all;
  };
  const std::string expected = scores("", "default");
  CHECK(scores("--batch-size 1", "one") == expected);
  CHECK(scores("--batch-size 7 --threads 1", "seven") == expected);
  CHECK(scores("--batch-size 64 --threads 2", "many") == expected);
  CHECK(scores("--seed 1", "seed") != expected);
}

TEST_CASE("accuracy is reported for a labelled set with the network's classes") {
  const EvalWorkspace w;
  CHECK(w.run(kGeneral).output.find("ccuracy") != std::string::npos);
  const ProgramResult noise =
      w.run("--weights densenet10.h5 --in gaussian --out uniform --skip 3 --limit 9 --device cpu");
  CHECK(noise.exit_status == 0);
  CHECK(noise.output.find("ccuracy") == std::string::npos);
}

TEST_CASE("the threshold sweep gives figures to compare with the authors'") {
  const EvalWorkspace w;
  const ProgramResult r =
      w.run(std::string(kGeneral) + " --metrics threshold-sweep --json r.json --scores s");
  REQUIRE(r.exit_status == 0);
  const auto json = nlohmann::json::parse(content_of(w.folder / "r.json"));
  CHECK(json["settings"]["metrics"] == "threshold-sweep");
  const struct {
    const char* name;
    const char* name_in_files;
    ThresholdSweep sweep;
  } detectors[] = {{"baseline", "Base", baseline_sweep(10)}, {"odin", "Our", odin_sweep(10)}};
  for (const auto& d : detectors) {
    const auto in = read_scores(w.folder / fmt::format("s/confidence_{}_In.txt", d.name_in_files));
    const auto out =
        read_scores(w.folder / fmt::format("s/confidence_{}_Out.txt", d.name_in_files));
    const double aupr_in = json["evaluations"][0]["detectors"][d.name]["aupr_in"];
    CHECK(aupr_in == sweep_metrics(in, out, d.sweep).aupr_in);
    CHECK(aupr_in != exact_metrics(in, out).aupr_in);
  }
}

TEST_CASE("the report states the number of threads") {
  const EvalWorkspace w;
  const auto threads = [&](const char* option) {
    const ProgramResult r = w.run(fmt::format("{} {} --json r.json", kGeneral, option));
    REQUIRE(r.exit_status == 0);
    const auto settings = nlohmann::json::parse(content_of(w.folder / "r.json"))["settings"];
    return settings["threads"].get<int>();
  };
  CHECK(threads("--threads 3") == 3);
  CHECK(threads("") == default_threads());
  const Environment three("OMP_NUM_THREADS", "3");
  CHECK(threads("") == 3);
  CHECK(threads("--threads 2") == 2);
}

TEST_CASE("the demo runs with the bundled network") {
  if (!fs::exists("/usr/share/datasets/fashion-mnist")) return skip("needs dataset-fashion-mnist");
  const ProgramResult r = run_program(kEvalProgram + " --demo --limit 1004 --device cpu");
  INFO(r.errors);
  REQUIRE(r.exit_status == 0);
  CHECK(r.output.find("Fashion-MNIST") != std::string::npos);
  CHECK(r.output.find("Uniform noise") != std::string::npos);
  CHECK(r.output.find("Gaussian noise") != std::string::npos);
}

TEST_CASE("--help has examples, and --version prints the version") {
  const ProgramResult help = run_program(kEvalProgram + " --help");
  CHECK(help.exit_status == 0);
  CHECK(help.output.find("--nn densenet10 --out_dataset Imagenet --magnitude 0.0014") !=
        std::string::npos);
  const ProgramResult version = run_program(kEvalProgram + " --version");
  CHECK(version.exit_status == 0);
  CHECK(version.output.find("odin_eval 0.") == 0);
}

TEST_CASE("a wrong command line ends with status 2 and one sentence") {
  const EvalWorkspace w;
  for (const char* arguments :
       {"",
        "--no-such-option",
        "--nn densenet10",
        "--out_dataset iSUN",
        "--nn resnet --out_dataset iSUN",
        "--nn densenet10 --out_dataset MNIST",
        "--weights densenet10.h5",
        "--in uniform --out gaussian",
        "--demo --nn densenet10",
        "--demo --out uniform",
        "--demo --out_dataset all",
        "--demo --temperature 0",
        "--demo --temperature -5",
        "--demo --temperature warm",
        "--demo --temperature nan",
        "--demo --magnitude inf",
        "--demo --magnitude -0.1",
        "--demo --batch-size 0",
        "--demo --batch-size 1.5",
        "--demo --threads -1",
        "--demo --skip -1",
        "--demo --limit 0",
        "--demo --limit 99999999999999999999",
        "--demo --limit 0x10",
        "--demo --seed -1",
        "--demo --seed 18446744073709551616",
        "--demo --metrics best",
        "--demo --score best",
        "--demo --score baseline,best",
        "--demo --score energy --metrics threshold-sweep",
        "--demo --score energy --search",
        "--demo --plot odin",
        "--demo --report r --plot energy",
        "--demo --report r --plot best",
        "--demo --search --temperature 1000",
        "--demo --search --magnitude 0",
        "--demo --tune-on uniform",
        "--demo --search-dir d",
        "--out_dataset all",
        "--weights densenet10.h5 --in uniform",
        "--demo --resize --center-crop",
        "--demo --gpu 0 --device cpu",
        "--demo --gpu -1",
        "--demo --json r --csv ./r",
        "--demo --csv r --markdown x/../r",
        "--demo --json - --markdown /dev/stdout",
        "--demo --json r/index.html --report r",
        "--weights n.h5 --in uniform --out gaussian --json n.h5",
        "--weights n.h5 --in uniform --benchmark b --json b",
        "--weights n.h5 --in idx:i --out gaussian --json ./i",
        "--weights n.h5 --in uniform --out npy:o.npy --csv o.npy",
        "--weights n.h5 --in uniform --out gaussian --score knn --fit-on idx:i --json i",
        "--demo stray"}) {
    const ProgramResult r = w.run(arguments);
    INFO(arguments, ": ", r.errors);
    CHECK(r.exit_status == 2);
    CHECK(r.output.empty());
    CHECK(one_line(r.errors));
  }
}

TEST_CASE("an option that is spelt wrong or given twice is what a sentence is about") {
  const EvalWorkspace w;
  CHECK(w.run("--wieghts n.h5 --in uniform --out gaussian").errors ==
        "odin_eval: there is no option --wieghts (see odin_eval --help)\n");
  CHECK(w.run("--demo --seed 1 --seed 2").errors ==
        "odin_eval: --seed: takes one value, but 2 are given (see odin_eval --help)\n");
}

TEST_CASE("bad input ends with status 1 and one sentence that names it") {
  const EvalWorkspace w;
  std::ofstream(w.folder / "text.h5") << "this is not HDF5";
  fs::create_directory(w.folder / "empty");
  fs::copy_file(w.folder / "densenet10.h5", w.folder / "wideresnet10.h5");
  fs::copy_file(w.folder / "densenet10.h5", w.folder / "densenet100.h5");
  std::ofstream(w.folder / "short.bin", std::ios::binary) << "0123456789";
  fs::create_directory(w.folder / "damaged");
  std::ofstream(w.folder / "damaged/a.png", std::ios::binary) << "\x89PNG\r\n\x1a\nnothing";
  const std::string in = "--in cifar10:cifar-10-batches-bin ";
  const std::string weights = "--weights densenet10.h5 ";
  const struct {
    std::string arguments;
    const char* names;
  } cases[] = {
      {"--weights missing.h5 --in uniform --out gaussian", "missing.h5"},
      // A bundled benchmark is no file.
      {"--weights missing.h5 --in uniform --benchmark near --json near", "missing.h5"},
      {"--weights text.h5 --in uniform --out gaussian", "text.h5"},
      {"--weights . --in uniform --out gaussian", "'.' is a folder, where a file is needed"},
      {"--nn wideresnet100 --out_dataset iSUN",
       "there is no ./wideresnet100.h5; fetch the network: fetch_data wideresnet100 "
       "--weights-dir ."},
      {"--nn wideresnet10 --out_dataset Uniform --skip 3",
       "wideresnet10.h5 holds a DenseNet-BC-10 with 10 classes, but wideresnet10 is a "
       "Wide-ResNet-28-10 with 10"},
      {"--nn densenet100 --out_dataset Uniform --skip 3", "with 10 classes"},
      {"--nn densenet10 --out_dataset iSUN --skip 3", "iSUN"},
      {"--nn densenet10 --out_dataset iSUN --skip 3 --data-dir d",
       "fetch_data cifar10 --data-dir d"},
      {"--nn densenet10 --out_dataset iSUN --skip 3", "fetch_data iSUN --data-dir ."},
      {weights + in + "--out folder:d/iSUN --out folder:nowhere --skip 3",
       "fetch_data iSUN --data-dir d"},
      {weights + in + "--out uniform --skip 0 --search", "--skip 0"},
      {weights + in + "--out uniform --skip 3 --search --tune-on uniform",
       "no out-of-distribution"},
      {weights + in + "--out uniform --skip 3 --search --tune-on folder:nowhere", "nowhere"},
      {weights + in + "--out uniform --skip 3 --search --search-dir densenet10.h5",
       "densenet10.h5"},
      {weights + in + "--out folder:nowhere --skip 3", "nowhere"},
      {weights + in + "--out folder:empty --skip 3", "empty"},
      // Found before any image is scored, so no progress precedes the sentence.
      {weights + in + "--out folder:damaged --skip 0", "a.png"},
      {weights + in + "--out uniform --skip 3 --threads 4000", "ask for at most"},
      {weights + in + "--out cifar10:short.bin --skip 3", "short.bin"},
      {weights + in + "--out magic:nowhere --skip 3", "magic"},
      {weights + in + "--out uniform", "--skip"},
      {weights + in + "--out uniform --skip 5 --limit 5", "--limit"},
      {weights + in + "--out uniform --skip 3 --device gpu", "gpu"},
      {weights + in + "--out uniform --skip 3 --device cuda:77", "--device cpu"},
      {weights + in + "--out uniform --skip 3 --json nowhere/r.json", "nowhere/r.json"},
      {weights + in + "--out uniform --skip 3 --report densenet10.h5", "densenet10.h5"},
      {weights + in + "--out uniform --skip 3 --markdown nowhere/r.md", "nowhere/r.md"},
      {weights + in + "--out uniform --skip 3 --scores densenet10.h5", "densenet10.h5"},
      // A full disk shows only on writing.
      {weights + in + "--out uniform --skip 3 --quiet >/dev/full", "standard output"},
  };
  for (const auto& c : cases) {
    const ProgramResult r = w.run(c.arguments);
    INFO(c.arguments, ": ", r.errors);
    CHECK(r.exit_status == 1);
    CHECK(r.output.empty());
    CHECK(one_line(r.errors));
    CHECK(r.errors.find(c.names) != std::string::npos);
  }
}

TEST_CASE("a broken standard error changes no result and no exit status") {
  const EvalWorkspace w;
  const ProgramResult r = w.run(std::string(kGeneral) + " 2>/dev/full");
  CHECK(r.exit_status == 0);
  CHECK(r.output == w.run(std::string(kGeneral)).output);
  CHECK(w.run("--weights missing.h5 --in uniform --out gaussian 2>/dev/full").exit_status == 1);
  CHECK(w.run("--no-such-option 2>/dev/full").exit_status == 2);
}

TEST_CASE("scores of real images agree with PyTorch's" * doctest::test_suite("slow needs-data")) {
  const fs::path shared = shared_folder();
  const std::string python = ODIN_PYTHON;
  if (shared.empty()) return skip("needs the folder shared next to the checkout");
  if (run_program(python + " -c 'import torch, h5py, PIL'").exit_status != 0) {
    return skip("needs Python with PyTorch, h5py and Pillow");
  }
  const TemporaryFolder folder;
  const std::string data = folder.path().string();
  REQUIRE(run_program(fmt::format("'{}' '{}/data/unpack.py' '{}' cifar10 isun", python,
                                  shared.string(), data))
              .exit_status == 0);
  const std::string weights = ODIN_SOURCE_DIR "/weights/densenet_bc_100_fashion_mnist.h5";
  const ProgramResult ours = run_program(fmt::format(
      "'{}' --weights '{}' --in 'cifar10:{}' --out 'folder:{}/iSUN' --skip 1000 --limit 1040 "
      "--device cpu --scores '{}/scores'",
      kEvalProgram, weights, data, data, data));
  INFO(ours.errors);
  REQUIRE(ours.exit_status == 0);
  const ProgramResult theirs =
      run_program(fmt::format("'{}' '{}/tests/pytorch/compare_scores.py' '{}' '{}/scores' "
                              "'{}/cifar-10-batches-bin/test_batch.bin' '{}/iSUN' 1000 40",
                              python, ODIN_SOURCE_DIR, weights, data, data, data));
  INFO(theirs.output, theirs.errors);
  CHECK(theirs.exit_status == 0);
}
