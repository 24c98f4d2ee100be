// convert_checkpoint as its users run it.
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/support.h"
#include "tests/tools/conversion/conversion_support.h"
#include "weights/checkpoint.h"
#include "weights/files/byte_source.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::convert;
using test::write_bytes;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/convert_checkpoint";

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

TEST_CASE("The checkpoint records what the command line and the file say") {
  const test::TemporaryFolder folder;
  const std::string content = half_network(10);
  const std::string input = (folder / "net.pth").string();
  const std::string output = (folder / "net.h5").string();
  write_bytes(input, content);
  const std::string files = fmt::format("'{}' '{}'", input, output);

  SUBCASE("a data set that is known") {
    const auto result = convert(files + " --in-dataset cifar10");
    CHECK(result.exit_status == 0);
    CHECK(
        result.output ==
        output +
            ": Wide-ResNet-10-1 (10 classes), 78330 numbers, from a state dict in a ZIP "
            "container (PyTorch 1.6 and later)\n"
            "Images are normalised with the mean 0.4914, 0.4824, 0.4467 and the deviation 0.2471, "
            "0.2435, 0.2616, as cifar10 often is: give --mean and --std if the network was trained "
            "with others.\n");
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.in_dataset == "cifar10");
    CHECK(checkpoint.mean == std::vector<float>{125.3F / 255, 123.0F / 255, 113.9F / 255});
    CHECK(checkpoint.std == std::vector<float>{63.0F / 255, 62.1F / 255, 66.7F / 255});
    CHECK(checkpoint.class_names.at(9) == "truck");
    CHECK(checkpoint.source ==
          fmt::format("converted from a state dict in a ZIP container (PyTorch 1.6 and later), "
                      "net.pth, sha256 {}",
                      sha256(*in_file(InputFile(input)))));
  }
  SUBCASE("Fashion-MNIST") {
    const auto r = convert(files + " --in-dataset fashion_mnist");
    CHECK(r.exit_status == 0);
    CHECK(test::contains(r.output,
                         "normalised with the mean 0.286, 0.286, 0.286 and the deviation 0.353, "
                         "0.353, 0.353, as fashion_mnist often is"));
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.mean == std::vector<float>{0.2860F, 0.2860F, 0.2860F});
    CHECK(checkpoint.std == std::vector<float>{0.3530F, 0.3530F, 0.3530F});
    CHECK(checkpoint.class_names.at(0) == "T-shirt/top");
  }
  SUBCASE("another data set") {
    write_bytes(folder / "names", "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj");
    const auto r = convert(
        fmt::format("{} --in-dataset svhn --mean .1 .2 .3 --std .4 .5 .6 --class-names '{}'", files,
                    (folder / "names").string()));
    CHECK(r.exit_status == 0);
    CHECK_FALSE(test::contains(r.output, "normalised"));
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.in_dataset == "svhn");
    CHECK(checkpoint.mean == std::vector<float>{0.1F, 0.2F, 0.3F});
    CHECK(checkpoint.std == std::vector<float>{0.4F, 0.5F, 0.6F});
    CHECK(checkpoint.class_names ==
          std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  }
  SUBCASE("the command line overrides a known data set") {
    CHECK(convert(files + " --in-dataset cifar10 --mean .1 .2 .3").exit_status == 0);
    const Checkpoint checkpoint = read_checkpoint(output);
    CHECK(checkpoint.mean == std::vector<float>{0.1F, 0.2F, 0.3F});
    CHECK(checkpoint.std[0] == 63.0F / 255);
  }
  SUBCASE("twice the same bytes") {
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    const std::string first = content_of(output);
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    CHECK(content_of(output) == first);
    write_bytes(input, test::gzip(content));
    CHECK(convert(files + " --in-dataset cifar10").exit_status == 0);
    CHECK(read_checkpoint(output).parameters.at("fc.bias").values == std::vector<float>(10, 0.5F));
  }
}

TEST_CASE("CIFAR-100 has its hundred classes") {
  const test::TemporaryFolder folder;
  write_bytes(folder / "net.pth", half_network(100));
  CHECK(convert(
            fmt::format("'{0}/net.pth' '{0}/net.h5' --in-dataset cifar100", folder.path().string()))
            .exit_status == 0);
  const Checkpoint checkpoint = read_checkpoint(folder / "net.h5");
  CHECK(checkpoint.class_names.size() == 100);
  CHECK(checkpoint.class_names.front() == "apple");
  CHECK(checkpoint.class_names.back() == "worm");
}

TEST_CASE("--list shows what a file holds, even if it is not one of our networks") {
  const test::TemporaryFolder folder;
  const std::string input = (folder / "net.pth").string();
  const std::string net = test::dict({{"w", test::tensor("0", 6, {2, 3}, {3, 1})}});
  write_bytes(input, test::zip_container(test::dict({{"epoch", test::integer(7)}, {"net", net}}),
                                         {{"0", test::counted_floats(6)}}));
  auto result = convert(fmt::format("--list '{}'", input));
  CHECK(result.exit_status == 0);
  CHECK(result.output ==
        "container: ZIP container (PyTorch 1.6 and later)\n"
        "holds:     a state dict\n"
        "network:   not one of ours: its 1 tensors are neither a DenseNet nor a Wide ResNet: "
        "'block1.layer.0.conv1.weight' and 'fc.weight' are missing, and the first one's name is "
        "'w'\n"
        "tensors:   1\n"
        "  w (2, 3) float32 cpu\n"
        "saved with it:\n"
        "  epoch: the integer 7\n");
  write_bytes(input, half_network(10));
  result = convert(fmt::format("--list '{}'", input));
  CHECK(result.exit_status == 0);
  CHECK(result.output.find("network:   Wide-ResNet-10-1 (10 classes)\n") != std::string::npos);
  CHECK(result.output.find("  block1.layer.0.bn1.bias (16) float32 cpu\n") != std::string::npos);
}

