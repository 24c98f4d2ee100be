#include "nn/compile.h"

#include <cmath>
#include <optional>
#include <set>

#include "nn/layers/add.h"
#include "nn/layers/average_pool.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"
#include "nn/layers/relu.h"

namespace odin {
namespace {

using Node = Graph::Node;

template <class L>
const L* layer_as(const Node* node) {
  return node ? dynamic_cast<const L*>(node->layer.get()) : nullptr;
}

// The operand of a consumer: an activation that a step has written, and the normalisation that has
// yet to be applied to it, if any.
struct Source {
  Activation activation;
  std::optional<Normalisation> pending;
};

class Compiler {
 public:
  Compiler(const Graph& graph, const ParameterMap& parameters)
      : graph_(graph), parameters_(parameters) {}

  Plan compile() {
    plan_.name = graph_.name();
    plan_.buffers = graph_.buffers();
    plan_.input = graph_.input();
    mark_written(graph_.input());
    for (const Node& node : graph_.nodes()) {
      if (const auto* convolution = layer_as<Convolution>(&node)) {
        emit_convolution(node, *convolution);
      } else if (const auto* pool = layer_as<AveragePool>(&node)) {
        if (!is_written(node.output)) emit_pool(node, *pool);
      } else if (const auto* linear = layer_as<Linear>(&node)) {
        emit_linear(node, *linear);
      } else if (layer_as<Add>(&node)) {
        require(is_written(node.output),
                "network {}: an addition must have a convolution among its operands",
                graph_.name());
      } else {
        require(layer_as<BatchNorm>(&node) || layer_as<Relu>(&node) || layer_as<Dropout>(&node),
                "network {}: layer {} cannot be compiled", graph_.name(), node.name);
      }
    }
    drop_unused_buffers();
    return std::move(plan_);
  }

 private:
  // --- the graph's structure --------------------------------------------------------------------
  const Node* producer(const Activation& activation) const {
    for (const Node& node : graph_.nodes()) {
      if (node.output == activation) return &node;
    }
    return nullptr;
  }

  // The only node that reads an activation or a part of it, or null if there are several or none,
  // or if it reads only a part.
  const Node* sole_reader(const Activation& activation) const {
    const Node* reader = nullptr;
    for (const Node& node : graph_.nodes()) {
      for (const Activation& input : node.inputs) {
        if (!overlap(input, activation)) continue;
        if (reader || input != activation) return nullptr;
        reader = &node;
      }
    }
    return reader;
  }

  // --- what the steps so far have written -------------------------------------------------------
  void mark_written(const Activation& activation) { written_.insert(activation); }
  bool is_written(const Activation& activation) const { return written_.contains(activation); }

  // Follows an activation back, through dropout, ReLU and batch norm, to what a step has written. A
  // slice of a buffer that is filled piece by piece is its own source.
  Source resolve(const Activation& activation) const {
    const Node* node = is_written(activation) ? nullptr : producer(activation);
    if (!node) return {activation, std::nullopt};
    if (layer_as<Dropout>(node)) return resolve(node->inputs[0]);
    if (layer_as<Relu>(node)) {
      Source source = resolve(node->inputs[0]);
      if (!source.pending) source.pending = identity(activation.channels);
      source.pending->relu = true;
      return source;
    }
    if (const auto* batch_norm = layer_as<BatchNorm>(node)) {
      Source source = resolve(node->inputs[0]);
      require(!source.pending,
              "network {}: layer {} must not follow another batch norm or a ReLU directly",
              graph_.name(), node->name);
      const Affine affine = affine_of(*node);
      source.pending =
          Normalisation{to_float(affine.scale), to_float(affine.shift), batch_norm->relu()};
      return source;
    }
    return {activation, std::nullopt};
  }

  // --- parameters -------------------------------------------------------------------------------
  const std::vector<float>& parameter(const Node& node, int index) const {
    const ParameterSpec spec = node.layer->parameters()[static_cast<std::size_t>(index)];
    const std::string name = parameter_name(node, spec.name);
    const auto found = parameters_.find(name);
    require(found != parameters_.end(), "network {}: parameter {} is missing", graph_.name(), name);
    require(found->second.shape == spec.shape &&
                static_cast<std::int64_t>(found->second.values.size()) == spec.shape.numel(),
            "network {}: parameter {} has shape {}, not {}", graph_.name(), name,
            found->second.shape.to_string(), spec.shape.to_string());
    return found->second.values;
  }

  struct Affine {
    std::vector<double> scale;
    std::vector<double> shift;
  };

  // A batch norm in evaluation as y = scale x + shift.
  Affine affine_of(const Node& node) const {
    const auto& weight = parameter(node, BatchNorm::kWeight);
    const auto& bias = parameter(node, BatchNorm::kBias);
    const auto& mean = parameter(node, BatchNorm::kRunningMean);
    const auto& var = parameter(node, BatchNorm::kRunningVar);
    Affine affine;
    for (std::size_t c = 0; c < weight.size(); ++c) {
      const double scale = weight[c] / std::sqrt(var[c] + BatchNorm::kEpsilon);
      affine.scale.push_back(scale);
      affine.shift.push_back(bias[c] - mean[c] * scale);
    }
    return affine;
  }

  static std::vector<float> to_float(const std::vector<double>& values) {
    return {values.begin(), values.end()};
  }

  static Normalisation identity(int channels) {
    const auto n = static_cast<std::size_t>(channels);
    return {std::vector<float>(n, 1.0f), std::vector<float>(n, 0.0f), false};
  }

