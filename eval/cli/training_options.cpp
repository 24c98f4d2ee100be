#include "eval/cli/training_options.h"

#include <CLI/App.hpp>

#include "eval/cli/whole_number.h"

namespace odin {

void add_training_options(CLI::App& app, std::string& spec, std::optional<std::int64_t>& most,
                          std::string& folder, const std::string& group) {
  constexpr std::uint64_t kMostImages = 1'000'000'000;
  app.add_option("--fit-on", spec,
                 "In-distribution training images for scores that are fitted (react, knn, ...); "
                 "default: the training half beside the in-distribution set")
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--fit-images", most, "How many of them to read; default: all")
      ->check(whole_number(1, kMostImages))
      ->type_name("N")
      ->group(group);
  app.add_option("--fit-dir", folder,
                 "Folder that keeps what the network gives for them, for the next run")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
}

}  // namespace odin
