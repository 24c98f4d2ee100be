#include "tools/train/sgd.h"

namespace odin::training {

Sgd::Sgd(Network& network) : backend_(network.backend()) {
  for (const Network::Parameter& parameter : network.parameter_list()) {
    velocities_.push_back(
        {parameter.name, parameter.trainable
                             ? Tensor(backend_, parameter.value.shape(), backend_.data_type())
                             : Tensor()});
  }
}

void Sgd::step(Network& network, const SgdSetting& setting) {
  std::vector<Network::Parameter>& parameters = network.parameter_list();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].trainable) continue;
    backend_.sgd_step(setting, parameters[i].gradient.view(), parameters[i].value.view(),
                      velocities_[i].value.view());
  }
}

ParameterMap Sgd::velocities() const {
  ParameterMap map;
  for (const Velocity& velocity : velocities_) {
    if (velocity.value.empty()) continue;
    const std::vector<double> values = velocity.value.download(backend_);
    map.emplace(velocity.name,
                ParameterArray{velocity.value.shape(), {values.begin(), values.end()}});
  }
  return map;
}

void Sgd::set_velocities(const ParameterMap& velocities) {
  for (Velocity& velocity : velocities_) {
    if (velocity.value.empty()) continue;
    const auto found = velocities.find(velocity.name);
    require(found != velocities.end() && found->second.shape == velocity.value.shape(),
            "the velocity of {} is missing or has another shape", velocity.name);
    velocity.value.upload(backend_, {found->second.values.begin(), found->second.values.end()});
  }
}

}  // namespace odin::training
