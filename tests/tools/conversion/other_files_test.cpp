// Files that PyTorch 1.13 cannot make, built by hand.
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
#include "tools/conversion/network_file.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::contains;
using test::dict;
using test::file_refusal;
using test::global;
using test::integer;
using test::kBias;
using test::kNoError;
using test::kStorages;
using test::kWeight;
using test::source_of;
using test::storage_id;
using test::text;

// A tensor of three elements as PyTorch 2 saves types without a class of storages.
std::string typed(const std::string& type) {
  return fmt::format("{}({}{}K\x03\x85K\x01\x85\x89}}{}tR",
                     global("torch._utils", "_rebuild_tensor_v3"),
                     storage_id("UntypedStorage", "0", 24), integer(0), global("torch", type));
}

NetworkFile opened(const std::string& object) {
  return NetworkFile(source_of(test::zip_container(object, kStorages)));
}

TEST_CASE("Tensors of types without a class of storages are listed, and floats are read") {
  const NetworkFile floats = opened(dict({{"w", typed("float32")}}));
  CHECK(read_elements(floats.network().tensors.at(0).tensor) == std::vector<float>{0, 1, 2});
  const NetworkFile small = opened(dict({{"w", typed("float8_e4m3fn")}}));
  const Tensor& tensor = small.network().tensors.at(0).tensor;
  CHECK(tensor.storage->type->name == "float8_e4m3fn");
  CHECK(tensor.storage->count == 24);
  CHECK_THROWS_WITH_AS(read_elements(tensor),
                       "its elements are float8_e4m3fn, which are not read: save the network in "
                       "PyTorch after .float()",
                       Error);
  CHECK(
      contains(file_refusal(test::zip_container(dict({{"w", typed("float4")}}), kStorages)),
               "'w': a tensor has elements of the type the name torch.float4, which is not known"));
}

