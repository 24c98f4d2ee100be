// libodin.so: the C interface, and the symbols that it shows.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "eval/detection/ood_detector.h"
#include "eval/interface/odin.h"
#include "eval/report/version.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/detection/fitted_detector.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/support.h"
#include "tests/weights/sample_detector.h"

using namespace odin;
using namespace odin::test;

// Programs that were compiled against an earlier version rely on these.
static_assert(sizeof(odin_verdict) == 24);
static_assert(offsetof(odin_verdict, score) == 0);
static_assert(offsetof(odin_verdict, probability) == 8);
static_assert(offsetof(odin_verdict, predicted_class) == 16);
static_assert(offsetof(odin_verdict, in_distribution) == 20);
static_assert(ODIN_PLANAR == 0 && ODIN_INTERLEAVED == 1 && sizeof(odin_layout) == 4);

namespace {

struct Workspace {
  TemporaryFolder folder;
  Checkpoint checkpoint = small_checkpoint();
  std::vector<std::uint8_t> bytes = noise_bytes(7 * kImageElements, 4);

  Workspace() {
    checkpoint.detector = sample_detector();
    checkpoint.detector->threshold = 0.1002;
    checkpoint.class_names.clear();
    for (int c = 0; c < 10; ++c) checkpoint.class_names.push_back("class " + std::to_string(c));
    write_checkpoint(checkpoint, file());
  }
  std::string file() const { return (folder / "detector.h5").string(); }
  // What the C++ class says.
  std::vector<Verdict> expected() const {
    OodDetector detector(file(), "cpu", {.threads = 1});
    return detector.detect(bytes);
  }
};

bool same(const odin_verdict& c, const Verdict& cpp) {
  return c.score == cpp.score && c.probability == cpp.probability &&
         c.predicted_class == cpp.predicted_class &&
         c.in_distribution == (cpp.in_distribution ? 1 : 0);
}

bool same(const std::vector<odin_verdict>& c, const std::vector<Verdict>& cpp) {
  return std::ranges::equal(c, cpp, [](const auto& a, const auto& b) { return same(a, b); });
}

}  // namespace

TEST_CASE("the library shows these symbols, each with its version, and no others") {
  const ProgramResult listing =
      run_program(std::string("nm -D --defined-only --with-symbol-versions '") + ODIN_LIBRARY +
                  "' | awk '{print $2, $3}' | sort");
  REQUIRE(listing.exit_status == 0);
  CHECK(listing.output ==
        "A ODIN_1\n"
        "T odin_detector_channels@@ODIN_1\n"
        "T odin_detector_class_name@@ODIN_1\n"
        "T odin_detector_classes@@ODIN_1\n"
        "T odin_detector_close@@ODIN_1\n"
        "T odin_detector_detect_bytes@@ODIN_1\n"
        "T odin_detector_detect_file@@ODIN_1\n"
        "T odin_detector_detect_floats@@ODIN_1\n"
        "T odin_detector_height@@ODIN_1\n"
        "T odin_detector_open@@ODIN_1\n"
        "T odin_detector_score_name@@ODIN_1\n"
        "T odin_detector_threshold@@ODIN_1\n"
        "T odin_detector_tpr@@ODIN_1\n"
        "T odin_detector_width@@ODIN_1\n"
        "T odin_last_error@@ODIN_1\n"
        "T odin_version@@ODIN_1\n");
  const ProgramResult dynamic = run_program(std::string("readelf -d '") + ODIN_LIBRARY + "'");
  CHECK(dynamic.output.find("Library soname: [libodin.so.1]") != std::string::npos);
  CHECK(odin_version() == version());
}

