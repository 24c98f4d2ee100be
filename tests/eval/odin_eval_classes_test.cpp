// odin_eval with a network and a set that do not belong together, and with ways to name their
// classes.
#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/eval/odin_eval_support.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/support.h"
#include "weights/checkpoint.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kFashion = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                           "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                           "Bag",         "Ankle boot"};

void write_network(const EvalWorkspace& w, const char* name, int classes, const char* trained_on,
                   const std::vector<std::string>& class_names) {
  Checkpoint checkpoint = small_checkpoint({10, 4, 0.5, true, classes});
  checkpoint.in_dataset = trained_on;
  checkpoint.class_names = class_names;
  write_checkpoint(checkpoint, w.folder / name);
}

std::string command(const char* network, const char* in) {
  return fmt::format("--weights {} --in {} --out uniform --skip 0 --device cpu", network, in);
}

// The accuracy in the JSON report of a run, or -1.
double accuracy(const EvalWorkspace& w, const std::string& arguments) {
  w.succeed(arguments + " --quiet --json r.json");
  const auto json = nlohmann::json::parse(content_of(w.folder / "r.json"));
  return json["accuracy"].is_null() ? -1 : json["accuracy"].get<double>();
}

}  // namespace

TEST_CASE("a note says where sets are the network's training images, or one another") {
  const EvalWorkspace w;
  w.write_training_half();
  const ProgramResult r = w.succeed(
      "--weights densenet10.h5 --in cifar10-train:cifar-10-batches-bin --out "
      "cifar10-train:./cifar-10-batches-bin/ --out "
      "cifar10:cifar-10-batches-bin --out uniform --skip 3 --device cpu");
  CHECK(contains(r.output,
                 "The network was trained on the images of CIFAR-10 (training), which score higher "
                 "than new ones.\n"));
  CHECK(contains(
      r.output,
      "CIFAR-10 (training) is the in-distribution set and an out-of-distribution set at once.\n"));
  CHECK_FALSE(contains(r.output, "CIFAR-10 is the in"));
  CHECK_FALSE(contains(w.succeed(kGeneral).output, "higher than new"));
}

TEST_CASE("a CIFAR-100 network on CIFAR-10 is told of in every report, and before the work") {
  const EvalWorkspace w;
  write_network(w, "net.h5", 100, "cifar100", {});
  const ProgramResult r = w.succeed(command("net.h5", "cifar10:cifar-10-batches-bin") +
                                    " --json r.json --csv r.csv --markdown r.md --report page");
  const std::string other =
      "The network was trained on cifar100, but the in-distribution set is CIFAR-10.";
  const std::string none =
      "No accuracy: CIFAR-10 has 10 classes, but the network has 100 (it was trained on cifar100).";
  CHECK(r.errors.starts_with(other + "\n" + none + "\n"));
  CHECK(r.output.ends_with("\n\n" + other + "\n\n" + none + "\n"));
  CHECK(!contains(r.output, "Classification accuracy"));
  CHECK(nlohmann::json::parse(content_of(w.folder / "r.json"))["notes"] ==
        nlohmann::json{other, none});
  for (const char* file : {"r.csv", "r.md", "page/index.html"}) {
    CAPTURE(file);
    CHECK(contains(content_of(w.folder / file), none));
    CHECK(contains(content_of(w.folder / file), other));
  }
  CHECK(w.succeed(command("net.h5", "cifar10:cifar-10-batches-bin") + " --quiet").errors.empty());
}

TEST_CASE("a Fashion-MNIST network as densenet10 is told of, and its classes with CIFAR's names") {
  const EvalWorkspace w;
  write_network(w, "densenet10.h5", 10, "fashion_mnist", kFashion);
  const std::string arguments =
      "--nn densenet10 --out_dataset Uniform --skip 0 --device cpu --quiet";
  const std::string without = w.succeed(arguments).output;
  CHECK(contains(
      without,
      "\nThe network was trained on fashion_mnist, but the in-distribution set is CIFAR-10.\n"));
  write_bytes(w.folder / "cifar-10-batches-bin/batches.meta.txt",
              "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  const std::string with = w.succeed(arguments).output;
  CHECK(
      contains(with, "\nNo accuracy: the classes of CIFAR-10 are not the network's: 'airplane', "));
  CHECK(!contains(with, "Classification accuracy"));
}

TEST_CASE("class folders bear the network's names, with _ for /, or numbers, or give no accuracy") {
  const EvalWorkspace w;
  write_network(w, "net.h5", 10, "fashion_mnist", kFashion);
  for (std::size_t k = 0; k < kFashion.size(); ++k) {
    std::string name = kFashion[k];
    std::ranges::replace(name, '/', '_');
    w.write_folder("named/" + name, 2, k);
    w.write_folder(fmt::format("numbered/{}", k), 2, k);
    w.write_folder(fmt::format("strange/n0144076{}", k), 2, k);
  }
  const double named = accuracy(w, command("net.h5", "folder:named"));
  CHECK(named >= 0);
  CHECK(accuracy(w, command("net.h5", "folder:numbered")) == named);
  CHECK(accuracy(w, command("net.h5", "folder:strange")) == -1);
  CHECK(contains(w.succeed(command("net.h5", "folder:named") + " --quiet").output,
                 "Classification accuracy"));
  CHECK(contains(
      w.succeed(command("net.h5", "folder:numbered") + " --quiet").output,
      "\nThe class folders of numbered are numbers, taken as the network's classes 0 to 9.\n"));
  CHECK(contains(w.succeed(command("net.h5", "folder:strange") + " --quiet").output,
                 "\nNo accuracy: the classes of strange are not the network's: 'n01440760', "));
}
