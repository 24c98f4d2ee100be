#include "nn/graph.h"

namespace odin {

Graph::Graph(std::string name, const MapShape& input) : name_(std::move(name)) {
  input_ = buffer(input);
}

Activation Graph::output() const {
  require(!nodes_.empty(), "network {} has no layers", name_);
  return nodes_.back().output;
}

MapShape Graph::shape_of(const Activation& activation) const {
  const PlanBuffer& buffer = buffers_.at(static_cast<std::size_t>(activation.buffer));
  return {activation.channels, buffer.height, buffer.width};
}

Activation Graph::buffer(const MapShape& shape) {
  buffers_.push_back({shape.channels, shape.height, shape.width});
  return {static_cast<int>(buffers_.size()) - 1, 0, shape.channels};
}

Activation Graph::slice(const Activation& of, int begin, int channels) const {
  require(begin >= 0 && channels > 0 && begin + channels <= of.channels,
          "network {}: channels [{}, {}) are outside an activation of {} channels", name_, begin,
          begin + channels, of.channels);
  return {of.buffer, of.begin + begin, channels};
}

Activation Graph::append(std::string name, std::shared_ptr<const Layer> layer,
                         std::vector<Activation> inputs, const Activation* output) {
  std::vector<MapShape> shapes;
  for (const Activation& input : inputs) shapes.push_back(shape_of(input));
  const MapShape shape = layer->output_shape(shapes);
  const Activation target = output ? *output : buffer(shape);
  require(shape_of(target) == shape,
          "network {}, layer {}: the result is {} x {} x {}, but its output has another shape",
          name_, name, shape.channels, shape.height, shape.width);
  nodes_.push_back({std::move(name), std::move(layer), std::move(inputs), target});
  return target;
}

std::vector<ParameterSpec> Graph::parameters() const {
  std::vector<ParameterSpec> all;
  for (const Node& node : nodes_) {
    for (ParameterSpec spec : node.layer->parameters()) {
      spec.name = parameter_name(node, spec.name);
      all.push_back(std::move(spec));
    }
  }
  return all;
}

std::string parameter_name(const Graph::Node& node, std::string_view parameter) {
  return fmt::format("{}.{}", node.name, parameter);
}

}  // namespace odin
