#include "eval/cli/score_name.h"

#include <string>
#include <string_view>

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {

CLI::Validator score_name(bool groups) {
  return CLI::Validator(
      [groups](const std::string& text) -> std::string {
        const std::string_view name = text;
        try {
          if (groups) {
            parse_detectors({&name, 1});
          } else {
            detector_named(name);
          }
          return {};
        } catch (const Error& error) {
          return error.what();
        }
      },
      "");
}

}  // namespace odin
