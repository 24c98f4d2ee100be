// Whole files: the three containers, where the network is in them, and files made to do harm.
#include "tools/pytorch/pytorch_file.h"

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/support/support.h"
#include "tests/tools/pytorch/bytes.h"
#include "tools/pytorch/sha256.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::dict;
using test::Files;
using test::global;
using test::integer;
using test::little;
using test::source_of;
using test::storage_id;
using test::tensor;
using test::text;

const Files kStorages = {{"0", test::counted_floats(6)}, {"1", test::counted_floats(2)}};
const std::string kWeight = tensor("0", 6, {2, 3}, {3, 1});
const std::string kBias = tensor("1", 2, {2}, {1});

const std::vector<std::pair<const char*, std::function<std::string(const std::string&)>>>
    kContainers = {
        {"ZIP", [](const std::string& object) { return test::zip_container(object, kStorages); }},
        {"magic",
         [](const std::string& object) { return test::magic_container(object, kStorages); }},
};

std::string refusal(const std::string& content) {
  try {
    const PytorchFile file(source_of(content));
    for (const NamedTensor& named : file.network().tensors) read_elements(named.tensor);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& where, const std::string& what) {
  return where.find(what) != std::string::npos;
}

// An OrderedDict with entries, as Python 3 pickles it.
std::string ordered(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string opcodes = global("collections", "OrderedDict") + ")R(";
  for (const auto& [key, value] : entries) opcodes += text(key) + value;
  return opcodes + "u";
}

std::string module(const std::vector<std::pair<std::string, std::string>>& parameters,
                   const std::vector<std::pair<std::string, std::string>>& modules) {
  return global("models", "Net") + ")\x81" +
         dict({{"_parameters", ordered(parameters)},
               {"_buffers", ordered({})},
               {"_modules", ordered(modules)}}) +
         "b";
}

std::vector<std::string> names_in(const std::string& content) {
  std::vector<std::string> names;
  const PytorchFile file(source_of(content));
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

TEST_CASE("What stands beside the network is listed") {
  const PytorchFile file(source_of(test::zip_container(
      dict({{"epoch", integer(3)}, {"\x1b[0m", "N"}, {"net", dict({{"w", kWeight}})}}),
      kStorages)));
  const std::vector<std::pair<std::string, std::string>> expected = {{"epoch", "the integer 3"},
                                                                     {"\\x1b[0m", "None"}};
  CHECK(file.network().others == expected);
  CHECK(file.network().kind == "a state dict");
}

TEST_CASE("Parameters of every age are recognised") {
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
    const PytorchFile file(source_of(test::zip_container(dict({{"w", opcodes}}), kStorages)));
    REQUIRE(file.network().tensors.size() == 1);
    const std::vector<float> values = read_elements(file.network().tensors[0].tensor);
    CHECK(values == (values.size() == 3 ? std::vector<float>{1, 2, 3}
                                        : std::vector<float>{0, 1, 2, 3, 4, 5}));
  }
}

TEST_CASE("What is no network, or makes no sense, is an error that says so") {
  const auto state = [](const std::string& value) { return dict({{"w", kWeight}, {"v", value}}); };
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {integer(5), "the integer 5, not a network"},
      {"]", "a list of 0, not a network"},
      {kWeight, "an object of torch._utils._rebuild_tensor_v2, not a network"},
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
      {state(global("torch", "Size") + "q\x07)R0h\x07"), "accepted"},  // no tensor: passed over
      {state(tensor("0", 7, {7}, {1})), "storage '0'"},
      {state(tensor("9", 6, {6}, {1})), "9"},
      {module({{"w", integer(1)}}, {}), "'w' is the integer 1, not a tensor"},
      {module({}, {{"child", integer(1)}}), "the module 'child' is the integer 1"},
      {module({{std::string(2000, 'n'), kWeight}}, {}), "the name of a tensor or module"},
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
      const std::string why = refusal(container(all));
      CHECK_MESSAGE(contains(why, sentence), why);
    }
  }
}

