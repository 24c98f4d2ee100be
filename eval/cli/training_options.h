// The options that say which images scores are fitted on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace odin {

// Adds --fit-on, which sets `spec`, --fit-images, which sets `most`, and --fit-dir, which sets
// `folder`, to that group of the help.
void add_training_options(CLI::App& app, std::string& spec, std::optional<std::int64_t>& most,
                          std::string& folder, const std::string& group);

}  // namespace odin
