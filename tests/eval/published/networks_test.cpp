#include "eval/published/networks.h"

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("the published networks") {
  REQUIRE(published_networks().size() == 6);
  const PublishedNetwork& densenet = published_network("densenet10");
  CHECK(densenet.name == "densenet10");
  CHECK(densenet.display_name == "DenseNet-BC-100");
  CHECK(densenet.weights_file == "densenet10.h5");
  CHECK(densenet.in_set_name == "CIFAR-10");
  CHECK(in_set_specification(densenet, "data") == "cifar10:data/cifar-10-batches-bin");
  const PublishedNetwork& wide = published_network("wideresnet100");
  CHECK(wide.display_name == "Wide-ResNet-28-10");
  CHECK(wide.weights_file == "wideresnet100.h5");
  CHECK(wide.in_set_name == "CIFAR-100");
  CHECK(in_set_specification(wide, "/data/") == "cifar100:/data/cifar-100-binary");
  for (const PublishedNetwork& network : published_networks()) {
    const bool of_100 = network.name.ends_with("100");
    CHECK(network.in_set_name == (of_100 ? "CIFAR-100" : "CIFAR-10"));
    CHECK(network.in_set_format == (of_100 ? "cifar100" : "cifar10"));
    CHECK(network.weights_file == std::string(network.name) + ".h5");
    CHECK(&published_network(network.name) == &network);
  }
}

TEST_CASE("an unknown name is an error that lists the known names") {
  CHECK_THROWS_WITH_AS(published_network("densenet"),
                       "there is no published network \"densenet\": use densenet10, densenet100, "
                       "wideresnet10, wideresnet100, dice_densenet10 or dice_densenet100",
                       Error);
}

TEST_CASE("the Python version of an in-distribution set is taken where the binary one is absent") {
  const test::TemporaryFolder folder;
  const PublishedNetwork& densenet = published_network("densenet10");
  const std::string start = "cifar10:" + folder.path().string();
  std::filesystem::create_directory(folder / "cifar-10-batches-py");
  CHECK(in_set_specification(densenet, folder.path()) == start + "/cifar-10-batches-py");
  CHECK(in_set_specification(published_network("wideresnet100"), folder.path()) ==
        "cifar100:" + folder.path().string() + "/cifar-100-binary");
  std::filesystem::create_directory(folder / "cifar-100-python");
  CHECK(in_set_specification(published_network("wideresnet100"), folder.path()) ==
        "cifar100:" + folder.path().string() + "/cifar-100-python");
  std::filesystem::create_directory(folder / "cifar-10-batches-bin");
  CHECK(in_set_specification(densenet, folder.path()) == start + "/cifar-10-batches-bin");
}

TEST_CASE("an authors' network is found by its architecture and its set") {
  for (const PublishedNetwork& network : published_networks()) {
    CHECK(name_of(architecture_of(network)) == network.display_name);
    if (network.name.starts_with("dice_")) continue;
    const PublishedNetwork* found =
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
