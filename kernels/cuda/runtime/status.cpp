#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {

std::string place(const std::source_location& where) {
  const std::string_view file = where.file_name();
  const std::size_t root = file.rfind("kernels/");
  return fmt::format("{}:{}", root == std::string_view::npos ? file : file.substr(root),
                     where.line());
}

void fail_status(cudaError_t status, const char* call, const std::string& sizes,
                 const std::source_location& where) {
  const std::string sentence = fmt::format("CUDA: {} failed at {}{}{}: {} ({})", call, place(where),
                                           sizes.empty() ? "" : " for ", sizes,
                                           cudaGetErrorString(status), cudaGetErrorName(status));
  cudaGetLastError();  // otherwise the next check of a launch would find it again
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(sentence);
  throw Error(sentence);
}

void fail_library(std::string_view library, std::string_view status, bool out_of_memory,
                  const char* call, const std::string& sizes, const std::source_location& where) {
  const std::string sentence =
      fmt::format("{}: {} failed at {}{}{}: {}", library, call, place(where),
                  sizes.empty() ? "" : " for ", sizes, status);
  cudaGetLastError();  // what the library found in a call of CUDA; see fail_status
  if (out_of_memory) throw OutOfMemory(sentence);
  throw Error(sentence);
}

}  // namespace odin::cuda
