// convert_checkpoint as its users run it, and its results bit for bit.
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
#include "tests/tools/pytorch/bytes.h"
#include "tools/pytorch/sha256.h"
#include "weights/checkpoint.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/convert_checkpoint";
constexpr const char* kScripts = ODIN_SOURCE_DIR "/tests/pytorch";

std::string read_file(const fs::path& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

void write_file(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

test::ProgramResult convert(const std::string& arguments) {
  return test::run_program(fmt::format("'{}' {}", kProgram, arguments));
}

// Runs a script of tests/pytorch; false, with the test skipped, where Python cannot.
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

TEST_CASE("PyTorch reads the same from files as old as those") {
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
      CHECK(read_file(file + ".read") == read_file(file + ".expected"));
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

TEST_CASE("A network is found and converted bit for bit however it was saved") {
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

// A small network in our hands: a Wide ResNet 10-1 whose parameters are all 0.5.
std::string half_network(int classes) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const ParameterSpec& spec :
       parameter_specs(WideResNetConfig{.depth = 10, .widen_factor = 1, .num_classes = classes})) {
    std::vector<std::int64_t> shape;
    for (int axis = 0; axis < spec.shape.rank(); ++axis) shape.push_back(spec.shape[axis]);
    entries.emplace_back(spec.name,
                         test::tensor("0", 1, shape, std::vector<std::int64_t>(shape.size(), 0)));
  }
  return test::zip_container(test::dict(entries), {{"0", test::little(0x3f000000, 4)}});
}

TEST_CASE("The checkpoint tells what the command line and the file say") {
  const test::TemporaryFolder folder;
  const std::string content = half_network(10);
  const std::string input = (folder / "net.pth").string();
  const std::string output = (folder / "net.h5").string();
  write_file(input, content);
  const std::string files = fmt::format("'{}' '{}'", input, output);

  SUBCASE("a data set that is known") {
    const auto result = convert(files + " --in-dataset cifar10");
    CHECK(result.exit_status == 0);
    CHECK(result.output ==
          output +
              ": Wide-ResNet-10-1 (10 classes), 78330 numbers, from a state dict in a ZIP "
              "container (PyTorch 1.6 and later)\n");
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.in_dataset == "cifar10");
    CHECK(checkpoint.mean == std::array<float, 3>{125.3F / 255, 123.0F / 255, 113.9F / 255});
    CHECK(checkpoint.std == std::array<float, 3>{63.0F / 255, 62.1F / 255, 66.7F / 255});
    CHECK(checkpoint.class_names.at(9) == "truck");
    CHECK(checkpoint.source ==
          fmt::format("converted from a state dict in a ZIP container (PyTorch 1.6 and later), "
                      "net.pth, sha256 {}",
                      pytorch::sha256(*pytorch::open_file(input))));
  }
  SUBCASE("Fashion-MNIST") {
    CHECK(convert(files + " --in-dataset fashion_mnist").exit_status == 0);
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.mean == std::array<float, 3>{0.2860F, 0.2860F, 0.2860F});
    CHECK(checkpoint.std == std::array<float, 3>{0.3530F, 0.3530F, 0.3530F});
    CHECK(checkpoint.class_names.at(0) == "T-shirt/top");
  }
  SUBCASE("another data set") {
    write_file(folder / "names", "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj");
    CHECK(convert(
              fmt::format("{} --in-dataset svhn --mean .1 .2 .3 --std .4 .5 .6 --class-names '{}'",
                          files, (folder / "names").string()))
              .exit_status == 0);
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.in_dataset == "svhn");
    CHECK(checkpoint.mean == std::array<float, 3>{0.1F, 0.2F, 0.3F});
    CHECK(checkpoint.std == std::array<float, 3>{0.4F, 0.5F, 0.6F});
    CHECK(checkpoint.class_names ==
          std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  }
  SUBCASE("the command line overrides a known data set") {
    CHECK(convert(files + " --in-dataset cifar10 --mean .1 .2 .3").exit_status == 0);
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.mean == std::array<float, 3>{0.1F, 0.2F, 0.3F});
    CHECK(checkpoint.std[0] == 63.0F / 255);
  }
  SUBCASE("twice the same bytes") {
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    const std::string first = read_file(output);
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    CHECK(read_file(output) == first);
    write_file(input, test::gzip(content));
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    CHECK(read_checkpoint(output).parameters.at("fc.bias").values == std::vector<float>(10, 0.5F));
  }
}

