#include "tools/python/detector.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tools/python/images.h"
#include "tools/python/numpy_array.h"

namespace odin::python {
namespace {

namespace nb = nanobind;

// NumPy's description of a Verdict.
nb::object verdict_type(const nb::module_& numpy) {
  nb::dict type;
  type["names"] = nb::make_tuple("predicted_class", "probability", "score", "in_distribution");
  type["formats"] = nb::make_tuple("i4", "f8", "f8", "?");
  type["offsets"] =
      nb::make_tuple(offsetof(Verdict, predicted_class), offsetof(Verdict, probability),
                     offsetof(Verdict, score), offsetof(Verdict, in_distribution));
  type["itemsize"] = sizeof(Verdict);
  return numpy.attr("dtype")(type);
}

}  // namespace

SharedDetector::SharedDetector(const std::filesystem::path& file, const std::string& device,
                               const DeviceOptions& options)
    : detector_(file, device, options) {}

nb::object SharedDetector::detect(const nb::object& images) {
  const Images seen = images_from(images, detector_.image_shape());
  std::vector<Verdict> verdicts;
  for_each_part(seen, detector_.preferred_batch(), mutex_,
                [&](const auto& pixels, PixelLayout layout) {
                  const std::vector<Verdict> part = detector_.detect(pixels, layout);
                  verdicts.insert(verdicts.end(), part.begin(), part.end());
                });
  const nb::module_ numpy = nb::module_::import_("numpy");
  const std::size_t size = verdicts.size() * sizeof(Verdict);
  const nb::object bytes = to_numpy<std::uint8_t>(std::move(verdicts), {size});
  return bytes.attr("view")(verdict_type(numpy)).attr("view")(numpy.attr("recarray"));
}

nb::object SharedDetector::explain(const nb::object& images) {
  const ImageShape& shape = detector_.image_shape();
  const Images seen = images_from(images, shape);
  std::vector<std::int8_t> signs;
  std::vector<float> perturbed;
  for_each_part(seen, detector_.preferred_batch(), mutex_,
                [&](const auto& pixels, PixelLayout layout) {
                  for (const Explanation& part : detector_.explain(pixels, layout)) {
                    signs.insert(signs.end(), part.gradient_sign.begin(), part.gradient_sign.end());
                    perturbed.insert(perturbed.end(), part.perturbed.begin(), part.perturbed.end());
                  }
                });
  const auto side = static_cast<std::size_t>(shape.side);
  const std::vector<std::size_t> extents = {signs.size() / seen.elements,
                                            static_cast<std::size_t>(shape.channels), side, side};
  return nb::make_tuple(to_numpy<std::int8_t>(std::move(signs), extents),
                        to_numpy<float>(std::move(perturbed), extents));
}

}  // namespace odin::python
