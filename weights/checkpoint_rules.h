// What makes a checkpoint valid: rules that its reader and its writer share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nn/architecture.h"
#include "weights/checkpoint.h"

namespace odin {

inline constexpr const char* kCheckpointFormat = "odin-checkpoint";
// Version 2 adds the shape of the images. Files of networks for the usual images have version 1,
// which older programs read; those would run other networks on images of the wrong size.
inline constexpr int kCheckpointVersion = 2;
inline constexpr const char* kDenseNetFamily = "densenet";
inline constexpr const char* kWideResNetFamily = "wide_resnet";

// The group of what a detector has learnt, and how the names of its arrays begin, which have '.'
// for '/'.
inline constexpr const char* kDetectorFitGroup = "detector/fit";
inline constexpr std::string_view kDetectorFitPrefix = "detector.fit.";

// The most words of 32 bits that the arrays of a file may have together. More are a mistake or an
// attack: a Wide-ResNet-28-10 has 36.5 million, and a detector that keeps the features of 50,000
// images another 32 million.
inline constexpr std::uint64_t kMostStoredWords = std::uint64_t{1} << 29;

// A parameter as it was found in a file, before its values are read.
struct FoundParameter {
  Shape shape;
  std::string problem;  // why it cannot be used: "is a soft link"; empty if nothing is wrong
};

// Checks everything but the parameters and what a detector has learnt. Throws Error unless the
// architecture is valid, there is one class name per class or none at all, and one mean in [0, 1]
// and one deviation in (0, 1] (of pixels in 0..1) per channel.
void check_description(const Checkpoint& checkpoint);

// One clause for each parameter that is missing, unusable, of the wrong shape, or not part of the
// network.
std::vector<std::string> structure_problems(const Architecture& architecture,
                                            const std::map<std::string, FoundParameter>& found);

// One clause for each parameter with a value that is not finite or with a negative variance.
std::vector<std::string> value_problems(const ParameterMap& parameters);

// One clause for each thing that is wrong with what the detector has learnt: missing or not
// expected, an array without values or with one that is not finite, a name that is none.
std::vector<std::string> fit_problems(const Checkpoint& checkpoint);

// Throws Error if the arrays of a file to write have more words of 32 bits than its reader takes.
void check_stored_words(std::uint64_t words);

// The first few problems in full, and the number of the others: "a, b and 7 more entries are
// wrong".
std::string summary(const std::vector<std::string>& problems);

// Throws Error, naming the file and its problems, if there are any.
void require_usable(const std::filesystem::path& file, const CheckpointInspection& inspection);

}  // namespace odin
