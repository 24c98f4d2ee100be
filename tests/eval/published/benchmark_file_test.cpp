#include "eval/published/benchmark_file.h"

#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("the bundled benchmarks are read, in the order of their names") {
  CHECK(bundled_benchmark_names() == std::vector<std::string>{"cifar", "near", "odin"});
  CHECK(load_benchmark("odin")->set_names() ==
        std::vector<std::string>{"Imagenet", "Imagenet_resize", "LSUN", "LSUN_resize", "iSUN",
                                 "Uniform", "Gaussian"});
  const auto cifar = load_benchmark("cifar");
  CHECK(cifar->set_names() ==
        std::vector<std::string>{"SVHN", "LSUN", "LSUN_resize", "iSUN", "Textures", "Places365"});
  CHECK(cifar->find_set("Textures")->fit == ImageFit::kResizeCrop);
  CHECK(cifar->find_set("Places365")->fit == ImageFit::kResizeCrop);
  CHECK(cifar->find_set("LSUN")->fit == ImageFit::kExact);
  CHECK(load_benchmark("near")->set_names() ==
        std::vector<std::string>{"CIFAR-10", "CIFAR-100", "Tiny-ImageNet"});
}

// The parameters for a pair, as "temperature magnitude", or "none".
std::string parameters(std::string_view network, const char* set, const char* edition) {
  const auto found = published_parameters(*load_benchmark("odin"), network, set, edition);
  return found ? fmt::format("{} {}", found->temperature, found->magnitude) : "none";
}

TEST_CASE("the magnitudes are those of the edition that fits the released network") {
  CHECK(parameters("densenet10", "Imagenet", "") == "1000 0.0014");
  CHECK(parameters("densenet10", "LSUN", "") == "1000 0.0014");
  CHECK(parameters("densenet100", "LSUN", "") == "1000 0.002");
  CHECK(parameters("densenet100", "iSUN", "") == "1000 0.002");  // Table 2 of v5 was tuned on it
  CHECK(parameters("wideresnet10", "Imagenet", "") == "1000 0.0005");
  CHECK(parameters("wideresnet100", "LSUN", "") == "1000 0.0048");
  CHECK(parameters("dice_densenet10", "LSUN", "") == "none");
}

TEST_CASE("the authors' README has a magnitude for every pair") {
  CHECK(parameters("densenet10", "LSUN", "before-v5") == "1000 0");
  CHECK(parameters("densenet10", "Imagenet", "before-v5") == "1000 0.0014");
  CHECK(parameters("densenet100", "Imagenet", "before-v5") == "1000 0.0014");
  CHECK(parameters("densenet100", "Imagenet_resize", "before-v5") == "1000 0.0028");
  CHECK(parameters("wideresnet10", "Imagenet", "before-v5") == "1000 0.0005");
  CHECK(parameters("wideresnet10", "Imagenet_resize", "before-v5") == "1000 0.0011");
  CHECK(parameters("wideresnet10", "LSUN", "before-v5") == "1000 0");
  CHECK(parameters("wideresnet100", "LSUN", "before-v5") == "1000 0.0048");
  CHECK(parameters("wideresnet10", "LSUN_resize", "before-v5") == "1000 0.0006");
  CHECK(parameters("wideresnet100", "LSUN_resize", "before-v5") == "1000 0.002");
  CHECK(parameters("wideresnet10", "iSUN", "before-v5") == "1000 0.0008");
  CHECK(parameters("wideresnet10", "Uniform", "before-v5") == "1000 0.0014");
  CHECK(parameters("wideresnet100", "Gaussian", "before-v5") == "1000 0.0028");
  CHECK(parameters("wideresnet100", "Gaussian", "v5") == "none");
  CHECK_THROWS_WITH_AS(
      parameters("densenet10", "LSUN", "v6"),
      "\"The seven sets of Liang, Li & Srikant, ICLR 2018\" has no edition \"v6\": "
      "use v5 or before-v5",
      Error);
}

TEST_CASE("a user's file is read whole") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "mine.json").string();
  std::ofstream(path) << R"({
    "title": "Mine", "sets": [
      {"name": "a", "title": "Set A", "places": ["folder:A", "folder:B"], "fit": "resize"},
      {"name": "noise", "places": ["uniform"]}],
    "editions": [{"name": "first", "source": "Someone 2020", "figures": ["auroc", "fpr_at_tpr95"],
      "networks": [{"name": "net", "temperature": 10, "magnitude": 0.1, "magnitudes": {"a": 0.2},
                    "published": [{"set": "a", "odin": [99.5, null]}]}]}]})";
  const auto benchmark = load_benchmark(path);
  CHECK(benchmark->title == "Mine");
  REQUIRE(benchmark->sets.size() == 2);
  CHECK(benchmark->sets[0].title == "Set A");
  CHECK(benchmark->sets[0].places == std::vector<std::string>{"folder:A", "folder:B"});
  CHECK(benchmark->sets[0].fit == ImageFit::kResize);
  CHECK(benchmark->sets[1].title == "noise");
  CHECK(published_parameters(*benchmark, "net", "a", "") == OdinParameters{10, 0.2});
  CHECK(published_parameters(*benchmark, "net", "noise", "") == OdinParameters{10, 0.1});
  const Metrics& metrics = benchmark->editions.at(0).networks.at(0).figures.at("a").at("odin");
  CHECK(metrics.auroc == 0.995);
  CHECK_FALSE(metrics.fpr_at_tpr95);
  CHECK(std::isnan(metrics.detection_error));
}

