#include "eval/data/training_half.h"

#include <filesystem>

#include <fmt/format.h>

namespace odin {
namespace {

// The names of a test set's file or folder, and of its training half's.
struct Names {
  std::string_view format;
  std::string_view test;  // as the last part of the path begins
  std::string_view training;
};

constexpr Names kNames[] = {
    {"idx", "t10k-images", "train-images"},
    {"svhn", "test_32x32", "train_32x32"},
    {"folder", "test", "train"},
    {"folder", "val", "train"},
};

}  // namespace

std::optional<std::string> training_half(std::string_view spec) {
  const std::size_t colon = spec.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view format = spec.substr(0, colon);
  std::string_view path = spec.substr(colon + 1);
  if (format == "cifar10" || format == "cifar100") return fmt::format("{}-train:{}", format, path);
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  const std::string_view last = path.substr(begin);
  for (const Names& names : kNames) {
    const bool fits = names.format == "folder" ? last == names.test : last.starts_with(names.test);
    if (format != names.format || !fits) continue;
    return fmt::format("{}:{}{}{}", format, path.substr(0, begin), names.training,
                       last.substr(names.test.size()));
  }
  return {};
}

}  // namespace odin
