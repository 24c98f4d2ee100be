// Explanations, and the pictures of them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/detection/explanation_folder.h"
#include "eval/detection/ood_detector.h"
#include "nn/architecture.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

constexpr int kImages = 5;

Checkpoint small_detector(double magnitude, const std::string& score = "odin") {
  Checkpoint checkpoint = small_checkpoint();
  DetectorSettings settings;
  settings.score = score;
  settings.temperature = score == "odin" ? 10 : 1;
  settings.magnitude = magnitude;
  settings.threshold = 0.1;
  settings.tpr_high = 1;
  settings.images = 100;
  settings.fit = "exact";
  checkpoint.detector = settings;
  return checkpoint;
}

// Of pixels that stay in 0..255 when they change by a quarter of that.
Bytes grey_noise() {
  Bytes pixels = noise_bytes(kImages * kImageElements, 5);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(64 + pixel / 2);
  return pixels;
}

// One after another.
std::vector<float> perturbed(const std::vector<Explanation>& explanations) {
  std::vector<float> pixels;
  for (const Explanation& e : explanations) {
    pixels.insert(pixels.end(), e.perturbed.begin(), e.perturbed.end());
  }
  return pixels;
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

}  // namespace

TEST_CASE("the perturbed image of an explanation has the score that the image has with ODIN") {
  const Bytes images = grey_noise();
  for (const std::string score : {"odin", "odin_energy", "odin_max_logit"}) {
    CAPTURE(score);
    OodDetector odin(small_detector(0.02, score), "cpu");
    OodDetector without_perturbation(small_detector(0, score), "cpu");
    const std::vector<Verdict> of_images = odin.detect(images);
    const std::vector<Verdict> before = without_perturbation.detect(images);
    const std::vector<Explanation> explanations = odin.explain(images);
    REQUIRE(explanations.size() == kImages);
    const std::vector<Verdict> of_perturbed = without_perturbation.detect(perturbed(explanations));
    for (std::size_t i = 0; i < kImages; ++i) {
      CHECK(of_perturbed[i].score == doctest::Approx(of_images[i].score).epsilon(1e-6));
      CHECK(of_perturbed[i].score > before[i].score);
      for (std::size_t k = 0; k < kImageElements; ++k) {
        const float pixel = static_cast<float>(images[i * kImageElements + k]) / 255.0F;
        const std::int8_t sign = explanations[i].gradient_sign[k];
        REQUIRE(std::abs(sign) == 1);
        REQUIRE(explanations[i].perturbed[k] == doctest::Approx(pixel - 0.02 * sign));
      }
    }
  }
}

TEST_CASE("every score that perturbs has an explanation of its own") {
  const Bytes images = grey_noise();
  const auto signs = [&](const char* score) {
    return OodDetector(small_detector(0.02, score), "cpu").explain(images)[0].gradient_sign;
  };
  CHECK(signs("odin") != signs("odin_energy"));
  CHECK(signs("odin") != signs("odin_max_logit"));
  CHECK(signs("odin_energy") != signs("odin_max_logit"));
}

TEST_CASE("an explanation does not depend on the batch or on how the pixels are stored") {
  const Bytes images = grey_noise();
  OodDetector odin(small_detector(0.02), "cpu", {.threads = 2});
  const std::vector<Explanation> expected = odin.explain(images);
  std::vector<float> floats;
  Bytes interleaved;
  constexpr std::size_t kPixels = kImageElements / 3;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t k = i % kImageElements;
    floats.push_back(static_cast<float>(images[i]) / 255.0F);
    interleaved.push_back(images[i - k + k % 3 * kPixels + k / 3]);
  }
  const std::vector<Explanation> of_floats = odin.explain(floats);
  const std::vector<Explanation> of_interleaved =
      odin.explain(interleaved, PixelLayout::kInterleaved);
  const std::vector<Explanation> of_one =
      odin.explain(std::span(images).subspan(4 * kImageElements));
  for (std::size_t i = 0; i < kImages; ++i) {
    CHECK(of_floats[i].gradient_sign == expected[i].gradient_sign);
    CHECK(of_floats[i].perturbed == expected[i].perturbed);
    CHECK(of_interleaved[i].gradient_sign == expected[i].gradient_sign);
    CHECK(of_interleaved[i].perturbed == expected[i].perturbed);
  }
  REQUIRE(of_one.size() == 1);
  CHECK(of_one[0].gradient_sign == expected[4].gradient_sign);
  CHECK(odin.explain(Bytes()).empty());
  CHECK(holds(error_of([&] { odin.explain(Bytes(100)); }), {"100 pixels"}));
}

