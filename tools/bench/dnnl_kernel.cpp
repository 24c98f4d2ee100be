#include "tools/bench/dnnl_kernel.h"

#include <algorithm>
#include <vector>

namespace odin::bench {

DnnlKernel::DnnlKernel(const Shape& s, bool backward)
    : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
  using Memory = dnnl::memory;
  const auto any = [](const Memory::dims& dims) {
    return Memory::desc(dims, Memory::data_type::f32, Memory::format_tag::any);
  };
  const Memory::desc x = any({s.images, s.in, s.size, s.size});
  const Memory::desc w = any({s.out, s.in, s.kernel, s.kernel});
  const Memory::desc y = any({s.images, s.out, s.out_size(), s.out_size()});
  const Memory::dims strides = {s.stride, s.stride};
  const Memory::dims padding = {s.padding(), s.padding()};
  const dnnl::convolution_forward::desc forward_desc(
      backward ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference,
      dnnl::algorithm::convolution_auto, x, w, y, strides, padding, padding);
  const dnnl::convolution_forward::primitive_desc forward(forward_desc, engine_);
  if (!backward) {
    name_ = forward.impl_info_str();
    primitive_ = dnnl::convolution_forward(forward);
    arguments_ = {{DNNL_ARG_SRC, make(forward.src_desc())},
                  {DNNL_ARG_WEIGHTS, make(forward.weights_desc())},
                  {DNNL_ARG_DST, make(forward.dst_desc())}};
    return;
  }
  const dnnl::convolution_backward_data::desc backward_desc(dnnl::algorithm::convolution_direct, x,
                                                            w, y, strides, padding, padding);
  const dnnl::convolution_backward_data::primitive_desc descriptor(backward_desc, engine_, forward);
  name_ = descriptor.impl_info_str();
  primitive_ = dnnl::convolution_backward_data(descriptor);
  arguments_ = {{DNNL_ARG_DIFF_SRC, make(descriptor.diff_src_desc())},
                {DNNL_ARG_WEIGHTS, make(descriptor.weights_desc())},
                {DNNL_ARG_DIFF_DST, make(descriptor.diff_dst_desc())}};
}

dnnl::memory DnnlKernel::make(const dnnl::memory::desc& desc) {
  dnnl::memory memory(desc, engine_);
  // Not zeros, which some processors multiply faster.
  const std::size_t floats = desc.get_size() / sizeof(float);
  const std::vector<float> values = random_values(floats, 1);
  std::copy(values.begin(), values.end(), static_cast<float*>(memory.get_data_handle()));
  return memory;
}

}  // namespace odin::bench
