#include "kernels/contracts/checks.h"

namespace odin {

void Backend::batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma,
                                          ConstTensorView beta, double epsilon, double momentum,
                                          bool relu, TensorView running_mean,
                                          TensorView running_var, TensorView y, TensorView mean,
                                          TensorView inv_std) {
  const DataType type = type_of(x);
  check::activations(__func__, type, {{"x", x}, {"y", y}});
  check::channel_parameters(__func__, type,
                            {{"gamma", gamma},
                             {"beta", beta},
                             {"running_mean", running_mean},
                             {"running_var", running_var},
                             {"mean", mean},
                             {"inv_std", inv_std}},
                            {"x", x});
  check::epsilon(__func__, epsilon);
  check::momentum(__func__, momentum);
  check::enough_for_statistics(__func__, {"x", x});
  if (x.empty()) return;
  do_batch_norm_forward_training(x, gamma, beta, epsilon, momentum, relu, running_mean, running_var,
                                 y, mean, inv_std);
}

void Backend::batch_norm_backward_training(ConstTensorView x, ConstTensorView dy,
                                           ConstTensorView gamma, ConstTensorView beta,
                                           ConstTensorView mean, ConstTensorView inv_std, bool relu,
                                           TensorView dx, TensorView dgamma, TensorView dbeta) {
  const DataType type = type_of(x);
  check::activations(__func__, type, {{"x", x}, {"dy", dy}, check::gradient("dx", dx)});
  check::channel_parameters(__func__, type,
                            {{"gamma", gamma},
                             {"beta", beta},
                             {"mean", mean},
                             {"inv_std", inv_std},
                             check::gradient("dgamma", dgamma),
                             check::gradient("dbeta", dbeta)},
                            {"x", x});
  check::enough_for_statistics(__func__, {"x", x});
  if (x.empty() || !(wanted(dx) || wanted(dgamma) || wanted(dbeta))) return;
  do_batch_norm_backward_training(x, dy, gamma, beta, mean, inv_std, relu, dx, dgamma, dbeta);
}

void Backend::batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma,
                                            ConstTensorView beta, ConstTensorView running_mean,
                                            ConstTensorView running_var, double epsilon,
                                            TensorView y) {
  const DataType type = type_of(x);
  check::activations(__func__, type, {{"x", x}, {"y", y}});
  check::channel_parameters(__func__, type,
                            {{"gamma", gamma},
                             {"beta", beta},
                             {"running_mean", running_mean},
                             {"running_var", running_var}},
                            {"x", x});
  check::epsilon(__func__, epsilon);
  if (x.empty()) return;
  do_batch_norm_forward_evaluation(x, gamma, beta, running_mean, running_var, epsilon, y);
}

void Backend::batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy,
                                             ConstTensorView gamma, ConstTensorView running_mean,
                                             ConstTensorView running_var, double epsilon,
                                             TensorView dx, TensorView dgamma, TensorView dbeta) {
  const DataType type = type_of(x);
  check::activations(__func__, type, {{"x", x}, {"dy", dy}, check::gradient("dx", dx)});
  check::channel_parameters(__func__, type,
                            {{"gamma", gamma},
                             {"running_mean", running_mean},
                             {"running_var", running_var},
                             check::gradient("dgamma", dgamma),
                             check::gradient("dbeta", dbeta)},
                            {"x", x});
  check::epsilon(__func__, epsilon);
  if (x.empty() || !(wanted(dx) || wanted(dgamma) || wanted(dbeta))) return;
  do_batch_norm_backward_evaluation(x, dy, gamma, running_mean, running_var, epsilon, dx, dgamma,
                                    dbeta);
}

}  // namespace odin