TEST_CASE("A chain of Parameters, modules that hold themselves and dicts without end are errors") {
  std::string chain = kWeight;
  for (int i = 0; i < 100; ++i) {
    chain = global("torch._utils", "_rebuild_parameter") + chain + "\x88}\x87R";
  }
  CHECK(
      contains(refusal(test::zip_container(dict({{"w", chain}}), kStorages)), "within more than"));

  // The module stands in the memo before its state is made.
  const std::string itself =
      global("models", "Net") + ")\x81q\x01" +
      dict({{"_parameters", ordered({})}, {"_modules", dict({{"m", "h\x01"}})}}) + "b";
  CHECK(contains(refusal(test::zip_container(itself, kStorages)), "do they hold themselves"));

  const std::string loop = bytes("}q\x01") + text("state_dict") + "h\x01s";
  CHECK(contains(refusal(test::zip_container(loop, kStorages)), "nested more than"));

  // Each module holds the next one twice: 2 ** 40 paths lead to the last.
  std::string doubled = module({}, {});
  for (int i = 0; i < 40; ++i) {
    const std::string next = fmt::format("q{}0", static_cast<char>(10 + i));
    doubled += next + module({}, {{"a", fmt::format("h{}", static_cast<char>(10 + i))},
                                  {"b", fmt::format("h{}", static_cast<char>(10 + i))}});
  }
  CHECK(contains(refusal(test::zip_container(doubled, kStorages)), "in more than"));
}

