#include "eval/cli/whole_number.h"

#include <charconv>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace odin {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [=](const std::string& text) {
        std::uint64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        const bool good = error == std::errc() && stop == end && value >= least && value <= most;
        return good ? std::string()
                    : fmt::format("{} is not a whole number from {} to {}", text, least, most);
      },
      "");
}

}  // namespace odin
