#include "eval/cli/whole_number.h"

#include <optional>
#include <string>

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <fmt/format.h>

#include "kernels/parse_number.h"

namespace odin {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [=](const std::string& text) {
        const std::optional<std::uint64_t> value = whole_text_as<std::uint64_t>(text);
        return value && *value >= least && *value <= most
                   ? std::string()
                   : fmt::format("{} is not a whole number from {} to {}", text, least, most);
      },
      "");
}

}  // namespace odin
