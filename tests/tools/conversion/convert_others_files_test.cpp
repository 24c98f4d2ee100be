// Networks that other people saved: under other keys, with other names, and as safetensors.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/support.h"
#include "tests/tools/conversion/conversion_support.h"
#include "tools/conversion/network_file.h"
#include "weights/checkpoint.h"

namespace odin {
namespace {

namespace fs = std::filesystem;
using test::check_conversion;
using test::contains;
using test::convert;
using test::kThreeClasses;
using test::run_script;

TEST_CASE("A network under any key, with any prefix and with others' names converts bit for bit") {
  const test::TemporaryFolder folder;
  if (!run_script(fmt::format("saved_by_others.py networks '{}'", folder.path().string()))) return;
  const Architecture small = DenseNetConfig{.depth = 10, .growth_rate = 4, .num_classes = 3};
  int count = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".expected") continue;
    CAPTURE(entry.path().string());
    const pytorch::NetworkFile file(in_file(InputFile(entry.path())));
    CHECK(file.architecture() == small);
    test::check_parameters(file.parameters(), entry.path().string() + ".expected");
    ++count;
  }
  CHECK(count == 31);
}

TEST_CASE("Tensors beside the network are ignored with a note, and --strict refuses them") {
  const test::TemporaryFolder folder;
  if (!run_script(fmt::format("saved_by_others.py networks '{}' beside.pth encoder.pth",
                              folder.path().string())))
    return;
  const std::string files =
      fmt::format("'{0}/beside.pth' '{0}/net.h5' {1}", folder.path().string(), kThreeClasses);
  const std::string tensors =
      "2 tensors that are no part of the network: mu (10), normalize.mean (1, 3, 1, 1)";
  auto result = convert(files + " --strict");
  CHECK(result.exit_status == 1);
  CHECK(result.errors == fmt::format("convert_checkpoint: {}/beside.pth: it holds {}\n",
                                     folder.path().string(), tensors));
  CHECK_FALSE(fs::exists(folder / "net.h5"));
  result = convert(files);
  CHECK(result.exit_status == 0);
  CHECK_MESSAGE(contains(result.output, "\nIgnored " + tensors + "."), result.output);
  result = convert(fmt::format("--list '{}'", (folder / "beside.pth").string()));
  CHECK_MESSAGE(contains(result.output, "\nbeside it: " + tensors + "\n"), result.output);
  CHECK(convert(fmt::format("'{0}/encoder.pth' '{0}/net.h5' {1} --strict", folder.path().string(),
                            kThreeClasses))
            .exit_status == 0);
}

TEST_CASE("Of several networks, --key takes one, and without it they are listed") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  if (!run_script(fmt::format("saved_by_others.py several '{}'", path))) return;
  const auto refused = [&](const std::string& file, const std::string& options,
                           const std::string& sentence) {
    const auto result =
        convert(fmt::format("'{0}/{1}' '{0}/net.h5' {2} {3}", path, file, kThreeClasses, options));
    CHECK(result.exit_status == 1);
    CHECK(result.errors == fmt::format("convert_checkpoint: {}/{}: {}\n", path, file, sentence));
  };
  const std::string three =
      "'model' (a state dict of 56 tensors), 'ema.module' (a state dict of 56 tensors), 'teacher' "
      "(a "
      "module of class networks.DenseNet3)";
  refused("several.pth", "", "it holds 3 networks: choose one with --key from " + three);
  refused("several.pth", "--key emma", "it holds no network under the key 'emma', but " + three);
  for (const char* file : {"one_dict.pth", "one_dict.safetensors"}) {
    refused(file, "",
            "the names of its tensors are those of 2 networks: choose one with --key, such as "
            "'student' or 'teacher'");
  }
  refused("one_dict.pth", "--key pupil",
          "it holds no network under the key 'pupil', but 'state_dict' (a state dict of 112 "
          "tensors); the first tensor of 'state_dict' is 'student.conv1.weight'");
  refused("one_dict.safetensors", "--key pupil",
          "it holds no tensor whose name begins with 'pupil.'; the first one's is "
          "'student.conv1.weight'");
  const std::vector<std::pair<std::string, std::pair<const char*, int>>> chosen = {
      {"several.pth", {"model", 1}},
      {"several.pth", {"ema.module", 2}},
      {"several.pth", {"ema", 2}},
      {"several.pth", {"teacher", 3}},
      {"one_dict.pth", {"student", 1}},
      {"one_dict.pth", {"state_dict.teacher", 2}},
      {"one_dict.safetensors", {"teacher", 2}},
  };
  for (const auto& [file, key] : chosen) {
    const Checkpoint checkpoint =
        check_conversion(folder / file, fmt::format("{} --key {}", kThreeClasses, key.first),
                         folder / fmt::format("{}.expected", key.second));
    CHECK_MESSAGE(contains(checkpoint.source, fmt::format(" under '{}", key.first)),
                  checkpoint.source);
  }
}

