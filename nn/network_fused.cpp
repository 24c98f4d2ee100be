// The training steps of a network whose device computes some layers together.
#include <algorithm>

#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/network.h"

namespace odin {
namespace {

std::size_t buffer_of(const Activation& a) {
  return static_cast<std::size_t>(a.buffer);
}

TensorView channels_of(Tensor& tensor, const Activation& a) {
  return tensor.view().slice(0, a.begin, a.channels);
}

// Sets the flags of an activation's channels. Returns the smallest range that holds all that were
// not set.
Activation mark_rest(std::vector<bool>& flags, const Activation& a) {
  const auto begin = flags.begin() + a.begin;
  const auto end = begin + a.channels;
  const auto first = std::find(begin, end, false);
  auto last = end;
  while (last != first && *(last - 1)) --last;
  std::fill(first, last, true);
  return {a.buffer, static_cast<int>(first - flags.begin()), static_cast<int>(last - first)};
}

}  // namespace

ChannelStatistics Network::statistics_of(const Activation& a) {
  NormalisedBuffer& n = normalised_[buffer_of(a)];
  if (n.mean.empty()) return {};
  return {channels_of(n.mean, a), channels_of(n.variance, a), channels_of(n.inv_std, a)};
}

// Computes those statistics of an activation that are not there yet.
void Network::measure(const Activation& a) {
  const Activation rest = mark_rest(normalised_[buffer_of(a)].measured, a);
  if (rest.channels == 0) return;
  fused_->channel_statistics(activation(rest), BatchNorm::kEpsilon, statistics_of(rest));
}

NormalisedInput Network::normalised_input(std::size_t norm) {
  const Activation& x = graph_.nodes()[norm].inputs[0];
  const ChannelStatistics statistics = statistics_of(x);
  return {activation(x), value_of(norm, BatchNorm::kWeight), value_of(norm, BatchNorm::kBias),
          statistics.mean, statistics.inv_std};
}

void Network::fused_forward(std::size_t i) {
  const Graph::Node& node = graph_.nodes()[i];
  if (nodes_.absorbed[i]) {
    const Activation& x = node.inputs[0];
    measure(x);
    const ChannelStatistics statistics = statistics_of(x);
    const Shape shape = activation(x).shape();
    fused_->move_running_statistics(
        statistics.mean, statistics.variance, shape[0] * shape[2] * shape[3], BatchNorm::kMomentum,
        value_of(i, BatchNorm::kRunningMean), value_of(i, BatchNorm::kRunningVar));
    return;
  }
  const auto& convolution = dynamic_cast<const Convolution&>(*node.layer);
  const ChannelStatistics statistics = statistics_of(node.output);
  fused_->convolution_forward(convolution.geometry(), normalised_input(*nodes_.norm_of[i]),
                              value_of(i, 0), activation(node.output), BatchNorm::kEpsilon,
                              statistics);
  if (wanted(statistics.mean)) mark_rest(normalised_[buffer_of(node.output)].measured, node.output);
}

void Network::fused_backward(std::size_t i, bool parameter_gradients) {
  const Graph::Node& node = graph_.nodes()[i];
  const std::size_t norm = *nodes_.norm_of[i];
  const Activation& x = graph_.nodes()[norm].inputs[0];
  const auto& convolution = dynamic_cast<const Convolution&>(*node.layer);
  const auto parameter = [&](std::size_t of, std::size_t index) {
    return parameter_gradients ? gradient_of(of, index) : TensorView();
  };
  begin_gradient(node.output);
  ResultGradient result{gradient(node.output), {}, {}, {}, {}};
  if (NormalisedBuffer& n = normalised_[buffer_of(node.output)]; !n.mean.empty()) {
    result.y = activation(node.output);
    result.mean = channels_of(n.mean, node.output);
    result.offset = channels_of(n.offset, node.output);
    result.slope = channels_of(n.slope, node.output);
  }
  NormalisedBuffer& from = normalised_[buffer_of(x)];
  const bool add = begin_or_add(x);
  fused_->convolution_backward(convolution.geometry(), normalised_input(norm), value_of(i, 0),
                               result, parameter(i, 0),
                               {gradient(x),
                                add,
                                {channels_of(from.offset, x), channels_of(from.slope, x)},
                                parameter(norm, BatchNorm::kWeight),
                                parameter(norm, BatchNorm::kBias)});
}

bool Network::begin_or_add(const Activation& a) {
  std::vector<bool>& flags = begun_[buffer_of(a)];
  const auto begin = flags.begin() + a.begin;
  if (std::find(begin, begin + a.channels, true) == begin + a.channels) {
    std::fill(begin, begin + a.channels, true);
    return false;
  }
  begin_gradient(a);
  return true;
}

// Sets those channels of a gradient to zero that nobody has written yet.
void Network::begin_gradient(const Activation& a) {
  std::vector<bool>& flags = begun_[buffer_of(a)];
  for (int c = a.begin; c < a.begin + a.channels; ++c) {
    if (flags[static_cast<std::size_t>(c)]) continue;
    Activation missing{a.buffer, c, 0};
    while (c < a.begin + a.channels && !flags[static_cast<std::size_t>(c)]) {
      flags[static_cast<std::size_t>(c++)] = true;
    }
    missing.channels = c - missing.begin;
    backend_.fill(gradient(missing), 0);
  }
}

void Network::finish_gradient(const Activation& a) {
  NormalisedBuffer& n = normalised_[buffer_of(a)];
  if (n.mean.empty()) return;
  fused_->finish_gradient(activation(a), channels_of(n.mean, a), channels_of(n.offset, a),
                          channels_of(n.slope, a), gradient(a));
}

}  // namespace odin