TEST_CASE("Code is refused by name in every container, and nothing is run") {
  const test::TemporaryFolder folder;
  const std::string command = fmt::format("touch '{}'", (folder / "run").string());
  const std::string call = global("os", "system") + text(command) + "\x85R";
  for (const auto& [name, container] : kContainers) {
    CAPTURE(name);
    CHECK(contains(refusal(container(dict({{"w", kWeight}, {"v", call}}))),
                   "calls os.system at byte"));
  }
  CHECK(contains(refusal("cos\nsystem\n(S'touch x'\ntR."), "calls os.system at byte"));
  const Files tar = {
      {"sys_info", test::pickle("}")},
      {"pickle", test::pickle(call)},
      {"tensors", test::pickle("K\x01").replace(3, 1, 1, '\0')},
      {"storages", test::pickle("K\x01").replace(3, 1, 1, '\0') + test::pickle("]")}};
  CHECK(contains(refusal(test::tar(tar)), "calls os.system at byte"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("What is no file of PyTorch's is told from one that is damaged") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it is empty"},
      {"hello, world", "no file that PyTorch saved"},
      {bytes("\x89HDF\r\n\x1a\n"), "HDF5"},
      {test::pickle("K\x05"), "a pickle of the integer 5"},
      {test::zip({{"readme.txt", "hello"}}), "no data.pkl"},
      {test::zip({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}}), "two checkpoints"},
      {test::zip({{"a/data.pkl", "N."}, {"a/constants.pkl", "N."}}), "TorchScript"},
      {test::zip({{"a/data.pkl", "N."}, {"a/byteorder", "middle"}}), "byte order"},
      {test::tar({{"readme.txt", "hello"}}), "1 files, but none"},
      {test::gzip("hello, world"), "no file that PyTorch saved"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(sentence);
    const std::string why = refusal(content);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

TEST_CASE("A file is found in a gzipped TAR archive, but not in an endless nest of them") {
  const std::string inner = test::zip_container(dict({{"w", kWeight}}), kStorages);
  const auto wrapped = [](const std::string& content) {
    return test::gzip(test::tar({{"README", "hello"}, {"./densenet10.pth", content}}));
  };
  CHECK(refusal(wrapped(inner)) == "accepted");
  CHECK(refusal(test::gzip(inner)) == "accepted");
  CHECK(refusal(wrapped(wrapped(inner))) == "accepted");
  CHECK(contains(refusal(wrapped(wrapped(wrapped(inner)))), "within one another"));
  CHECK(contains(refusal(test::tar({{"a.pth", inner}, {"b.pth", inner}})), "several checkpoints"));
}

TEST_CASE("Storages of the ZIP container must be what the pickle says") {
  const std::string object = dict({{"w", kWeight}});
  const auto refused = [&](const Files& storages, const std::string& sentence) {
    const std::string why = refusal(test::zip_container(object, storages));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  refused({}, "no entry 'archive/data/0'");
  refused({{"0", test::counted_floats(5)}}, "20 bytes where 6 elements of 4");
  refused({{"0", test::counted_floats(6) + "x"}}, "25 bytes where 6 elements of 4");
  refused({{"0", ""}}, "0 bytes where 6 elements of 4");
  const std::string twice = dict({{"w", kWeight}, {"v", tensor("0", 5, {5}, {1})}});
  CHECK(contains(refusal(test::zip_container(twice, kStorages)), "'0'"));
  const std::string unknown = storage_id("StringStorage", "0", 6);
  CHECK(contains(refusal(test::zip_container(unknown, kStorages)),
                 "torch.StringStorage is not known"));
  const std::string foreign =
      fmt::format("({}{}{}{}{}tQ", text("storage"), global("os", "FloatStorage"), text("0"),
                  text("cpu"), integer(6));
  CHECK(contains(refusal(test::zip_container(foreign, kStorages)), "not a class of PyTorch"));
  CHECK(contains(refusal(test::zip_container(storage_id("FloatStorage", "0", -6), kStorages)),
                 "the length of a storage is the integer -6"));
  CHECK(contains(refusal(test::zip_container("K\x05Q", kStorages)), "no storage"));
  // Keys are names, so they could try to lead out of the archive.
  const std::string slip = storage_id("FloatStorage", "../../../etc/passwd", 6);
  CHECK(contains(refusal(test::zip_container(slip, kStorages)), "holds no entry"));
}

TEST_CASE("Storages of the magic-number container must be what the pickle says") {
  const std::string object = dict({{"w", kWeight}});
  const auto refused = [&](const Files& storages, const std::string& sentence) {
    const std::string why = refusal(test::magic_container(object, storages));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  refused({}, "the storage '0' is missing");
  refused({{"0", test::counted_floats(5)}}, "5 elements where 6");
  refused({{"0", test::counted_floats(6)}, {"0", test::counted_floats(6)}}, "listed twice");
  refused({{"0", test::counted_floats(6)}, {"1", ""}}, "nothing refers to it");
  std::string lying = test::magic_container(object, {{"0", test::counted_floats(6)}});
  lying.resize(lying.size() - 1);
  CHECK(contains(refusal(lying), "cut short"));
  const std::string huge = dict({{"w", tensor("0", std::int64_t{1} << 61, {6}, {1})}});
  std::string content = test::magic_container(huge, {{"0", ""}});
  content.replace(content.size() - 8, 8, little(std::uint64_t{1} << 61, 8));
  CHECK(contains(refusal(content), "cut short"));
}

TEST_CASE("Views of a storage are read, and may not reach beyond it") {
  const auto viewed = [](std::int64_t offset, std::int64_t count) {
    const std::string view = fmt::format("{}{}{}\x87", text("v"), integer(offset), integer(count));
    const std::string id =
        fmt::format("({}{}{}{}{}{}tQ", text("storage"), global("torch.cuda", "FloatStorage"),
                    text("0"), text("cuda:1"), integer(6), view);
    return test::magic_container(dict({{"w", global("torch._utils", "_rebuild_tensor") + "(" + id +
                                                 "K\x01K\x02\x85K\x01\x85tR"}}),
                                 {{"0", test::counted_floats(6)}});
  };
  const PytorchFile file(source_of(viewed(2, 3)));
  const Tensor& tensor = file.network().tensors[0].tensor;
  CHECK(read_elements(tensor) == std::vector<float>{3, 4});
  CHECK(tensor.storage->location == "cuda:1");
  CHECK(contains(refusal(viewed(2, 5)), "beyond its storage of 6"));
  CHECK(contains(refusal(viewed(7, 0)), "beyond its storage of 6"));
  CHECK(contains(refusal(viewed(INT64_MAX, INT64_MAX)), "beyond its storage of 6"));
  CHECK(contains(refusal(viewed(-1, 2)), "the offset of a view"));
  CHECK(contains(refusal(viewed(0, 2)), "beyond its storage of 2"));  // the tensor, of its view
}

TEST_CASE("The TAR container must be what it says") {
  const auto number = [](int value) {
    return test::pickle(bytes("K") + little(static_cast<unsigned>(value), 1));
  };
  const auto triple = [](int key, const std::string& second, const std::string& third) {
    return test::pickle(bytes("K") + little(static_cast<unsigned>(key), 1) + second + third +
                        "\x87");
  };
  const std::string storage = triple(1, text("cpu"), global("torch", "FloatStorage")) +
                              little(6, 8) + test::counted_floats(6);
  const std::string metadata = little(1, 8) + little(3, 8) + little(1, 8) + little(2, 8);
  const std::string tensor = triple(2, "K\x01", global("torch", "FloatTensor")) + metadata;
  const std::string object = test::pickle(dict({{"w", text("2") + "Q"}}));
  const auto refused = [&](const std::string& storages, const std::string& tensors,
                           const std::string& pickle, const std::string& sentence) {
    const std::string why =
        refusal(test::tar({{"storages", storages}, {"tensors", tensors}, {"pickle", pickle}}));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  const std::string storages = number(1) + storage + test::pickle("]");
  const std::string tensors = number(1) + tensor;
  refused(storages, tensors, object, "accepted");
  refused(number(2) + storage + test::pickle("]"), tensors, object,
          "a storage is described by a list");
  refused(number(200) + storage, tensors, object, "cut short");
  refused(test::pickle("N"), tensors, object, "the number of storages is None");
  refused(number(1) + storage.substr(0, storage.size() - 1), tensors, object, "cut short");
  refused(number(1) + storage + test::pickle("N"), tensors, object, "its list of views is None");
  refused(number(1) + storage + test::pickle("](K\x05K\x09K\x01te"), tensors, object,
          "makes no sense");
  refused(number(1) + storage + test::pickle("]((K\x05K\x09K\x01K\x01te"), tensors, object,
          "the storage '9' is missing");
  refused(number(1) + storage + test::pickle("]((K\x05K\x01K\x07K\x01te"), tensors, object,
          "beyond its storage of 6");
  refused(storages, test::pickle("]"), object, "the number of tensors is a list of 0");
  refused(storages, number(2) + tensor, object, "cut short");
  refused(storages, number(1) + triple(2, "K\x09", "N") + metadata, object, "'9' is missing");
  refused(storages, number(1) + triple(2, "K\x01", "N") + little(65, 8), object, "65 axes");
  refused(storages,
          number(1) + triple(2, "K\x01", "N") + little(1, 8) + little(7, 8) + little(1, 8) +
              little(0, 8),
          object, "beyond its storage of 6");
  refused(storages, tensors, test::pickle(dict({{"w", text("3") + "Q"}})), "'3' is missing");
  refused(storages, tensors, test::pickle(dict({{"w", "NQ"}})),
          "the key of a storage or tensor is None");
  // A tensor without elements has no storage, as the first releases wrote it.
  refused(storages, number(2) + tensor + triple(3, "N", "N") + little(0, 16), object, "accepted");
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
  const PytorchFile modest(source_of(unfolding(DenseNetConfig{.depth = 10, .growth_rate = 4})));
  CHECK(modest.parameters().at("fc.bias").values == std::vector<float>(10, 1));
  const PytorchFile bomb(source_of(unfolding(DenseNetConfig{.depth = 100, .growth_rate = 100})));
  CHECK(modest.architecture() == Architecture(DenseNetConfig{.depth = 10, .growth_rate = 4}));
  CHECK_THROWS_WITH_AS(bomb.parameters(),
                       "its tensors are views that unfold to more than the 6 elements stored",
                       Error);
}

TEST_CASE("Big-endian storages are read as such") {
  std::string swapped;
  for (int i = 0; i < 6; ++i) {
    std::string element = test::counted_floats(6).substr(static_cast<std::size_t>(4 * i), 4);
    swapped.append(element.rbegin(), element.rend());
  }
  const PytorchFile file(source_of(test::zip({{"a/data.pkl", test::pickle(dict({{"w", kWeight}}))},
                                              {"a/byteorder", "big"},
                                              {"a/data/0", swapped}})));
  CHECK(read_elements(file.network().tensors[0].tensor) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("The SHA-256 is that of sha256sum") {
  CHECK(sha256(*source_of("")) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(*source_of("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(*source_of(std::string(3000000, 'a'))) ==
        "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4");
}

// Small files as Python 2 and PyTorch 0.1 wrote them, one of each container and wrapping.
std::vector<std::pair<std::string, std::string>> small_files() {
  const test::TemporaryFolder folder;
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* container : {"magic", "tar", "zip"}) {
    const std::string path = (folder / container).string();
    const auto result = test::run_program(
        fmt::format("{} '{}/tests/pytorch/old_torch.py' '{}' --container {} --depth 0 --growth 1 "
                    "--classes 2",
                    ODIN_PYTHON, ODIN_SOURCE_DIR, path, container));
    if (result.exit_status != 0) {
      test::skip(fmt::format("{} does not run: {}", ODIN_PYTHON, result.errors));
      return {};
    }
    const SharedSource source = open_file(path);
    files.emplace_back(container, ByteReader(source).text(source->size()));
  }
  files.emplace_back("gzip around magic", test::gzip(files[0].second));
  files.emplace_back("TAR around zip", test::tar({{"net.pth", files[2].second}}));
  return files;
}

// What a file holds, or nothing where it is refused.
std::string outline(const std::string& content) {
  try {
    const PytorchFile file(source_of(content));
    std::string result;
    for (const auto& [name, tensor] : file.network().tensors) {
      result += fmt::format("{} {}:", name, shape_text(tensor.shape));
      for (const float value : read_elements(tensor)) result += fmt::format(" {}", value);
    }
    return result;
  } catch (const Error& error) {
    // One sentence, fit for one line of a terminal.
    const std::string sentence = error.what();
    CHECK_FALSE(sentence.empty());
    CHECK(sentence.size() < 1000);
    CHECK(
        std::all_of(sentence.begin(), sentence.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    return "";
  }
}

TEST_CASE("A file cut short at any byte is refused, or only lost padding") {
  for (const auto& [name, content] : small_files()) {
    CAPTURE(name);
    const std::string whole = outline(content);
    REQUIRE_FALSE(whole.empty());
    for (std::size_t length = 0; length < content.size(); ++length) {
      const std::string cut = outline(content.substr(0, length));
      if (cut.empty()) continue;
      // Only a TAR archive may go on with nothing but zeros.
      const bool padding = content.find_first_not_of('\0', length) == std::string::npos;
      if (cut != whole || !padding) FAIL(name << " cut at " << length);
    }
  }
}

TEST_CASE("A file with a flipped bit is refused or read, and nothing else") {
  for (const auto& [name, content] : small_files()) {
    CAPTURE(name);
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      if (content[bit / 8] == '\0' && bit % 8 != 3) continue;  // padding: one bit will do
      std::string damaged = content;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      outline(damaged);
    }
  }
}

}  // namespace
}  // namespace odin::pytorch
