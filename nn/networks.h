// The two networks of the paper, built from layers. No parameter depends on the size of the images,
// so both networks also run on smaller ones. Images are `image_size` pixels high and wide, a
// multiple of four (tools/train/recipe.h may begin a training with small images).
#pragma once

#include "nn/architecture.h"
#include "nn/graph.h"

namespace odin {

// DenseNet or DenseNet-BC: 3x3 convolution to 2 growth channels; three dense blocks at 32 x 32,
// 16 x 16 and 8 x 8 with transitions between them; BN, ReLU, global average pool, linear. `dropout`
// is the rate after every convolution but the first (Huang et al. 2017, section 4.2).
Graph densenet(const DenseNetConfig& config, double dropout = 0, int image_size = kImageSize);

// Wide ResNet: 3x3 convolution to 16 channels; three groups of (depth - 4) / 6 blocks of 16, 32 and
// 64 times the widen factor, strides 1, 2, 2; BN, ReLU, global average pool, linear. `dropout` is
// the rate between the convolutions of a block (Zagoruyko & Komodakis 2016, section 2.4).
Graph wide_resnet(const WideResNetConfig& config, double dropout = 0, int image_size = kImageSize);

// Builds either network. Throws Error if validate(architecture) does.
Graph build_graph(const Architecture& architecture, double dropout = 0,
                  int image_size = kImageSize);

}  // namespace odin
