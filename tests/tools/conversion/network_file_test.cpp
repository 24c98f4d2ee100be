// Whole files: where the network is in them, and files that PyTorch did not save.
#include "tools/conversion/network_file.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/tools/pytorch/small_containers.h"
#include "tests/weights/pickle/pickles.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::contains;
using test::dict;
using test::file_refusal;
using test::Files;
using test::global;
using test::integer;
using test::kBias;
using test::kContainers;
using test::kNoError;
using test::kStorages;
using test::kWeight;
using test::module;
using test::ordered;
using test::source_of;
using test::storage_id;
using test::tensor;
using test::text;

std::vector<std::string> names_in(const std::string& content) {
  std::vector<std::string> names;
  const NetworkFile file(source_of(content));
  for (const NamedTensor& named : file.network().tensors) names.push_back(named.name);
  return names;
}

TEST_CASE("The network is found wherever it was saved") {
  using Names = std::vector<std::string>;
  const std::string state = dict({{"fc.weight", kWeight}, {"fc.bias", kBias}});
  const std::string whole =
      module({}, {{"fc", module({{"weight", kWeight}, {"bias", kBias}}, {})}});
  for (const auto& [name, container] : kContainers) {
    CAPTURE(name);
    for (const std::string& object :
         {state, whole, dict({{"epoch", integer(3)}, {"state_dict", state}}),
          dict({{"model", whole}, {"optimizer", dict({{"lr", integer(1)}})}}),
          dict({{"net", state}}), dict({{"model_state_dict", dict({{"net", state}})}}),
          dict({{"module.fc.weight", kWeight}, {"module.fc.bias", kBias}}),
          dict({{"_orig_mod.module.fc.weight", kWeight}, {"_orig_mod.module.fc.bias", kBias}}),
          module({}, {{"module", whole}, {"dropout", "N"}}),
          dict({{"fc.weight", kWeight},
                {"fc.bias", kBias},
                {"bn.num_batches_tracked", kBias},
                {"version", integer(2)}})}) {
      CHECK(names_in(container(object)) == Names{"fc.weight", "fc.bias"});
    }
  }
}

TEST_CASE("What was saved with the network is listed") {
  const NetworkFile file(source_of(test::zip_container(
      dict({{"epoch", integer(3)}, {"\x1b[0m", "N"}, {"net", dict({{"w", kWeight}})}}),
      kStorages)));
  const std::vector<std::pair<std::string, std::string>> expected = {{"epoch", "the integer 3"},
                                                                     {"\\x1b[0m", "None"}};
  CHECK(file.network().others == expected);
  CHECK(file.network().kind == "a state dict");
}

TEST_CASE("Parameters of every PyTorch version are recognised") {
  const std::string parameter = global("torch.nn.parameter", "Parameter");
  const std::string state3 =
      "\x88\x89N\x87"
      "b";
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"a bare tensor", kWeight},
      {"_rebuild_parameter", global("torch._utils", "_rebuild_parameter") + kWeight + "\x88}\x87R"},
      {"_rebuild_parameter_with_state",
       global("torch._utils", "_rebuild_parameter_with_state") + "(" + kWeight + "\x88}}tR"},
      {"0.1.12, protocol 2", parameter + kWeight + "\x85R" + state3},
      {"0.1.12, protocol 1",
       global("copy_reg", "__newobj__") + parameter + kWeight + "\x86R" + state3},
      {"NEWOBJ from a tensor", parameter + kWeight + "\x85\x81" + state3},
      {"the first releases", parameter + ")\x81(" + kWeight + "NN\x88\x89tb"},
      {"a Variable", global("torch.autograd.variable", "Variable") + kWeight + "\x85R" + state3},
      {"_rebuild_tensor", global("torch._utils", "_rebuild_tensor") + "(" +
                              storage_id("FloatStorage", "0", 6) + "K\x01K\x03\x85K\x01\x85tR"},
      {"a torch.Size as shape", global("torch._utils", "_rebuild_tensor") + "(" +
                                    storage_id("FloatStorage", "0", 6) + "K\x01" +
                                    global("torch", "Size") + "K\x03\x85\x85RK\x01\x85tR"},
      {"a tensor with attributes",
       global("torch._tensor", "_rebuild_from_type_v2") + "(" +
           global("torch._utils", "_rebuild_tensor_v2") + global("torch", "Tensor") + "(" +
           storage_id("FloatStorage", "0", 6) + "K\x01K\x03\x85K\x01\x85\x89}t}tR"},
      {"a tensor of the first releases with its state", global("torch", "FloatTensor") + ")\x81(" +
                                                            storage_id("FloatStorage", "0", 6) +
                                                            "K\x01K\x03\x85K\x01\x85tb"},
      {"on a GPU", tensor("0", 6, {6}, {1})},
  };
  for (const auto& [what, opcodes] : cases) {
    CAPTURE(what);
    const NetworkFile file(source_of(test::zip_container(dict({{"w", opcodes}}), kStorages)));
    REQUIRE(file.network().tensors.size() == 1);
    const std::vector<float> values = read_elements(file.network().tensors[0].tensor);
    CHECK(values == (values.size() == 3 ? std::vector<float>{1, 2, 3}
                                        : std::vector<float>{0, 1, 2, 3, 4, 5}));
  }
}

