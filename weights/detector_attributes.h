// A detector's settings as the group `detector` of a checkpoint's file.
#pragma once

#include <optional>

#include "weights/detector_settings.h"
#include "weights/hdf5_handle.h"

namespace odin {

// The settings, or nothing if the file has no such group. Throws Error if an attribute is missing
// or invalid, and if the group is reached by a link that leads elsewhere. Needs a Session.
std::optional<DetectorSettings> read_detector_settings(const hdf5::Handle& root);

// Writes what read_detector_settings() reads into `group`, which is empty.
void write_detector_settings(const DetectorSettings& settings, const hdf5::Handle& group);

inline constexpr const char* kDetectorGroup = "detector";

}  // namespace odin
