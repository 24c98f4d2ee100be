// Checks and times our CUDA convolutions and cuDNN's, for the shapes of both networks. The plain
// version is checked against sums in double on the host; every other version, and cuDNN, against
// the plain one. Where the convolution is a matrix product, cuBLAS is timed too.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "eval/cli/program.h"
#include "kernels/backend.h"
#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/library/library_convolution.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/gpu.h"
#include "kernels/cuda/runtime/memory.h"
#include "tools/bench/convolution_samples.h"
#include "tools/bench/relative_error.h"

namespace odin::cuda {
namespace {

struct Shape {
  const char* network;
  bench::ConvolutionShape convolution;
  int input_pitch, output_pitch;  // of the buffers whose slices they are
};

// The convolutions that do most of the work, with the slices of dense blocks. Those that gain most
// from a faster kernel come first.
constexpr Shape kShapes[] = {
    {"wrn", {160, 160, 32, 3, 1}, 160, 160},    {"wrn", {160, 320, 32, 3, 2}, 160, 320},
    {"wrn", {160, 320, 32, 1, 2}, 160, 320},    {"wrn", {320, 320, 16, 3, 1}, 320, 320},
    {"wrn", {320, 640, 16, 3, 2}, 320, 640},    {"wrn", {640, 640, 8, 3, 1}, 640, 640},
    {"densenet", {120, 48, 32, 1, 1}, 216, 48}, {"densenet", {48, 12, 32, 3, 1}, 48, 216},
    {"densenet", {204, 48, 16, 1, 1}, 304, 48}, {"densenet", {48, 12, 16, 3, 1}, 48, 304},
    {"densenet", {246, 48, 8, 1, 1}, 344, 48},  {"densenet", {48, 12, 8, 3, 1}, 48, 344},
};

struct Options {
  std::string precision = "fp16";
  // What to compare with the plain version, which always runs. A version that the GPU refuses ruins
  // the process, so each can have its own process.
  std::vector<std::string> convolutions = {"own", "wgmma", "cudnn"};
  int batch = 256;

  bool wants(const char* convolution) const {
    return std::ranges::find(convolutions, convolution) != convolutions.end();
  }
  std::vector<ConvolutionVersion> versions() const {
    std::vector<ConvolutionVersion> all = {ConvolutionVersion::kPlain};
    if (wants("own")) {
      all.insert(all.end(), {ConvolutionVersion::kImplicitGemm, ConvolutionVersion::kHalo,
                             ConvolutionVersion::kAuto});
    }
    if (wants("wgmma")) all.push_back(ConvolutionVersion::kWgmma);
    return all;
  }
};

// Device memory of standard normal numbers, stored as `element`.
DeviceBuffer random_values(std::int64_t count, Element element, std::uint64_t seed, Stream stream) {
  const DeviceBuffer noise(static_cast<std::size_t>(count) * sizeof(float));
  DeviceBuffer values(static_cast<std::size_t>(count) * size_of(element));
  normal_noise({seed, 0}, 0, noise.as<float>(), count, stream);
  const auto length = static_cast<int>(count);
  copy({noise.data(), Element::kFloat, 1, 1, 1, length, length},
       {values.data(), element, 1, 1, 1, length, length}, stream);
  synchronize(stream);
  return values;
}

std::vector<float> download(const ConstView& view, Stream stream) {
  const DeviceBuffer dense(static_cast<std::size_t>(view.numel()) * sizeof(float));
  copy(view,
       {dense.data(), Element::kFloat, view.images, view.height, view.width, view.channels,
        view.channels},
       stream);
  std::vector<float> values(static_cast<std::size_t>(view.numel()));
  synchronize(stream);
  ODIN_CUDA_CHECK(cudaMemcpy(values.data(), dense.data(), dense.size(), cudaMemcpyDeviceToHost),
                  "{} bytes", dense.size());
  return values;
}

// ||a - b|| / ||b||
template <class Number>
double relative_error(const std::vector<float>& a, const std::vector<Number>& b) {
  bench::RelativeError error;
  for (std::size_t i = 0; i < a.size(); ++i) error.add(a[i], b[i]);
  return error.value();
}

class Bench {
 public:
  Bench(const Shape& shape, const Options& options, LibraryConvolutions& library)
      : network_(shape.network),
        shape_(shape.convolution),
        options_(options),
        precision_(precision_of(options.precision)),
        library_(library),
        workspace_(library.workspace_bytes()),
        w_(random_values(weight_count(), Element::kFloat, 3, stream_)),
        samples_(shape_, download({w_.data(), Element::kFloat, 1, 1, 1,
                                   static_cast<int>(weight_count()), weight_count()},
                                  stream_)) {
    const Element element = element_of(precision_);
    const auto map = [&](int size, int channels, int pitch) {
      return View{nullptr, element, options.batch, size, size, channels, pitch};
    };
    x_view_ = map(shape_.size, shape_.inputs, shape.input_pitch);
    y_view_ = map(shape_.output_size(), shape_.outputs, shape.output_pitch);
    x_ = random_values(x_view_.pixels() * x_view_.pitch, element, 1, stream_);
    y_ = random_values(y_view_.pixels() * y_view_.pitch, element, 2, stream_);
    x_view_.data = x_.data();
    y_view_.data = y_.data();
    channels_last_ = DeviceBuffer(static_cast<std::size_t>(weight_count()) * size_of(element));
    from_nchw(w_.as<float>(), channels_last_view(), stream_);
    const auto pack = [&](auto function, int rows, int depth) {
      DeviceBuffer packed(static_cast<std::size_t>(packed_weights(shape_.kernel, rows, depth)) *
                          size_of(element));
      function(w_.as<float>(), shape_.outputs, shape_.inputs, shape_.kernel, element, packed.data(),
               stream_);
      synchronize(stream_);
      return packed;
    };
    forward_weights_ = pack(pack_forward_weights, shape_.outputs, shape_.inputs);
    backward_weights_ = pack(pack_backward_weights, shape_.inputs, shape_.outputs);
  }