  // --- steps ------------------------------------------------------------------------------------
  // The operand of a consumer that cannot have a prologue.
  Activation materialise(const Activation& activation) {
    const Source source = resolve(activation);
    if (!source.pending) return source.activation;
    plan_.steps.emplace_back(PlanNormalise{source.activation, activation, *source.pending});
    mark_written(activation);
    return activation;
  }

  // The operand of a consumer whose prologue ends in a ReLU.
  Source operand_with_relu(const Activation& activation) {
    Source source = resolve(activation);
    if (source.pending && !source.pending->relu) return {materialise(activation), std::nullopt};
    return source;
  }

  void emit_convolution(const Node& node, const Convolution& layer) {
    Source source = operand_with_relu(node.inputs[0]);
    PlanConvolution step;
    step.weights = parameter(node, 0);
    step.kernel = layer.kernel();
    step.stride = layer.geometry().stride;
    step.padding = layer.geometry().padding;
    step.output = node.output;

    const Node* next = skip_dropout(sole_reader(node.output), step.output);
    const auto* pool = layer_as<AveragePool>(next);
    if (pool && layer.kernel() == 1 && step.stride == 1 && step.padding == 0) {
      source = {pool_before(*next, *pool, source), std::nullopt};
      step.output = next->output;
    } else if (const auto* batch_norm = layer_as<BatchNorm>(next)) {
      fold(*next, step);
      step.relu = batch_norm->relu();
      step.output = next->output;
      const Node* after = sole_reader(step.output);
      if (layer_as<Relu>(after)) {
        step.relu = true;
        step.output = after->output;
      }
    } else if (layer_as<Relu>(next)) {
      step.relu = true;
      step.output = next->output;
    } else if (layer_as<Add>(next)) {
      join(*next, step);
    }
    step.input = source.activation;
    step.prologue = std::move(source.pending);
    mark_written(step.output);
    plan_.steps.emplace_back(std::move(step));
  }

  // Dropout after a convolution does nothing in evaluation: the convolution writes to the output of
  // the dropout.
  const Node* skip_dropout(const Node* next, Activation& output) const {
    while (layer_as<Dropout>(next)) {
      output = next->output;
      next = sole_reader(output);
    }
    return next;
  }

  // y = scale (w * x) + shift: scales the weights of each output channel.
  void fold(const Node& batch_norm, PlanConvolution& step) const {
    const Affine affine = affine_of(batch_norm);
    const std::size_t per_channel = step.weights.size() / affine.scale.size();
    for (std::size_t i = 0; i < step.weights.size(); ++i) {
      step.weights[i] = static_cast<float>(step.weights[i] * affine.scale[i / per_channel]);
    }
    step.bias = to_float(affine.shift);
  }

  // Makes an addition the step's residual if the other operand is ready.
  void join(const Node& add, PlanConvolution& step) const {
    const Activation& other = add.inputs[add.inputs[0] == step.output ? 1 : 0];
    if (other == step.output) return;
    const Source source = resolve(other);
    if (source.pending || !is_written(source.activation)) return;
    step.residual = source.activation;
    step.output = add.output;
  }

  Activation pool_before(const Node& node, const AveragePool& pool, const Source& source) {
    const MapShape out = graph_.shape_of(node.output);
    plan_.buffers.push_back({source.activation.channels, out.height, out.width});
    const Activation pooled{static_cast<int>(plan_.buffers.size()) - 1, 0,
                            source.activation.channels};
    plan_.steps.emplace_back(
        PlanPool{source.activation, pooled, pool.window(), pool.stride(), source.pending});
    return pooled;
  }

  void emit_pool(const Node& node, const AveragePool& pool) {
    const Source source = resolve(node.inputs[0]);
    plan_.steps.emplace_back(
        PlanPool{source.activation, node.output, pool.window(), pool.stride(), source.pending});
    mark_written(node.output);
  }

  void emit_linear(const Node& node, const Linear& layer) {
    plan_.classes = layer.out_features();
    plan_.steps.emplace_back(PlanLinear{materialise(node.inputs[0]),
                                        parameter(node, Linear::kWeight),
                                        parameter(node, Linear::kBias)});
  }

  // Removes the buffers of layers that were fused away, and renumbers the others.
  void drop_unused_buffers() {
    std::vector<int> position(plan_.buffers.size(), -1);
    std::vector<PlanBuffer> kept;
    const auto use = [&](PlanSlice& slice) {
      int& at = position[static_cast<std::size_t>(slice.buffer)];
      if (at < 0) {
        at = static_cast<int>(kept.size());
        kept.push_back(plan_.buffers[static_cast<std::size_t>(slice.buffer)]);
      }
      slice.buffer = at;
    };
    use(plan_.input);
    for (PlanStep& step : plan_.steps) {
      std::visit(
          [&](auto& s) {
            use(s.input);
            if constexpr (requires { s.output; }) use(s.output);
            if constexpr (requires { s.residual; }) {
              if (s.residual) use(*s.residual);
            }
          },
          step);
    }
    plan_.buffers = std::move(kept);
  }

  const Graph& graph_;
  const ParameterMap& parameters_;
  Plan plan_;
  std::set<Activation> written_;
};

}  // namespace

Plan compile(const Graph& graph, const ParameterMap& parameters) {
  return Compiler(graph, parameters).compile();
}

}  // namespace odin
