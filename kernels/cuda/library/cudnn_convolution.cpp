#include "kernels/cuda/library/cudnn_convolution.h"

#include <algorithm>
#include <array>
#include <deque>

namespace odin::cuda {
namespace {

// Identifiers of the operands in an operation graph.
enum Uid : std::int64_t { kX = 1, kW, kY, kScale, kShift, kBias, kResidual, kFirstVirtual };

cudnnDataType_t type_of(Element element) {
  switch (element) {
    case Element::kFloat:
      return CUDNN_DATA_FLOAT;
    case Element::kHalf:
      return CUDNN_DATA_HALF;
    case Element::kBFloat16:
      return CUDNN_DATA_BFLOAT16;
  }
  fail("element type {} is not known", static_cast<int>(element));
}

// The operations and tensors of one convolution with its prologue and epilogue.
class GraphBuilder {
 public:
  explicit GraphBuilder(const CudnnConvolution& convolution) : convolution_(convolution) {}

  CudnnDescriptor build(const CudnnDevice& device) {
    const bool forward = convolution_.pass == ConvolutionPass::kForward;
    const CudnnDescriptor* x = &tensor(kX, convolution_.x);
    const CudnnDescriptor& w = tensor(kW, convolution_.w);
    if (convolution_.prologue) {
      const CudnnDescriptor& scale = per_channel(kScale, convolution_.x.channels);
      const CudnnDescriptor& shift = per_channel(kShift, convolution_.x.channels);
      const CudnnDescriptor& scaled = pointwise(CUDNN_POINTWISE_MUL, *x, &scale, convolution_.x);
      const CudnnDescriptor& shifted =
          pointwise(CUDNN_POINTWISE_ADD, scaled, &shift, convolution_.x);
      x = &pointwise(CUDNN_POINTWISE_RELU_FWD, shifted, nullptr, convolution_.x);
    }
    // The number of operations that still follow.
    int following = forward ? convolution_.bias + convolution_.relu + convolution_.residual : 0;
    const auto result = [&]() -> const CudnnDescriptor& {
      return following-- > 0 ? virtual_tensor(convolution_.y, CUDNN_DATA_FLOAT)
                             : tensor(kY, convolution_.y);
    };
    const CudnnDescriptor* y = &result();
    convolve(*x, w, *y);
    const auto then = [&](cudnnPointwiseMode_t mode, const CudnnDescriptor* b) {
      const CudnnDescriptor& next = result();
      pointwise(mode, *y, b, next);
      y = &next;
    };
    if (convolution_.bias) then(CUDNN_POINTWISE_ADD, &per_channel(kBias, convolution_.y.channels));
    if (convolution_.relu) then(CUDNN_POINTWISE_RELU_FWD, nullptr);
    if (convolution_.residual) then(CUDNN_POINTWISE_ADD, &tensor(kResidual, convolution_.y));

    std::vector<cudnnBackendDescriptor_t> operations;
    for (const CudnnDescriptor& operation : operations_) operations.push_back(operation.get());
    CudnnDescriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set_descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
    device.set_in_graph(graph);
    graph.finalize();
    return graph;
  }

 private:
  const CudnnDescriptor& tensor(std::int64_t uid, cudnnDataType_t type,
                                const std::array<std::int64_t, 4>& extents,
                                const std::array<std::int64_t, 4>& strides, std::int64_t alignment,
                                bool is_virtual) {
    CudnnDescriptor& made = tensors_.emplace_back(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    made.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, uid);
    made.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type);
    made.set(CUDNN_ATTR_TENSOR_DIMENSIONS, std::span<const std::int64_t>(extents));
    made.set(CUDNN_ATTR_TENSOR_STRIDES, std::span<const std::int64_t>(strides));
    made.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
    if (is_virtual) made.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
    made.finalize();
    return made;
  }

