// What makes a checkpoint right, for its reader and its writer alike.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nn/architecture.h"
#include "weights/checkpoint.h"

namespace odin {

inline constexpr const char* kCheckpointFormat = "odin-checkpoint";
inline constexpr int kCheckpointVersion = 1;
inline constexpr const char* kDenseNetFamily = "densenet";
inline constexpr const char* kWideResNetFamily = "wide_resnet";

// A parameter as it was found, before its values are looked at.
struct FoundParameter {
  Shape shape;
  std::string problem;  // why it cannot be used: "is a soft link"; empty where nothing is wrong
};

// Throws Error unless everything but the parameters makes sense: the architecture, as many class
// names as classes or none, means in [0, 1] and deviations in (0, 1], for pixels in 0..1.
void check_description(const Checkpoint& checkpoint);

// One clause for each parameter that is missing, unusable, of another shape or of another network.
std::vector<std::string> structure_problems(const Architecture& architecture,
                                            const std::map<std::string, FoundParameter>& found);

// One clause for each parameter that holds a value that is not finite or a negative variance.
std::vector<std::string> value_problems(const ParameterMap& parameters);

// "a, b and 7 more entries are wrong": the first few problems in full.
std::string summary(const std::vector<std::string>& problems);

// Throws Error, naming the file and its problems, where there are any.
void require_usable(const std::filesystem::path& file, const CheckpointInspection& inspection);

// Text from a file made safe for one line of a terminal: control characters as \x1b, cut where it is
// longer than `most` bytes.
std::string printable(const std::string& text, std::size_t most = 200);

}  // namespace odin
