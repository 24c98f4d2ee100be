#include "nn/network.h"

#include <algorithm>
#include <cmath>

#include "nn/layers/linear.h"

namespace odin {
Network::Network(Graph graph, Backend& backend)
    : graph_(std::move(graph)),
      backend_(backend),
      fused_(backend.fused_training()),
      nodes_(fused_ ? FusedNodes(graph_) : FusedNodes()),
      normalised_(graph_.buffers().size()) {
  for (const Graph::Node& node : graph_.nodes()) {
    NodeState state{parameters_.size(), operations_, {}};
    operations_ += static_cast<std::size_t>(node.layer->operations());
    for (const ParameterSpec& spec : node.layer->parameters()) {
      // Row-major on every device, those of rank 4 too: weights are no activations.
      const auto tensor = [&] { return Tensor(backend_, spec.shape, backend_.data_type()); };
      parameters_.push_back({parameter_name(node, spec.name), spec.trainable, tensor(),
                             spec.trainable ? tensor() : Tensor()});
    }
    for (const Shape& shape : node.layer->saved()) state.saved.emplace_back(backend_, shape);
    states_.push_back(std::move(state));
  }
  for (std::size_t b = 0; nodes_.any() && b < normalised_.size(); ++b) {
    if (!nodes_.normalised[b]) continue;
    NormalisedBuffer& n = normalised_[b];
    const int channels = graph_.buffers()[b].channels;
    for (Tensor* tensor : {&n.mean, &n.variance, &n.inv_std, &n.offset, &n.slope}) {
      *tensor = Tensor(backend_, {channels});
    }
  }
}

void Network::set_parameters(const ParameterMap& parameters) {
  for (Parameter& parameter : parameters_) {
    const auto found = parameters.find(parameter.name);
    require(found != parameters.end(), "network {}: parameter {} is missing", graph_.name(),
            parameter.name);
    require(found->second.shape == parameter.value.shape(),
            "network {}: parameter {} has shape {}, not {}", graph_.name(), parameter.name,
            found->second.shape.to_string(), parameter.value.shape().to_string());
    parameter.value.upload(backend_, {found->second.values.begin(), found->second.values.end()});
  }
  for (const auto& entry : parameters) {
    const auto known = std::any_of(parameters_.begin(), parameters_.end(),
                                   [&](const Parameter& p) { return p.name == entry.first; });
    require(known, "network {} has no parameter {}", graph_.name(), entry.first);
  }
}

ParameterMap Network::parameters() const {
  ParameterMap map;
  for (const Parameter& parameter : parameters_) {
    const std::vector<double> values = parameter.value.download(backend_);
    map.emplace(parameter.name,
                ParameterArray{parameter.value.shape(), {values.begin(), values.end()}});
  }
  return map;
}

void Network::set_random(std::uint64_t seed, std::uint64_t step) {
  seed_ = seed;
  step_ = step;
}

bool Network::is_unused(std::size_t buffer) const {
  return fuses() && nodes_.unused[buffer];
}

void Network::reserve(std::int64_t images) {
  images_ = images;
  if (images > capacity_ || activations_.empty()) {
    capacity_ = images;
    gradients_.clear();
    activations_.clear();
    activations_.resize(graph_.buffers().size());
  }
  for (std::size_t b = 0; b < activations_.size(); ++b) {
    if (!activations_[b].empty() || is_unused(b)) continue;
    const PlanBuffer& buffer = graph_.buffers()[b];
    activations_[b] =
        Tensor::activation(backend_, {capacity_, buffer.channels, buffer.height, buffer.width},
                           type_of(static_cast<int>(b)));
  }
}

std::vector<Lifetime> Network::gradient_lifetimes() const {
  std::vector<Lifetime> lifetimes(graph_.buffers().size());
  const auto extend = [&](const Activation& a, int moment) {
    lifetimes[static_cast<std::size_t>(a.buffer)].extend(moment);
  };
  const std::vector<Graph::Node>& nodes = graph_.nodes();
  extend(graph_.output(), 0);
  int moment = 0;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    ++moment;
    if (fuses() && nodes_.absorbed[i]) continue;
    extend(nodes[i].output, moment);
    const std::size_t reader = fuses() ? nodes_.norm_of[i].value_or(i) : i;
    for (const Activation& input : nodes[reader].inputs) extend(input, moment);
  }
  extend(graph_.input(), moment + 1);  // the caller may read it afterwards
  return lifetimes;
}

