#include "nn/networks.h"

#include <cmath>

#include "nn/layers/add.h"
#include "nn/layers/average_pool.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"

namespace odin {
namespace {

// relu(batch_norm(x))
Activation bn_relu(Graph& graph, const std::string& name, const Activation& x) {
  return graph.add(name, BatchNorm(x.channels, /*relu=*/true), {x});
}

// A convolution that keeps height and width at stride 1, then dropout. Writes to `output` if given.
Activation convolve(Graph& graph, const std::string& name, const Activation& x, int channels,
                    int kernel, int stride, double dropout, const Activation* output = nullptr) {
  const Convolution convolution(x.channels, channels, kernel, stride, kernel / 2);
  if (dropout > 0) {
    const Activation y = graph.add(name, convolution, {x});
    return output ? graph.add_into(*output, "", Dropout(dropout), {y})
                  : graph.add("", Dropout(dropout), {y});
  }
  return output ? graph.add_into(*output, name, convolution, {x})
                : graph.add(name, convolution, {x});
}

MapShape map_of(const ImageShape& image) {
  return {image.channels, image.side, image.side};
}

// BN, ReLU, global average pool, linear.
Activation classifier(Graph& graph, const Activation& x, int classes) {
  const Activation features = bn_relu(graph, "bn1", x);
  const Activation pooled =
      graph.add("", AveragePool(graph.shape_of(features).height, 1), {features});
  return graph.add("fc", Linear(x.channels, classes), {pooled});
}

// Appends `layers` layers. The first `channels` channels of `features` are the block's input. Each
// layer reads all channels so far and writes the next growth_rate channels.
void dense_block(Graph& graph, const std::string& name, const Activation& features, int channels,
                 int layers, const DenseNetConfig& config, double dropout) {
  const int growth = config.growth_rate;
  for (int i = 0; i < layers; ++i) {
    const std::string layer = fmt::format("{}.layer.{}", name, i);
    const Activation x = graph.slice(features, 0, channels);
    const Activation y = graph.slice(features, channels, growth);
    const Activation h = bn_relu(graph, layer + ".bn1", x);
    if (config.bottleneck) {
      const Activation narrow = convolve(graph, layer + ".conv1", h, 4 * growth, 1, 1, dropout);
      convolve(graph, layer + ".conv2", bn_relu(graph, layer + ".bn2", narrow), growth, 3, 1,
               dropout, &y);
    } else {
      convolve(graph, layer + ".conv1", h, growth, 3, 1, dropout, &y);
    }
    channels += growth;
  }
}

// x + conv2(relu(bn2(conv1(relu(bn1(x)))))). If the width changes, a 1x1 convolution of
// relu(bn1(x)) replaces the first x.
Activation wide_block(Graph& graph, const std::string& name, const Activation& x, int channels,
                      int stride, double dropout) {
  const Activation h = bn_relu(graph, name + ".bn1", x);
  const Activation shortcut =
      x.channels == channels
          ? x
          : graph.add(name + ".convShortcut", Convolution(x.channels, channels, 1, stride), {h});
  Activation y = convolve(graph, name + ".conv1", h, channels, 3, stride, 0);
  y = bn_relu(graph, name + ".bn2", y);
  if (dropout > 0) y = graph.add("", Dropout(dropout), {y});
  y = convolve(graph, name + ".conv2", y, channels, 3, 1, 0);
  return graph.add("", Add(), {y, shortcut});
}

}  // namespace

Graph densenet(const DenseNetConfig& config, double dropout, ImageShape image) {
  const Architecture architecture(config, image);
  validate(architecture);
  const int layers = (config.depth - 4) / (config.bottleneck ? 6 : 3);
  Graph graph(name_of(architecture), map_of(image));
  Activation x = graph.input();
  int channels = 2 * config.growth_rate;
  for (int block = 1; block <= 3; ++block) {
    const int width = channels + layers * config.growth_rate;
    const int size = image.side >> (block - 1);
    const Activation features = graph.buffer({width, size, size});
    const Activation first = graph.slice(features, 0, channels);
    if (block == 1) {
      convolve(graph, "conv1", x, channels, 3, 1, 0, &first);
    } else {
      const std::string name = fmt::format("trans{}", block - 1);
      const Activation h = bn_relu(graph, name + ".bn1", x);
      const Activation y = convolve(graph, name + ".conv1", h, channels, 1, 1, dropout);
      graph.add_into(first, "", AveragePool(2, 2), {y});
    }
    dense_block(graph, fmt::format("block{}", block), features, channels, layers, config, dropout);
    x = features;
    channels = static_cast<int>(std::floor(width * config.reduction));
    require(channels > 0, "a reduction of {} leaves no channels", config.reduction);
  }
  classifier(graph, x, config.num_classes);
  return graph;
}

Graph wide_resnet(const WideResNetConfig& config, double dropout, ImageShape image) {
  const Architecture architecture(config, image);
  validate(architecture);
  const int blocks = (config.depth - 4) / 6;
  Graph graph(name_of(architecture), map_of(image));
  Activation x = convolve(graph, "conv1", graph.input(), 16, 3, 1, 0);
  for (int group = 1; group <= 3; ++group) {
    for (int i = 0; i < blocks; ++i) {
      x = wide_block(graph, fmt::format("block{}.layer.{}", group, i), x,
                     (8 << group) * config.widen_factor, group > 1 && i == 0 ? 2 : 1, dropout);
    }
  }
  classifier(graph, x, config.num_classes);
  return graph;
}

Graph build_graph(const Architecture& architecture, double dropout) {
  if (const auto* config = std::get_if<DenseNetConfig>(&architecture.family)) {
    return densenet(*config, dropout, architecture.image);
  }
  return wide_resnet(std::get<WideResNetConfig>(architecture.family), dropout, architecture.image);
}

std::vector<ParameterSpec> parameter_specs(const Architecture& architecture) {
  return build_graph(architecture).parameters();
}

}  // namespace odin
