#include "eval/cli/finite_number.h"

#include <cmath>
#include <string>

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <fmt/format.h>

namespace odin {

CLI::Validator finite_number(double least, bool above) {
  const std::string range =
      fmt::format("a finite number {} {}", above ? "above" : "of at least", least);
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(text, value) && std::isfinite(value) &&
                          (above ? value > least : value >= least);
        return good ? std::string() : fmt::format("{} is not {}", text, range);
      },
      "");
}

}  // namespace odin
