#include "tools/train/setup.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "weights/files/json_text.h"

namespace odin::training {
namespace {

using Json = nlohmann::ordered_json;

bool has_number(const Json& object, const char* key) {
  return object.contains(key) && object.at(key).is_number();
}

bool has_epochs(const Json& object) {
  return has_number(object, "epochs") && has_number(object, "half_size_epochs");
}

bool is_history(const Json& history) {
  return history.is_array() && std::ranges::all_of(history, [](const Json& entry) {
           return has_epochs(entry) && entry.contains("until_step") &&
                  entry.at("until_step").is_number_integer();
         });
}

// What require_setup() lets pass.
Json parse_setup(std::string_view text) {
  Json setup;
  try {
    setup = parse_json(text);
  } catch (const Error&) {
    fail("it is damaged: its description of the training cannot be read");
  }
  require(setup.contains("recipe") && has_epochs(setup.at("recipe")) && setup.contains("history") &&
              is_history(setup.at("history")),
          "it is damaged: its description of the training has no recipe and history");
  return setup;
}

// The setup without the parts that may change.
Json fixed_part(Json setup) {
  setup.erase("history");
  setup.at("recipe").erase("epochs");
  setup.at("recipe").erase("half_size_epochs");
  return setup;
}

std::string value_of(const Json& object, const std::string& key) {
  return object.contains(key) ? object.at(key).dump() : "not set";
}

// "held_out_seed was 0 and is 3 now" for each setting that differs. Mean and deviation follow from
// the images, so they are told of only where nothing else differs.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> found;
  std::vector<std::string> of_pixels;
  Json keys = before;
  keys.update(now);
  for (const auto& item : keys.items()) {
    const std::string& key = item.key();
    const std::string then = value_of(before, key);
    if (then == value_of(now, key)) continue;
    if (before.contains(key) && before.at(key).is_object() && now.contains(key) &&
        now.at(key).is_object()) {
      for (std::string& inner : differences(before.at(key), now.at(key))) {
        found.push_back(std::move(inner));
      }
      continue;
    }
    auto& list = key == "mean" || key == "std" ? of_pixels : found;
    list.push_back(fmt::format("{} was {} and is {} now", key, then, value_of(now, key)));
  }
  return found.empty() ? of_pixels : found;
}

}  // namespace

std::string describe(const HeldOut& held_out) {
  if (held_out.images == 0) return "";
  return held_out.seed
             ? fmt::format(" (without {} held out, drawn with seed {} and stratified by class)",
                           held_out.images, *held_out.seed)
             : fmt::format(" (without the last {}, held out)", held_out.images);
}

std::string describe(ImageFit fit, const ImageShape& shape) {
  const bool usual = shape == ImageShape{};
  if (fit == ImageFit::kExact && usual) return "";
  const char* how = fit == ImageFit::kExact        ? "as"
                    : fit == ImageFit::kResizeCrop ? "scaled and cropped to"
                    : fit == ImageFit::kCenterCrop ? "cropped to"
                                                   : "scaled to";
  return fmt::format(", {} {} x {}{}", how, shape.side, shape.side,
                     usual                 ? ""
                     : shape.channels == 1 ? " in grey"
                                           : " in colour");
}

std::string make_setup(const Checkpoint& checkpoint, std::int64_t images, const HeldOut& held_out,
                       const Recipe& recipe, ImageFit fit) {
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
  // Nor is there a word of the usual images, and of fitting them.
  const ImageShape image = checkpoint.architecture.image;
  if (image != ImageShape{}) setup["image"] = {image.channels, image.side};
  if (fit == ImageFit::kResize) setup["fit"] = "resize";
  if (fit == ImageFit::kResizeCrop) setup["fit"] = "resize_crop";
  if (fit == ImageFit::kCenterCrop) setup["fit"] = "center_crop";
  return setup.dump();
}

void require_setup(std::string_view setup) {
  parse_setup(setup);
}

ImageShape image_shape_of(std::string_view setup) {
  const Json parsed = parse_setup(setup);
  if (!parsed.contains("image")) return {};
  const Json& image = parsed.at("image");
  require(image.is_array() && image.size() == 2 && image[0].is_number_integer() &&
              image[1].is_number_integer(),
          "the state does not say which images its training takes: it is damaged");
  const ImageShape shape{image[0].get<int>(), image[1].get<int>()};
  odin::validate(
      Architecture(DenseNetConfig{}, shape));  // any family: the shape alone is in question
  return shape;
}

bool holds_out_last_images(std::string_view setup) {
  const Json parsed = parse_setup(setup);
  require(has_number(parsed, "held_out"),
          "the state does not say how many images its training holds out: it is damaged");
  return parsed.at("held_out") > 0 && !parsed.contains("held_out_seed");
}

std::string resumed_setup(std::string_view before, std::string_view now, std::int64_t step) {
  const Json old = parse_setup(before);
  Json resumed = parse_setup(now);
  const std::vector<std::string> other = differences(fixed_part(old), fixed_part(resumed));
  require(other.empty(),
          "the state belongs to another training: {}. Give what it was started with, or name "
          "another --state",
          fmt::join(other, ", "));
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
  const Json parsed = parse_setup(setup);
  for (const Json& entry : parsed.at("history")) {
    text +=
        fmt::format("; until step {} on the schedule of {} epochs, {} of them of half the size",
                    entry.at("until_step").get<std::int64_t>(), entry.at("epochs").get<double>(),
                    entry.at("half_size_epochs").get<double>());
  }
  return text;
}

}  // namespace odin::training
