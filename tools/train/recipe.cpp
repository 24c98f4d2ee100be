#include "tools/train/recipe.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <nlohmann/json.hpp>

#include "kernels/error.h"

namespace odin::training {

Recipe preset(std::string_view name) {
  Recipe recipe;
  if (name == "densenet") return recipe;
  if (name == "wrn") {
    recipe.epochs = 200;
    recipe.batch_size = 128;
    recipe.milestones = {0.3, 0.6, 0.8};
    recipe.decay = 0.2;
    recipe.weight_decay = 5e-4;
    return recipe;
  }
  if (name == "fast") {
    recipe.epochs = 30;
    recipe.batch_size = 128;
    recipe.learning_rate = 0.2;
    recipe.warmup_epochs = 2;
    recipe.schedule = Schedule::kCosine;
    recipe.weight_decay = 5e-4;
    return recipe;
  }
  fail("the preset {} is unknown: use densenet, wrn or fast", name);
}

void validate(const Recipe& r) {
  const auto check = [](bool good, std::string_view option, double value, std::string_view rule) {
    require(good, "--{} is {}, but must be {}", option, value, rule);
  };
  const auto not_negative = [](double v) { return std::isfinite(v) && v >= 0; };
  check(std::isfinite(r.epochs) && r.epochs > 0 && r.epochs <= 1e6, "epochs", r.epochs,
        "above 0 and at most a million");
  check(r.half_size_epochs >= 0 && r.half_size_epochs <= r.epochs, "half-size-epochs",
        r.half_size_epochs, "at least 0 and no more than the epochs");
  check(r.batch_size >= 2 && r.batch_size <= 1 << 20, "batch-size",
        static_cast<double>(r.batch_size),
        "from 2, which the statistics of batch norms need, to 2^20");
  check(not_negative(r.learning_rate), "rate", r.learning_rate, "a finite number of at least 0");
  check(r.warmup_epochs >= 0 && r.warmup_epochs <= r.epochs, "warmup-epochs", r.warmup_epochs,
        "at least 0 and no more than the epochs");
  for (const double at : r.milestones) {
    check(at > 0 && at <= 1, "milestones", at, "a fraction of the epochs, above 0 and at most 1");
  }
  check(r.decay > 0 && r.decay <= 1, "decay", r.decay, "above 0 and at most 1");
  check(r.momentum >= 0 && r.momentum < 1, "momentum", r.momentum, "at least 0 and below 1");
  check(!r.nesterov || r.momentum > 0, "momentum", r.momentum,
        "above 0 for Nesterov's momentum (or give --no-nesterov)");
  check(not_negative(r.weight_decay), "weight-decay", r.weight_decay,
        "a finite number of at least 0");
  check(r.dropout >= 0 && r.dropout < 1, "dropout", r.dropout, "at least 0 and below 1");
  check(r.augmentation.crop_padding >= 0 && r.augmentation.crop_padding <= 32, "crop-padding",
        r.augmentation.crop_padding, "from 0 to 32");
}

std::int64_t steps_per_epoch(const Recipe& recipe, std::int64_t images) {
  const std::int64_t steps = images / recipe.batch_size;
  require(steps > 0, "{} images do not fill one batch of {}", images, recipe.batch_size);
  return steps;
}

std::int64_t steps_of(double epochs, std::int64_t per_epoch) {
  return std::llround(epochs * static_cast<double>(per_epoch));
}

double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t per_epoch) {
  const std::int64_t warmup = steps_of(recipe.warmup_epochs, per_epoch);
  if (step < warmup) {
    return recipe.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const std::int64_t steps = steps_of(recipe.epochs, per_epoch);
  if (recipe.schedule == Schedule::kCosine) {
    const double done = static_cast<double>(step - warmup) /
                        static_cast<double>(std::max<std::int64_t>(steps - warmup, 1));
    return recipe.learning_rate * (1 + std::cos(std::numbers::pi * done)) / 2;
  }
  double rate = recipe.learning_rate;
  for (const double at : recipe.milestones) {
    if (step >= steps_of(at * recipe.epochs, per_epoch)) rate *= recipe.decay;
  }
  return rate;
}

std::string describe(const Recipe& r) {
  std::string text = fmt::format("{} epochs in batches of {}", r.epochs, r.batch_size);
  if (r.half_size_epochs > 0) {
    text += fmt::format(" (the first {} on images of half the size)", r.half_size_epochs);
  }
  text += fmt::format(", rate {} ", r.learning_rate);
  if (r.warmup_epochs > 0) text += fmt::format("after a warm-up of {} epochs ", r.warmup_epochs);
  if (r.schedule == Schedule::kCosine) {
    text += "with a cosine schedule";
  } else {
    text += fmt::format("times {} at {} of the epochs", r.decay, fmt::join(r.milestones, ", "));
  }
  text += fmt::format(", {}momentum {}, weight decay {}", r.nesterov ? "Nesterov " : "", r.momentum,
                      r.weight_decay);
  if (r.dropout > 0) text += fmt::format(", dropout {}", r.dropout);
  if (r.augmentation.crop_padding > 0) {
    text += fmt::format(", random crops padded by {}", r.augmentation.crop_padding);
  }
  if (r.augmentation.flip) text += ", random flips";
  return text + fmt::format(", seed {}", r.seed);
}

std::string to_json(const Recipe& r) {
  return nlohmann::ordered_json{{"epochs", r.epochs},
                                {"half_size_epochs", r.half_size_epochs},
                                {"batch_size", r.batch_size},
                                {"learning_rate", r.learning_rate},
                                {"warmup_epochs", r.warmup_epochs},
                                {"cosine", r.schedule == Schedule::kCosine},
                                {"milestones", r.milestones},
                                {"decay", r.decay},
                                {"momentum", r.momentum},
                                {"nesterov", r.nesterov},
                                {"weight_decay", r.weight_decay},
                                {"dropout", r.dropout},
                                {"crop_padding", r.augmentation.crop_padding},
                                {"flip", r.augmentation.flip},
                                {"seed", r.seed}}
      .dump();
}

}  // namespace odin::training
