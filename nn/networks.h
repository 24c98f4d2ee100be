// The two networks of the paper, built from layers. Each halves the images twice, and ends in the
// mean over all that is left. Where the side is a multiple of four that is a quarter of it, the
// window of the papers' code (8 for 32 x 32), and otherwise the same as an adaptive pool to 1 x 1.
// No parameter depends on the side of the images, so tools/train/recipe.h may begin a training with
// smaller ones.
#pragma once

#include "nn/architecture.h"
#include "nn/graph.h"

namespace odin {

// DenseNet or DenseNet-BC: 3x3 convolution to 2 growth channels; three dense blocks at the side
// of the images, a half and a quarter of it with transitions between them; BN, ReLU, global average
// pool, linear. `dropout` is the rate after every convolution but the first (Huang et al. 2017,
// section 4.2).
Graph densenet(const DenseNetConfig& config, double dropout = 0, ImageShape image = {});

// Wide ResNet: 3x3 convolution to 16 channels; three groups of (depth - 4) / 6 blocks of 16, 32 and
// 64 times the widen factor, strides 1, 2, 2; BN, ReLU, global average pool, linear. `dropout` is
// the rate between the convolutions of a block (Zagoruyko & Komodakis 2016, section 2.4).
Graph wide_resnet(const WideResNetConfig& config, double dropout = 0, ImageShape image = {});

// Builds either network. Throws Error if validate(architecture) does.
Graph build_graph(const Architecture& architecture, double dropout = 0);

}  // namespace odin
