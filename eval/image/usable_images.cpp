#include "eval/image/usable_images.h"

#include <algorithm>
#include <utility>

#include "eval/image/image_file.h"
#include "kernels/cores.h"
#include "kernels/error.h"
#include "kernels/thread_pool.h"
#include "weights/files/lower_case.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr std::size_t kListed = 20;
// Reading headers is waiting for a disk, so a few threads are enough.
constexpr std::size_t kMostThreads = 8;
constexpr std::size_t kFilesPerThread = 32;

std::string extension_of(const std::string& file) {
  return lower_case(std::filesystem::path(file).extension().string());
}

struct Problem {
  std::string reason;  // why the image cannot be used; empty if it can
  bool wrong_size = false;
};

Problem problem_of(const std::string& file, ImageFit fit, const ImageShape& shape, bool whole) {
  try {
    if (whole) {
      std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()));
      read_image_file(file, fit, shape, pixels.data());
    } else {
      check_image_header(file, fit, shape);
    }
    return {};
  } catch (const WrongSize& error) {
    return {error.what(), true};
  } catch (const Error& error) {
    return {error.what()};
  }
}

std::vector<Problem> problems_of(std::span<const std::string> files, ImageFit fit,
                                 const ImageShape& shape, bool whole) {
  std::vector<Problem> problems(files.size());
  const std::size_t threads = std::min({kMostThreads, static_cast<std::size_t>(default_threads()),
                                        (files.size() + kFilesPerThread - 1) / kFilesPerThread});
  ThreadPool(static_cast<int>(threads))
      .run(static_cast<std::int64_t>(files.size()), [&](std::int64_t i, int) {
        const auto at = static_cast<std::size_t>(i);
        problems[at] = problem_of(files[at], fit, shape, whole);
      });
  return problems;
}

}  // namespace

void BadImages::add(std::string_view reason, bool wrong_size) {
  const std::string text = printable_lines(reason);
  if (++unreadable_ == 1) first_reason_ = text;
  if (wrong_size) {
    if (++wrong_sizes_ == 1) first_wrong_size_ = text;
  } else if (reasons_.size() < kListed) {
    reasons_.push_back(text);
  }
}

void BadImages::add_other_formats(std::span<const std::string> files) {
  if (other_formats_ == 0 && !files.empty()) first_other_format_ = printable_lines(files.front());
  other_formats_ += static_cast<std::int64_t>(files.size());
  for (const std::string& file : files) ++extensions_[extension_of(file)];
}

std::string BadImages::formats() const {
  std::vector<std::string> counts;
  for (const auto& [extension, count] : extensions_) {
    counts.push_back(fmt::format("{} {}", count, extension));
  }
  return fmt::format("{} picture{} neither PNG nor JPEG ({}), such as '{}'", other_formats_,
                     other_formats_ == 1 ? " that is" : "s that are", fmt::join(counts, ", "),
                     first_other_format_);
}

std::string BadImages::left_out() const {
  std::vector<std::string> parts;
  if (other_formats_ > 0) parts.push_back(formats());
  if (unreadable_ > 0) {
    parts.push_back(
        fmt::format("{} that cannot be used, the first because {}", unreadable_, first_reason_));
  }
  return fmt::format("{} picture{} left out (--skip-bad-images): {}", count(),
                     count() == 1 ? " was" : "s were", fmt::join(parts, "; "));
}

void BadImages::refuse(const std::filesystem::path& folder) const {
  if (unreadable_ == 0) {
    fail(
        "the folder '{}' holds {}: convert or remove them, or leave them out with "
        "--skip-bad-images",
        folder.string(), formats());
  }
  if (count() == 1) fail("{} (--skip-bad-images leaves it out)", first_reason_);
  std::string list;
  if (other_formats_ > 0) list += fmt::format("\n  {}", formats());
  if (wrong_sizes_ > 0) list += fmt::format("\n  {}", first_wrong_size_);
  if (wrong_sizes_ > 1) list += fmt::format("\n  and {} more of a wrong size", wrong_sizes_ - 1);
  for (const std::string& reason : reasons_) list += fmt::format("\n  {}", reason);
  const std::int64_t more = unreadable_ - wrong_sizes_ - static_cast<std::int64_t>(reasons_.size());
  if (more > 0) list += fmt::format("\n  and {} more", more);
  fail("{} pictures of the folder '{}' cannot be used (--skip-bad-images leaves them out):{}",
       count(), folder.string(), list);
}

void BadImages::require_any(std::size_t usable, const std::filesystem::path& folder) const {
  require(usable > 0, "the folder '{}' holds no PNG or JPEG image{}", folder.string(),
          count() == 0 ? "" : fmt::format(" that can be used: {}", left_out()));
}

std::vector<std::size_t> usable_images(std::span<const std::string> files, ImageFit fit,
                                       const ImageShape& shape, std::size_t most, bool skip_bad,
                                       BadImages& bad) {
  std::vector<std::size_t> usable;
  std::size_t begin = 0;
  while (begin < files.size() && usable.size() < most) {
    const std::size_t count = std::min(most - usable.size(), files.size() - begin);
    const std::vector<Problem> problems =
        problems_of(files.subspan(begin, count), fit, shape, skip_bad);
    for (std::size_t i = 0; i < count; ++i) {
      if (problems[i].reason.empty()) {
        usable.push_back(begin + i);
      } else {
        bad.add(problems[i].reason, problems[i].wrong_size);
      }
    }
    if (!skip_bad && bad.count() > 0) break;
    begin += count;
  }
  return usable;
}

}  // namespace odin
