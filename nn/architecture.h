// The two families of networks, described by their hyperparameters.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kernels/tensor_view.h"
#include "nn/image_shape.h"

namespace odin {

// DenseNet and DenseNet-BC for CIFAR (Huang et al., "Densely connected convolutional networks",
// CVPR 2017, section 3). `depth` counts the convolutions and the linear layer. It is 6 n + 4 with
// bottlenecks and 3 n + 4 without, for n layers in each block.
struct DenseNetConfig {
  int depth = 100;
  int growth_rate = 12;
  double reduction = 0.5;  // a transition keeps floor(channels * reduction)
  bool bottleneck = true;
  int num_classes = 10;
  bool operator==(const DenseNetConfig&) const = default;
};

// Wide ResNet (Zagoruyko & Komodakis, "Wide residual networks", BMVC 2016, table 1), depth 6 n + 4.
struct WideResNetConfig {
  int depth = 28;
  int widen_factor = 10;
  int num_classes = 10;
  bool operator==(const WideResNetConfig&) const = default;
};

// A network of one of the families, for images of one shape. Only the first convolution's
// parameters depend on that shape, by its channels.
struct Architecture {
  std::variant<DenseNetConfig, WideResNetConfig> family;
  ImageShape image;

  // A family alone is its network for the usual images.
  Architecture(const DenseNetConfig& config = {}, ImageShape shape = {})
      : family(config), image(shape) {}
  Architecture(const WideResNetConfig& config, ImageShape shape = {})
      : family(config), image(shape) {}
  bool operator==(const Architecture&) const = default;
};

// "DenseNet-BC-100", "DenseNet-40" or "Wide-ResNet-28-10", as papers write it.
std::string name_of(const Architecture& architecture);
int num_classes(const Architecture& architecture);

// Throws Error if there is no such network: for a depth that does not divide (the error names the
// nearest one that does), a width or number of classes below 1, a reduction outside (0, 1], and for
// absurdly large sizes; also unless images have 1 or 3 channels and a possible side.
void validate(const Architecture& architecture);

// A parameter or buffer of a network: its name as PyTorch writes it, "block1.layer.0.bn1.weight".
struct ParameterSpec {
  std::string name;
  Shape shape;
  bool trainable = true;  // false for the running statistics of batch norms
  bool operator==(const ParameterSpec&) const = default;
};

// Every parameter and buffer of the network, in the order in which the network uses them.
std::vector<ParameterSpec> parameter_specs(const Architecture& architecture);

}  // namespace odin