TEST_CASE("a wrong file is refused with the place and what is expected there") {
  const std::string set = R"("title": "T", "sets": [{"name": "a", "places": ["uniform"]}])";
  const auto with_network = [&](const char* network) {
    return "{" + set +
           R"(, "editions": [{"name": "e", "source": "s", "figures": ["auroc"], "networks": [)" +
           network + "]}]}";
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[]", "b: an object is expected, not array"},
      {std::string(500'000, '['), "b is nested more than 32 deep"},
      {"{}", "b has no \"title\""},
      {R"({"title": 3})", "b: title: a text is expected, not number"},
      {R"({"title": "", "sets": []})", "b: title is empty"},
      {R"({"title": "T", "sets": []})", "b has no sets"},
      {R"({"title": "T", "sets": [], "extra": 1})",
       "b: extra is not a member here: use title, sets, editions"},
      {R"({"title": "T", "sets": [{"name": "a", "places": []}]})", "b: sets[0] has no places"},
      {R"({"title": "T", "sets": [{"name": "all", "places": ["uniform"]}]})",
       "b: sets[0]: \"all\" stands for all sets and cannot be the name of one"},
      {R"({"title": "T", "sets": [{"name": "a\u001b", "places": ["uniform"]}]})",
       "b: sets[0]: name has characters that cannot be printed: a\\x1b"},
      {R"({"title": "T", "sets": [{"name": "a", "places": ["uniform"]}, {"name": "a", "places": ["uniform"]}]})",
       "b has \"a\" twice"},
      {R"({"title": "T", "sets": [{"name": "a", "places": ["uniform"], "fit": "shrink"}]})",
       "b: sets[0]: fit: there is no fit \"shrink\": use exact, resize, resize-crop, "
       "resize-bilinear, resize-nearest, center-crop or random-crop"},
      {"{" + set +
           R"(, "editions": [{"name": "e", "source": "s", "figures": ["fpr"], "networks": []}]})",
       "b: editions[0]: figures[0]: there is no figure \"fpr\": use fpr_at_tpr95, detection_error, "
       "auroc, aupr_in, aupr_out"},
      {with_network(R"({"name": "n", "magnitude": -1})"),
       "b: editions[0]: networks[0]: magnitude is -1, but must be in 0 to 1000000"},
      {with_network(R"({"name": "n", "magnitudes": {"c": 0}})"),
       "b: editions[0]: networks[0]: magnitudes: the benchmark has no set \"c\": use a"},
      {with_network(R"({"name": "n", "published": [{"set": "a", "odn": [1]}]})"),
       "b: editions[0]: networks[0]: published[0]: odn: there is no detector of this name"},
      {with_network(R"({"name": "n", "published": [{"set": "a", "odin": [1, 2]}]})"),
       "b: editions[0]: networks[0]: published[0]: odin has 2 figures, but the edition lists 1"},
      {with_network(R"({"name": "n", "published": [{"set": "a", "odin": [101]}]})"),
       "b: editions[0]: networks[0]: published[0]: odin[0] is 101, but must be in 0 to 100"},
      {with_network(R"({"name": "n", "another_network": 1})"),
       "b: editions[0]: networks[0]: another_network: true or false is expected, not number"}};
  for (const auto& [text, sentence] : cases) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_benchmark(text, "b"), sentence.c_str(), Error);
  }
  CHECK_THROWS_AS(parse_benchmark("{\"title\":", "b"), Error);
  CHECK_THROWS_AS(parse_benchmark(std::string(100000, '['), "b"), Error);
  CHECK_THROWS_WITH_AS(
      parse_benchmark(R"({"title": "T", "sets": [{"name": "a", "places": ["folders:x"]}]})", "b"),
      doctest::Contains("b: sets[0]: places[0]: "), Error);
}

TEST_CASE("a name that is neither a benchmark nor a file is refused") {
  CHECK_THROWS_WITH_AS(
      load_benchmark("cifra"),
      "there is no benchmark \"cifra\": use cifar, near, odin, or the path of a file", Error);
}

}  // namespace
}  // namespace odin
