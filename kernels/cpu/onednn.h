// What all uses of oneDNN share: the engine, its errors as ours.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/error.h"

namespace odin::cpu {

const dnnl::engine& onednn_engine();

// Runs f. Turns an exception of oneDNN into an Error that says what could not be done.
template <class Function>
auto with_onednn(const char* what, Function&& f) {
  try {
    return f();
  } catch (const dnnl::error& error) {
    fail("oneDNN cannot {}: {} (status {})", what, error.message, static_cast<int>(error.status));
  }
}

// A primitive and the memory of its arguments, for one thread.
class BoundPrimitive {
 public:
  BoundPrimitive(BoundPrimitive&&) = default;
  BoundPrimitive& operator=(BoundPrimitive&&) = default;
  BoundPrimitive(const dnnl::primitive& primitive,
                 const std::vector<std::pair<int, dnnl::memory::desc>>& arguments);

  // Sets the address of an argument. Writes zeros to the padding of a padded layout.
  void place(int argument, const void* data);
  void execute();

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<dnnl::memory> memory_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

}  // namespace odin::cpu