TEST_CASE("The error says why an object is not a network") {
  const auto state = [](const std::string& value) { return dict({{"w", kWeight}, {"v", value}}); };
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {integer(5), "the integer 5, not a network"},
      {"]", "a list of 0, not a network"},
      {kWeight, "a single tensor of shape (2, 3), not a network"},
      {"}", "without a tensor"},
      {dict({{"epoch", integer(5)}}), "without a tensor"},
      {dict({{"w", kWeight}, {"w", kWeight}}), "'w' twice"},
      {dict({{"w", kWeight}, {"module.w", kWeight}}), "'w' twice"},
      {state(rebuild + ")R"), "'v': a tensor is made of 0 values"},
      {state(rebuild + "(K\x01K\x01K\x01K\x01tR"), "not of a storage"},
      {state(rebuild + "(" + storage_id("FloatStorage", "0", 6) + "NNNtR"),
       "the shape of a tensor"},
      {state(rebuild + "(" + storage_id("FloatStorage", "0", 6) + "K\x01K\x03\x85K\x01\x85\x89}" +
             dict({{"neg", "\x88"}}) + "tR"),
       "'v': a tensor is a view that changes the stored numbers"},
      {state(rebuild + "(" + storage_id("FloatStorage", "0", 6) + "N))tR"),
       "the offset of a tensor"},
      {state(rebuild + "(" + storage_id("FloatStorage", "0", 6) + "K\x01N\x85)tR"), "None"},
      {state(tensor("0", 6, {7}, {1})),
       "'v': a tensor of shape (7) reaches beyond its storage of 6"},
      {state(global("torch.nn.parameter", "Parameter") + ")\x81"), "a Parameter without a tensor"},
      {state(global("torch", "Size") + "q\x07)R0h\x07"), kNoError},  // no tensor: passed over
      {state(tensor("0", 7, {7}, {1})), "storage '0'"},
      {state(tensor("9", 6, {6}, {1})), "9"},
      {module({{"w", integer(1)}}, {}), "'w' is the integer 1, not a tensor"},
      {module({}, {{"child", integer(1)}}), "the module 'child' is the integer 1"},
      {module({{std::string(2000, 'n'), kWeight}}, {}), "the name of a tensor or module"},
      {module({}, {{std::string(600, 'm'), module({{std::string(600, 'n'), kWeight}}, {})}}),
       "the name of a tensor or module has 1201 bytes: 'mmm"},
      {global("models", "Net") + ")\x81" +
           dict({{"_parameters", integer(1)}, {"_modules", ordered({})}}) + "b",
       "_parameters of a module is the integer 1"},
      {global("collections", "OrderedDict") + integer(1) + "\x85R", "an OrderedDict is made of"},
      {global("collections", "OrderedDict") + "]" + integer(1) + "a\x85R",
       "an entry of an OrderedDict"},
  };
  for (const auto& [name, container] : kContainers) {
    CAPTURE(name);
    for (const auto& [object, sentence] : cases) {
      CAPTURE(sentence);
      // The containers check that every storage is referred to.
      const std::string all = object + kWeight + "0" + kBias + "0";
      const std::string why = file_refusal(container(all));
      CHECK_MESSAGE(contains(why, sentence), why);
    }
  }
}

TEST_CASE("Chains of Parameters, modules that hold themselves and endless dicts are refused") {
  std::string chain = kWeight;
  for (int i = 0; i < 100; ++i) {
    chain = global("torch._utils", "_rebuild_parameter") + chain + "\x88}\x87R";
  }
  CHECK(contains(file_refusal(test::zip_container(dict({{"w", chain}}), kStorages)),
                 "within more than"));

  // The module stands in the memo before its state is made.
  const std::string itself =
      global("models", "Net") + ")\x81q\x01" +
      dict({{"_parameters", ordered({})}, {"_modules", dict({{"m", "h\x01"}})}}) + "b";
  CHECK(contains(file_refusal(test::zip_container(itself, kStorages)), "do they hold themselves"));

  const std::string loop = bytes("}q\x01") + text("state_dict") + "h\x01s";
  CHECK(
      contains(file_refusal(test::zip_container(loop, kStorages)), "a dict of 1 without a tensor"));

  // Each module holds the next one twice: 2 ** 40 paths lead to the last.
  std::string doubled = module({}, {});
  for (int i = 0; i < 40; ++i) {
    const std::string next = fmt::format("q{}0", static_cast<char>(10 + i));
    doubled += next + module({}, {{"a", fmt::format("h{}", static_cast<char>(10 + i))},
                                  {"b", fmt::format("h{}", static_cast<char>(10 + i))}});
  }
  CHECK(contains(file_refusal(test::zip_container(doubled, kStorages)), "in more than"));
}