TEST_CASE("A wrong command line gives status 2 and says what is missing") {
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
      {"a.pth ./a.pth --in-dataset cifar10", "OUTPUT and INPUT are the same file"},
      {"a.pth b --in-dataset cifar10 --class-names b",
       "OUTPUT and --class-names are the same file"},
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

TEST_CASE("Bad input gives status 1, one line that names the file, and no output file") {
  const test::TemporaryFolder folder;
  const std::string input = (folder / "net.pth").string();
  const std::string output = (folder / "net.h5").string();
  const auto refused = [&](const std::string& content, const std::string& arguments,
                           const std::string& sentence) {
    write_bytes(input, content);
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
  refused("hello", "--in-dataset cifar10", "not a file that PyTorch saved");
  refused(good.substr(0, good.size() / 2), "--in-dataset cifar10", "cut short");
  refused(good, "--in-dataset cifar100", "the network has 10 classes, but cifar100 has 100");
  refused(good, "--in-dataset x --mean 125 123 114 --std 63 62 67", "mean");
  refused(good, "--in-dataset cifar10 --class-names /nonexistent", "/nonexistent");
  write_bytes(folder / "names", "one\ntwo\n");
  refused(good, fmt::format("--in-dataset cifar10 --class-names '{}'", (folder / "names").string()),
          "2 lines");
  std::string infinite = half_network(10);
  std::vector<std::pair<std::string, std::string>> storages = {{"0", test::little(0x7f800000, 4)}};
  refused(test::zip_container(test::dict({{"w", test::tensor("0", 1, {1}, {1})}}), storages),
          "--in-dataset cifar10", "neither a DenseNet nor a Wide ResNet");
  refused(test::zip_container(test::global("os", "system") + test::text("touch run") + "\x85R", {}),
          "--in-dataset cifar10", "calls os.system at byte");

  const auto result = [&](const std::string& arguments) { return convert(arguments).errors; };
  CHECK(result("/nonexistent.pth x.h5 --in-dataset cifar10")
            .find("cannot open '/nonexistent.pth': No such file") != std::string::npos);
  CHECK(result(fmt::format("'{}' x.h5 --in-dataset cifar10", folder.path().string()))
            .find("is a folder, where a file is needed") != std::string::npos);
  write_bytes(input, good);
  write_bytes(folder / "net.safetensors", test::bytes("\x01\x02\x03\x00\xff\x00\x00\x00["));
  CHECK(result(fmt::format("'{}' --list", (folder / "net.safetensors").string()))
            .ends_with("it is named .safetensors, but does not begin as such a file does, so it is "
                       "damaged: download it again\n"));
  CHECK(convert(fmt::format("'{}' /nonexistent/x.h5 --in-dataset cifar10", input)).exit_status ==
        1);
}

TEST_CASE("An output whose path is too long is told of as such") {
  const test::TemporaryFolder folder;
  const std::string input = (folder / "net.pth").string();
  write_bytes(input, half_network(10));
  const auto result =
      convert(fmt::format("'{}' {} --in-dataset cifar10", input, std::string(300, 'x')));
  CHECK(result.exit_status == 1);
  CHECK_MESSAGE(result.errors.find("is too long: it has 300 bytes") != std::string::npos,
                result.errors);
}

TEST_CASE("A weight that is not finite is refused by name") {
  const test::TemporaryFolder folder;
  std::string content = half_network(10);
  // The one element that all parameters show, and the checksum over it in the directory.
  const std::string infinite = test::zip({{"archive/data/0", test::little(0x7f800000, 4)}});
  const std::size_t entry = content.rfind("archive/data/0") - 46;
  content.replace(content.find(test::little(0x3f000000, 4)), 4, test::little(0x7f800000, 4));
  content.replace(entry + 16, 4, infinite.substr(infinite.rfind("archive/data/0") - 30, 4));
  write_bytes(folder / "net.pth", content);
  const auto result = convert(
      fmt::format("'{0}/net.pth' '{0}/net.h5' --in-dataset cifar10", folder.path().string()));
  CHECK(result.exit_status == 1);
  CHECK_MESSAGE(result.errors.find("block1.layer.0.bn1.bias") != std::string::npos, result.errors);
}

// 96 MiB of data: 64 for the file, the rest for what every program of ours starts with. The
// sanitizers reserve more than any limit.
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
  // A dict of 250,000 entries, all with the same value.
  const auto shared = [&](const std::string& value) {
    return value + "q\x01" + test::text("a") + "q\x02" + "00}" +
           repeated("(" + repeated("h\x02h\x01", 1000) + "u", 250);
  };
  const std::string dict = "}" + repeated("(" + std::string(2000, 'N') + "u", 250);
  const std::string arguments = "(" + std::string(250'000, 'N') + "t";
  const std::vector<std::pair<const char*, std::string>> bombs = {
      {"a dict in many places", test::zip_container(shared(dict), {})},
      {"arguments of many objects",
       test::zip_container(
           shared(test::global("torch._utils", "_rebuild_parameter") + arguments + "R"), {})},
      {"a dict beside many tensors",
       test::zip_container(
           shared(test::global("torch._utils", "_rebuild_tensor_v2") + "(NNNNNN" + dict + "tR"),
           {})},
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
    write_bytes(folder / "bomb.pth", content);
    const auto result = test::run_program(
        fmt::format("{}; '{}' --list '{}'", kLimits, kProgram, (folder / "bomb.pth").string()));
    CHECK_MESSAGE(result.exit_status == 1, result.errors);
    CHECK(result.errors.find("not enough memory") == std::string::npos);
  }
}

}  // namespace
}  // namespace odin