TEST_CASE("C gives the verdicts of C++, bit for bit") {
  const Workspace w;
  const std::vector<Verdict> expected = w.expected();
  odin_detector* detector = odin_detector_open(w.file().c_str(), "cpu", 1);
  REQUIRE(detector != nullptr);
  std::vector<odin_verdict> verdicts(7);
  CHECK(odin_detector_detect_bytes(detector, w.bytes.data(), 7, ODIN_PLANAR, verdicts.data()) == 0);
  CHECK(same(verdicts, expected));

  std::vector<float> floats(w.bytes.begin(), w.bytes.end());
  for (float& pixel : floats) pixel /= 255.0F;
  std::vector<odin_verdict> of_floats(7);
  CHECK(odin_detector_detect_floats(detector, floats.data(), 7, ODIN_PLANAR, of_floats.data()) ==
        0);
  CHECK(same(of_floats, expected));

  // Interleaved, one image.
  std::vector<std::uint8_t> mixed;
  for (std::size_t i = 0; i < kImageElements / 3; ++i) {
    for (std::size_t c = 0; c < 3; ++c) mixed.push_back(w.bytes[c * kImageElements / 3 + i]);
  }
  odin_verdict one{};
  CHECK(odin_detector_detect_bytes(detector, mixed.data(), 1, ODIN_INTERLEAVED, &one) == 0);
  CHECK(same(one, expected[0]));

  PngImage image;
  image.data = mixed;
  const std::string file = (w.folder / "image.png").string();
  write_png(file, image);
  odin_verdict of_file{};
  CHECK(odin_detector_detect_file(detector, file.c_str(), &of_file) == 0);
  CHECK(same(of_file, expected[0]));

  CHECK(odin_detector_channels(detector) == 3);
  CHECK(odin_detector_height(detector) == 32);
  CHECK(odin_detector_width(detector) == 32);
  CHECK(odin_detector_classes(detector) == 10);
  CHECK(std::string(odin_detector_class_name(detector, 9)) == "class 9");
  CHECK(odin_detector_class_name(detector, 10) == nullptr);
  CHECK(odin_detector_class_name(detector, -1) == nullptr);
  CHECK(std::string(odin_detector_score_name(detector)) == "odin");
  CHECK(odin_detector_threshold(detector) == 0.1002);
  CHECK(odin_detector_tpr(detector) == 0.95);
  CHECK(std::string(odin_last_error()).empty());
  odin_detector_close(detector);
}

TEST_CASE("failures come back as a result and a sentence") {
  const Workspace w;
  const auto said = [](const char* part) {
    return std::string(odin_last_error()).find(part) != std::string::npos;
  };
  CHECK(odin_detector_open(nullptr, "cpu", 1) == nullptr);
  CHECK(said("the file's name must not be NULL"));
  CHECK(odin_detector_open((w.folder / "absent.h5").c_str(), "cpu", 1) == nullptr);
  CHECK(said("absent.h5"));
  CHECK(odin_detector_open(w.file().c_str(), "tpu", 1) == nullptr);
  CHECK(said("tpu"));
  CHECK(odin_detector_open(w.file().c_str(), "cpu", -1) == nullptr);
  CHECK(said("the number of threads is -1, but must be at least 0"));
  write_checkpoint(small_checkpoint(), w.folder / "net.h5");
  CHECK(odin_detector_open((w.folder / "net.h5").c_str(), "cpu", 1) == nullptr);
  CHECK(said("no detector: make one with odin_calibrate"));

  odin_verdict verdict{};
  CHECK(odin_detector_detect_bytes(nullptr, w.bytes.data(), 1, ODIN_PLANAR, &verdict) == -1);
  CHECK(said("the detector must not be NULL"));
  odin_detector* detector = odin_detector_open(w.file().c_str(), nullptr, 0);
  REQUIRE(detector != nullptr);
  CHECK(odin_detector_detect_bytes(detector, nullptr, 1, ODIN_PLANAR, &verdict) == -1);
  CHECK(said("the images must not be NULL"));
  CHECK(odin_detector_detect_bytes(detector, w.bytes.data(), 1, ODIN_PLANAR, nullptr) == -1);
  CHECK(said("the verdicts must not be NULL"));
  CHECK(odin_detector_detect_bytes(detector, w.bytes.data(), 1, 7, &verdict) == -1);
  CHECK(said("the layout 7 is neither"));
  CHECK(odin_detector_detect_bytes(detector, w.bytes.data(),
                                   std::numeric_limits<std::size_t>::max(), ODIN_PLANAR,
                                   &verdict) == -1);
  CHECK(said("more than memory can hold"));
  const std::vector<float> floats(kImageElements, 255);
  CHECK(odin_detector_detect_floats(detector, floats.data(), 1, ODIN_PLANAR, &verdict) == -1);
  CHECK(said("a pixel is 255 where floats must be in 0..1"));
  CHECK(odin_detector_detect_file(detector, (w.folder / "no.png").c_str(), &verdict) == -1);
  CHECK(said("no.png"));
  // None are no failure, and need no memory.
  CHECK(odin_detector_detect_bytes(detector, nullptr, 0, ODIN_PLANAR, nullptr) == 0);
  // A thread's error is its own.
  std::thread([&] { CHECK(std::string(odin_last_error()).empty()); }).join();
  CHECK(said("no.png"));
  odin_detector_close(detector);
  odin_detector_close(nullptr);
  CHECK(odin_detector_classes(nullptr) == 0);
  CHECK(odin_detector_class_name(nullptr, 0) == nullptr);
  CHECK(odin_detector_score_name(nullptr) == nullptr);
  CHECK(std::isnan(odin_detector_threshold(nullptr)));
  CHECK(std::isnan(odin_detector_tpr(nullptr)));
}