  const CudnnDescriptor& tensor(Uid uid, const CudnnOperand& operand) {
    return tensor(uid, type_of(operand.element), extents(operand), strides(operand, operand.pitch),
                  operand.alignment, false);
  }
  const CudnnDescriptor& virtual_tensor(const CudnnOperand& like, cudnnDataType_t type) {
    return tensor(next_virtual_++, type, extents(like), strides(like, like.channels), 16, true);
  }
  const CudnnDescriptor& per_channel(Uid uid, std::int64_t channels) {
    return tensor(uid, CUDNN_DATA_FLOAT, {1, channels, 1, 1}, {channels, 1, channels, channels}, 16,
                  false);
  }
  static std::array<std::int64_t, 4> extents(const CudnnOperand& o) {
    return {o.images, o.channels, o.height, o.width};
  }
  static std::array<std::int64_t, 4> strides(const CudnnOperand& o, std::int64_t pitch) {
    return {o.height * o.width * pitch, 1, o.width * pitch, pitch};
  }

  // y = mode(x, b)
  void pointwise(cudnnPointwiseMode_t mode, const CudnnDescriptor& x, const CudnnDescriptor* b,
                 const CudnnDescriptor& y) {
    CudnnDescriptor& how = details_.emplace_back(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, mode);
    how.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    how.finalize();
    CudnnDescriptor& operation =
        operations_.emplace_back(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    operation.finalize();
  }
  // The same into a tensor that exists only within the graph, with the layout of `like`.
  const CudnnDescriptor& pointwise(cudnnPointwiseMode_t mode, const CudnnDescriptor& x,
                                   const CudnnDescriptor* b, const CudnnOperand& like) {
    const CudnnDescriptor& y = virtual_tensor(like, type_of(like.element));
    pointwise(mode, x, b, y);
    return y;
  }

  void convolve(const CudnnDescriptor& x, const CudnnDescriptor& w, const CudnnDescriptor& y) {
    struct Attributes {
      cudnnBackendDescriptorType_t operation;
      cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
    };
    static constexpr Attributes kAttributes[] = {
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
    };
    const Attributes& a = kAttributes[static_cast<std::size_t>(convolution_.pass)];
    const std::array<std::int64_t, 2> padding{convolution_.geometry.padding,
                                              convolution_.geometry.padding};
    const std::array<std::int64_t, 2> stride{convolution_.geometry.stride,
                                             convolution_.geometry.stride};
    const std::array<std::int64_t, 2> dilation{1, 1};
    CudnnDescriptor& how = details_.emplace_back(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    how.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
    how.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    how.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
    how.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, std::span<const std::int64_t>(padding));
    how.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, std::span<const std::int64_t>(padding));
    how.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, std::span<const std::int64_t>(stride));
    how.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, std::span<const std::int64_t>(dilation));
    how.finalize();
    CudnnDescriptor& operation = operations_.emplace_back(a.operation);
    operation.set(a.convolution, how);
    operation.set(a.x, x);
    operation.set(a.w, w);
    operation.set(a.y, y);
    operation.set(a.alpha, 1.0f);
    operation.set(a.beta, convolution_.accumulate ? 1.0f : 0.0f);
    operation.finalize();
  }

  const CudnnConvolution& convolution_;
  std::deque<CudnnDescriptor> tensors_;
  std::deque<CudnnDescriptor> details_;
  std::deque<CudnnDescriptor> operations_;
  std::int64_t next_virtual_ = kFirstVirtual;
};

