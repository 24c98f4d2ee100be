#include "kernels/cuda/backend.h"

#include <array>
#include <tuple>
#include <type_traits>
#include <vector>

#include "kernels/checks.h"
#include "kernels/cuda/augment.h"
#include "kernels/cuda/average_pool.h"
#include "kernels/cuda/batch_norm.h"
#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/cross_entropy.h"
#include "kernels/cuda/dropout.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/linear.h"
#include "kernels/cuda/perturb.h"
#include "kernels/cuda/plan/plan_executor.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/sgd.h"

namespace odin::cuda {
namespace {

Element element_of(DataType type) {
  switch (type) {
    case DataType::kFloat16:
      return Element::kHalf;
    case DataType::kBFloat16:
      return Element::kBFloat16;
    default:
      return Element::kFloat;  // or another type that the operation's check refuses
  }
}

// How activations are stored in a precision.
DataType activation_type_of(Precision precision) {
  switch (precision) {
    case Precision::kFloat16:
      return DataType::kFloat16;
    case Precision::kBFloat16:
      return DataType::kBFloat16;
    default:
      return DataType::kFloat32;
  }
}

// A tensor as the kernels see it: rank 4 as it is, (N, D) and (C) as one pixel per image. Throws
// Error where it does not lie as NHWC.
View view_of(const TensorView& tensor) {
  const Shape& shape = tensor.shape();
  std::int64_t extents[4] = {1, 1, 1, 1};  // N, C, H, W
  std::int64_t strides[4] = {0, 1, 0, 0};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int to = shape.rank() == 1 ? 1 : axis;
    extents[to] = shape[axis];
    strides[to] = tensor.strides()[static_cast<std::size_t>(axis)];
  }
  const auto [n, c, h, w] = extents;
  View view;
  view.data = tensor.empty() ? nullptr : tensor.raw();
  view.element = element_of(tensor.type());
  view.images = static_cast<int>(n);
  view.height = static_cast<int>(h);
  view.width = static_cast<int>(w);
  view.channels = static_cast<int>(c);
  view.pitch = w > 1 ? strides[3] : h > 1 ? strides[2] : n > 1 ? strides[0] : c;
  const bool fits = (c <= 1 || strides[1] == 1) && (w <= 1 || strides[3] == view.pitch) &&
                    (h <= 1 || strides[2] == w * view.pitch) &&
                    (n <= 1 || strides[0] == h * w * view.pitch);
  require(tensor.empty() || fits, "a tensor of shape {} does not lie as NHWC in device memory",
          shape.to_string());
  return view;
}

ConstView view_of(const ConstTensorView& tensor) {
  return view_of(
      TensorView(const_cast<void*>(tensor.raw()), tensor.type(), tensor.shape(), tensor.strides()));
}

// Row-major tensors, such as weights, are one row of elements to operations that treat all alike;
// others are what view_of() makes of them.
template <class... Tensors>
auto elementwise_views(const Tensors&... tensors) {
  const bool rows = (tensors.is_contiguous() && ...);
  const auto view = [rows](const auto& tensor) {
    if (!rows || tensor.empty()) return view_of(tensor);
    const TensorView row(const_cast<void*>(tensor.raw()), tensor.type(), {1, tensor.numel()},
                         {tensor.numel(), 1});
    return view_of(static_cast<const std::remove_cvref_t<decltype(tensor)>&>(row));
  };
  return std::make_tuple(view(tensors)...);
}

// The values of a dense vector of `count`; nullptr for an empty (unwanted) view.
float* vector_of(const TensorView& tensor, std::int64_t count) {
  if (tensor.raw() == nullptr) return nullptr;
  require(tensor.numel() == count && tensor.is_contiguous(),
          "a tensor of shape {} was given where a vector of {} is needed",
          tensor.shape().to_string(), count);
  return const_cast<TensorView&>(tensor).data<float>();
}

const float* vector_of(const ConstTensorView& tensor, std::int64_t count) {
  return vector_of(
      TensorView(const_cast<void*>(tensor.raw()), tensor.type(), tensor.shape(), tensor.strides()),
      count);
}

// Weights (O, C, kh, kw), dense.
template <class Float, class AnyTensorView>
ConvolutionWeights<Float> weights_of(AnyTensorView w) {
  const Shape& shape = w.shape();
  return {w.template data<float>(), static_cast<int>(shape[0]), static_cast<int>(shape[1]),
          static_cast<int>(shape[2]), static_cast<int>(shape[3])};
}

const std::int32_t* labels_of(const ConstTensorView& labels) {
  require(labels.empty() || labels.is_contiguous(), "labels in device memory must be dense");
  return labels.data<std::int32_t>();
}

// The element type of all but labels and, in half precision, activations.
constexpr DataType kType = DataType::kFloat32;

class CudaBackend final : public Backend {
 public:
  CudaBackend(const Gpu& gpu, const DeviceOptions& options) : gpu_(gpu), options_(options) {
    const bool own = options.convolution == ConvolutionAlgorithm::kOwn ||
                     options.convolution == ConvolutionAlgorithm::kWgmma;
    convolution_ = own ? make_own_layer_convolution(options.precision, stream_)
                       : make_cudnn_layer_convolution(options.precision, stream_);
  }

