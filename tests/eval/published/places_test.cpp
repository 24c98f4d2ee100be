#include "eval/published/places.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("the first place that exists is taken") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  const std::vector<std::string> places{"idx:svhn/test_32x32.mat", "idx:test_32x32.mat"};
  CHECK(first_place_there(places, folder.path()) == "idx:" + path + "/svhn/test_32x32.mat");
  std::ofstream(folder / "test_32x32.mat") << "x";
  CHECK(first_place_there(places, folder.path()) == "idx:" + path + "/test_32x32.mat");
  std::filesystem::create_directory(folder / "svhn");
  std::ofstream(folder / "svhn/test_32x32.mat") << "x";
  CHECK(first_place_there(places, folder.path()) == "idx:" + path + "/svhn/test_32x32.mat");
  CHECK(first_place_there(std::vector<std::string>{"uniform"}, folder.path()) == "uniform");
}

TEST_CASE("a severity is no part of a place's path") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  const std::vector<std::string> places{"npy:C/fog.npy#3", "npy:fog.npy#3"};
  std::ofstream(folder / "fog.npy") << "x";
  CHECK(first_place_there(places, folder.path()) == "npy:" + path + "/fog.npy#3");
}

TEST_CASE("the command that fetches a set follows from its place") {
  CHECK(fetch_command("folder:D/LSUN_resize") == "fetch_data LSUN_resize --data-dir D");
  CHECK(fetch_command("folder:iSUN") == "fetch_data iSUN --data-dir .");
  CHECK(fetch_command("cifar10:/a/cifar-10-batches-bin") == "fetch_data cifar10 --data-dir /a");
  CHECK(fetch_command("cifar100:it's a/cifar-100-binary") ==
        "fetch_data cifar100 --data-dir 'it'\\''s a'");
  CHECK(fetch_command("svhn:D/svhn/test_32x32.mat") == "fetch_data svhn --data-dir D");
  CHECK(fetch_command("folder:D/dtd/images") == "fetch_data textures --data-dir D");
  CHECK(fetch_command("folder:D/mine").empty());
  CHECK(fetch_command("cifar10:D/iSUN").empty());
  CHECK(fetch_command("folder:/").empty());
  CHECK(fetch_command("uniform").empty());
  CHECK(fetch_command(published_network("wideresnet10"), "my weights") ==
        "fetch_data wideresnet10 --weights-dir 'my weights'");
}

}  // namespace
}  // namespace odin