bool has_note(const std::vector<cudnnBackendNumericalNote_t>& notes,
              cudnnBackendNumericalNote_t note) {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

constexpr cudnnBackendNumericalNote_t kInexact[] = {
    CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_FFT,
    CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13};

// Whether an engine computes in the requested arithmetic, and reproducibly.
bool acceptable(const CudnnDescriptor& configuration, const CudnnConvolution& convolution) {
  const std::vector<CudnnDescriptor> engines =
      configuration.get_descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  if (engines.empty()) return false;
  const auto notes = engines[0].get_notes(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);
  if (has_note(notes, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return false;
  // Sums are in float, whatever is stored.
  if (has_note(notes, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return false;
  const bool is_float = convolution.x.element == Element::kFloat;
  if (is_float && has_note(notes, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) return false;
  if (!is_float || convolution.tf32) return true;
  // Exact float: no engine that rounds operands, and no transform that cancels more than a digit.
  return std::none_of(std::begin(kInexact), std::end(kInexact),
                      [&](cudnnBackendNumericalNote_t note) { return has_note(notes, note); });
}

}  // namespace

CudnnOperand::CudnnOperand(const ConstView& view)
    : element(view.element),
      images(view.images),
      channels(view.channels),
      height(view.height),
      width(view.width),
      pitch(view.pitch) {
  // The largest power of two, up to 16, that every pixel's address is a multiple of.
  const auto address = reinterpret_cast<std::uintptr_t>(view.data) |
                       (static_cast<std::uintptr_t>(view.pitch) * size_of(view.element)) | 16u;
  alignment = static_cast<std::int64_t>(address & (~address + 1));
}

std::string CudnnConvolution::to_string() const {
  const char* names[] = {"forward", "backward-data", "backward-filter"};
  return fmt::format(
      "{} convolution of ({}, {}, {}, {}) to {} channels, kernel {} x {}, stride {}, padding {}, "
      "pitches {} and {}",
      names[static_cast<std::size_t>(pass)], x.images, x.channels, x.height, x.width, y.channels,
      w.height, w.width, geometry.stride, geometry.padding, x.pitch, y.pitch);
}

CudnnDevice::CudnnDevice(std::string_view json)
    : description_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) {
  description_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, json);
  description_->finalize();
}

void CudnnDevice::set_in_graph(CudnnDescriptor& graph) const {
  if (handle_) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle_);
}

void CudnnDevice::set_in_heuristic(CudnnDescriptor& heuristic) const {
  if (description_) heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *description_);
}

void CudnnDevice::set_in_plan(CudnnDescriptor& plan) const {
  if (handle_) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle_);
  if (description_) plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *description_);
}

CudnnPlan::CudnnPlan(CudnnDescriptor plan, const CudnnConvolution& convolution)
    : plan_(std::move(plan)),
      prologue_(convolution.prologue),
      bias_(convolution.bias),
      residual_(convolution.residual),
      workspace_bytes_(
          static_cast<std::size_t>(plan_.get_int64(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE))) {}

void CudnnPlan::run(const CudnnHandle& handle, const CudnnPointers& pointers,
                    void* workspace) const {
  std::vector<std::int64_t> uids{kX, kW, kY};
  std::vector<void*> data{pointers.x, pointers.w, pointers.y};
  const auto add = [&](Uid uid, const void* pointer) {
    uids.push_back(uid);
    data.push_back(const_cast<void*>(pointer));
  };
  if (prologue_) {
    add(kScale, pointers.scale);
    add(kShift, pointers.shift);
  }
  if (bias_) add(kBias, pointers.bias);
  if (residual_) add(kResidual, pointers.residual);
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const std::int64_t>(uids));
  pack.set_pointers(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, data);
  pack.set_pointers(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, {&workspace, 1});
  pack.finalize();
  ODIN_CUDNN_CHECK(cudnnBackendExecute(handle.get(), plan_.get(), pack.get()));
}

CudnnPlans cudnn_plans(const CudnnDevice& device, const CudnnConvolution& convolution,
                       std::size_t count, std::size_t workspace) {
  GraphBuilder builder(convolution);
  const CudnnDescriptor graph = builder.build(device);
  CudnnPlans found;
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    CudnnDescriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    device.set_in_heuristic(heuristic);
    if (!heuristic.try_finalize(found.failure)) continue;
    for (CudnnDescriptor& configuration : heuristic.get_descriptors(
             CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
      if (found.plans.size() == count) return found;
      if (!acceptable(configuration, convolution)) continue;
      CudnnDescriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
      device.set_in_plan(plan);
      if (!plan.try_finalize(found.failure)) continue;
      CudnnPlan made(std::move(plan), convolution);
      if (made.workspace_bytes() <= workspace) found.plans.push_back(std::move(made));
    }
    // The fallback is for shapes that the heuristics do not know.
    if (!found.plans.empty()) break;
  }
  return found;
}

}  // namespace odin::cuda