void Network::reserve_gradients() {
  gradients_.clear();  // before others are allocated
  std::vector<Tensor> gradients(activations_.size());
  const std::vector<Lifetime> lifetimes = gradient_lifetimes();
  std::vector<std::size_t> order;  // of the buffers, as a backward pass begins their gradients
  for (std::size_t b = 0; b < lifetimes.size(); ++b) {
    if (!lifetimes[b].empty()) order.push_back(b);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return lifetimes[a].first < lifetimes[b].first;
  });
  struct Shared {
    Tensor memory;
    int last;  // until when it is taken
  };
  std::vector<Shared> shared;
  for (const std::size_t b : order) {
    const ConstTensorView like = activations_[b].view();
    auto place = std::find_if(shared.begin(), shared.end(), [&](const Shared& s) {
      return s.last < lifetimes[b].first && s.memory.shape() == like.shape() &&
             s.memory.view().type() == like.type();
    });
    if (place == shared.end()) {
      shared.push_back({Tensor::activation(backend_, like.shape(), like.type()), 0});
      place = shared.end() - 1;
    }
    place->last = lifetimes[b].last;
    gradients[b] = place->memory;
  }
  gradients_ = std::move(gradients);
  mode_of_gradients_ = mode_;
}

DataType Network::type_of(int buffer) const {
  if (buffer == graph_.input().buffer) return backend_.data_type();
  for (const Graph::Node& node : graph_.nodes()) {
    const bool touched = node.output.buffer == buffer || node.inputs[0].buffer == buffer;
    if (touched && dynamic_cast<const Linear*>(node.layer.get())) return backend_.data_type();
  }
  return backend_.activation_type();
}

TensorView Network::activation(const Activation& a) {
  return slice_of(activations_, a);
}

TensorView Network::gradient(const Activation& a) {
  return slice_of(gradients_, a);
}

TensorView Network::slice_of(std::vector<Tensor>& buffers, const Activation& a) const {
  return buffers[static_cast<std::size_t>(a.buffer)]
      .view()
      .images(0, images_)
      .channels(a.begin, a.channels);
}

TensorView Network::value_of(std::size_t node, std::size_t parameter) {
  return parameters_[states_[node].first_parameter + parameter].value.view();
}

TensorView Network::gradient_of(std::size_t node, std::size_t parameter) {
  return parameters_[states_[node].first_parameter + parameter].gradient.view();
}

// Calls run(context, inputs) for a node.
template <class Run>
void Network::with_context(std::size_t node, bool parameter_gradients, Run run) {
  const Graph::Node& n = graph_.nodes()[node];
  NodeState& state = states_[node];
  std::vector<TensorView> values;
  std::vector<TensorView> gradients;
  std::vector<TensorView> saved;
  for (std::size_t i = 0; i < n.layer->parameters().size(); ++i) {
    Parameter& parameter = parameters_[state.first_parameter + i];
    values.push_back(parameter.value.view());
    gradients.push_back(parameter_gradients && parameter.trainable ? parameter.gradient.view()
                                                                   : TensorView());
  }
  for (Tensor& tensor : state.saved) saved.push_back(tensor.view());
  std::vector<ConstTensorView> inputs;
  for (const Activation& input : n.inputs) inputs.push_back(activation(input));
  // Every operation of every step has its own random stream.
  const RandomKey key{seed_, step_ * operations_ + state.first_operation};
  run(LayerContext{backend_, mode_, values, gradients, saved, key}, Layer::Inputs(inputs));
}

