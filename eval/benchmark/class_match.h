// Whether a network and an in-distribution set belong together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/data/dataset.h"
#include "eval/data/spec.h"
#include "weights/checkpoint.h"

namespace odin {

struct ClassMatch {
  // The network's class for each class of the set; empty if they have none in common, so that there
  // is no accuracy.
  std::vector<std::int32_t> classes;
  std::vector<std::string> notes;  // a sentence for each thing that does not fit
};

// What a set is, as far as its specification says, next to the set that the network was trained on.
enum class SetOrigin : std::uint8_t { kUnknown, kSame, kOther };

// `trained_on` is the name in the network's checkpoint: "cifar10", "CIFAR-10".
SetOrigin set_origin(DatasetKind kind, std::string_view trained_on);

// What the network is, for match_classes().
struct NetworkClasses {
  int count = 0;
  std::span<const std::string> names;  // one per class, or none
  std::string_view trained_on;
};

// A sentence for what is wrong with images of this name and kind as in-distribution images that the
// network has not seen: they are of another set than it was trained on, or of its training half.
std::vector<std::string> origin_notes(std::string_view images, std::string_view trained_on,
                                      DatasetKind kind);

// Classes are matched by name if both have names. Class folders whose names are the numbers from 0
// are the network's classes of those numbers. Without names, and in the set that the network was
// trained on, the classes are numbered alike.
ClassMatch match_classes(const Dataset& images, const NetworkClasses& network, SetOrigin origin);
// The same for the network of a checkpoint and a set of this kind.
ClassMatch match_classes(const Dataset& images, const Checkpoint& checkpoint, DatasetKind kind);

}  // namespace odin
