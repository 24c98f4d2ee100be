#include "kernels/cpu/onednn.h"

namespace odin::cpu {

const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

BoundPrimitive::BoundPrimitive(const dnnl::primitive& primitive,
                               const std::vector<std::pair<int, dnnl::memory::desc>>& arguments)
    : primitive_(primitive), stream_(onednn_engine()) {
  memory_.reserve(arguments.size());
  for (const auto& [argument, desc] : arguments) {
    memory_.emplace_back(desc, onednn_engine(), static_cast<void*>(DNNL_MEMORY_NONE));
    arguments_.push_back({argument, memory_.back().get()});
  }
}

void BoundPrimitive::place(int argument, const void* data) {
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].arg != argument) continue;
    if (memory_[i].get_data_handle() != data) memory_[i].set_data_handle(const_cast<void*>(data));
    return;
  }
}

// Uses the C interface, because the C++ one builds a map for every call.
void BoundPrimitive::execute() {
  dnnl::error::wrap_c_api(
      dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(arguments_.size()),
                             arguments_.data()),
      "could not execute a primitive");
}

}  // namespace odin::cpu
