// From the names that others give to the tensors of our networks to ours.
#pragma once

#include <string>
#include <vector>

#include "tools/tensors/saved_network.h"

namespace odin::pytorch {

struct NamedParameter {
  std::string name;  // ours, as in the ODIN authors' networks
  const NamedTensor* tensor;
};

struct Naming {
  std::vector<NamedParameter> parameters;  // in the order of the file
  // Tensors that are no part of the network, such as those of a normalisation before it.
  std::vector<const NamedTensor*> beside;
};

// Names tensors as ours are:
// - A prefix that all tensors of the network share is dropped: "model.", "encoder.", "0.".
// - The classifier may be `linear`, `classifier`, `head` or `output` for `fc`, and outside of the
//   prefix.
// - torchvision's and gpleiss's names of a DenseNet are translated: features.conv0,
//   features.denseblock1.denselayer1.norm1, features.transition1.norm, features.norm5 or
//   norm_final.
// - Tensors outside of the prefix, or of a module that our networks do not have, are beside.
//
// Names that are unknown are kept. Throws Error, saying what differs, for networks that have the
// right names and compute something else: torchvision's own DenseNet, kuangliu's DenseNet, ResNets.
// Also throws if there are two networks or two classifiers. The result points to `tensors`.
Naming name_parameters(const std::vector<NamedTensor>& tensors);

// "2 tensors that are no part of the network: normalize.mean (3), mu (10)", or nothing if there are
// none.
std::string tensors_beside(const Naming& naming);

}  // namespace odin::pytorch
