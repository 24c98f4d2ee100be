#include "eval/scoring/detector.h"

#include <algorithm>
#include <array>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::array<DetectorInfo, 4> kDetectors{{
    {Detector::kBaseline, "baseline", "Baseline", "Baseline", "Base",
     "Hendrycks & Gimpel, ICLR 2017, arXiv:1610.02136"},
    {Detector::kMaxLogit, "max_logit", "Max logit", "Max Logit", "MaxLogit",
     "Hendrycks et al., ICML 2022, arXiv:1911.11132"},
    {Detector::kEnergy, "energy", "Energy", "Energy", "Energy",
     "Liu, Wang, Owens & Li, NeurIPS 2020, arXiv:2010.03759"},
    {Detector::kOdin, "odin", "ODIN", "Our Method", "Our",
     "Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690"},
}};

}  // namespace

const DetectorInfo& info_of(Detector detector) {
  return kDetectors[static_cast<std::size_t>(detector)];
}

std::vector<Detector> release_detectors() {
  return {Detector::kBaseline, Detector::kOdin};
}

std::vector<Detector> parse_detectors(std::span<const std::string_view> names) {
  const auto known = [](std::string_view name) {
    return name == "all" ||
           std::ranges::find(kDetectors, name, &DetectorInfo::name) != kDetectors.end();
  };
  for (const std::string_view name : names) {
    require(known(name),
            "there is no score \"{}\"; the scores are baseline, max_logit, energy, odin and all",
            name);
  }
  std::vector<Detector> chosen;
  for (const DetectorInfo& info : kDetectors) {
    const bool wanted = std::ranges::any_of(
        names, [&](std::string_view name) { return name == "all" || name == info.name; });
    if (wanted) chosen.push_back(info.detector);
  }
  require(!chosen.empty(), "no score is asked for");
  return chosen;
}

}  // namespace odin