ConstTensorView Network::forward(ConstTensorView images, Mode mode) {
  const MapShape in = graph_.shape_of(graph_.input());
  const Shape& shape = images.shape();
  require(
      shape.rank() == 4 && shape[1] == in.channels && shape[2] == in.height && shape[3] == in.width,
      "network {} takes images of {} x {} x {}, not {}", graph_.name(), in.channels, in.height,
      in.width, shape.to_string());
  mode_ = mode;
  reserve(shape[0]);
  if (mode == Mode::kTraining) ++step_;
  backend_.copy(images, activation(graph_.input()));
  for (NormalisedBuffer& n : normalised_)
    n.measured.assign(n.mean.empty() ? 0 : n.mean.shape()[0], false);
  for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
    if (fuses() && (nodes_.absorbed[i] || nodes_.norm_of[i])) {
      fused_forward(i);
      continue;
    }
    with_context(i, false, [&](const LayerContext& context, Layer::Inputs x) {
      graph_.nodes()[i].layer->forward(context, x, activation(graph_.nodes()[i].output));
    });
  }
  return as_rows(activation(graph_.output()));
}

void Network::backward(ConstTensorView dlogits, Gradients wanted) {
  if (gradients_.empty() || mode_of_gradients_ != mode_) reserve_gradients();
  begun_.resize(activations_.size());
  for (std::size_t b = 0; b < activations_.size(); ++b) {
    begun_[b].assign(static_cast<std::size_t>(graph_.buffers()[b].channels), false);
  }
  for (NormalisedBuffer& n : normalised_) {
    if (n.mean.empty()) continue;
    backend_.fill(n.offset.view(), 0);
    backend_.fill(n.slope.view(), 0);
  }
  for (Parameter& parameter : parameters_) {
    if (wanted.parameters && parameter.trainable) backend_.fill(parameter.gradient.view(), 0);
  }
  const TensorView seed = as_rows(gradient(graph_.output()));
  require(dlogits.shape() == seed.shape(), "the gradient of the logits has shape {}, not {}",
          dlogits.shape().to_string(), seed.shape().to_string());
  begin_or_add(graph_.output());
  backend_.copy(dlogits, seed);
  for (std::size_t i = graph_.nodes().size(); i-- > 0;) {
    const Graph::Node& node = graph_.nodes()[i];
    if (fuses() && nodes_.absorbed[i]) continue;
    if (fuses() && nodes_.norm_of[i]) {
      fused_backward(i, wanted.parameters);
      continue;
    }
    begin_gradient(node.output);
    if (fuses()) finish_gradient(node.output);
    with_context(i, wanted.parameters, [&](const LayerContext& context, Layer::Inputs x) {
      std::vector<TensorView> dx;
      for (const Activation& input : node.inputs) {
        const bool skip = !wanted.input && input.buffer == graph_.input().buffer;
        if (!skip) begin_gradient(input);
        dx.push_back(skip ? TensorView() : gradient(input));
      }
      node.layer->backward(context, x, activation(node.output), gradient(node.output), dx);
    });
  }
}

ConstTensorView Network::input_gradient() {
  require(!gradients_.empty(), "network {}: there was no backward pass", graph_.name());
  return gradient(graph_.input());
}

std::string Network::first_not_finite() {
  const auto has_one = [this](ConstTensorView view) {
    std::vector<double> values(static_cast<std::size_t>(view.numel()));
    backend_.download(view, values.data());
    return !std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  if (has_one(activation(graph_.input()))) return "the images";
  std::string before = "the images";
  for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
    const Graph::Node& node = graph_.nodes()[i];
    for (std::size_t p = 0; p < node.layer->parameters().size(); ++p) {
      const Parameter& parameter = parameters_[states_[i].first_parameter + p];
      if (has_one(parameter.value.view())) return parameter.name;
    }
    if (is_unused(static_cast<std::size_t>(node.output.buffer))) continue;
    const std::string name = node.name.empty() ? "the layer after " + before : node.name;
    if (has_one(activation(node.output))) return "the output of " + name;
    if (!node.name.empty()) before = node.name;
  }
  return "none";
}

}  // namespace odin