TEST_CASE("Code is refused by name in every container, and nothing is run") {
  const test::TemporaryFolder folder;
  const std::string command = fmt::format("touch '{}'", (folder / "run").string());
  const std::string call = global("os", "system") + text(command) + "\x85R";
  for (const auto& [name, container] : kContainers) {
    CAPTURE(name);
    CHECK(contains(file_refusal(container(dict({{"w", kWeight}, {"v", call}}))),
                   "calls os.system at byte"));
  }
  CHECK(contains(file_refusal("cos\nsystem\n(S'touch x'\ntR."), "calls os.system at byte"));
  const Files tar = {
      {"sys_info", test::pickle("}")},
      {"pickle", test::pickle(call)},
      {"tensors", test::pickle("K\x01").replace(3, 1, 1, '\0')},
      {"storages", test::pickle("K\x01").replace(3, 1, 1, '\0') + test::pickle("]")}};
  CHECK(contains(file_refusal(test::tar(tar)), "calls os.system at byte"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("Files that PyTorch did not save are named as such") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it is empty"},
      {"hello, world", "not a file that PyTorch saved"},
      {bytes("\x89HDF\r\n\x1a\n"), "HDF5"},
      {test::pickle("K\x05"), "a pickle of the integer 5"},
      {test::zip({{"readme.txt", "hello"}}), "no data.pkl"},
      {test::zip({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}}), "two checkpoints"},
      {test::zip({{"a/data.pkl", "N."}, {"a/constants.pkl", "N."}}), "TorchScript"},
      {test::zip({{"a/data.pkl", "N."}, {"a/byteorder", "middle"}}), "byte order"},
      {test::tar({{"readme.txt", "hello"}}), "1 files, but none"},
      {test::gzip("hello, world"), "not a file that PyTorch saved"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(sentence);
    const std::string why = file_refusal(content);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

TEST_CASE("A checkpoint is found in gzipped TAR archives, up to a limit of nesting") {
  const std::string inner = test::zip_container(dict({{"w", kWeight}}), kStorages);
  const auto wrapped = [](const std::string& content) {
    return test::gzip(test::tar({{"README", "hello"}, {"./densenet10.pth", content}}));
  };
  CHECK(file_refusal(wrapped(inner)) == kNoError);
  CHECK(file_refusal(test::gzip(inner)) == kNoError);
  CHECK(file_refusal(wrapped(wrapped(inner))) == kNoError);
  CHECK(contains(file_refusal(wrapped(wrapped(wrapped(inner)))), "nested in one another"));
  CHECK(contains(file_refusal(test::tar({{"a.pth", inner}, {"b.pth", inner}})),
                 "several checkpoints"));
}

// A network of parameters that are all one number, repeated with strides of 0.
std::string unfolding(const Architecture& architecture) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    std::vector<std::int64_t> shape;
    for (int axis = 0; axis < spec.shape.rank(); ++axis) shape.push_back(spec.shape[axis]);
    entries.emplace_back(spec.name,
                         tensor("0", 6, shape, std::vector<std::int64_t>(shape.size(), 0), 1));
  }
  return test::zip_container(dict(entries), {{"0", test::counted_floats(6)}});
}

TEST_CASE("Views that unfold to far more than the file holds are refused") {
  const NetworkFile modest(source_of(unfolding(DenseNetConfig{.depth = 10, .growth_rate = 4})));
  CHECK(modest.parameters().at("fc.bias").values == std::vector<float>(10, 1));
  const NetworkFile bomb(source_of(unfolding(DenseNetConfig{.depth = 100, .growth_rate = 100})));
  CHECK(modest.architecture() == Architecture(DenseNetConfig{.depth = 10, .growth_rate = 4}));
  CHECK_THROWS_WITH_AS(bomb.parameters(),
                       "its tensors are views that unfold to more than the 6 elements stored",
                       Error);
}

TEST_CASE("The SHA-256 is that of sha256sum") {
  CHECK(sha256(*source_of("")) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(*source_of("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(*source_of(std::string(3000000, 'a'))) ==
        "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4");
}

}  // namespace
}  // namespace odin::pytorch
