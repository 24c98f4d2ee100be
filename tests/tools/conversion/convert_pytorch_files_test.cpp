// Files of old and new PyTorch versions convert bit for bit.
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/support.h"
#include "weights/checkpoint.h"
#include "weights/files/byte_source.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::content_of;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/convert_checkpoint";
constexpr const char* kScripts = ODIN_SOURCE_DIR "/tests/pytorch";

test::ProgramResult convert(const std::string& arguments) {
  return test::run_program(fmt::format("'{}' {}", kProgram, arguments));
}

// Runs a script of tests/pytorch. If Python cannot, skips the test and returns false.
bool run_script(const std::string& script_and_arguments) {
  const auto result =
      test::run_program(fmt::format("{} '{}'/{}", ODIN_PYTHON, kScripts, script_and_arguments));
  if (result.exit_status == 0) return true;
  CAPTURE(result.errors);
  const bool is_missing = result.errors.find("No module named") != std::string::npos ||
                          result.errors.find("not found") != std::string::npos;
  REQUIRE(is_missing);
  test::skip(fmt::format("{} lacks what {} needs", ODIN_PYTHON, script_and_arguments));
  return false;
}

// The tensors of a file that the scripts of tests/pytorch write: "NAME COUNT\n" and the elements.
std::map<std::string, std::vector<float>> read_expected(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::map<std::string, std::vector<float>> tensors;
  std::string name;
  for (std::size_t count = 0; stream >> name >> count;) {
    stream.get();
    std::vector<float>& values = tensors[name];
    values.resize(count);
    stream.read(reinterpret_cast<char*>(values.data()),
                static_cast<std::streamsize>(count * sizeof(float)));
    REQUIRE(stream.good());
  }
  REQUIRE_FALSE(tensors.empty());
  return tensors;
}

// Converts FILE and compares every bit with FILE.expected. Returns the checkpoint.
Checkpoint check_conversion(const fs::path& file, const std::string& arguments) {
  const fs::path output = file.string() + ".h5";
  const auto result =
      convert(fmt::format("'{}' '{}' {}", file.string(), output.string(), arguments));
  CAPTURE(file.string());
  CAPTURE(result.errors);
  REQUIRE(result.exit_status == 0);
  Checkpoint checkpoint = read_checkpoint(output);
  const auto expected = read_expected(file.string() + ".expected");
  REQUIRE(checkpoint.parameters.size() == expected.size());
  for (const auto& [name, values] : expected) {
    CAPTURE(name);
    const std::vector<float>& found = checkpoint.parameters.at(name).values;
    REQUIRE(found.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::bit_cast<std::uint32_t>(found[i]) != std::bit_cast<std::uint32_t>(values[i]))
        FAIL(i);
    }
  }
  return checkpoint;
}

constexpr const char* kThreeClasses = "--in-dataset shapes --mean .5 .5 .5 --std .2 .2 .2";

TEST_CASE("Files of Python 2 and PyTorch 0.1.12, 0.2 and the first releases convert bit for bit") {
  const test::TemporaryFolder folder;
  const Architecture densenet = DenseNetConfig{};
  for (const char* arguments :
       {"--container magic --release 0.1.12", "--container magic --release 0.2",
        "--container magic --saved state_dict", "--container tar",
        "--container tar --saved state_dict", "--container tar --release 0.2"}) {
    CAPTURE(arguments);
    const fs::path file = folder / "old.pth";
    if (!run_script(fmt::format("old_torch.py '{}' {}", file.string(), arguments))) return;
    const Checkpoint checkpoint = check_conversion(file, "--in-dataset cifar10");
    CHECK(checkpoint.architecture == densenet);
  }
}

TEST_CASE("PyTorch reads the same from those old files") {
  const test::TemporaryFolder folder;
  for (const char* container : {"magic", "tar"}) {
    for (const char* saved : {"module", "state_dict"}) {
      const std::string file = (folder / "old.pth").string();
      if (!run_script(
              fmt::format("old_torch.py '{}' --container {} --saved {} --depth 16 --growth 3", file,
                          container, saved)) ||
          !run_script(fmt::format("saved_by_pytorch.py read '{0}' '{0}.read'", file))) {
        return;
      }
      CHECK(content_of(file + ".read") == content_of(file + ".expected"));
    }
  }
}

