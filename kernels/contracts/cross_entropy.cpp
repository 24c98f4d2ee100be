#include <cmath>

#include "kernels/contracts/checks.h"

namespace odin {
namespace {

// Logits (N, K) with their gradient, and labels (N).
void check_classification(std::string_view operation, DataType type, check::Operands logits,
                          const check::Operand& labels) {
  const check::Operand& first = *logits.begin();
  check::rank(operation, first, 2);
  check::alike(operation, type, logits);
  require(first.shape()[1] > 0, "{}: {} has shape {}, which has no classes", operation, first.name,
          first.shape());
  check::typed(operation, DataType::kInt32, labels);
  check::shape(operation, labels, {first.shape()[0]}, first);
}

void check_temperature(std::string_view operation, double temperature) {
  require(std::isfinite(temperature) && temperature > 0,
          "{}: the temperature is {}; it must be above 0", operation, temperature);
}

void check_labels(std::string_view operation, const ConstTensorView& labels, std::int64_t classes) {
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < labels.shape()[0]; ++n) {
    require(label(n) >= 0 && label(n) < classes,
            "{}: the label of image {} is {}; it must be in [0, {})", operation, n, label(n),
            classes);
  }
}

}  // namespace

void Backend::cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,
                                    double temperature, TensorView loss) {
  check_classification(__func__, data_type(), {{"logits", logits}}, {"labels", labels});
  check::typed(__func__, data_type(), {"loss", loss});
  check::shape(__func__, {"loss", loss}, {logits.shape()[0]}, {"logits", logits});
  check_temperature(__func__, temperature);
  if (logits.empty()) return;
  if (is_host()) check_labels(__func__, labels, logits.shape()[1]);
  do_cross_entropy_forward(logits, labels, temperature, loss);
}

void Backend::cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,
                                     double temperature, double scale, TensorView dlogits) {
  if (!wanted(dlogits)) return;
  check_classification(__func__, data_type(), {{"logits", logits}, {"dlogits", dlogits}},
                       {"labels", labels});
  check_temperature(__func__, temperature);
  if (logits.empty()) return;
  if (is_host()) check_labels(__func__, labels, logits.shape()[1]);
  do_cross_entropy_backward(logits, labels, temperature, scale, dlogits);
}

void Backend::argmax(ConstTensorView logits, TensorView labels) {
  check_classification(__func__, data_type(), {{"logits", logits}}, {"labels", labels});
  if (logits.empty()) return;
  do_argmax(logits, labels);
}

}  // namespace odin