  nlohmann::ordered_json run(bool forward) {
    nlohmann::ordered_json line = {
        {"network", network_},
        {"pass", forward ? "forward" : "backward-data"},
        {"shape", fmt::format("{0}x{0}{1} {2} -> {3}, {4}x{4}", shape_.kernel,
                              shape_.stride > 1 ? fmt::format("/{}", shape_.stride) : "",
                              shape_.inputs, shape_.outputs, shape_.size)}};
    const double flop = 2.0 * static_cast<double>(y_view_.pixels()) * shape_.outputs *
                        shape_.inputs * shape_.kernel * shape_.kernel;
    const View& result = forward ? y_view_ : x_view_;
    const std::vector<double> exact = expected_samples(forward);
    std::vector<float> expected;
    for (const ConvolutionVersion version : options_.versions()) {
      const std::string name(name_of(version));
      if (!can(forward, version)) continue;
      const float time = least_milliseconds(stream_, [&] { own(forward, version); });
      const std::vector<float> values = download(result, stream_);
      if (expected.empty()) {
        expected = values;
        line[name + "_error"] = relative_error(samples(result), exact);
      } else {
        line[name + "_error"] = relative_error(values, expected);
      }
      line[name + "_tflops"] = flop / (time * 1e9);
    }
    if (options_.wants("cudnn")) {
      const float time = least_milliseconds(stream_, [&] { library(forward); });
      line["library_error"] = relative_error(download(result, stream_), expected);
      line["library_tflops"] = flop / (time * 1e9);
    }
    return line;
  }

 private:
  ForwardConvolution forward_convolution() const {
    auto c = described<ForwardConvolution>(forward_weights_);
    c.x = x_view_;
    c.y = y_view_;
    return c;
  }
  BackwardConvolution backward_convolution() const {
    auto c = described<BackwardConvolution>(backward_weights_);
    c.dy = y_view_;
    c.dx = x_view_;
    return c;
  }
  template <class Convolution>
  Convolution described(const DeviceBuffer& weights) const {
    Convolution c;
    c.kernel = shape_.kernel;
    c.geometry = geometry();
    c.weights = weights.data();
    c.tf32 = precision_ == Precision::kTf32;
    return c;
  }
  ConvolutionGeometry geometry() const { return {shape_.stride, shape_.padding()}; }
  bool can(bool forward, ConvolutionVersion version) const {
    return forward ? can_run(forward_convolution(), version)
                   : can_run(backward_convolution(), version);
  }
  void own(bool forward, ConvolutionVersion version) {
    if (forward) {
      convolution_forward(forward_convolution(), version, stream_);
    } else {
      convolution_backward_data(backward_convolution(), version, stream_);
    }
  }