TEST_CASE("What Python saves instead of a network is named, with what to do about it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  if (!run_script(fmt::format("saved_by_others.py mistakes '{}'", path))) return;
  const std::string state_dict = "save the network's state_dict() with torch.save";
  const std::string from_numpy = "save {name: torch.from_numpy(array)} with torch.save";
  const std::string arrays = "it holds a dict of 56 NumPy arrays, where tensors are needed: ";
  const std::pair<std::string, std::string> cases[] = {
      {"pickled_state_dict",
       "it was written by pickle.dump, not by torch.save: load it in Python with pickle.load, and "
       "save the network's state_dict() with torch.save"},
      {"pickled_arrays",
       "it is not a file that PyTorch saved, but a pickle of a dict of 56: " + arrays + from_numpy},
      {"pickled_arrays_5",
       "it is not a file that PyTorch saved, but a pickle of a dict of 56: " + arrays + from_numpy},
      {"pickled_list",
       "it is not a file that PyTorch saved, but a pickle of a list of 2: it holds a list of 2, "
       "not "
       "a network"},
      {"saved_arrays", arrays + from_numpy},
      {"saved_nested_arrays", arrays + from_numpy},
      {"saved_tensor", "it holds a single tensor of shape (3, 2), not a network: " + state_dict},
      {"saved_list",
       "it holds a list of 56 with tensors but without their names, not a network: " + state_dict},
      {"saved_numbers", "it holds a dict of 2 without a tensor, so no network"},
      {"quantised",
       "it is a quantised network ('0.weight' is qint8): save the network as it was before that"},
      {"torchscript",
       "it is a TorchScript archive: load it in PyTorch and save its state_dict() with torch.save"},
      {"onnx",
       "it is an ONNX model, whose parameters have lost their names: save the state_dict() of the "
       "network that it was exported from with torch.save"},
      {"arrays.npz", "it is a NumPy archive (.npz) of 56 arrays: " + from_numpy},
      {"compressed.npz", "it is a NumPy archive (.npz) of 56 arrays: " + from_numpy},
      {"array.npy", "it is a single NumPy array (.npy), not a network: " + state_dict},
      {"torchvision",
       "it is torchvision's DenseNet for large images: after its first convolution it normalises "
       "('features.norm0.weight') and pools, which ours, for images of 32 x 32, does not"},
      {"kuangliu",
       "it is kuangliu's DenseNet ('dense1.0.conv1.weight'): a layer's new channels stand before "
       "the "
       "others, where ours stand after them, and it has four dense blocks, where ours has three"},
      {"resnet",
       "it is a ResNet with torchvision's names ('layer1.0.conv1.weight'), not a Wide ResNet with "
       "the names of the ODIN authors' ('block1.layer.0.conv1.weight')"},
      {"two_heads", "its classifier may be 'head' or 'linear': rename one of them to 'fc'"},
      {"third",
       "its 2 tensors are neither a DenseNet nor a Wide ResNet: 'block1.layer.0.conv1.weight' and "
       "'fc.weight' are missing, and the first one's name is 'z.weight'"},
  };
  for (const auto& [name, sentence] : cases) {
    CAPTURE(name);
    const auto result =
        convert(fmt::format("'{0}/{1}' '{0}/net.h5' {2}", path, name, kThreeClasses));
    CHECK(result.exit_status == 1);
    CHECK(result.errors == fmt::format("convert_checkpoint: {}/{}: {}\n", path, name, sentence));
  }
}

}  // namespace
}  // namespace odin
