#include "eval/benchmark/class_match.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace odin {
namespace {

using Names = std::vector<std::string>;
using Classes = std::vector<std::int32_t>;

// A set without pixels.
class Labelled final : public Dataset {
 public:
  explicit Labelled(const DatasetLabels& labels) : Dataset("mine", 1, {}, labels) {}

 private:
  void read_images(std::int64_t, std::int64_t, float*) const override {}
};

ClassMatch match(int classes, const Names& of_set, int of_network, const Names& names,
                 const char* trained_on = "", SetOrigin origin = SetOrigin::kUnknown) {
  return match_classes(Labelled({{0}, classes, of_set}), {of_network, names, trained_on}, origin);
}

TEST_CASE("classes are matched by name, by number or in order, and nothing is said of it") {
  const ClassMatch by_name = match(3, {"a_b", "c", "d"}, 3, {"d", "a/b", "c"});
  CHECK(by_name.classes == Classes{1, 2, 0});
  CHECK(by_name.notes.empty());
  const ClassMatch in_order = match(3, {}, 3, {"d", "a/b", "c"});
  CHECK(in_order.classes == Classes{0, 1, 2});
  CHECK(in_order.notes.empty());
  CHECK(match(3, {"c", "d", "e"}, 3, {}).classes == Classes{0, 1, 2});
  CHECK(match(2, {"0", "1"}, 2, {}).notes.empty());
  const ClassMatch unlabelled = match(0, {}, 3, {});
  CHECK(unlabelled.classes.empty());
  CHECK(unlabelled.notes.empty());
  // The same set under other names, as PyTorch's tutorial gives CIFAR-10: its labels are the
  // classes.
  const ClassMatch same =
      match(2, {"airplane", "automobile"}, 2, {"plane", "car"}, "cifar10", SetOrigin::kSame);
  CHECK(same.classes == Classes{0, 1});
  CHECK(same.notes.empty());
}

TEST_CASE("folders that are numbers are said to be taken as classes") {
  const ClassMatch numbers = match(2, {"0", "1"}, 2, {"cat", "dog"});
  CHECK(numbers.classes == Classes{0, 1});
  CHECK(numbers.notes ==
        Names{"The class folders of mine are numbers, taken as the network's classes 0 to 1."});
  // In the order of the alphabet, 10 follows 1.
  Names eleven = {"0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"};
  const ClassMatch sorted = match(11, eleven, 11, {});
  CHECK(sorted.classes[2] == 10);
  CHECK(sorted.notes.size() == 1);
}

TEST_CASE(
    "a network without class names takes those of the set in their order, and the report says so") {
  const ClassMatch letters = match(3, {"c", "d", "e\x1b[2J"}, 3, {});
  CHECK(letters.classes == Classes{0, 1, 2});
  CHECK(
      letters.notes ==
      Names{"The network has no class names: those of mine are taken as its classes in "
            "alphabetical order ('c', 'd', 'e\\x1b[2J'). The accuracy holds only if it was trained "
            "in this order."});
  // Not the order of the alphabet, in which 10 follows 1.
  const ClassMatch numbers = match(4, {"1", "10", "2", "3"}, 4, {});
  CHECK(numbers.classes == Classes{0, 3, 1, 2});
  REQUIRE(numbers.notes.size() == 1);
  CHECK(numbers.notes[0].find("in numerical order ('1', '2', '3' and 1 other)") !=
        std::string::npos);
  CHECK(match(2, {"c", "d"}, 2, {}, "cifar10", SetOrigin::kSame).notes.empty());
}

TEST_CASE("a set with some of the network's classes has an accuracy, and the report says so") {
  const ClassMatch some = match(2, {"c", "d"}, 3, {"d", "a/b", "c"});
  CHECK(some.classes == Classes{2, 0});
  CHECK(some.notes == Names{"mine has 2 of the network's 3 classes."});
}

TEST_CASE("other classes give no accuracy, and the report says why") {
  const ClassMatch number = match(10, {}, 100, {}, "cifar100");
  CHECK(number.classes.empty());
  CHECK(number.notes == Names{"No accuracy: mine has 10 classes, but the network has 100 (it was "
                              "trained on cifar100)."});
  const ClassMatch one = match(1, {"images"}, 3, {"a", "b", "c"});
  CHECK(one.notes == Names{"No accuracy: mine has 1 class, but the network has 3."});
  const ClassMatch names = match(5, {"a", "p", "q\x1b[2J", "r", "s"}, 5, {"a", "b", "c", "d", "e"});
  CHECK(names.classes.empty());
  CHECK(names.notes ==
        Names{"No accuracy: the classes of mine are not the network's: 'p', 'q\\x1b[2J', 'r' and 1 "
              "other, where the network has 'a', 'b', 'c' and 2 others. Class folders have the "
              "names of the network's classes, with '_' for '/', or their numbers from 0."});
}

TEST_CASE("a network that was trained on another set is named") {
  CHECK(set_origin(DatasetKind::kCifar10, "fashion_mnist") == SetOrigin::kOther);
  CHECK(set_origin(DatasetKind::kCifar10Training, "CIFAR-10") == SetOrigin::kSame);
  CHECK(set_origin(DatasetKind::kCifar100, "cifar10") == SetOrigin::kOther);
  CHECK(set_origin(DatasetKind::kCifar100, "cifar100") == SetOrigin::kSame);
  CHECK(set_origin(DatasetKind::kCifar10, "") == SetOrigin::kUnknown);
  CHECK(set_origin(DatasetKind::kIdx, "cifar10") == SetOrigin::kOther);
  CHECK(set_origin(DatasetKind::kIdx, "fashion_mnist") == SetOrigin::kUnknown);
  CHECK(set_origin(DatasetKind::kFolder, "cifar10") == SetOrigin::kUnknown);
  CHECK(match(10, {}, 10, {}, "fashion_mnist", SetOrigin::kOther).classes.size() == 10);
  CHECK(origin_notes("mine", "fashion_mnist", DatasetKind::kCifar10) ==
        Names{"The network was trained on fashion_mnist, but the in-distribution set is mine."});
  CHECK(origin_notes("mine", "cifar10", DatasetKind::kCifar10).empty());
  CHECK(origin_notes("mine", "cifar10", DatasetKind::kFolder).empty());
}

TEST_CASE("images that a network was trained on are named") {
  CHECK(origin_notes("mine", "CIFAR-10", DatasetKind::kCifar10Training) ==
        Names{"The network was trained on the images of mine, which score higher than new ones."});
}

}  // namespace
}  // namespace odin
