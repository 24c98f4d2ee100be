// The check of a score's name on a command line.
#pragma once

namespace CLI {
class Validator;
}

namespace odin {

// Accepts what detector_named() takes and, with groups, what parse_detectors() takes.
CLI::Validator score_name(bool groups);

}  // namespace odin
