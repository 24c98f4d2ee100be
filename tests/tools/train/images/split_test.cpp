// Which images are trained on, and which are held out.
#include "tools/train/images/split.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

using test::kImageElements;
using training::last_images_split;
using training::Split;
using training::stratified_split;

// Images that are told apart by their first pixel, with these labels.
class Numbered final : public ByteDataset {
 public:
  explicit Numbered(std::vector<std::int32_t> labels, std::vector<std::string> names = {})
      : ByteDataset(
            "numbered", static_cast<std::int64_t>(labels.size()), {},
            {labels, 1 + *std::max_element(labels.begin(), labels.end()), std::move(names)}) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    std::fill(pixels, pixels + kImageElements, static_cast<std::uint8_t>(index));
  }
};

std::shared_ptr<const Dataset> sorted_classes(int classes, int images) {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < classes * images; ++i) labels.push_back(i / images);
  return std::make_shared<Numbered>(labels);
}

std::vector<int> numbers(const Dataset& images) {
  std::vector<float> pixels(static_cast<std::size_t>(images.size() * kImageElements));
  images.read(0, images.size(), pixels.data());
  std::vector<int> numbers;
  for (std::size_t i = 0; i < pixels.size(); i += kImageElements) {
    numbers.push_back(static_cast<int>(std::lround(pixels[i] * 255)));
  }
  return numbers;
}

std::vector<int> counts(const Dataset& images) {
  std::vector<int> counts(static_cast<std::size_t>(images.num_classes()));
  for (const std::int32_t label : images.labels()) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

TEST_CASE("held-out images are a sample of all classes, and the others are trained on") {
  const auto images = sorted_classes(3, 60);  // sorted by class, as folders are
  const Split split = stratified_split(images, 60, 0, 1);
  CHECK(counts(*split.trained) == std::vector{40, 40, 40});
  CHECK(counts(*split.held_out) == std::vector{20, 20, 20});
  const std::vector<int> trained = numbers(*split.trained);
  const std::vector<int> held_out = numbers(*split.held_out);
  std::set<int> all(trained.begin(), trained.end());
  all.insert(held_out.begin(), held_out.end());
  CHECK(all.size() == 180);
  // Each image keeps its label.
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    CHECK(split.held_out->labels()[i] == held_out[i] / 60);
  }
  CHECK(std::ranges::is_sorted(trained));
  CHECK(numbers(*stratified_split(images, 60, 0, 1).held_out) == held_out);
  CHECK(numbers(*stratified_split(images, 60, 1, 1).held_out) != held_out);
  CHECK(stratified_split(images, 0, 0, 1).held_out == nullptr);
  CHECK(numbers(*stratified_split(images, 0, 0, 1).trained) == numbers(*images));
}

TEST_CASE("every class keeps an image to train on") {
  const auto images = std::make_shared<Numbered>(std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 2, 4});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(counts(*stratified_split(images, 4, seed, 1).trained) == std::vector{1, 1, 1, 0, 1});
  }
  CHECK_THROWS_WITH_AS(stratified_split(images, 5, 0, 1), doctest::Contains("hold out at most 4"),
                       Error);
  CHECK_THROWS_WITH_AS(stratified_split(images, 4, 0, 5),
                       doctest::Contains("too few for a batch of 5: hold out at most"), Error);
}

TEST_CASE("the last images are held out as they were before") {
  const auto images = sorted_classes(2, 5);
  const Split split = last_images_split(images, 3, 1);
  CHECK(numbers(*split.trained) == std::vector{0, 1, 2, 3, 4, 5, 6});
  CHECK(numbers(*split.held_out) == std::vector{7, 8, 9});
}

TEST_CASE("fewer than two classes are no task, and the classes found are named") {
  CHECK_NOTHROW(training::require_classes(*sorted_classes(2, 1), "folder:x"));
  const Numbered one(std::vector<std::int32_t>(4, 0), {"train"});
  CHECK_THROWS_WITH_AS(training::require_classes(one, "folder:x"),
                       doctest::Contains("folder:x has images of one class"), Error);
  CHECK_THROWS_WITH_AS(training::require_classes(one, "folder:x"),
                       doctest::Contains("Found the class 'train'"), Error);
  // Of two classes, one has no image.
  CHECK_THROWS_WITH_AS(
      training::require_classes(Numbered(std::vector<std::int32_t>(4, 1), {"a", "b"}), "folder:x"),
      doctest::Contains("Found the class 'b':"), Error);
  // All labels are 7.
  CHECK_THROWS_AS(training::require_classes(Numbered({7, 7}), "idx:x"), Error);
}

}  // namespace
}  // namespace odin::test
