#include "eval/data/batch_loader.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include "eval/data/noise.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"

namespace odin::test {
namespace {

// Images of zeros; calls `on_image` with the number of each before it is read.
class Watched final : public Dataset {
 public:
  Watched(std::int64_t size, std::function<void(std::int64_t)> on_image)
      : Dataset("Watched", size, {}, {}), on_image_(std::move(on_image)) {}

 private:
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const override {
    for (std::int64_t i = 0; i < count; ++i) {
      on_image_(begin + i);
      std::fill_n(pixels + i * kImageElements, kImageElements, 0.0f);
    }
  }

  std::function<void(std::int64_t)> on_image_;
};

}  // namespace

TEST_CASE("Batches are the prepared data set, in order") {
  const auto dataset = make_noise(NoiseKind::kUniform, 45, 9);
  const std::vector<float> mean{0.491f, 0.482f, 0.447f};
  const std::vector<float> std{0.247f, 0.243f, 0.262f};
  const auto normalise = [&](std::span<float> pixels) {
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const std::size_t c = i / 1024 % 3;
      pixels[i] = (pixels[i] - mean[c]) / std[c];
    }
  };
  std::vector<float> expected = read_all(*dataset);
  normalise(expected);
  for (const std::int64_t batch_size : {1, 7, 8, 9, 45, 64, 1000}) {
    for (const int threads : {1, 2, 5}) {
      CAPTURE(batch_size);
      CAPTURE(threads);
      BatchLoader loader(*dataset,
                         {.batch_size = batch_size, .threads = threads, .prepare = normalise});
      std::vector<float> images;
      while (const auto batch = loader.next()) {
        CHECK(batch->begin == static_cast<std::int64_t>(images.size()) / kImageElements);
        CHECK(batch->count == std::min(batch_size, 45 - batch->begin));
        images.insert(images.end(), batch->images, batch->images + batch->count * kImageElements);
      }
      CHECK(images == expected);  // bit for bit
      CHECK(!loader.next());
    }
  }
}

TEST_CASE("An empty data set has no batch") {
  const Watched dataset(0, [](std::int64_t) {});
  BatchLoader loader(dataset, {.threads = 2});
  CHECK(!loader.next());
  CHECK(!loader.next());
}

TEST_CASE("Exactly the next batch is read while the caller works") {
  std::atomic<std::int64_t> read = 0;
  const Watched dataset(10000, [&](std::int64_t) { ++read; });
  constexpr std::int64_t kBatch = 50;
  constexpr int kThreads = 2;
  BatchLoader loader(dataset, {.batch_size = kBatch, .threads = kThreads});
  for (std::int64_t batch = 0; batch < 20; ++batch) {
    REQUIRE(loader.next());
    // Without a call to next(): a loader that does not read ahead never gets there.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (read < (batch + 2) * kBatch && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    // The caller has one batch, and one more has been read.
    CHECK(read == (batch + 2) * kBatch);
  }
}

TEST_CASE(
    "The error of the first unreadable image reaches the caller, with any number of threads") {
  for (const int threads : {1, 2, 4}) {
    const Watched dataset(400, [](std::int64_t image) {
      if (image == 237 || image == 238 || image == 270) fail("image {} is broken", image);
    });
    BatchLoader loader(dataset, {.batch_size = 100, .threads = threads});
    CHECK(loader.next()->begin == 0);
    CHECK(loader.next()->begin == 100);
    for (int again = 0; again < 2; ++again) {
      CHECK(error_of([&] { loader.next(); }) == "image 237 is broken");
    }
  }
  const Watched other(5, [](std::int64_t) { throw std::length_error("not ours"); });
  BatchLoader loader(other, {});
  CHECK_THROWS_AS(loader.next(), std::length_error);
}

TEST_CASE("A loader may be destroyed before its end") {
  const auto dataset = make_noise(NoiseKind::kGaussian, 1000, 1);
  { const BatchLoader loader(*dataset, {.batch_size = 10, .threads = 3}); }
  BatchLoader loader(*dataset, {.batch_size = 10, .threads = 3});
  CHECK(loader.next()->count == 10);
}

TEST_CASE("A loader refuses a batch size or a number of threads below one") {
  const auto dataset = make_noise(NoiseKind::kUniform, 2, 1);
  const auto error_with = [&](const BatchLoaderOptions& options) {
    return error_of([&] { const BatchLoader loader(*dataset, options); });
  };
  CHECK(holds(error_with({.batch_size = 0}), {"batch size"}));
  CHECK(holds(error_with({.threads = 0}), {"thread"}));
}

}  // namespace odin::test
