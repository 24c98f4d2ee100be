#include "nn/architecture.h"

#include <algorithm>

#include "kernels/error.h"

namespace odin {
namespace {

// A network beyond these limits is a mistake or an attack, not an experiment.
constexpr int kMaxDepth = 2000;
constexpr int kMaxWidth = 1024;
constexpr int kMaxClasses = 100000;

void check_depth(const char* family, int depth, int step) {
  require(depth >= step + 4 && depth <= kMaxDepth && (depth - 4) % step == 0,
          "a {} has a depth of {} n + 4 for a whole n of at least 1, not {} (the nearest is {})",
          family, step, depth,
          4 + step * std::max(1, (std::clamp(depth, 0, kMaxDepth) - 4 + step / 2) / step));
}

void check_range(const char* what, int value, int least, int most) {
  require(value >= least && value <= most, "the {} must be between {} and {}, not {}", what, least,
          most, value);
}

// A softmax over a single class is always 1.
void check_classes(int classes) {
  check_range("number of classes", classes, 2, kMaxClasses);
}

struct Validate {
  void operator()(const DenseNetConfig& c) const {
    check_depth(c.bottleneck ? "DenseNet-BC" : "DenseNet", c.depth, c.bottleneck ? 6 : 3);
    check_range("growth rate", c.growth_rate, 1, kMaxWidth);
    require(c.reduction > 0 && c.reduction <= 1, "the reduction must be in (0, 1], not {}",
            c.reduction);
    check_classes(c.num_classes);
  }
  void operator()(const WideResNetConfig& c) const {
    check_depth("Wide ResNet", c.depth, 6);
    check_range("widen factor", c.widen_factor, 1, kMaxWidth);
    check_classes(c.num_classes);
  }
};

struct Name {
  std::string operator()(const DenseNetConfig& c) const {
    return fmt::format("DenseNet-{}{}", c.bottleneck ? "BC-" : "", c.depth);
  }
  std::string operator()(const WideResNetConfig& c) const {
    return fmt::format("Wide-ResNet-{}-{}", c.depth, c.widen_factor);
  }
};

}  // namespace

std::string name_of(const Architecture& architecture) {
  return std::visit(Name{}, architecture.family);
}

int num_classes(const Architecture& architecture) {
  return std::visit([](const auto& config) { return config.num_classes; }, architecture.family);
}

void validate(const Architecture& architecture) {
  std::visit(Validate{}, architecture.family);
  require(architecture.image.channels == 1 || architecture.image.channels == 3,
          "images must have 1 or 3 channels, not {}", architecture.image.channels);
  check_range("side of the images", architecture.image.side, ImageShape::kLeastSide,
              ImageShape::kMostSide);
}

}  // namespace odin