TEST_CASE("What PyTorch saves of the full networks converts bit for bit" *
          doctest::test_suite("slow")) {
  struct Case {
    const char* name;
    const char* arguments;
    Architecture architecture;
  };
  const std::vector<Case> cases = {
      {"densenet_module-zip", "--in-dataset cifar10", DenseNetConfig{}},
      {"densenet_module-magic", "--in-dataset cifar10", DenseNetConfig{}},
      {"densenet_state_dict-zip", "--in-dataset cifar100", DenseNetConfig{.num_classes = 100}},
      {"densenet_state_dict-magic", "--in-dataset cifar100", DenseNetConfig{.num_classes = 100}},
      {"wrn_module-zip", "--in-dataset fashion_mnist", WideResNetConfig{}},
      {"wrn_module-magic", "--in-dataset cifar10", WideResNetConfig{}},
      {"wrn_state_dict-zip", "--in-dataset cifar100", WideResNetConfig{.num_classes = 100}},
      {"wrn_state_dict-magic", "--in-dataset cifar100", WideResNetConfig{.num_classes = 100}},
      {"densenet_without_bottleneck-zip", "--in-dataset cifar10",
       DenseNetConfig{.depth = 40, .reduction = 1, .bottleneck = false}},
      {"densenet_reduced-magic", "--in-dataset cifar10",
       DenseNetConfig{.depth = 22, .growth_rate = 5, .reduction = 0.7}},
      {"wrn_narrow-zip", kThreeClasses,
       WideResNetConfig{.depth = 10, .widen_factor = 1, .num_classes = 7}},
  };
  for (const Case& c : cases) {
    const test::TemporaryFolder folder;
    if (!run_script(
            fmt::format("saved_by_pytorch.py write '{}' {}", folder.path().string(), c.name))) {
      return;
    }
    const Checkpoint checkpoint =
        check_conversion(folder / fmt::format("{}.pth", c.name), c.arguments);
    CHECK(checkpoint.architecture == c.architecture);
  }
}

TEST_CASE("A network is found and converted bit for bit, however it was saved") {
  const test::TemporaryFolder folder;
  const std::vector<std::string> cases = {
      "module",          "state_dict",       "data_parallel", "compiled",  "half",
      "bfloat16",        "double",           "strided",       "expanded",  "sharing",
      "with_attributes", "under_state_dict", "under_model",   "under_net", "plain_dict"};
  std::string all;
  for (const std::string& name : cases) {
    for (const char* way : {"zip", "magic", "zip4", "magic3", "magic5"}) {
      all += fmt::format(" {}-{}", name, way);
    }
  }
  if (!run_script(fmt::format("saved_by_pytorch.py write '{}'{}", folder.path().string(), all)))
    return;
  std::istringstream names(all);
  for (std::string name; names >> name;) {
    const Checkpoint checkpoint = check_conversion(folder / (name + ".pth"), kThreeClasses);
    CHECK(checkpoint.architecture ==
          Architecture(DenseNetConfig{.depth = 10, .growth_rate = 4, .num_classes = 3}));
  }
}

TEST_CASE("A network that PyTorch trained converts to what PyTorch reads from its file" *
          doctest::test_suite("needs-data")) {
  const fs::path shared = test::shared_folder();
  const fs::path source = shared / "checkpoints" / "densenet_bc_100_fashion_mnist.pth";
  if (shared.empty() || !fs::exists(source)) {
    test::skip("the folder shared with the PyTorch file is not there");
    return;
  }
  const test::TemporaryFolder folder;
  const fs::path file = folder / "net.pth";
  fs::copy_file(source, file);
  if (!run_script(fmt::format("saved_by_pytorch.py read '{0}' '{0}.expected'", file.string()))) {
    return;
  }
  const Checkpoint checkpoint = check_conversion(file, "--in-dataset fashion_mnist");
  CHECK(checkpoint.architecture == Architecture(DenseNetConfig{}));
  CHECK(checkpoint.source ==
        fmt::format("converted from a module of class densenet.DenseNet3 in a magic-number "
                    "container (PyTorch 0.1.12 to 1.5), net.pth, sha256 {}",
                    sha256(*in_file(InputFile(source)))));
}

}  // namespace
}  // namespace odin
