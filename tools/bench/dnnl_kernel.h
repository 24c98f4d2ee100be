// oneDNN's convolutions, to compare with.
#pragma once

#include <string>
#include <unordered_map>

#include <dnnl.hpp>

#include "tools/bench/convolution_problem.h"

namespace odin::bench {

// A convolution by oneDNN, with operands in whatever layout it likes best.
class DnnlKernel {
 public:
  DnnlKernel(const Shape& shape, bool backward);

  // oneDNN's name of what it chose.
  const std::string& name() const { return name_; }
  void run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::memory make(const dnnl::memory::desc& desc);

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::string name_;
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace odin::bench
