// Files of old and new PyTorch versions convert bit for bit.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/support.h"
#include "tests/tools/conversion/conversion_support.h"
#include "weights/checkpoint.h"
#include "weights/files/byte_source.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::content_of;

using test::check_conversion;
using test::kThreeClasses;
using test::run_script;

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
  // Those of a row are written by one start of Python and are on the disk together. The next test
  // has every container with every kind of object.
  const std::vector<std::vector<Case>> rows = {
      {{"densenet_module-zip", "--in-dataset cifar10", DenseNetConfig{}},
       {"densenet_module-magic", "--in-dataset cifar10", DenseNetConfig{}},
       {"densenet_state_dict-zip", "--in-dataset cifar100", DenseNetConfig{.num_classes = 100}},
       {"densenet_state_dict-magic", "--in-dataset cifar100", DenseNetConfig{.num_classes = 100}},
       {"densenet_without_bottleneck-zip", "--in-dataset cifar10",
        DenseNetConfig{.depth = 40, .reduction = 1, .bottleneck = false}},
       {"densenet_reduced-magic", "--in-dataset cifar10",
        DenseNetConfig{.depth = 22, .growth_rate = 5, .reduction = 0.7}},
       {"wrn_narrow-zip", kThreeClasses,
        WideResNetConfig{.depth = 10, .widen_factor = 1, .num_classes = 7}}},
      {{"wrn_module-magic", "--in-dataset fashion_mnist", WideResNetConfig{}}},
      {{"wrn_state_dict-zip", "--in-dataset cifar100", WideResNetConfig{.num_classes = 100}}},
  };
  for (const std::vector<Case>& row : rows) {
    const test::TemporaryFolder folder;
    std::string names;
    for (const Case& c : row) names += fmt::format(" {}", c.name);
    if (!run_script(fmt::format("saved_by_pytorch.py write '{}'{}", folder.path().string(), names)))
      return;
    for (const Case& c : row) {
      const Checkpoint checkpoint =
          check_conversion(folder / fmt::format("{}.pth", c.name), c.arguments);
      CHECK(checkpoint.architecture == c.architecture);
    }
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