TEST_CASE("Archives of others are named by what they hold") {
  const std::pair<test::Files, std::string> cases[] = {
      {{{"m/data.pkl", "N."}, {"m/constants.pkl", "N."}}, "it is a TorchScript archive: load it"},
      {{{"m/code/__torch__.py", ""}, {"m/version", "1"}}, "it is a TorchScript archive: load it"},
      {{{"m/model.json", "{}"}, {"m/tensors/0", ""}}, "it is a TorchScript archive: load it"},
      {{{"serialized_exported_program.json", "{}"}, {"version", "1"}},
       "it is an archive of torch.export (.pt2): load it in PyTorch and save its state_dict()"},
      {{{"m/archive_format", "pt2"}, {"m/models/model.json", "{}"}, {"m/data/weights/0", ""}},
       "it is an archive of torch.export (.pt2)"},
      {{{"fc.weight.npy", ""}, {"fc.bias.npy", ""}}, "it is a NumPy archive (.npz) of 2 arrays"},
      {{{"net.pth", "x"}}, "it holds 'net.pth' (if one of these is the checkpoint, unpack it)"},
      {{{"1", ""}, {"2", ""}, {"3", ""}, {"4", ""}}, "it holds '1', '2', '3', ... (if"},
      {{}, "it holds nothing"},
      {{{"data.pkl", "N."}, {"a/b/data.pkl", "N."}}, "is not in a folder of its own"},
  };
  for (const auto& [files, sentence] : cases) {
    CAPTURE(sentence);
    const std::string archive = files.empty() ? "PK\x03\x04" + test::zip(files) : test::zip(files);
    const std::string why = file_refusal(archive);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

// The archive with its entries marked as deflated.
std::string compressed(std::string archive) {
  for (std::size_t at = archive.find("PK\x01\x02"); at != std::string::npos;
       at = archive.find("PK\x01\x02", at + 1)) {
    archive.replace(at + 10, 2, test::little(8, 2));
  }
  return archive;
}

TEST_CASE("Archives whose entries are compressed are named by what they hold as well") {
  CHECK(contains(
      file_refusal(compressed(test::zip({{"m/data.pkl", "N."}, {"m/constants.pkl", "N."}}))),
      "it is a TorchScript archive"));
  CHECK(contains(file_refusal(compressed(test::zip({{"arr_0.npy", "x"}}))), "(.npz) of 1 arrays"));
  CHECK(
      contains(file_refusal(compressed(test::zip_container(dict({{"w", kWeight}}), kStorages))),
               "the entry 'archive/data.pkl' is compressed, but torch.save stores entries as they "
               "are (was it unpacked and packed again?)"));
}

TEST_CASE("What was saved in place of a checkpoint is named inside of archives too") {
  const std::string page = "<html><title>Sign in</title>";
  for (const std::string& content : {page, test::gzip(page)}) {
    CHECK(contains(file_refusal(content), "it is a web page with the title 'Sign in'"));
  }
  CHECK(file_refusal("hello, world") ==
        "it is not a file that PyTorch saved: it is text, which begins 'hello, world'");
  CHECK(contains(file_refusal(bytes("\x00\x05\x16\x07\x00\x02\x00\x00")), "an AppleDouble file"));
  CHECK(file_refusal(bytes("\x89PNG\r\n\x1a\n\x00")).starts_with("it is an image, not a network"));
  CHECK(file_refusal(std::string(64, '\0')).starts_with("it begins with 64 bytes of zero"));
  CHECK(file_refusal(bytes("\x00\x00\x00\x00\x00\x00\x00\x40{\"w\": {}}"))
            .starts_with("it is a safetensors file whose header's length is wrong"));
  // A Mac's TAR archive has one beside each file.
  const std::string net = test::zip_container(dict({{"w", kWeight}}), kStorages);
  CHECK(file_refusal(test::tar(
            {{"._net.pth", bytes("\x00\x05\x16\x07\x00\x02")}, {"net.pth", net}})) == kNoError);
}

std::string kind(const std::string& object, const std::string& key = "") {
  return NetworkFile(source_of(test::zip_container(object, kStorages)), key).network().kind;
}

std::string refusal(const std::string& object, const std::string& key = "") {
  try {
    return kind(object, key);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("A network is told from what is saved beside it") {
  const std::string net = dict({{"fc.weight", kWeight}, {"fc.bias", kBias}});
  // Statistics and single tensors beside a larger dict are no network.
  CHECK(kind(dict({{"queue", kWeight}, {"weights", net}})) == "a state dict");
  CHECK(kind(dict({{"mu", kBias}, {"weights", net}})) == "a state dict");
  CHECK(kind(dict({{"loss", dict({{"mean", kBias}})}, {"weights", net}})) == "a state dict");
  // An optimizer has tensors as well.
  CHECK(kind(dict({{"opt", dict({{"state", dict({{"momentum", kWeight}, {"step", kBias}})},
                                 {"param_groups", "]"}})},
                   {"weights", net}})) == "a state dict");
  CHECK(refusal(dict({{"a", net}, {"b", net}})) ==
        "it holds 2 networks: choose one with --key from 'a' (a state dict of 2 tensors), 'b' (a "
        "state "
        "dict of 2 tensors)");
  CHECK(kind(dict({{"a", net}, {"b", dict({{"c", net}})}}), "b.c") == "a state dict under 'b.c'");
  CHECK(refusal(net, "a") ==
        "it holds no network under the key 'a', but '.' (a state dict of 2 tensors); the first "
        "tensor of '.' is 'fc.weight'");
  CHECK(kind(net, "fc") == "a state dict under 'fc'");
  CHECK(kind(net, ".") == "a state dict under '.'");
}

TEST_CASE("A key leads to the network below it, and for a wrong one the right ones are named") {
  const std::string net = dict({{"fc.weight", kWeight}, {"fc.bias", kBias}});
  const std::string nested = dict({{"net", dict({{"inner", net}})}, {"epoch", integer(1)}});
  CHECK(kind(nested, "net") == "a state dict under 'net.inner'");
  CHECK(kind(nested, "net.inner") == "a state dict under 'net.inner'");
  CHECK(kind(nested, "net.inner.fc") == "a state dict under 'net.inner.fc'");
  const std::string parallel = dict({{"net", dict({{"module.fc.weight", kWeight}})}});
  CHECK(kind(parallel, "net.module") == "a state dict under 'net.module'");
  CHECK(kind(parallel, "net.module.fc") == "a state dict under 'net.module.fc'");
  CHECK(refusal(nested, "net.inner.module").starts_with("it holds no network under the key 'net."));
  CHECK(refusal(nested, "ne") ==
        "it holds no network under the key 'ne', but 'net.inner' (a state dict of 2 tensors); the "
        "first tensor of 'net.inner' is 'fc.weight'");
  CHECK(refusal(dict({{"state_dict", net}}), "model") ==
        "it holds no network under the key 'model', but 'state_dict' (a state dict of 2 tensors); "
        "the first tensor of 'state_dict' is 'fc.weight'");
  const std::string several =
      dict({{"a", dict({{"x", net}, {"y", dict({{"w", kWeight}})}})}, {"b", net}});
  CHECK(refusal(several, "a") ==
        "it holds 2 networks under the key 'a': choose one with --key from 'a.x' (a state dict of "
        "2 tensors), 'a.y' (a state dict of 1 tensors)");
  CHECK(kind(several, "a.x") == "a state dict under 'a.x'");
}

TEST_CASE("A sparse tensor is named") {
  const std::string sparse =
      global("torch._utils", "_rebuild_sparse_tensor") + "K\x01(" + kBias + kWeight + "K\x02t\x86R";
  const std::string parameter =
      global("torch._utils", "_rebuild_parameter") + sparse + "\x89}\x87R";
  for (const std::string& value : {sparse, parameter}) {
    CHECK(refusal(dict({{"w", kWeight}, {"fc.weight", value}})) ==
          "'fc.weight' is a sparse tensor: save its to_dense() in place of it");
  }
}

TEST_CASE("Dicts in great numbers or depth take no more than a moment") {
  std::string deep = dict({{"w", kWeight}});
  for (int i = 0; i < 200; ++i) deep = dict({{"d", deep}});
  CHECK(contains(refusal(deep), "a dict of 1 without a tensor"));
  const std::string name(1000, 'k');
  std::string wide = dict({});
  for (int i = 0; i < 40; ++i) wide = dict({{name + "1", wide}, {name + "2", "}"}});
  CHECK(contains(refusal(wide), "a dict of 2 without a tensor"));
  std::string many = "}(";
  for (int i = 0; i < 2000; ++i) many += text(fmt::format("{}", i)) + dict({{"w", kWeight}});
  CHECK(contains(refusal(many + "u"), "it holds more than 1000 networks"));
}

}  // namespace
}  // namespace odin::pytorch