  std::string name() const override { return fmt::format("cuda:{}", gpu_.index); }
  DataType data_type() const override { return kType; }
  DataType activation_type() const override { return activation_type_of(options_.precision); }

  Strides activation_strides(const Shape& shape) const override {
    require(shape.rank() == 4, "an activation has four axes, {} has not", shape.to_string());
    return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
  }

  std::shared_ptr<void> allocate(std::size_t bytes) override {
    auto buffer = std::make_shared<DeviceBuffer>(std::max<std::size_t>(bytes, 1));
    ODIN_CUDA_CHECK(cudaMemsetAsync(buffer->data(), 0, buffer->size(), stream_), "{} bytes", bytes);
    void* data = buffer->data();
    return {std::move(buffer), data};
  }

  void upload(const double* host, TensorView to) override {
    if (to.empty()) return;
    if (is_narrow(to.type())) {
      const TensorView wide = widened(to);
      upload(host, wide);
      return cuda::copy(view_of(wide), view_of(to), stream_);
    }
    Staging staging(to);
    if (!staging.dense()) read(staging, to);
    staging.each([host](auto* at, std::size_t i) {
      *at = static_cast<std::remove_pointer_t<decltype(at)>>(host[i]);
    });
    ODIN_CUDA_CHECK(
        cudaMemcpyAsync(to.raw(), staging.data(), staging.size(), cudaMemcpyHostToDevice, stream_),
        "{} bytes", staging.size());
    stream_.synchronize();
  }

  void download(ConstTensorView from, double* host) override {
    if (from.empty()) return;
    if (is_narrow(from.type())) {
      const TensorView wide = widened(from);
      cuda::copy(view_of(from), view_of(wide), stream_);
      return download(wide, host);
    }
    Staging staging(from);
    read(staging, from);
    staging.each([host](const auto* at, std::size_t i) { host[i] = static_cast<double>(*at); });
  }

  void fill(TensorView y, double value) override {
    check::fill(type_of(y), y);
    const auto [to] = elementwise_views(y);
    cuda::fill(to, static_cast<float>(value), stream_);
  }
  void copy(ConstTensorView x, TensorView y) override {
    check::copy(type_of(x), x, y);
    const auto [from, to] = elementwise_views(x, y);
    cuda::copy(from, to, stream_);
  }
  void add(ConstTensorView a, ConstTensorView b, TensorView y) override {
    check::add(type_of(a), a, b, y);
    const auto [left, right, sum] = elementwise_views(a, b, y);
    cuda::add(left, right, sum, stream_);
  }

