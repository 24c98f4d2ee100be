// What the paper of ODIN reports for its four networks, to be shown beside our own figures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eval/metrics/metrics.h"
#include "eval/scoring/detector.h"
#include "eval/scoring/scorer.h"

namespace odin {

// Table 2 of the paper (arXiv:1706.02690) is not the same in all of its editions.
enum class PaperEdition : std::uint8_t {
  // v5, the last: two DenseNets and six sets; one magnitude for each network, chosen on iSUN.
  kFifth,
  // Before it: all four networks and seven sets; the release's magnitude for each pair.
  kEarlier,
};

struct PaperFigures {
  PaperEdition edition = PaperEdition::kFifth;
  OdinParameters parameters;  // ODIN's there
  Metrics metrics;            // as printed, as fractions
  bool operator==(const PaperFigures&) const = default;
};

// The figures for a network ("densenet10") and an out-of-distribution set ("LSUN") by their names
// in the release: those of the edition whose magnitude is the one given, if one has it, else of the
// last that has the pair. Nothing where the paper has none, or where we do not know them:
// - of the earlier edition we have ODIN's columns only, so that the baseline of the two Wide
//   ResNets and of iSUN is unknown to us;
// - it took the detection error at TPR 95 %, (5 % + FPR) / 2, and not the least one.
std::optional<PaperFigures> paper_figures(std::string_view network, std::string_view out_set,
                                          const Detector& detector, double magnitude);

// Where the figures are from, in one line.
std::string citation(const PaperFigures& figures);

}  // namespace odin
