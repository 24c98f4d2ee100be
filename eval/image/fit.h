// Fits images of any size to the 32 x 32 of the networks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace odin {

// What to do with an image that is not 32 x 32.
enum class ImageFit : std::uint8_t {
  kExact,  // throw Error
  // Scale to 32 x 32, without keeping proportions, with a triangle filter as wide as the reduction
  // (bilinear with antialiasing). Gives the same bytes as Pillow's resize((32, 32), BILINEAR), which
  // is torchvision's Resize.
  kResize,
  // Scale the shorter side to 32 with the same filter, keep proportions, and crop to the middle. Gives the
  // same bytes as torchvision's Resize(32) and CenterCrop(32) of a PIL image.
  kResizeCrop,
  // Scale without antialiasing: detail finer than the result's pixels turns into false patterns.
  // Bilinear interpolates each pixel between the four source pixels around its centre (PyTorch's
  // interpolate(mode="bilinear", antialias=False), to within one level of 255). Nearest takes the
  // source pixel at its centre (the same bytes as Pillow's NEAREST).
  kResizeBilinear,
  kResizeNearest,
  // Crop to the middle. Throw Error if the image is smaller. If the margins cannot be equal, take the
  // same pixels as torchvision's CenterCrop.
  kCenterCrop,
  // Crop at a random place; all places are equally likely. Throw Error if the image is smaller.
  kRandomCrop
};

// By its name: exact, resize, resize-crop, resize-bilinear, resize-nearest, center-crop or random-crop. Throws
// Error, which lists the names, for any other.
ImageFit image_fit(std::string_view name);
std::string_view name_of(ImageFit fit);

// Whether images of any size are scaled, larger and smaller ones.
bool scales(ImageFit fit);

// The place of a random crop depends only on these two and on the image's size.
struct CropDraw {
  std::uint64_t seed = 0;
  std::uint64_t image = 0;  // another number for each image of a set
};

// Limits on a side and on the pixels of an image that is decoded. The size that a damaged or hostile
// file claims must not decide how much memory is used.
inline constexpr std::int64_t kMaxImageSide = 65535;
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

// Takes the rows of one image from a decoder, top to bottom, and fits them to 32 x 32. Holds at most 96
// bytes per row of the source and 12 per column, never the whole image.
class ImageFitter {
 public:
  // `image` is its name in messages. The result goes to `pixels` (3, 32, 32): red, green and blue
  // planes. `draw` is for random crops.
  ImageFitter(std::string image, ImageFit fit, std::uint8_t* pixels, CropDraw draw = {});

  // Call once before the rows. Throws Error, with the image's name, its size and a remedy, if the image
  // cannot be fitted or exceeds the limits above.
  void begin(std::int64_t width, std::int64_t height);
  // Call `height` times, each with `width` pixels of three interleaved bytes.
  void row(const std::uint8_t* rgb);

 private:
  // The weight of each source pixel in a line of 32 results.
  struct Filter {
    struct Taps {
      std::int64_t begin;
      std::vector<std::int32_t> weights;  // fixed point
    };
    std::vector<Taps> taps;  // 32 of them
  };
  // For the middle 32 results where `extent` source pixels are scaled to `scaled`.
  static Filter make_filter(std::int64_t extent, std::int64_t scaled, ImageFit fit);
  void resize_row(const std::uint8_t* rgb);
  void resize_columns();

  std::string image_;
  ImageFit fit_;
  std::uint8_t* pixels_;
  CropDraw draw_;
  std::size_t width_ = 0;
  std::int64_t height_ = 0;
  std::int64_t left_ = 0;
  std::int64_t top_ = 0;
  std::int64_t y_ = 0;
  Filter horizontal_;
  Filter vertical_;
  std::vector<std::int32_t> planes_;    // (3, width) of the row that is scaled
  std::vector<std::uint8_t> narrowed_;  // (height, 3, 32): the rows, scaled to a width of 32
};

}  // namespace odin
