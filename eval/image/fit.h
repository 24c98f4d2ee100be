// Fits images of any size to the one that a network takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "nn/image_shape.h"

namespace odin {

// Thrown for an image whose size the fit cannot take: it is often that of many images, which one
// remedy helps.
class WrongSize : public Error {
 public:
  using Error::Error;
};

// What to do with an image of another size than the one needed, S x S.
enum class ImageFit : std::uint8_t {
  kExact,  // throw Error
  // Scale to S x S, without keeping proportions, with a triangle filter as wide as the reduction
  // (bilinear with antialiasing). Gives the same bytes as Pillow's resize((S, S), BILINEAR), which
  // is torchvision's Resize.
  kResize,
  // Scale the shorter side to S with the same filter, keep proportions, and crop to the middle.
  // Gives the same bytes as torchvision's Resize(S) and CenterCrop(S) of a PIL image.
  kResizeCrop,
  // Scale without antialiasing: detail finer than the result's pixels turns into false patterns.
  // Bilinear interpolates each pixel between the four source pixels around its centre (PyTorch's
  // interpolate(mode="bilinear", antialias=False), to within one level of 255). Nearest takes the
  // source pixel at its centre (the same bytes as Pillow's NEAREST).
  kResizeBilinear,
  kResizeNearest,
  // Crop to the middle. Throw Error if the image is smaller. If the margins cannot be equal, take
  // the same pixels as torchvision's CenterCrop.
  kCenterCrop,
  // Crop at a random place; all places are equally likely. Throw Error if the image is smaller.
  kRandomCrop
};

// By its name: exact, resize, resize-crop, resize-bilinear, resize-nearest, center-crop or
// random-crop. Throws Error, which lists the names, for any other.
ImageFit image_fit(std::string_view name);
std::string_view name_of(ImageFit fit);

// Whether images of any size are scaled, larger and smaller ones.
bool scales(ImageFit fit);

// The place of a random crop depends only on these two and on the image's size.
struct CropDraw {
  std::uint64_t seed = 0;
  std::uint64_t image = 0;  // another number for each image of a set
};

// Limits on a side and on the pixels of an image that is decoded. The size that a damaged or
// hostile file claims must not decide how much memory is used.
inline constexpr std::int64_t kMaxImageSide = 65535;
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

// Takes the rows of one image from a decoder, top to bottom, and fits them to a shape. For grey,
// each row first becomes luma, as Pillow's convert("L") does: (19595 R + 38470 G + 7471 B + 32768)
// / 65536, so that grey stays as it is. Holds at most one row of the result per row of the source,
// and 12 bytes per column, never the whole image.
class ImageFitter {
 public:
  // `image` is its name in messages. The result goes to `pixels` (channels, side, side): one plane
  // of grey, or red, green and blue planes. `draw` is for random crops.
  ImageFitter(std::string image, ImageFit fit, const ImageShape& shape, std::uint8_t* pixels,
              CropDraw draw = {});

  // Call once before the rows. Throws WrongSize, with the image's name, its size and a remedy, if
  // the image cannot be fitted, and Error if it exceeds the limits above.
  void begin(std::int64_t width, std::int64_t height);
  // Call `height` times, each with `width` pixels of three interleaved bytes.
  void row(const std::uint8_t* rgb);

 private:
  // The weight of each source pixel in a line of results.
  struct Filter {
    struct Taps {
      std::int64_t begin;
      std::vector<std::int32_t> weights;  // fixed point
    };
    std::vector<Taps> taps;  // one per result
  };
  // For the middle `side` results where `extent` source pixels are scaled to `scaled`.
  static Filter make_filter(std::int64_t extent, std::int64_t scaled, std::int64_t side,
                            ImageFit fit);
  void crop_row(const std::uint8_t* rgb, std::uint8_t* to) const;
  void resize_row(const std::uint8_t* rgb);
  void resize_columns();

  std::string image_;
  ImageFit fit_;
  ImageShape shape_;
  std::uint8_t* pixels_;
  CropDraw draw_;
  std::size_t width_ = 0;
  std::int64_t height_ = 0;
  std::int64_t left_ = 0;
  std::int64_t top_ = 0;
  std::int64_t y_ = 0;
  Filter horizontal_;
  Filter vertical_;
  std::vector<std::int32_t> planes_;    // (channels, width) of the row that is scaled
  std::vector<std::uint8_t> narrowed_;  // (height, channels, side): the rows, scaled to that width
  std::vector<std::int32_t> sums_;      // of a row of results
};

}  // namespace odin