// Where it runs under the address sanitizer, nobody allocates while a file is opened: in the child
// process that reads it first, the sanitizer's allocator would wait for ever for a lock that
// another thread had (that of glibc does not).
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kOpenAlone = true;
#else
constexpr bool kOpenAlone = false;
#endif

TEST_CASE("eight threads open, use and close their detectors at once") {
  constexpr int kThreads = 8;
  const Workspace w;
  const std::vector<Verdict> expected = w.expected();
  std::array<int, kThreads> good{};
  std::vector<odin_detector*> opened(kThreads);
  const auto open = [&] { return odin_detector_open(w.file().c_str(), "cpu", 2); };
  const auto use = [&](odin_detector* detector) {
    if (detector == nullptr) return false;
    std::vector<odin_verdict> verdicts(7);
    const int status =
        odin_detector_detect_bytes(detector, w.bytes.data(), 7, ODIN_PLANAR, verdicts.data());
    odin_detector_close(detector);
    const bool failed = odin_detector_open("absent.h5", "cpu", 1) == nullptr &&
                        std::string(odin_last_error()).find("absent.h5") != std::string::npos;
    return status == 0 && failed && same(verdicts, expected);
  };
  for (int round = 0; round < 3; ++round) {
    if (kOpenAlone) {
      for (odin_detector*& detector : opened) detector = open();
    }
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] { good[i] += use(kOpenAlone ? opened[i] : open()) ? 1 : 0; });
    }
  }
  for (const int mine : good) CHECK(mine == 3);
}

TEST_CASE("C gives the verdicts of a score that has learnt, bit for bit") {
  Workspace w;
  w.checkpoint = fitted_checkpoint("react:percentile=60");
  write_checkpoint(w.checkpoint, w.file());
  odin_detector* detector = odin_detector_open(w.file().c_str(), "cpu", 1);
  REQUIRE(detector != nullptr);
  CHECK(odin_detector_score_name(detector) == std::string("react:percentile=60"));
  std::vector<odin_verdict> verdicts(7);
  CHECK(odin_detector_detect_bytes(detector, w.bytes.data(), 7, ODIN_PLANAR, verdicts.data()) == 0);
  CHECK(same(verdicts, w.expected()));
  odin_detector_close(detector);
  w.checkpoint.detector = sample_detector();
  w.checkpoint.detector->score = "react";
  w.checkpoint.detector_fit = nullptr;
  write_checkpoint(w.checkpoint, w.file());
  CHECK(odin_detector_open(w.file().c_str(), "cpu", 1) == nullptr);
  CHECK(std::string(odin_last_error()).find("must learn from training images") !=
        std::string::npos);
}
