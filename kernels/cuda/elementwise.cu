#include <tuple>
#include <type_traits>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

template <class... T>
constexpr bool kAllNarrow = ((sizeof(T) == 2) && ...);

template <class T>
struct Fill {
  static constexpr bool kNarrow = kAllNarrow<T>;
  Rows<T> y;
  float value;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> v;
#pragma unroll
    for (int i = 0; i < V; ++i) v.v[i] = value;
    store<V>(y.at(p, c), v);
  }
};

template <class From, class To>
struct Copy {
  static constexpr bool kNarrow = kAllNarrow<From, To>;
  Rows<const From> x;
  Rows<To> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    store<V>(y.at(p, c), load<V>(x.at(p, c)));
  }
};

template <class T>
struct Add {
  static constexpr bool kNarrow = kAllNarrow<T>;
  Rows<const T> a;
  Rows<const T> b;
  Rows<T> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> sum = load<V>(a.at(p, c));
    const Floats<V> other = load<V>(b.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) sum.v[i] += other.v[i];
    store<V>(y.at(p, c), sum);
  }
};

template <class T>
struct AffineForward {
  static constexpr bool kNarrow = kAllNarrow<T>;
  Affine affine;
  Rows<const T> x;
  Rows<T> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> v = load<V>(x.at(p, c));
    if (affine.scale != nullptr) {
      const Floats<V> scale = load_factors<V>(affine.scale + c);
      const Floats<V> shift = load_factors<V>(affine.shift + c);
#pragma unroll
      for (int i = 0; i < V; ++i) v.v[i] = fmaf(scale.v[i], v.v[i], shift.v[i]);
    }
#pragma unroll
    for (int i = 0; i < V; ++i) {
      if (affine.relu && v.v[i] < 0) v.v[i] = 0;
    }
    store<V>(y.at(p, c), v);
  }
};

template <class T>
struct AffineBackward {
  static constexpr bool kNarrow = kAllNarrow<T>;
  Affine affine;
  Rows<const T> x;
  Rows<const T> dy;
  Rows<T> dx;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const Floats<V> gradient = load<V>(dy.at(p, c));
    Floats<V> sum = load<V>(dx.at(p, c));
    Floats<V> value{};
    if (affine.relu) value = load<V>(x.at(p, c));
    Floats<V> scale;
    Floats<V> shift{};
#pragma unroll
    for (int i = 0; i < V; ++i) scale.v[i] = 1;
    if (affine.scale != nullptr) {
      scale = load_factors<V>(affine.scale + c);
      if (affine.relu) shift = load_factors<V>(affine.shift + c);
    }
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const bool open = !affine.relu || fmaf(scale.v[i], value.v[i], shift.v[i]) > 0;
      sum.v[i] += open ? scale.v[i] * gradient.v[i] : 0;
    }
    store<V>(dx.at(p, c), sum);
  }
};

// Operations that treat all elements alike see row-major tensors, such as weights, as one row. All
// other tensors are what view_of() makes of them.
template <class... Tensors>
auto elementwise_views(const Tensors&... tensors) {
  const bool rows = (tensors.is_contiguous() && ...);
  const auto view = [rows](const auto& tensor) {
    if (!rows) return view_of(tensor);
    using Tensor = std::remove_cvref_t<decltype(tensor)>;
    return view_of(Tensor(tensor.raw(), tensor.type(), {1, tensor.numel()}, {tensor.numel(), 1}));
  };
  return std::make_tuple(view(tensors)...);
}

void expect_same_type(const ConstView& a, const ConstView& b) {
  expect(a.element == b.element, "the operands of an elementwise operation differ in type");
}

// So that a vector's factors can be loaded 16 bytes at a time.
void expect_aligned(const Affine& affine) {
  const auto aligned = [](const float* factors) {
    return reinterpret_cast<std::uintptr_t>(factors) % 16 == 0;
  };
  expect(aligned(affine.scale) && aligned(affine.shift),
         "the factors of a normalisation are not aligned to 16 bytes");
}

}  // namespace

void fill(View y, float value, Stream stream) {
  with_type(y.element, [&](auto t) {
    using T = decltype(t);
    map_flat(Fill<T>{rows<T>(y), value}, {y}, stream);
  });
}

void copy(ConstView x, View y, Stream stream) {
  with_type(x.element, [&](auto from) {
    with_type(y.element, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      map_flat(Copy<From, To>{rows<From>(x), rows<To>(y)}, {x, y}, stream);
    });
  });
}

void add(ConstView a, ConstView b, View y, Stream stream) {
  expect_same_type(a, y);
  expect_same_type(b, y);
  with_type(y.element, [&](auto t) {
    using T = decltype(t);
    map_flat(Add<T>{rows<T>(a), rows<T>(b), rows<T>(y)}, {a, b, y}, stream);
  });
}

void affine_forward(Affine affine, ConstView x, View y, Stream stream) {
  expect_aligned(affine);
  expect_same_type(x, y);
  expect(same_shape(x, y), "the operands of a normalisation differ in shape");
  with_type(y.element, [&](auto t) {
    using T = decltype(t);
    map(AffineForward<T>{affine, rows<T>(x), rows<T>(y)}, y.pixels(), y.channels, {x, y}, stream);
  });
}

void affine_backward(Affine affine, ConstView x, ConstView dy, View dx, Stream stream) {
  expect_aligned(affine);
  expect_same_type(dy, dx);
  expect(same_shape(dy, dx), "the operands of a normalisation differ in shape");
  if (!affine.relu) x = dy;  // not read
  expect_same_type(x, dx);
  expect(same_shape(x, dx), "the operands of a normalisation differ in shape");
  with_type(dx.element, [&](auto t) {
    using T = decltype(t);
    map(AffineBackward<T>{affine, rows<T>(x), rows<T>(dy), rows<T>(dx)}, dx.pixels(), dx.channels,
        {x, dy, dx}, stream);
  });
}

void CudaBackend::do_fill(TensorView y, double value) {
  const auto [to] = elementwise_views(y);
  cuda::fill(to, static_cast<float>(value), stream_);
}

void CudaBackend::do_copy(ConstTensorView x, TensorView y) {
  const auto [from, to] = elementwise_views(x, y);
  cuda::copy(from, to, stream_);
}

void CudaBackend::do_add(ConstTensorView a, ConstTensorView b, TensorView y) {
  const auto [left, right, sum] = elementwise_views(a, b, y);
  cuda::add(left, right, sum, stream_);
}

}  // namespace odin::cuda
