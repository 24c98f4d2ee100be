// The module odin._odin: what Python sees of the C++ classes.
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "eval/report/version.h"
#include "kernels/error.h"
#include "tools/python/detector.h"
#include "tools/python/network.h"
#include "tools/python/state_dict.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace odin::python {
namespace {

constexpr const char* kOpen = R"(Reads a file.

device: "auto" (a GPU if there is a usable one), "cpu", "cuda" or "cuda:N".
threads: of the CPU; 0 uses all cores.
precision: of a GPU: "fp32", "tf32", "fp16" or "bf16".)";

constexpr const char* kDetect = R"(Verdicts on n images: a record array (n,) with the fields

predicted_class: of the unchanged image, from 0.
probability: of that class, the softmax at temperature 1.
score: larger is more in-distribution.
in_distribution: whether the score is at least the threshold.

The images are those that Network.scores takes.)";

constexpr const char* kExplain =
    R"(How the detector perturbs n images: two arrays (n, channels, height, width).

The first has the sign, 1 or -1, of the gradient in each pixel of the cross entropy with the predicted class: where it is
1, a larger pixel makes the network less sure. The second has the perturbed images, pixel - magnitude * sign, which
reach beyond 0..1 by the magnitude; for a score that perturbs nothing, the images.)";

constexpr const char* kScores =
    R"(The scores of n images. Larger is more in-distribution.

images: an array of uint8, or of float32 in 0..1, of the shape (n, height, width, channels) or
    (n, channels, height, width); of NumPy, or a tensor of PyTorch in the memory of the CPU. The network's mean and
    deviation are applied here. Only arrays that are dense in neither order are copied.
temperature, magnitude: ODIN's parameters; the magnitude is in units of pixels in 0..1.
scores: names, as odin_eval --score takes them: ["odin", "ash_s:percentile=80"]. None: all that learn nothing from
    training images and need no gradient besides ODIN's. For one that learns, make a detector with odin_calibrate.

Returns a dict from the name of a score to an array (n,) of float64. A score depends
neither on the other images nor on the number of threads.)";

constexpr const char* kFromTorch = R"(A network from the weights of PyTorch, without a file.

state_dict: a module, or its state_dict(), or any mapping from names to tensors or NumPy arrays, on any device. Names
    and shapes tell the architecture: DenseNet-BC, DenseNet or Wide ResNet, with the names of the ODIN authors',
    torchvision's or gpleiss's code.
in_dataset: what it was trained on. "cifar10", "cifar100" and "fashion_mnist" bring the following three.
mean, std: of each channel, by which images are normalised; of pixels in 0..1.
class_names: one for each class.
key: chooses the tensors whose names begin with it and a dot.
image_size: the side of the images.)";

DeviceOptions options_of(int threads, const std::string& precision) {
  return {.threads = threads, .precision = precision_of(precision)};
}

// Python's lock is kept: libhdf5 serves one thread at a time, and h5py may use the same one.
template <class Opened>
void open(Opened* self, const std::filesystem::path& file, const std::string& device, int threads,
          const std::string& precision) {
  new (self) Opened(file, device, options_of(threads, precision));
}

std::tuple<int, int, int> shape_tuple(const ImageShape& shape) {
  return {shape.channels, shape.side, shape.side};
}

ScoringNetwork* from_torch(const nb::object& state_dict, const std::string& in_dataset,
                           const std::optional<std::vector<float>>& mean,
                           const std::optional<std::vector<float>>& std,
                           const std::optional<std::vector<std::string>>& class_names,
                           const std::string& key, int image_size, const std::string& device,
                           int threads, const std::string& precision) {
  const pytorch::InputDescription inputs{in_dataset, mean.value_or(std::vector<float>()),
                                         std.value_or(std::vector<float>()),
                                         class_names.value_or(std::vector<std::string>())};
  return new ScoringNetwork(checkpoint_from(state_dict, key, image_size, inputs), device,
                            options_of(threads, precision));
}

