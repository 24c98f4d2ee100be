// The figures that the ODIN paper reports for its four networks, to show next to our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eval/metrics/metrics.h"
#include "eval/scoring/detector.h"
#include "eval/scoring/scorer.h"

namespace odin {

// Table 2 of the paper (arXiv:1706.02690) differs between its editions.
enum class PaperEdition : std::uint8_t {
  // v5, the last one: two DenseNets and six sets; one magnitude per network, chosen on iSUN.
  kFifth,
  // Before v5: all four networks and seven sets; the magnitude of the authors' code for each pair.
  kEarlier,
};

struct PaperFigures {
  PaperEdition edition = PaperEdition::kFifth;
  OdinParameters parameters;  // of ODIN in that edition
  Metrics metrics;            // the printed figures, as fractions
  bool operator==(const PaperFigures&) const = default;
};

// The figures for a network ("densenet10") and an out-of-distribution set ("LSUN"), by their names in
// the authors' code. They are from the edition with the given magnitude, if any, else from the last
// edition that has the pair. The result is empty if the paper has no figures or we do not know them.
//
// About the earlier edition:
// - we have only ODIN's columns, so we do not know the baseline of the two Wide ResNets and of iSUN;
// - its detection error is the one at TPR 95 %, (5 % + FPR) / 2, not the least one.
std::optional<PaperFigures> paper_figures(std::string_view network, std::string_view out_set,
                                          const Detector& detector, double magnitude);

// The source of the figures, in one line.
std::string citation(const PaperFigures& figures);

}  // namespace odin