  void convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                           ConstTensorView w, TensorView y) override {
    check::convolution_forward(type_of(y), geometry, x, w, y);
    convolution_->forward(geometry, view_of(x), weights_of<const float>(w), view_of(y));
  }
  void convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                 ConstTensorView w, TensorView dx) override {
    check::convolution_backward_data(type_of(dy), geometry, dy, w, dx);
    convolution_->backward_data(geometry, view_of(dy), weights_of<const float>(w), view_of(dx));
  }
  void convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                   ConstTensorView dy, TensorView dw) override {
    check::convolution_backward_filter(type_of(dy), geometry, x, dy, dw);
    convolution_->backward_filter(geometry, view_of(x), view_of(dy), weights_of<float>(dw));
  }

  void batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                   double epsilon, double momentum, bool relu,
                                   TensorView running_mean, TensorView running_var, TensorView y,
                                   TensorView mean, TensorView inv_std) override {
    check::batch_norm_forward_training(type_of(x), x, gamma, beta, epsilon, momentum, running_mean,
                                       running_var, y, mean, inv_std);
    const ConstView in = view_of(x);
    cuda::batch_norm_forward_training(
        in, parameters_of(gamma, beta, in), epsilon, momentum, relu,
        vector_of(running_mean, in.channels), vector_of(running_var, in.channels), view_of(y),
        vector_of(mean, in.channels), vector_of(inv_std, in.channels), workspace(in), stream_);
  }
  void batch_norm_backward_training(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                    ConstTensorView beta, ConstTensorView mean,
                                    ConstTensorView inv_std, bool relu, TensorView dx,
                                    TensorView dgamma, TensorView dbeta) override {
    check::batch_norm_backward_training(type_of(x), x, dy, gamma, beta, mean, inv_std, dx, dgamma,
                                        dbeta);
    const ConstView in = view_of(x);
    cuda::batch_norm_backward_training(
        in, view_of(dy), parameters_of(gamma, beta, in), vector_of(mean, in.channels),
        vector_of(inv_std, in.channels), relu, optional_view(dx), vector_of(dgamma, in.channels),
        vector_of(dbeta, in.channels), workspace(in), stream_);
  }
  void batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma, ConstTensorView beta,
                                     ConstTensorView running_mean, ConstTensorView running_var,
                                     double epsilon, TensorView y) override {
    check::batch_norm_forward_evaluation(type_of(x), x, gamma, beta, running_mean, running_var,
                                         epsilon, y);
    const ConstView in = view_of(x);
    cuda::batch_norm_forward_evaluation(
        in, parameters_of(gamma, beta, in), vector_of(running_mean, in.channels),
        vector_of(running_var, in.channels), epsilon, false, view_of(y), stream_);
  }
  void batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy, ConstTensorView gamma,
                                      ConstTensorView running_mean, ConstTensorView running_var,
                                      double epsilon, TensorView dx, TensorView dgamma,
                                      TensorView dbeta) override {
    check::batch_norm_backward_evaluation(type_of(x), x, dy, gamma, running_mean, running_var,
                                          epsilon, dx, dgamma, dbeta);
    const ConstView in = view_of(x);
    cuda::batch_norm_backward_evaluation(in, view_of(dy), {vector_of(gamma, in.channels), nullptr},
                                         vector_of(running_mean, in.channels),
                                         vector_of(running_var, in.channels), epsilon, false,
                                         optional_view(dx), vector_of(dgamma, in.channels),
                                         vector_of(dbeta, in.channels), workspace(in), stream_);
  }

  void relu_forward(ConstTensorView x, TensorView y) override {
    check::relu_forward(type_of(x), x, y);
    cuda::relu_forward(view_of(x), view_of(y), stream_);
  }
  void relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) override {
    check::relu_backward(type_of(y), y, dy, dx);
    cuda::relu_backward(view_of(y), view_of(dy), view_of(dx), stream_);
  }

  void average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) override {
    check::average_pool_forward(type_of(x), window, stride, x, y);
    cuda::average_pool_forward(window, stride, {}, view_of(x), view_of(y), stream_);
  }
  void average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) override {
    check::average_pool_backward(type_of(dx), window, stride, dy, dx);
    cuda::average_pool_backward(window, stride, {}, {}, view_of(dy), view_of(dx), stream_);
  }

  void linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                      TensorView y) override {
    check::linear_forward(kType, x, w, b, y);
    const ConstView in = view_of(x);
    const View out = view_of(y);
    cuda::linear_forward(in, vector_of(w, std::int64_t{in.channels} * out.channels),
                         vector_of(b, out.channels), out, stream_);
  }
  void linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy, TensorView dx,
                       TensorView dw, TensorView db) override {
    check::linear_backward(kType, x, w, dy, dx, dw, db);
    const ConstView in = view_of(x);
    const ConstView out = view_of(dy);
    const std::int64_t weights = std::int64_t{in.channels} * out.channels;
    if (dx.raw()) cuda::linear_backward_data(out, vector_of(w, weights), view_of(dx), stream_);
    cuda::linear_backward_weights(in, out, vector_of(dw, weights), vector_of(db, out.channels),
                                  stream_);
  }

  void cross_entropy_forward(ConstTensorView logits, ConstTensorView labels, double temperature,
                             TensorView loss) override {
    check::cross_entropy_forward(kType, logits, labels, temperature, loss);
    const ConstView in = view_of(logits);
    cuda::cross_entropy_forward(in, labels_of(labels), temperature, vector_of(loss, in.images),
                                stream_);
  }
  void cross_entropy_backward(ConstTensorView logits, ConstTensorView labels, double temperature,
                              double scale, TensorView dlogits) override {
    check::cross_entropy_backward(kType, logits, labels, temperature, dlogits);
    const ConstView in = view_of(logits);
    cuda::cross_entropy_backward(in, labels_of(labels), temperature, scale, view_of(dlogits),
                                 stream_);
  }
  void argmax(ConstTensorView logits, TensorView labels) override {
    check::argmax(kType, logits, labels);
    const ConstView in = view_of(logits);
    labels_of(labels);  // dense
    cuda::argmax(in, labels.data<std::int32_t>(), stream_);
  }
  void perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
               TensorView y) override {
    check::perturb(kType, x, gradient, step, y);
    const ConstView in = view_of(x);
    cuda::perturb(in, view_of(gradient), vector_of(step, in.channels), view_of(y), stream_);
  }

  void dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) override {
    check::dropout_forward(type_of(x), rate, x, y);
    cuda::dropout_forward(rate, key.seed, key.stream, view_of(x), view_of(y), stream_);
  }
  void dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx) override {
    check::dropout_backward(type_of(dy), rate, dy, dx);
    cuda::dropout_backward(rate, key.seed, key.stream, view_of(dy), view_of(dx), stream_);
  }

  void sgd_step(const odin::SgdSetting& setting, ConstTensorView gradient, TensorView w,
                TensorView velocity) override {
    check::sgd_step(kType, setting, gradient, w, velocity);
    const std::int64_t count = w.numel();
    cuda::sgd_step({static_cast<float>(setting.learning_rate), static_cast<float>(setting.momentum),
                    static_cast<float>(setting.weight_decay), setting.nesterov,
                    static_cast<float>(setting.loss_scale)},
                   w.data<float>(), gradient.data<float>(), velocity.data<float>(), count, stream_);
  }
  void find_not_finite(ConstTensorView x, TensorView found) override {
    check::find_not_finite(kType, x, found);
    cuda::find_not_finite(x.data<float>(), x.numel(), found.data<std::int32_t>(), stream_);
  }
  void augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
               ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
               TensorView y) override {
    check::augment(kType, augmentation, images, indices, mean, std, y);
    const View out = view_of(y);
    cuda::augment(augmentation.crop_padding, augmentation.flip, key.seed, key.stream,
                  images.data<std::uint8_t>(), indices.data<std::int32_t>(),
                  vector_of(mean, out.channels), vector_of(std, out.channels), out, stream_);
  }

  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override {
    return make_plan_executor(plan, options_);
  }

 private:
  // The type that an operation's activations must have, told by one of them: the narrow one if that
  // has it, else float.
  DataType type_of(const ConstTensorView& activation) const {
    return activation.type() == activation_type() ? activation_type() : kType;
  }

  // Scratch of the same shape in float, for the way between host memory and a narrow tensor.
  TensorView widened(const ConstTensorView& narrow) {
    const Shape& shape = narrow.shape();
    void* data = widened_.get(static_cast<std::size_t>(shape.numel()) * sizeof(float));
    return {data, kType, shape,
            shape.rank() == 4 ? activation_strides(shape) : row_major_strides(shape)};
  }

  // Host memory for the elements that a view spans, and the way from row-major order to them.
  class Staging {
   public:
    explicit Staging(const ConstTensorView& view) : view_(view) {
      std::int64_t last = 0;
      for (int axis = 0; axis < view.shape().rank(); ++axis) {
        last += (view.shape()[axis] - 1) * view.strides()[static_cast<std::size_t>(axis)];
      }
      bytes_.resize(static_cast<std::size_t>(last + 1) * size_of(view.type()));
    }

    // Whether every element of the span belongs to the view.
    bool dense() const {
      return bytes_.size() == static_cast<std::size_t>(view_.numel()) * size_of(view_.type());
    }
    std::byte* data() { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }

    // Calls visit(pointer to the element, i) for element i in row-major order.
    template <class Visit>
    void each(Visit visit) {
      switch (view_.type()) {
        case DataType::kFloat32:
          return each_of<float>(visit);
        case DataType::kFloat64:
          return each_of<double>(visit);
        case DataType::kInt32:
          return each_of<std::int32_t>(visit);
        case DataType::kUInt8:
          return each_of<std::uint8_t>(visit);
        case DataType::kFloat16:
        case DataType::kBFloat16:
          break;
      }
      fail("a tensor of {} has no way to the host", name_of(view_.type()));
    }

   private:
    template <class T, class Visit>
    void each_of(Visit visit) {
      std::array<std::int64_t, Shape::kMaxRank> extents{1, 1, 1, 1};
      for (int axis = 0; axis < view_.shape().rank(); ++axis) {
        extents[static_cast<std::size_t>(axis)] = view_.shape()[axis];
      }
      const Strides& s = view_.strides();
      T* elements = reinterpret_cast<T*>(bytes_.data());
      std::size_t i = 0;
      for (std::int64_t n = 0; n < extents[0]; ++n) {
        for (std::int64_t c = 0; c < extents[1]; ++c) {
          for (std::int64_t h = 0; h < extents[2]; ++h) {
            for (std::int64_t w = 0; w < extents[3]; ++w) {
              visit(elements + n * s[0] + c * s[1] + h * s[2] + w * s[3], i++);
            }
          }
        }
      }
    }

    ConstTensorView view_;
    std::vector<std::byte> bytes_;
  };

  void read(Staging& staging, const ConstTensorView& from) {
    ODIN_CUDA_CHECK(cudaMemcpyAsync(staging.data(), from.raw(), staging.size(),
                                    cudaMemcpyDeviceToHost, stream_),
                    "{} bytes", staging.size());
    stream_.synchronize();
  }

  static BatchNormParameters parameters_of(const ConstTensorView& gamma,
                                           const ConstTensorView& beta, const ConstView& x) {
    return {vector_of(gamma, x.channels), vector_of(beta, x.channels)};
  }

  static View optional_view(const TensorView& dx) { return dx.raw() ? view_of(dx) : View(); }

  void* workspace(const ConstView& x) {
    return workspace_.get(batch_norm_workspace(x.pixels(), x.channels));
  }

  Gpu gpu_;
  DeviceOptions options_;
  OwnedStream stream_;
  Scratch workspace_;
  Scratch widened_;
  std::unique_ptr<LayerConvolution> convolution_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const Gpu& gpu, const DeviceOptions& options) {
  return std::make_unique<CudaBackend>(gpu, options);
}

}  // namespace odin::cuda