TEST_CASE("CIFAR-100 has its hundred classes") {
  const test::TemporaryFolder folder;
  write_file(folder / "net.pth", half_network(100));
  CHECK(convert(
            fmt::format("'{0}/net.pth' '{0}/net.h5' --in-dataset cifar100", folder.path().string()))
            .exit_status == 0);
  const Checkpoint checkpoint = read_checkpoint(folder / "net.h5");
  CHECK(checkpoint.class_names.size() == 100);
  CHECK(checkpoint.class_names.front() == "apple");
  CHECK(checkpoint.class_names.back() == "worm");
}

TEST_CASE("--list shows what a file holds, whether or not it is a network of ours") {
  const test::TemporaryFolder folder;
  const std::string input = (folder / "net.pth").string();
  const std::string net = test::dict({{"w", test::tensor("0", 6, {2, 3}, {3, 1})}});
  write_file(input, test::zip_container(test::dict({{"epoch", test::integer(7)}, {"net", net}}),
                                        {{"0", test::counted_floats(6)}}));
  auto result = convert(fmt::format("--list '{}'", input));
  CHECK(result.exit_status == 0);
  CHECK(result.output ==
        "container: ZIP container (PyTorch 1.6 and later)\n"
        "holds:     a state dict\n"
        "network:   none of ours: its 1 tensors are neither a DenseNet nor a Wide ResNet: "
        "'block1.layer.0.conv1.weight' and 'fc.weight' are expected, and the first one's name is "
        "'w'\n"
        "tensors:   1\n"
        "  w (2, 3) float32 cpu\n"
        "beside it:\n"
        "  epoch: the integer 7\n");
  write_file(input, half_network(10));
  result = convert(fmt::format("--list '{}'", input));
  CHECK(result.exit_status == 0);
  CHECK(result.output.find("network:   Wide-ResNet-10-1 (10 classes)\n") != std::string::npos);
  CHECK(result.output.find("  block1.layer.0.bn1.bias (16) float32 cpu\n") != std::string::npos);
}

TEST_CASE("A wrong command line ends with status 2 and says what is missing") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "INPUT is required"},
      {"a.pth", "OUTPUT (or --list) is required"},
      {"a.pth b.h5", "--in-dataset is required"},
      {"a.pth b.h5 --in-dataset svhn", "--mean and --std are needed"},
      {"a.pth b.h5 --in-dataset svhn --mean 1 1 1", "--mean and --std are needed"},
      {"a.pth b.h5 --in-dataset cifar10 --mean 1 1", "--mean"},
      {"a.pth b.h5 --in-dataset cifar10 --mean 1 1 x", "--mean"},
      {"a.pth b.h5 c.h5 --in-dataset cifar10", "c.h5"},
      {"--nonsense a.pth", "--nonsense"},
  };
  for (const auto& [arguments, sentence] : cases) {
    CAPTURE(arguments);
    const auto result = convert(arguments);
    CHECK(result.exit_status == 2);
    CHECK_MESSAGE(result.errors.find(sentence) != std::string::npos, result.errors);
    CHECK(result.output.empty());
  }
  CHECK(convert("--help").exit_status == 0);
  CHECK(convert("--help").output.find("convert_checkpoint wideresnet100.pth.tar.gz") !=
        std::string::npos);
}

TEST_CASE("Bad input ends with status 1, one line that names the file, and no output file") {
  const test::TemporaryFolder folder;
  const std::string input = (folder / "net.pth").string();
  const std::string output = (folder / "net.h5").string();
  const auto refused = [&](const std::string& content, const std::string& arguments,
                           const std::string& sentence) {
    write_file(input, content);
    const auto result = convert(fmt::format("'{}' '{}' {}", input, output, arguments));
    CAPTURE(sentence);
    CHECK(result.exit_status == 1);
    CHECK_MESSAGE(result.errors.find(sentence) != std::string::npos, result.errors);
    CHECK(result.errors.starts_with(fmt::format("convert_checkpoint: {}: ", input)));
    CHECK(result.errors.find('\n') == result.errors.size() - 1);
    CHECK_FALSE(fs::exists(output));
  };
  const std::string good = half_network(10);
  refused("", "--in-dataset cifar10", "it is empty");
  refused("hello", "--in-dataset cifar10", "no file that PyTorch saved");
  refused(good.substr(0, good.size() / 2), "--in-dataset cifar10", "cut short");
  refused(good, "--in-dataset cifar100", "tells 10 classes apart, but cifar100 has 100");
  refused(good, "--in-dataset x --mean 125 123 114 --std 63 62 67", "mean");
  refused(good, "--in-dataset cifar10 --class-names /nonexistent", "/nonexistent");
  write_file(folder / "names", "one\ntwo\n");
  refused(good, fmt::format("--in-dataset cifar10 --class-names '{}'", (folder / "names").string()),
          "2 lines");
  std::string infinite = half_network(10);
  std::vector<std::pair<std::string, std::string>> storages = {{"0", test::little(0x7f800000, 4)}};
  refused(test::zip_container(test::dict({{"w", test::tensor("0", 1, {1}, {1})}}), storages),
          "--in-dataset cifar10", "neither a DenseNet nor a Wide ResNet");
  refused(test::zip_container(test::global("os", "system") + test::text("touch run") + "\x85R", {}),
          "--in-dataset cifar10", "calls os.system at byte");

  const auto result = [&](const std::string& arguments) { return convert(arguments).errors; };
  CHECK(
      result("/nonexistent.pth x.h5 --in-dataset cifar10").find("cannot be opened: No such file") !=
      std::string::npos);
  CHECK(result(fmt::format("'{}' x.h5 --in-dataset cifar10", folder.path().string()))
            .find("not a regular file") != std::string::npos);
  write_file(input, good);
  CHECK(result(fmt::format("'{0}' '{0}' --in-dataset cifar10", input)).find("the same file") !=
        std::string::npos);
  CHECK(read_file(input) == good);
  CHECK(convert(fmt::format("'{}' /nonexistent/x.h5 --in-dataset cifar10", input)).exit_status ==
        1);
}

