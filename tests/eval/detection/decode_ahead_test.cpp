// Decoding ahead of scoring.
#include "eval/detection/decode_ahead.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/error.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

// Names from a function of their number.
class Counted final : public ImageNames {
 public:
  explicit Counted(std::function<std::optional<ImageName>(int)> name) : name_(std::move(name)) {}
  std::optional<ImageName> next(const Interruption& interruption) override {
    if (interruption.requested()) return std::nullopt;
    return name_(asked_++);
  }
  int asked() const { return asked_; }

 private:
  std::function<std::optional<ImageName>(int)> name_;
  std::atomic<int> asked_ = 0;
};

// 40 images, of which every fifth is missing and every seventh damaged.
struct Folder {
  TemporaryFolder folder;
  static constexpr int kImages = 40;

  std::string file(int i) const { return (folder / fmt::format("{}.png", i)).string(); }
  Folder() {
    for (int i = 0; i < kImages; ++i) {
      if (i % 5 == 0) continue;
      PngImage image;
      image.data = noise_bytes(3072, static_cast<std::uint64_t>(i));
      write_png(file(i), image);
      if (i % 7 == 0) fs::resize_file(file(i), fs::file_size(file(i)) - 20);
    }
  }
  std::optional<ImageName> name(int i) const {
    if (i >= kImages) return std::nullopt;
    if (i == 3) return ImageName{"three", "a problem of the names"};
    return ImageName{file(i), {}};
  }
};

}  // namespace

TEST_CASE("images come in the order of their names, whoever decodes them, bad ones with a reason") {
  const Folder f;
  for (const auto& [threads, ahead, most] :
       std::vector<std::array<int, 3>>{{1, 1, 1}, {1, 8, 3}, {4, 8, 100}, {4, 3, 2}, {8, 100, 7}}) {
    Counted names([&](int i) { return f.name(i); });
    Interruption interruption;
    DecodeAhead decoder(names, interruption, {.threads = threads, .most_ahead = ahead});
    DecodedImages images;
    int i = 0;
    while (decoder.take(most, images)) {
      CHECK(std::ssize(images.names) <= most);
      std::size_t good = 0;
      for (const ImageName& name : images.names) {
        CAPTURE(i);
        if (i == 3) {
          CHECK(name.problem == "a problem of the names");
        } else {
          CHECK(name.file == f.file(i));
          CHECK(name.problem.empty() == (i % 5 != 0 && i % 7 != 0));
        }
        if (name.problem.empty()) {
          const Bytes expected = read_image(name.file);
          REQUIRE(images.pixels.size() >= (good + 1) * 3072);
          CHECK(std::equal(expected.begin(), expected.end(),
                           images.pixels.begin() + static_cast<std::ptrdiff_t>(good * 3072)));
          ++good;
        }
        ++i;
      }
      CHECK(images.pixels.size() == good * 3072);
    }
    CHECK(i == Folder::kImages);
    CHECK_FALSE(decoder.take(most, images));
  }
}

TEST_CASE("no more names are asked for than are decoded ahead") {
  const Folder f;
  Counted names([&](int) { return ImageName{f.file(1), {}}; });  // for ever
  Interruption interruption;
  DecodeAhead decoder(names, interruption, {.threads = 3, .most_ahead = 5});
  DecodedImages images;
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(decoder.take(4, images));
    taken += static_cast<int>(images.names.size());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(names.asked() <= taken + 5);
  }
}

TEST_CASE("an image is given without waiting for the next name") {
  const Folder f;
  Interruption interruption;
  // The second name does not come before the end.
  Counted names([&](int i) -> std::optional<ImageName> {
    if (i == 0) return ImageName{f.file(1), {}};
    while (!interruption.requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::nullopt;
  });
  DecodedImages images;
  {
    DecodeAhead decoder(names, interruption, {.threads = 2, .most_ahead = 8});
    CHECK(decoder.take(8, images));
  }
  CHECK(images.names.size() == 1);
}

TEST_CASE("what the names throw reaches the caller after the images before it") {
  const Folder f;
  Counted names([&](int i) -> std::optional<ImageName> {
    if (i == 2) throw Error("the names are broken");
    return f.name(i + 1);
  });
  Interruption interruption;
  DecodeAhead decoder(names, interruption, {.threads = 2, .most_ahead = 8});
  DecodedImages images;
  std::size_t taken = 0;
  CHECK(error_of([&] {
          while (decoder.take(8, images)) taken += images.names.size();
        }) == "the names are broken");
  CHECK(taken == 2);
}

TEST_CASE("decoding needs a thread and room for an image") {
  Counted names([](int) { return std::nullopt; });
  Interruption interruption;
  CHECK(holds(error_of([&] { DecodeAhead(names, interruption, {.threads = 0}); }), {"thread"}));
  CHECK(holds(error_of([&] { DecodeAhead(names, interruption, {.most_ahead = 0}); }), {"image"}));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which take all addresses
TEST_CASE("threads that cannot be started are an error, though others wait for a name by then") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    // Room for the stacks of a few threads.
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + (64 << 20);
    setrlimit(RLIMIT_AS, &limit);
    int nothing[2];
    if (pipe(nothing) != 0) _exit(2);
    Interruption interruption;
    Counted names([&](int) -> std::optional<ImageName> {
      interruption.wait_to_read(nothing[0]);
      return std::nullopt;
    });
    const std::string error =
        error_of([&] { DecodeAhead(names, interruption, {.threads = 1000}); });
    _exit(contains(error, "1000 threads cannot be started") ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
