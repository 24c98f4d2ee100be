#include "tests/nn/passes.h"

#include "nn/networks.h"
#include "tests/support/formula.h"

namespace odin::test {

std::vector<double> read(Backend& backend, const ConstTensorView& view) {
  std::vector<double> values(static_cast<std::size_t>(view.numel()));
  backend.download(view, values.data());
  return values;
}

Tensors pass(Backend& backend, const Architecture& architecture, std::int64_t count, Mode mode) {
  Network network(build_graph(architecture), backend);
  network.set_parameters(formula_parameters(network.graph()));
  const ImageShape shape = architecture.image;
  const std::vector<float> pixels = formula_images(static_cast<std::size_t>(count), shape);
  Tensor images(backend, {count, shape.channels, shape.side, shape.side});
  images.upload(backend, {pixels.begin(), pixels.end()});
  Tensors results;
  const ConstTensorView logits = network.forward(images.view(), mode);
  results["logits"] = read(backend, logits);
  Tensor dlogits(backend, logits.shape());
  dlogits.upload(backend, formula_noise("dlogits", static_cast<std::size_t>(logits.numel())));
  network.backward(dlogits.view(), {});
  results["input gradient"] = read(backend, network.input_gradient());
  for (Network::Parameter& p : network.parameter_list()) {
    results[p.name] = p.value.download(backend);
    if (p.trainable) results["gradient of " + p.name] = p.gradient.download(backend);
  }
  return results;
}

}  // namespace odin::test
