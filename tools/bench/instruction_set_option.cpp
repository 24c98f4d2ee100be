#include "tools/bench/instruction_set_option.h"

#include <string>

#include <CLI/App.hpp>

namespace odin {

void add_instruction_set_option(CLI::App& app, std::optional<cpu::InstructionSet>& choice) {
  app.add_option_function<std::string>(
         "--instruction-set",
         [&choice](const std::string& name) { choice = cpu::instruction_set_of(name); },
         "Of our kernels on the CPU, as on a processor that has no wider vectors; default: the "
         "widest of this machine")
      ->check(CLI::IsMember({"portable", "avx2", "avx512"}));
}

}  // namespace odin
