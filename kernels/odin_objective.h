// What ODIN's perturbation of an image lowers.
#pragma once

namespace odin {

// A loss of an image's logits f. The perturbed image is one step against the sign of its gradient
// in the image. T is the temperature.
enum class OdinObjective {
  // -log softmax(f / T)[y], y the predicted class (Liang, Li & Srikant 2018, equation 2).
  kCrossEntropy,
  // -T log(sum over k of exp(f[k] / T)), the free energy (Liu, Wang, Owens & Li 2020, equation 4).
  kEnergy,
  // -f[y], y the predicted class: of the maximum logit (Hendrycks et al. 2022, section 3).
  kMaxLogit,
};

// Whether its gradient depends on the temperature.
constexpr bool has_temperature(OdinObjective objective) {
  return objective != OdinObjective::kMaxLogit;
}

}  // namespace odin
