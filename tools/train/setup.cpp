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

std::string describe(const HeldOut& held_out) {
  if (held_out.images == 0) return "";
  return held_out.seed
             ? fmt::format(" (without {} held out, drawn with seed {} and stratified by class)",
                           held_out.images, *held_out.seed)
             : fmt::format(" (without the last {}, held out)", held_out.images);
}

std::string make_setup(const Checkpoint& checkpoint, std::int64_t images, const HeldOut& held_out,
                       const Recipe& recipe) {
  Json setup{{"network", name_of(checkpoint.architecture)},
             {"parameters", parameter_specs(checkpoint.architecture).size()},
             {"classes", num_classes(checkpoint.architecture)},
             {"in_dataset", checkpoint.in_dataset},
             {"images", images},
             {"held_out", held_out.images},
             {"mean", checkpoint.mean},
             {"std", checkpoint.std},
             {"recipe", Json::parse(to_json(recipe))},
             {"history", Json::array()}};
  // Without held-out images there is no draw, and the setup is that of every version.
  if (held_out.images > 0 && held_out.seed) setup["held_out_seed"] = *held_out.seed;
  return setup.dump();
}

bool holds_out_last_images(std::string_view setup) {
  const Json parsed = Json::parse(setup, nullptr, false);
  require(parsed.is_object() && parsed.contains("held_out") && parsed["held_out"].is_number(),
          "the state does not say how many images its training holds out: it is damaged");
  return parsed["held_out"] > 0 && !parsed.contains("held_out_seed");
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