void bind_network(nb::module_& module) {
  const auto checkpoint = [](const ScoringNetwork& network) -> const Checkpoint& {
    return network.checkpoint();
  };
  nb::class_<ScoringNetwork>(
      module, "Network",
      "A trained network that scores images.\n\nThreads may share one: it serves "
      "one at a time. Several work at the same time.")
      .def("__init__", &open<ScoringNetwork>, "file"_a, nb::kw_only(), "device"_a = "auto",
           "threads"_a = 0, "precision"_a = "fp32", kOpen)
      .def_static("from_torch", &from_torch, "state_dict"_a.none(), nb::kw_only(),
                  "in_dataset"_a = "", "mean"_a = nb::none(), "std"_a = nb::none(),
                  "class_names"_a = nb::none(), "key"_a = "", "image_size"_a = 32,
                  "device"_a = "auto", "threads"_a = 0, "precision"_a = "fp32", kFromTorch)
      .def(
          "scores",
          [](ScoringNetwork& self, const nb::object& images, double temperature, double magnitude,
             const std::optional<std::vector<std::string>>& scores) {
            return self.scores(images, {temperature, magnitude}, scores);
          },
          nb::sig("def scores(self, images: object, *, temperature: float = 1000, magnitude: float "
                  "= 0.0014, scores: collections.abc.Sequence[str] | None = None) -> "
                  "dict[str, numpy.typing.NDArray[numpy.float64]]"),
          "images"_a.none(), nb::kw_only(), "temperature"_a = 1000.0, "magnitude"_a = 0.0014,
          "scores"_a = nb::none(), kScores)
      .def("logits", &ScoringNetwork::logits, "images"_a.none(),
           nb::sig("def logits(self, images: object) -> numpy.typing.NDArray[numpy.float32]"),
           "The logits of n images, (n, classes). The images are those that `scores` takes.")
      .def(
          "save",
          [](const ScoringNetwork& self, const std::filesystem::path& file) {
            write_checkpoint(self.checkpoint(), file);
          },
          "file"_a, "Writes the checkpoint, for the programs and for `Network(file)`.")
      .def_prop_ro(
          "class_names", [=](const ScoringNetwork& self) { return checkpoint(self).class_names; },
          "One for each class, or none.")
      .def_prop_ro(
          "num_classes", [](const ScoringNetwork& self) { return self.scorer().num_classes(); },
          "The length of a row of logits.")
      .def_prop_ro(
          "image_shape",
          [](const ScoringNetwork& self) { return shape_tuple(self.scorer().image_shape()); },
          "Of the images that it takes: channels, height, width.")
      .def_prop_ro(
          "architecture",
          [=](const ScoringNetwork& self) { return name_of(checkpoint(self).architecture); },
          "\"DenseNet-BC-100\", as papers write it.")
      .def_prop_ro(
          "mean", [=](const ScoringNetwork& self) { return checkpoint(self).mean; },
          "Of each channel, of pixels in 0..1.")
      .def_prop_ro(
          "std", [=](const ScoringNetwork& self) { return checkpoint(self).std; },
          "The deviation of each channel, of pixels in 0..1.")
      .def_prop_ro(
          "in_dataset", [=](const ScoringNetwork& self) { return checkpoint(self).in_dataset; },
          "What it was trained on.")
      .def_prop_ro(
          "source", [=](const ScoringNetwork& self) { return checkpoint(self).source; },
          "How it came to be.")
      .def("__repr__", [](const ScoringNetwork& self) {
        return fmt::format("<odin.Network: {}>", self.scorer().description());
      });
}

void bind_detector(nb::module_& module) {
  const auto settings = [](const SharedDetector& self) -> const DetectorSettings& {
    return self.detector().settings();
  };
  nb::class_<SharedDetector>(
      module, "Detector",
      "A network and how to judge images with it, from a file of odin_calibrate.\n\nThreads may "
      "share one: it serves one at a time. Several work at the same time.")
      .def("__init__", &open<SharedDetector>, "file"_a, nb::kw_only(), "device"_a = "auto",
           "threads"_a = 0, "precision"_a = "fp32", kOpen)
      .def("detect", &SharedDetector::detect, "images"_a.none(),
           nb::sig("def detect(self, images: object) -> numpy.recarray"), kDetect)
      .def("explain", &SharedDetector::explain, "images"_a.none(),
           nb::sig("def explain(self, images: object) -> tuple[numpy.typing.NDArray[numpy.int8], "
                   "numpy.typing.NDArray[numpy.float32]]"),
           kExplain)
      .def_prop_ro(
          "threshold", [=](const SharedDetector& self) { return settings(self).threshold; },
          "Images with at least this score are in-distribution.")
      .def_prop_ro(
          "score", [=](const SharedDetector& self) { return settings(self).score; },
          "The name of the score by which images are judged: \"odin\", \"react:percentile=80\", "
          "...")
      .def_prop_ro(
          "temperature", [=](const SharedDetector& self) { return settings(self).temperature; },
          "Of ODIN; 1 for other scores.")
      .def_prop_ro(
          "magnitude", [=](const SharedDetector& self) { return settings(self).magnitude; },
          "Of ODIN's perturbation, in units of pixels in 0..1.")
      .def_prop_ro(
          "tpr", [=](const SharedDetector& self) { return settings(self).tpr; },
          "The share of in-distribution images that should be accepted.")
      .def_prop_ro(
          "tpr_interval",
          [=](const SharedDetector& self) {
            return std::pair(settings(self).tpr_low, settings(self).tpr_high);
          },
          "The 95 % confidence interval of the share of other in-distribution images that are "
          "accepted.")
      .def_prop_ro(
          "images", [=](const SharedDetector& self) { return settings(self).images; },
          "The number of images from which the threshold was set.")
      .def_prop_ro(
          "images_name", [=](const SharedDetector& self) { return settings(self).images_name; },
          "Their data set.")
      .def_prop_ro(
          "images_sha256", [=](const SharedDetector& self) { return settings(self).images_sha256; },
          "The digest of their pixels.")
      .def_prop_ro(
          "fit", [=](const SharedDetector& self) { return settings(self).fit; },
          "How they were brought to the network's size: \"exact\", \"resize\", ...")
      .def_prop_ro(
          "class_names", [](const SharedDetector& self) { return self.detector().class_names(); },
          "One for each class, or none.")
      .def_prop_ro(
          "num_classes", [](const SharedDetector& self) { return self.detector().num_classes(); },
          "Of the network.")
      .def_prop_ro(
          "image_shape",
          [](const SharedDetector& self) { return shape_tuple(self.detector().image_shape()); },
          "Of the images that it takes: channels, height, width.")
      .def("__repr__", [=](const SharedDetector& self) {
        return fmt::format("<odin.Detector: {} >= {}, {}>", settings(self).score,
                           settings(self).threshold, self.detector().description());
      });
}

NB_MODULE(_odin, module) {
  module.doc() = "The C++ half of the package odin.";
  nb::exception<Error>(module, "Error", PyExc_ValueError).attr("__doc__") =
      "A file, a value or a device that cannot be used, and what to do about it.";
  module.attr("__version__") = nb::str(version().data(), version().size());
  bind_network(module);
  bind_detector(module);
}

}  // namespace
}  // namespace odin::python
