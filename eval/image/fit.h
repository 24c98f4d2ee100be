// Brings images of any size to the 32 x 32 of the networks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace odin {

// What to do with an image that is not 32 x 32.
enum class ImageFit : std::uint8_t {
  kExact,  // it is an error
  // Scaled to 32 x 32, whatever its proportions, with a triangle filter as wide as the reduction
  // (bilinear with antialiasing): the same bytes as Pillow's resize((32, 32), BILINEAR), which is
  // what torchvision's Resize does.
  kResize,
  // Scaled without antialiasing, so that detail finer than the result's pixels folds into false
  // patterns: each pixel interpolated between the four source pixels around its centre (PyTorch's
  // interpolate(mode="bilinear", antialias=False), to one level of 255), or the source pixel that
  // its centre lies in (the same bytes as Pillow's NEAREST).
  kResizeBilinear,
  kResizeNearest,
  // The middle is cut out; it is an error if the image is smaller. Where the margins cannot be
  // equal, the same pixels as torchvision's CenterCrop.
  kCenterCrop,
  // A place drawn at random, every one as likely, is cut out; it is an error if the image is
  // smaller.
  kRandomCrop
};

// Where a random crop lies: a function of these two and of the image's size alone.
struct CropDraw {
  std::uint64_t seed = 0;
  std::uint64_t image = 0;  // tells the images of a set apart
};

// No image is decoded that is longer than this on a side, or has more pixels: the sizes that a
// damaged or hostile file claims must not decide how much memory is used.
inline constexpr std::int64_t kMaxImageSide = 65535;
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

// Takes the rows of one image, top to bottom, as a decoder makes them, and fits them into 32 x 32.
// Holds 96 bytes per row of the source at most, never the whole image.
class ImageFitter {
 public:
  // `image` is its name in messages. `pixels` (3, 32, 32), red, green and blue planes, is written.
  // `draw` is for random crops.
  ImageFitter(std::string image, ImageFit fit, std::uint8_t* pixels, CropDraw draw = {});

  // Called once before the rows. Throws Error, naming the image, its size and what may be done,
  // where the image cannot be fitted or is larger than the limits above.
  void begin(std::int64_t width, std::int64_t height);
  // `width` pixels of three interleaved bytes; called `height` times.
  void row(const std::uint8_t* rgb);

 private:
  // How much each source pixel counts in a line of 32 results.
  struct Filter {
    struct Taps {
      std::int64_t begin;
      std::vector<std::int32_t> weights;  // fixed point
    };
    std::vector<Taps> taps;  // 32 of them
  };
  static Filter make_filter(std::int64_t extent, ImageFit fit);
  bool resizes() const;
  void resize_row(const std::uint8_t* rgb);
  void resize_columns();

  std::string image_;
  ImageFit fit_;
  std::uint8_t* pixels_;
  CropDraw draw_;
  std::int64_t height_ = 0;
  std::int64_t left_ = 0;
  std::int64_t top_ = 0;
  std::int64_t y_ = 0;
  Filter horizontal_;
  Filter vertical_;
  std::vector<std::uint8_t> narrowed_;  // (height, 3, 32): the rows, scaled to a width of 32
};

}  // namespace odin
