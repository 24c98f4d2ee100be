#include <algorithm>
#include <cstring>
#include <vector>

#include <png.h>

#include "eval/image/codec.h"
#include "kernels/error.h"

namespace odin {
namespace {

// libpng's reader.
class PngReader final : public GuardedCodec {
 public:
  explicit PngReader(InputStream& stream) : GuardedCodec(stream, "PNG") {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail("not enough memory to read '{}'", file_name());
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  void decode(ImageFitter& fitter, ImagePart part) {
    read_header();
    const png_uint_32 width = png_get_image_width(png_, info_);
    const png_uint_32 height = png_get_image_height(png_, info_);
    const bool interlaced = png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
    fitter.begin(width, height);
    if (part == ImagePart::kHeader) return;
    set_up_conversion();

    // Indices into the palette, if any, else colours.
    const std::size_t row_bytes = png_get_rowbytes(png_, info_);
    std::vector<std::uint8_t> rows(row_bytes * (interlaced ? height : 1));
    std::vector<std::uint8_t> coloured(palette_.empty() ? 0 : std::size_t{width} * 3);
    const auto hand_on = [&](const std::uint8_t* row) {
      if (!palette_.empty()) look_up(row, coloured);
      fitter.row(palette_.empty() ? row : coloured.data());
    };
    if (interlaced) {
      for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass) {
        for (png_uint_32 y = 0; y < height; ++y) read_row(rows.data() + y * row_bytes);
      }
      for (png_uint_32 y = 0; y < height; ++y) hand_on(rows.data() + y * row_bytes);
    } else {
      for (png_uint_32 y = 0; y < height; ++y) {
        read_row(rows.data());
        hand_on(rows.data());
      }
    }
    read_end();
  }

 private:
  void read_header() {
    guarded([this] {
      png_set_read_fn(png_, this, on_read);
      // The fitter checks the size; its message says more.
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      // Texts, profiles and transparency are not used, so they are not unpacked.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      png_read_info(png_, info_);
    });
  }

  void set_up_conversion() {
    png_colorp colours = nullptr;
    int count = 0;
    const bool indexed = png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE;
    if (indexed && png_get_PLTE(png_, info_, &colours, &count) != 0) {
      palette_.assign(colours, colours + count);
    }
    guarded([this, indexed] {
      if (indexed) {
        png_set_packing(png_);  // one index a byte
      } else {
        png_set_strip_16(png_);
        png_set_expand_gray_1_2_4_to_8(png_);
        png_set_strip_alpha(png_);
        png_set_gray_to_rgb(png_);
      }
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
    const std::size_t width = png_get_image_width(png_, info_);
    require(
        png_get_rowbytes(png_, info_) == width * (indexed ? 1 : 3) && palette_.empty() == !indexed,
        "'{}' is a PNG image of an unknown kind: convert it", file_name());
  }

  // Done here because libpng reads an index beyond the palette as black.
  void look_up(const std::uint8_t* indices, std::vector<std::uint8_t>& rgb) const {
    for (std::size_t x = 0; x < rgb.size() / 3; ++x) {
      if (indices[x] >= palette_.size()) {
        fail(
            "'{}' is a damaged PNG image, with a pixel of colour {} in a palette of {}: replace it",
            file_name(), indices[x], palette_.size());
      }
      const png_color& colour = palette_[indices[x]];
      rgb[3 * x] = colour.red;
      rgb[3 * x + 1] = colour.green;
      rgb[3 * x + 2] = colour.blue;
    }
  }

  void read_row(std::uint8_t* row) {
    guarded([this, row] { png_read_row(png_, row, nullptr); });
  }

  // Reads the rest of the file too, to detect a file that lost its end.
  void read_end() {
    guarded([this] { png_read_end(png_, nullptr); });
  }

  static void on_read(png_structp png, png_bytep to, std::size_t count) {
    auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (!self.take(to, count)) png_error(png, self.message());
  }

  bool take(std::uint8_t* to, std::size_t count) {
    while (count > 0) {
      if (position_ == filled_) {
        position_ = 0;
        filled_ = fill();
        if (filled_ == 0) return false;
      }
      const std::size_t part = std::min(count, filled_ - position_);
      std::memcpy(to, stream().buffer() + position_, part);
      position_ += part;
      to += part;
      count -= part;
    }
    return true;
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    static_cast<PngReader*>(png_get_error_ptr(png))->raise(text);
  }
  // We accept what the library can read in spite of a flaw.
  static void on_warning(png_structp, png_const_charp) {}

  std::vector<png_color> palette_;  // empty for an image without
  std::size_t position_ = 0;        // in the stream's buffer
  std::size_t filled_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

void decode_png(InputStream& stream, ImageFitter& fitter, ImagePart part) {
  PngReader(stream).decode(fitter, part);
}

}  // namespace odin
