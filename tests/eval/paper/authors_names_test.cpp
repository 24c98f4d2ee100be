#include "eval/paper/authors_names.h"

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("the authors' networks") {
  REQUIRE(authors_networks().size() == 4);
  const AuthorsNetwork& densenet = authors_network("densenet10");
  CHECK(densenet.name == "densenet10");
  CHECK(densenet.display_name == "DenseNet-BC-100");
  CHECK(densenet.weights_file == "densenet10.h5");
  CHECK(densenet.in_set_name == "CIFAR-10");
  CHECK(in_set_specification(densenet, "data") == "cifar10:data/cifar-10-batches-bin");
  const AuthorsNetwork& wide = authors_network("wideresnet100");
  CHECK(wide.display_name == "Wide-ResNet-28-10");
  CHECK(wide.weights_file == "wideresnet100.h5");
  CHECK(wide.in_set_name == "CIFAR-100");
  CHECK(in_set_specification(wide, "/data/") == "cifar100:/data/cifar-100-binary");
  for (const AuthorsNetwork& network : authors_networks()) {
    const bool of_100 = network.name.ends_with("100");
    CHECK(network.in_set_name == (of_100 ? "CIFAR-100" : "CIFAR-10"));
    CHECK(network.in_set_format == (of_100 ? "cifar100" : "cifar10"));
    CHECK(network.weights_file == std::string(network.name) + ".h5");
    CHECK(&authors_network(network.name) == &network);
  }
}

TEST_CASE("the authors' out-of-distribution sets") {
  struct Expected {
    std::string_view name, display_name, specification;
  };
  const Expected expected[] = {
      {"Imagenet", "Tiny-ImageNet (crop)", "folder:/data/Imagenet"},
      {"Imagenet_resize", "Tiny-ImageNet (resize)", "folder:/data/Imagenet_resize"},
      {"LSUN", "LSUN (crop)", "folder:/data/LSUN"},
      {"LSUN_resize", "LSUN (resize)", "folder:/data/LSUN_resize"},
      {"iSUN", "iSUN", "folder:/data/iSUN"},
      {"Uniform", "Uniform noise", "uniform"},
      {"Gaussian", "Gaussian noise", "gaussian"},
  };
  REQUIRE(authors_out_sets().size() == std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const AuthorsOutSet& found = authors_out_set(expected[i].name);
    CHECK(&found == &authors_out_sets()[i]);
    CHECK(found.display_name == expected[i].display_name);
    CHECK(out_set_specification(found, "/data") == expected[i].specification);
  }
}

TEST_CASE("the authors' magnitudes") {
  const auto magnitude = [](std::string_view network, std::string_view out_set) {
    return authors_magnitude(authors_network(network), authors_out_set(out_set));
  };
  CHECK(magnitude("densenet10", "Imagenet") == 0.0014);
  CHECK(magnitude("wideresnet10", "Imagenet") == 0.0005);
  CHECK(magnitude("densenet100", "Imagenet_resize") == 0.0028);
  CHECK(magnitude("wideresnet10", "Imagenet_resize") == 0.0011);
  CHECK(magnitude("densenet10", "LSUN") == 0);
  CHECK(magnitude("wideresnet10", "LSUN") == 0);
  CHECK(magnitude("wideresnet100", "LSUN") == 0.0048);
  CHECK(magnitude("wideresnet10", "LSUN_resize") == 0.0006);
  CHECK(magnitude("wideresnet100", "LSUN_resize") == 0.002);
  CHECK(magnitude("wideresnet10", "iSUN") == 0.0008);
  CHECK(magnitude("wideresnet10", "Uniform") == 0.0014);
  CHECK(magnitude("wideresnet100", "Gaussian") == 0.0028);
  CHECK(kAuthorsTemperature == 1000);

  AuthorsNetwork other = authors_network("densenet10");
  other.name = "densenet1000";
  CHECK_THROWS_WITH_AS(authors_magnitude(other, authors_out_set("iSUN")),
                       "the ODIN authors give no magnitude for a network \"densenet1000\"", Error);
}

TEST_CASE("an unknown name is an error that lists the known names") {
  CHECK_THROWS_WITH_AS(authors_network("densenet"),
                       "the ODIN authors have no network \"densenet\": use densenet10, "
                       "densenet100, wideresnet10 or wideresnet100",
                       Error);
  CHECK_THROWS_WITH_AS(authors_out_set("imagenet"),
                       "the ODIN authors have no out-of-distribution set \"imagenet\": use "
                       "Imagenet, Imagenet_resize, LSUN, LSUN_resize, iSUN, Uniform or Gaussian",
                       Error);
}

TEST_CASE("the Python version of an in-distribution set is taken where the binary one is absent") {
  const test::TemporaryFolder folder;
  const AuthorsNetwork& densenet = authors_network("densenet10");
  const std::string start = "cifar10:" + folder.path().string();
  std::filesystem::create_directory(folder / "cifar-10-batches-py");
  CHECK(in_set_specification(densenet, folder.path()) == start + "/cifar-10-batches-py");
  CHECK(in_set_specification(authors_network("wideresnet100"), folder.path()) ==
        "cifar100:" + folder.path().string() + "/cifar-100-binary");
  std::filesystem::create_directory(folder / "cifar-100-python");
  CHECK(in_set_specification(authors_network("wideresnet100"), folder.path()) ==
        "cifar100:" + folder.path().string() + "/cifar-100-python");
  std::filesystem::create_directory(folder / "cifar-10-batches-bin");
  CHECK(in_set_specification(densenet, folder.path()) == start + "/cifar-10-batches-bin");
}

TEST_CASE("the command that fetches a set follows from the name of its folder") {
  CHECK(fetch_command("folder:D/LSUN_resize") == "fetch_data LSUN_resize --data-dir D");
  CHECK(fetch_command("folder:iSUN") == "fetch_data iSUN --data-dir .");
  CHECK(fetch_command("cifar10:/a/cifar-10-batches-bin") == "fetch_data cifar10 --data-dir /a");
  CHECK(fetch_command("cifar100:it's a/cifar-100-binary") ==
        "fetch_data cifar100 --data-dir 'it'\\''s a'");
  CHECK(fetch_command("folder:D/mine").empty());
  CHECK(fetch_command("uniform").empty());
  CHECK(fetch_command(authors_network("wideresnet10"), "my weights") ==
        "fetch_data wideresnet10 --weights-dir 'my weights'");
}

TEST_CASE("a network is found by its architecture and its set") {
  for (const AuthorsNetwork& network : authors_networks()) {
    CHECK(name_of(architecture_of(network)) == network.display_name);
    const AuthorsNetwork* found =
        find_authors_network(architecture_of(network), network.in_set_format);
    REQUIRE(found);
    CHECK(found->name == network.name);
  }
  CHECK_FALSE(find_authors_network(WideResNetConfig{}, "fashion_mnist"));
  DenseNetConfig wider;  // of the same name
  wider.growth_rate = 24;
  CHECK_FALSE(find_authors_network(wider, "cifar10"));
}

}  // namespace
}  // namespace odin
