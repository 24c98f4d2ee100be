#include "tools/train/setup.h"

#include <nlohmann/json.hpp>

#include "kernels/error.h"

namespace odin::training {
namespace {

using Json = nlohmann::ordered_json;

// The setup without the parts that may change.
Json fixed_part(Json setup) {
  setup.erase("history");
  setup.at("recipe").erase("epochs");
  setup.at("recipe").erase("half_size_epochs");
  return setup;
}

}  // namespace

std::string make_setup(const Checkpoint& checkpoint, std::int64_t images, std::int64_t held_out,
                       const Recipe& recipe) {
  return Json{{"network", name_of(checkpoint.architecture)},
              {"parameters", parameter_specs(checkpoint.architecture).size()},
              {"classes", num_classes(checkpoint.architecture)},
              {"in_dataset", checkpoint.in_dataset},
              {"images", images},
              {"held_out", held_out},
              {"mean", checkpoint.mean},
              {"std", checkpoint.std},
              {"recipe", Json::parse(to_json(recipe))},
              {"history", Json::array()}}
      .dump();
}

std::string resumed_setup(std::string_view before, std::string_view now, std::int64_t step) {
  const Json old = Json::parse(before);
  Json resumed = Json::parse(now);
  require(fixed_part(old) == fixed_part(resumed),
          "the state belongs to another training: it was started with {}, but this command says {}",
          before, now);
  resumed.at("history") = old.at("history");
  if (old.at("recipe") != resumed.at("recipe")) {
    resumed.at("history").push_back(
        {{"until_step", step},
         {"epochs", old.at("recipe").at("epochs")},
         {"half_size_epochs", old.at("recipe").at("half_size_epochs")}});
  }
  return resumed.dump();
}

std::string describe_history(std::string_view setup) {
  std::string text;
  const Json parsed = Json::parse(setup);
  for (const Json& entry : parsed.at("history")) {
    text +=
        fmt::format("; until step {} on the schedule of {} epochs, {} of them of half the size",
                    entry.at("until_step").get<std::int64_t>(), entry.at("epochs").get<double>(),
                    entry.at("half_size_epochs").get<double>());
  }
  return text;
}

}  // namespace odin::training