TEST_CASE("a score that perturbs nothing leaves the image as it is") {
  const Bytes images = grey_noise();
  OodDetector energy(small_detector(0, "energy"), "cpu");
  const std::vector<Explanation> explanations = energy.explain(images);
  for (std::size_t k = 0; k < kImageElements; ++k) {
    REQUIRE(explanations[1].perturbed[k] ==
            static_cast<float>(images[kImageElements + k]) / 255.0F);
  }
}

TEST_CASE("the picture shows image, sign and perturbed image, four times as large") {
  const TemporaryFolder folder;
  Bytes pixels(kImageElements, 100);
  pixels[0] = 10;  // red of the upper left pixel
  Explanation explanation{std::vector<std::int8_t>(kImageElements, 1),
                          std::vector<float>(kImageElements, 0.5F)};
  explanation.gradient_sign[0] = -1;
  explanation.perturbed[0] = -0.1F;
  explanation.perturbed[1] = 1.1F;
  const std::string png = explanation_png(pixels, {}, explanation);
  CHECK(png.substr(1, 3) == "PNG");
  CHECK(big_endian(png, 16) == 3 * 128 + 2 * 4);
  CHECK(big_endian(png, 20) == 128);

  // The middle 32 x 32 of it are within the sign; its ends are looked at by scaling without a
  // filter.
  write_bytes(folder / "a.png", png);
  const Bytes middle = read_image(folder / "a.png", ImageFit::kCenterCrop);
  CHECK(std::count(middle.begin(), middle.end(), 255) == std::ssize(middle));
  const Bytes small = read_image(folder / "a.png", ImageFit::kResizeNearest);
  const auto at = [&](int channel, int x, int y) {
    return static_cast<int>(small[static_cast<std::size_t>((channel * 32 + y) * 32 + x)]);
  };
  // Columns of 12.25 pixels: 0 ends at 12, 11 and 21 begin beside the gaps.
  CHECK(at(0, 1, 5) == 100);
  CHECK(at(0, 9, 5) == 100);
  CHECK(at(0, 11, 5) == 255);
  CHECK(at(1, 30, 5) == 128);
}

TEST_CASE("the picture of a grey image of another size is grey, and as large") {
  const TemporaryFolder folder;
  const ImageShape shape{.channels = 1, .side = 28};
  const auto elements = static_cast<std::size_t>(shape.elements());
  const Explanation explanation{std::vector<std::int8_t>(elements, 1),
                                std::vector<float>(elements, 0.2F)};
  const std::string png = explanation_png(Bytes(elements, 7), shape, explanation);
  CHECK(big_endian(png, 16) == 3 * 140 + 2 * 4);
  CHECK(big_endian(png, 20) == 140);
  write_bytes(folder / "a.png", png);
  const Bytes small = read_image(folder / "a.png", ImageFit::kResizeNearest);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    CHECK(small[channel * 1024 + 32 * 16 + 1] == 7);
    CHECK(small[channel * 1024 + 32 * 16 + 30] == 51);
  }
}

TEST_CASE("pictures are named after their images, and none is overwritten") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "why");
  write_bytes(folder / "why/b.png", "mine");
  fs::create_symlink("nowhere", folder / "why/c.png");
  const ExplanationFolder why(folder / "why");
  for (int i = 1; i <= 40; ++i)
    why.write(fmt::format("some/folder{}/a.jpg", i), fmt::format("a{}", i));
  why.write("b.png", "b");
  why.write("c.png", "c");
  why.write("no extension", "n");
  why.write(std::string(250, 'x') + ".png", "x");
  CHECK(content_of(folder / "why/a.png") == "a1");
  for (int i = 2; i <= 40; ++i) {
    CHECK(content_of(folder / fmt::format("why/a-{}.png", i)) == fmt::format("a{}", i));
  }
  CHECK(content_of(folder / "why/b.png") == "mine");
  CHECK(content_of(folder / "why/b-2.png") == "b");
  CHECK_FALSE(fs::exists(folder / "why/nowhere"));
  CHECK(content_of(folder / "why/c-2.png") == "c");
  CHECK(content_of(folder / "why/no extension.png") == "n");
  CHECK(content_of(folder / ("why/" + std::string(200, 'x') + ".png")) == "x");
  // Where a number is free between others, it may be taken, but no other file.
  fs::remove(folder / "why/a-3.png");
  why.write("a.png", "again");
  CHECK(content_of(folder / "why/a-2.png") == "a2");
  CHECK(content_of(folder / "why/a-40.png") == "a40");
  write_bytes(folder / "file", "");
  CHECK(error_of([&] { ExplanationFolder(folder / "file"); }) != kNoError);
}