TEST_CASE("A weight that is not finite is refused by name") {
  const test::TemporaryFolder folder;
  std::string content = half_network(10);
  // The one element that all parameters show, and the checksum over it in the directory.
  const std::string infinite = test::zip({{"archive/data/0", test::little(0x7f800000, 4)}});
  const std::size_t entry = content.rfind("archive/data/0") - 46;
  content.replace(content.find(test::little(0x3f000000, 4)), 4, test::little(0x7f800000, 4));
  content.replace(entry + 16, 4, infinite.substr(infinite.rfind("archive/data/0") - 30, 4));
  write_file(folder / "net.pth", content);
  const auto result = convert(
      fmt::format("'{0}/net.pth' '{0}/net.h5' --in-dataset cifar10", folder.path().string()));
  CHECK(result.exit_status == 1);
  CHECK_MESSAGE(result.errors.find("block1.layer.0.bn1.bias") != std::string::npos, result.errors);
}

// 96 MiB of data: 64 for the file, the rest for what every program of ours starts with. The sanitizers
// reserve more than any limit.
#if defined(__SANITIZE_ADDRESS__)
constexpr const char* kLimits = "ulimit -t 60";
#else
constexpr const char* kLimits = "ulimit -t 10; ulimit -d 98304";
#endif

TEST_CASE("Hostile files take little memory and little time") {
  const test::TemporaryFolder folder;
  const auto repeated = [](const std::string& opcodes, std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i) result += opcodes;
    return result;
  };
  const std::vector<std::pair<const char*, std::string>> bombs = {
      {"tuples", test::pickle("N" + std::string(std::size_t{16} << 20, '\x85'))},
      {"memo", test::pickle("N" + std::string(std::size_t{16} << 20, '\x94'))},
      {"marks", test::pickle(std::string(std::size_t{16} << 20, '('))},
      {"strings", test::pickle(repeated(test::text(std::string(1 << 16, 'x')), 1000))},
      {"long", test::pickle(repeated("N0", std::size_t{32} << 20))},
      {"gzip", test::gzip(std::string(std::size_t{128} << 20, '\0'))},
      {"gzip of gzip", test::gzip(test::gzip(std::string(std::size_t{128} << 20, '\0')))},
      {"tuples in a ZIP",
       test::zip_container("N" + std::string(std::size_t{16} << 20, '\x85'), {})},
      {"storages in a ZIP",
       test::zip_container(repeated(test::storage_id("FloatStorage", "0", 1) + "0", 100000),
                           {{"0", test::counted_floats(1)}})},
      {"storages in a ZIP, by one id",
       test::zip_container(test::storage_id("FloatStorage", "0", 1) + "0" + test::dict({}) +
                               "q\x01"
                               "0" +
                               repeated("h\x01Q0", 100000),
                           {{"0", test::counted_floats(1)}})},
  };
  for (const auto& [name, content] : bombs) {
    CAPTURE(name);
    write_file(folder / "bomb.pth", content);
    const auto result = test::run_program(
        fmt::format("{}; '{}' --list '{}'", kLimits, kProgram, (folder / "bomb.pth").string()));
    CHECK_MESSAGE(result.exit_status == 1, result.errors);
    CHECK(result.errors.find("not enough memory") == std::string::npos);
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
                    pytorch::sha256(*pytorch::open_file(source))));
}

}  // namespace
}  // namespace odin
