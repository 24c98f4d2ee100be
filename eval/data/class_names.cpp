#include "eval/data/class_names.h"

#include <algorithm>
#include <optional>
#include <set>

#include "kernels/error.h"
#include "kernels/parse_number.h"
#include "weights/files/input_file.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr std::int64_t kMostBytes = 1 << 20;

// What a folder of that class is called.
std::string folder_name(std::string name) {
  std::ranges::replace(name, '/', '_');
  return name;
}

// Whether every class occurs at most once.
bool are_distinct(std::vector<std::int32_t> classes) {
  std::ranges::sort(classes);
  return std::ranges::adjacent_find(classes) == classes.end();
}

// The numbers that the names are; empty if one is none or occurs twice.
std::vector<std::int32_t> numbers_of(std::span<const std::string> names) {
  std::vector<std::int32_t> numbers;
  for (const std::string& name : names) {
    const std::optional<std::int32_t> number = whole_text_as<std::int32_t>(name);
    if (!number || name.front() == '-') return {};
    numbers.push_back(*number);
  }
  return are_distinct(numbers) ? numbers : std::vector<std::int32_t>{};
}

}  // namespace

std::vector<std::string> read_class_names(const std::filesystem::path& file, int classes) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {};
  const InputFile input(file);
  require(input.size() <= kMostBytes, "'{}' has {} bytes, too many for the names of {} classes",
          file.string(), input.size(), classes);
  std::vector<std::string> names = input.lines();
  std::erase(names, "");
  require_class_names(names, file, classes);
  return names;
}

void require_class_names(std::span<const std::string> names, const std::filesystem::path& file,
                         int classes) {
  require(std::ssize(names) == classes,
          "'{}' names {} classes, where {} are needed: download it again, or remove it to do "
          "without names",
          file.string(), names.size(), classes);
  std::set<std::string_view> seen;
  for (const std::string& each : names) {
    require(seen.insert(each).second, "'{}' names the class '{}' twice", file.string(),
            printable(each));
  }
}

std::vector<std::int32_t> classes_by_name(std::span<const std::string> of_set,
                                          std::span<const std::string> of_network) {
  std::vector<std::int32_t> classes;
  for (const std::string& name : of_set) {
    auto found = std::ranges::find(of_network, name);
    if (found == of_network.end()) {
      found = std::ranges::find(of_network, folder_name(name), folder_name);
    }
    if (found == of_network.end()) return {};
    classes.push_back(static_cast<std::int32_t>(found - of_network.begin()));
  }
  return are_distinct(classes) ? classes : std::vector<std::int32_t>{};
}

std::vector<std::int32_t> classes_by_number(std::span<const std::string> of_set) {
  std::vector<std::int32_t> classes = numbers_of(of_set);
  const auto too_large = [&](std::int32_t number) { return number >= std::ssize(of_set); };
  if (std::ranges::any_of(classes, too_large)) classes.clear();
  return classes;
}

std::vector<std::int32_t> classes_by_value(std::span<const std::string> of_set) {
  std::vector<std::int32_t> numbers = numbers_of(of_set);
  std::vector<std::int32_t> sorted = numbers;
  std::ranges::sort(sorted);
  for (std::int32_t& number : numbers) {
    number = static_cast<std::int32_t>(std::ranges::lower_bound(sorted, number) - sorted.begin());
  }
  return numbers;
}

}  // namespace odin
