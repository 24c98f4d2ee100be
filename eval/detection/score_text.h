// What a detector judges by, in words.
#pragma once

#include <string>

#include "weights/detector_settings.h"

namespace odin {

// "ODIN, temperature 1000, magnitude 0.0014" or "ReAct, percentile 80, learnt from 50000 images of
// CIFAR-10, training": the score, its options and parameters, and the images that it has learnt
// from. Safe to print on a terminal.
std::string score_text(const DetectorSettings& settings);

}  // namespace odin