  // The dense values of the last image of a view.
  std::vector<float> last_image(View view) const {
    view.data =
        static_cast<std::byte*>(view.data) +
        static_cast<std::size_t>((view.images - 1) * view.height * view.width * view.pitch) *
            size_of(view.element);
    view.images = 1;
    return download(view, stream_);
  }
  // The expected samples of the result's last image, computed from the device's values.
  std::vector<double> expected_samples(bool forward) const {
    return forward ? samples_.forward(last_image(x_view_))
                   : samples_.backward_data(last_image(y_view_));
  }
  // The samples themselves.
  std::vector<float> samples(const View& result) const {
    const std::vector<float> image = last_image(result);
    std::vector<float> few;
    for (std::size_t i = 0; i < image.size(); i += bench::ConvolutionSamples::kStep) {
      few.push_back(image[i]);
    }
    return few;
  }

  View channels_last_view() const {
    return {channels_last_.data(), element_of(precision_), shape_.outputs, shape_.kernel,
            shape_.kernel,         shape_.inputs,          shape_.inputs};
  }
  std::int64_t weight_count() const {
    return std::int64_t{shape_.outputs} * shape_.inputs * shape_.kernel * shape_.kernel;
  }

  void library(bool forward) {
    CudnnConvolution c;
    c.pass = forward ? ConvolutionPass::kForward : ConvolutionPass::kBackwardData;
    c.geometry = geometry();
    c.x = CudnnOperand(x_view_);
    c.w = CudnnOperand(channels_last_view());
    c.y = CudnnOperand(y_view_);
    c.tf32 = precision_ == Precision::kTf32;
    CudnnPointers pointers;
    pointers.x = x_view_.data;
    pointers.w = channels_last_.data();
    pointers.y = y_view_.data;
    library_.run(c, pointers, {stream_, workspace_.data(), workspace_.size()});
  }

  const char* network_;
  bench::ConvolutionShape shape_;
  const Options& options_;
  Precision precision_;
  LibraryConvolutions& library_;
  OwnedStream stream_;
  DeviceBuffer workspace_;
  DeviceBuffer w_;  // (outputs, inputs, kernel, kernel), float
  bench::ConvolutionSamples samples_;
  DeviceBuffer x_;
  DeviceBuffer y_;
  DeviceBuffer channels_last_;
  DeviceBuffer forward_weights_;
  DeviceBuffer backward_weights_;
  View x_view_;
  View y_view_;
};

int run(const Options& options) {
  const Gpu gpu = use_gpu("cuda", 0);
  LibraryConvolutions library;
  bool correct = true;
  for (const Shape& shape : kShapes) {
    Bench one(shape, options, library);
    for (const bool forward : {true, false}) {
      nlohmann::ordered_json line = one.run(forward);
      line["gpu"] = gpu.name;
      line["precision"] = options.precision;
      line["batch"] = options.batch;
      // The bound allows for the storage type's rounding; NaN fails too.
      for (const auto& [name, value] : line.items()) {
        if (name.ends_with("_error")) correct = correct && value.get<double>() < 2e-2;
      }
      fmt::print("{}\n", line.dump());
      std::fflush(stdout);  // keeps the line if the process is killed later
    }
  }
  require(correct,
          "a convolution disagrees with the others or with its definition; see the errors");
  return 0;
}

}  // namespace
}  // namespace odin::cuda

int main(int argc, char** argv) {
  CLI::App app("Checks our CUDA convolutions and times them alongside cuDNN's.",
               "cuda_kernel_bench");
  app.footer("Prints one line of JSON for each shape and pass.");
  odin::cuda::Options options;
  app.add_option("--precision", options.precision, "fp32, tf32, fp16 or bf16")
      ->capture_default_str();
  app.add_option("--conv", options.convolutions,
                 "own, wgmma, cudnn: what to time alongside the plain version")
      ->check(CLI::IsMember({"own", "wgmma", "cudnn"}))
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Images at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  return odin::run_program_main(app, argc, argv, [&] { return odin::cuda::run(options); });
}
