#include "kernels/cpu/convolution_passes.h"

#include <algorithm>

#include "kernels/cpu/accumulate.h"

namespace odin::cpu {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;

// Room for `bytes` that keeps what follows aligned.
std::size_t room(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}
std::size_t room(const memory::desc& desc) {
  return room(desc.get_size());
}

memory::desc floats(const memory::dims& dims, Tag tag) {
  return {dims, memory::data_type::f32, tag};
}

// A convolution with every layout left to oneDNN.
struct Problem {
  explicit Problem(const ConvolutionSizes& s)
      : in(floats({s.images, s.in_channels, s.height, s.width}, Tag::any)),
        weights(floats({s.out_channels, s.in_channels, s.kernel_height, s.kernel_width}, Tag::any)),
        out(floats({s.images, s.out_channels, s.out_height, s.out_width}, Tag::any)),
        strides{s.stride, s.stride},
        padding{s.padding, s.padding} {
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  dnnl::convolution_forward::primitive_desc forward() const {
    const dnnl::convolution_forward::desc desc(dnnl::prop_kind::forward_training, kAlgorithm, in,
                                               weights, out, strides, padding, padding);
    return {desc, attributes, onednn_engine()};
  }

  dnnl::convolution_backward_data::primitive_desc backward_data() const {
    const dnnl::convolution_backward_data::desc desc(kAlgorithm, in, weights, out, strides, padding,
                                                     padding);
    return {desc, attributes, onednn_engine(), forward()};
  }

  dnnl::convolution_backward_weights::primitive_desc backward_filter(
      const memory::desc& weight_layout) const {
    const dnnl::convolution_backward_weights::desc desc(kAlgorithm, in, weight_layout, out, strides,
                                                        padding, padding);
    return {desc, attributes, onednn_engine(), forward()};
  }

  memory::desc in;
  memory::desc weights;
  memory::desc out;
  memory::dims strides;
  memory::dims padding;
  dnnl::primitive_attr attributes;
};

BoundPrimitive copy(const memory::desc& from, const memory::desc& to,
                    const dnnl::primitive_attr& attributes = {}) {
  return {dnnl::reorder({onednn_engine(), from, onednn_engine(), to, attributes}),
          {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
}

// to += from
BoundPrimitive sum(const memory::desc& from, const memory::desc& to) {
  dnnl::post_ops operations;
  operations.append_sum(1.0f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(operations);
  return copy(from, to, attributes);
}

memory::dims one_image(const memory::desc& batch) {
  memory::dims dims = batch.dims();
  dims[0] = 1;
  return dims;
}

}  // namespace

PackedImages::PackedImages(const memory::desc& batch)
    : batch_(batch),
      image_(batch.submemory_desc(one_image(batch), {0, 0, 0, 0})),
      plain_(floats(one_image(batch), Tag::nchw)),
      packed_image_bytes_(static_cast<std::size_t>(batch.data.format_desc.blocking.strides[0]) *
                          sizeof(float)) {
  const dnnl_blocking_desc_t& blocking = batch.data.format_desc.blocking;
  const auto* const end = blocking.inner_idxs + blocking.inner_nblks;
  require(std::find(blocking.inner_idxs, end, 0) == end,
          "this version of oneDNN interleaves images, which is not supported; use 2.6");
}

std::size_t PackedImages::images() const {
  return static_cast<std::size_t>(batch_.data.dims[0]);
}

std::size_t PackedImages::bytes() const {
  return room(batch_);
}

void PackedImages::pack(Images<const float> from, std::byte* to) {
  for (std::size_t i = 0; i < images(); ++i) {
    if (packing_.size() <= i) packing_.push_back(copy(plain_, image_));
    packing_[i].place(DNNL_ARG_FROM, (from + static_cast<std::int64_t>(i)).data);
    packing_[i].place(DNNL_ARG_TO, to + i * packed_image_bytes_);
    packing_[i].execute();
  }
}

void PackedImages::unpack_image(std::size_t image, const std::byte* from, float* to) {
  if (unpacking_.size() <= image) unpacking_.push_back(copy(image_, plain_));
  unpacking_[image].place(DNNL_ARG_FROM, from + image * packed_image_bytes_);
  unpacking_[image].place(DNNL_ARG_TO, to);
  unpacking_[image].execute();
}

void PackedImages::unpack(const std::byte* from, Images<float> to) {
  for (std::size_t i = 0; i < images(); ++i) {
    unpack_image(i, from, (to + static_cast<std::int64_t>(i)).data);
  }
}

void PackedImages::unpack_and_add(const std::byte* from, float* scratch, Images<float> to) {
  const auto elements = static_cast<std::int64_t>(image_bytes() / sizeof(float));
  for (std::size_t i = 0; i < images(); ++i) {
    unpack_image(i, from, scratch);
    accumulate(scratch, (to + static_cast<std::int64_t>(i)).data, elements);
  }
}

ImagePass::ImagePass(ConvolutionPass pass, const ConvolutionSizes& sizes, int workers)
    : pass_(pass), bound_(static_cast<std::size_t>(workers)) {
  const Problem problem(sizes);
  if (pass == ConvolutionPass::kForward) {
    const auto chosen = problem.forward();
    in_argument_ = DNNL_ARG_SRC;
    out_argument_ = DNNL_ARG_DST;
    in_ = chosen.src_desc();
    weights_ = chosen.weights_desc();
    out_ = chosen.dst_desc();
    scratchpad_ = chosen.scratchpad_desc();
    primitive_ = dnnl::convolution_forward(chosen);
  } else {
    const auto chosen = problem.backward_data();
    in_argument_ = DNNL_ARG_DIFF_DST;
    out_argument_ = DNNL_ARG_DIFF_SRC;
    in_ = chosen.diff_dst_desc();
    weights_ = chosen.weights_desc();
    out_ = chosen.diff_src_desc();
    scratchpad_ = chosen.scratchpad_desc();
    primitive_ = dnnl::convolution_backward_data(chosen);
  }
  pack_weights_ = copy(floats(problem.weights.dims(), Tag::oihw), weights_);
}

std::size_t ImagePass::weight_bytes() const {
  return room(weights_);
}

void ImagePass::pack_weights(const float* weights, std::byte* packed) {
  pack_weights_->place(DNNL_ARG_FROM, weights);
  pack_weights_->place(DNNL_ARG_TO, packed);
  pack_weights_->execute();
}

ImagePass::Bound::Bound(const ImagePass& pass)
    : in(pass.in_),
      out(pass.out_),
      compute(pass.primitive_, {{pass.in_argument_, pass.in_},
                                {DNNL_ARG_WEIGHTS, pass.weights_},
                                {pass.out_argument_, pass.out_},
                                {DNNL_ARG_SCRATCHPAD, pass.scratchpad_}}) {}

void ImagePass::run(int worker, Scratch& scratch, const std::byte* packed_weights,
                    Images<const float> in, Images<float> out) {
  auto& bound = bound_[static_cast<std::size_t>(worker)];
  if (!bound) bound = std::make_unique<Bound>(*this);
  std::byte* const packed_in = scratch.reserve(bound->in.bytes() + bound->out.bytes() +
                                               room(scratchpad_) + bound->out.image_bytes());
  std::byte* const packed_out = packed_in + bound->in.bytes();
  std::byte* const scratchpad = packed_out + bound->out.bytes();
  auto* const plain = reinterpret_cast<float*>(scratchpad + room(scratchpad_));

  bound->in.pack(in, packed_in);
  bound->compute.place(in_argument_, packed_in);
  bound->compute.place(DNNL_ARG_WEIGHTS, packed_weights);
  bound->compute.place(out_argument_, packed_out);
  bound->compute.place(DNNL_ARG_SCRATCHPAD, scratchpad);
  bound->compute.execute();
  if (pass_ == ConvolutionPass::kForward) {
    bound->out.unpack(packed_out, out);
  } else {
    bound->out.unpack_and_add(packed_out, plain, out);
  }
}

FilterPass::FilterPass(const ConvolutionSizes& sizes, int workers)
    : bound_(static_cast<std::size_t>(workers)) {
  ConvolutionSizes single = sizes;
  single.images = 1;
  const Problem problem(sizes);
  dw_ = Problem(single).backward_filter(problem.weights).diff_weights_desc();
  const auto chosen = problem.backward_filter(dw_);
  x_ = chosen.src_desc();
  dy_ = chosen.diff_dst_desc();
  scratchpad_ = chosen.scratchpad_desc();
  primitive_ = dnnl::convolution_backward_weights(chosen);
  unpack_ = sum(dw_, floats(problem.weights.dims(), Tag::oihw));
}

std::int64_t FilterPass::packed_floats() const {
  return static_cast<std::int64_t>(room(dw_) / sizeof(float));
}

FilterPass::Bound::Bound(const FilterPass& pass)
    : x(pass.x_),
      dy(pass.dy_),
      compute(pass.primitive_, {{DNNL_ARG_SRC, pass.x_},
                                {DNNL_ARG_DIFF_DST, pass.dy_},
                                {DNNL_ARG_DIFF_WEIGHTS, pass.dw_},
                                {DNNL_ARG_SCRATCHPAD, pass.scratchpad_}}) {}

void FilterPass::run(int worker, Scratch& scratch, Images<const float> x, Images<const float> dy,
                     float* packed) {
  auto& bound = bound_[static_cast<std::size_t>(worker)];
  if (!bound) bound = std::make_unique<Bound>(*this);
  std::byte* const packed_x =
      scratch.reserve(bound->x.bytes() + bound->dy.bytes() + room(scratchpad_));
  std::byte* const packed_dy = packed_x + bound->x.bytes();
  bound->x.pack(x, packed_x);
  bound->dy.pack(dy, packed_dy);
  bound->compute.place(DNNL_ARG_SRC, packed_x);
  bound->compute.place(DNNL_ARG_DIFF_DST, packed_dy);
  bound->compute.place(DNNL_ARG_DIFF_WEIGHTS, packed);
  bound->compute.place(DNNL_ARG_SCRATCHPAD, packed_dy + bound->dy.bytes());
  bound->compute.execute();
}

void FilterPass::unpack_and_add(const float* packed, float* dw) {
  unpack_->place(DNNL_ARG_FROM, packed);
  unpack_->place(DNNL_ARG_TO, dw);
  unpack_->execute();
}

}  // namespace odin::cpu
