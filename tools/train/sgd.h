// The optimizer: a velocity for every trainable parameter of a network.
#pragma once

#include <vector>

#include "nn/network.h"

namespace odin::training {

class Sgd {
 public:
  // Velocities of zero. The network's back end must outlive the optimizer.
  explicit Sgd(Network& network);

  // Moves every trainable parameter by its gradient of the last backward pass. `network` is the one
  // given to the constructor, or another one with the same parameters on the same back end.
  void step(Network& network, const SgdSetting& setting);

  // By the parameters' names, to store and restore them. Throws Error, which names the velocity, if
  // one is missing or has another shape.
  ParameterMap velocities() const;
  void set_velocities(const ParameterMap& velocities);

 private:
  struct Velocity {
    std::string name;
    Tensor value;  // empty for a buffer, which does not move
  };

  Backend& backend_;
  std::vector<Velocity> velocities_;  // as Network::parameter_list()
};

}  // namespace odin::training
