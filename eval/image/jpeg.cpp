#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

// clang-format off
#include <jpeglib.h>  // needs cstddef and cstdio
#include <jerror.h>   // its message numbers depend on jpeglib.h
// clang-format on

#include "eval/image/codec.h"
#include "kernels/error.h"

namespace odin {
namespace {

// A progressive file may repeat scans that add nothing, each as costly as the image. Encoders use about
// ten scans.
constexpr int kMaxScans = 500;

// round(a b / 255) for bytes
int product(int a, int b) {
  return (2 * a * b + 255) / 510;
}

// libjpeg's decompressor.
class JpegReader final : public GuardedCodec {
 public:
  explicit JpegReader(InputStream& stream) : GuardedCodec(stream, "JPEG") {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    jpeg_.client_data = this;
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  void decode(ImageFitter& fitter, ImagePart part) {
    read_header();
    const int channels = jpeg_.num_components;
    require(channels == 1 || channels == 3 || channels == 4,
            "'{}' is a JPEG image with {} channels, but only 1 (grey), 3 (colour) or 4 (CMYK) are "
            "supported: convert it",
            file_name(), channels);
    fitter.begin(jpeg_.image_width, jpeg_.image_height);
    if (part == ImagePart::kHeader) return;
    jpeg_.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;

    guarded([this] { jpeg_start_decompress(&jpeg_); });
    const std::size_t width = jpeg_.output_width;
    std::vector<std::uint8_t> decoded(width * static_cast<std::size_t>(channels));
    std::vector<std::uint8_t> rgb(channels == 3 ? 0 : width * 3);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      read_row(decoded.data());
      if (channels == 3) {
        fitter.row(decoded.data());
        continue;
      }
      for (std::size_t x = 0; x < width; ++x) {
        for (std::size_t c = 0; c < 3; ++c) {
          if (channels == 1) {
            rgb[3 * x + c] = decoded[x];
          } else {
            // Inverted: 255 means no ink.
            const int light = decoded[4 * x + 3];
            const int ink = 255 - decoded[4 * x + c];
            rgb[3 * x + c] = static_cast<std::uint8_t>(light - product(ink, light));
          }
        }
      }
      fitter.row(rgb.data());
    }
    guarded([this] { jpeg_finish_decompress(&jpeg_); });
  }

 private:
  void read_header() {
    guarded([this] {
      jpeg_create_decompress(&jpeg_);
      progress_.progress_monitor = on_progress;
      jpeg_.progress = &progress_;
      source_.init_source = [](j_decompress_ptr) {};
      source_.fill_input_buffer = on_fill;
      source_.skip_input_data = on_skip;
      source_.resync_to_restart = jpeg_resync_to_restart;
      source_.term_source = [](j_decompress_ptr) {};
      jpeg_.src = &source_;
      jpeg_read_header(&jpeg_, TRUE);
    });
  }

  void read_row(std::uint8_t* row) {
    guarded([this, row] {
      JSAMPROW rows[] = {row};
      jpeg_read_scanlines(&jpeg_, rows, 1);
    });
  }

  static JpegReader& self_of(j_common_ptr jpeg) {
    return *static_cast<JpegReader*>(jpeg->client_data);
  }

  [[noreturn]] static void on_error(j_common_ptr jpeg) {
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    self_of(jpeg).raise(text);
  }

  // Warnings have negative levels. Those that mean that pixels were made up are errors.
  static void on_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
      case JWRN_ARITH_BAD_CODE:
      case JWRN_HIT_MARKER:
      case JWRN_HUFF_BAD_CODE:
      case JWRN_JPEG_EOF:
      case JWRN_MUST_RESYNC:
        on_error(jpeg);
      default:
        break;
    }
  }

  static void on_progress(j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > kMaxScans) {
      self_of(jpeg).raise("more scans than any encoder writes");
    }
  }

  static boolean on_fill(j_decompress_ptr jpeg) {
    JpegReader& self = self_of(reinterpret_cast<j_common_ptr>(jpeg));
    self.source_.bytes_in_buffer = self.fill();
    self.source_.next_input_byte = self.stream().buffer();
    if (self.source_.bytes_in_buffer == 0) self.raise(self.message());
    return TRUE;
  }

  static void on_skip(j_decompress_ptr jpeg, long count) {
    if (count <= 0) return;
    jpeg_source_mgr& source = *jpeg->src;
    const auto wanted = static_cast<std::size_t>(count);
    if (wanted <= source.bytes_in_buffer) {
      source.next_input_byte += wanted;
      source.bytes_in_buffer -= wanted;
    } else {
      self_of(reinterpret_cast<j_common_ptr>(jpeg))
          .stream()
          .skip(static_cast<std::int64_t>(wanted - source.bytes_in_buffer));
      source.bytes_in_buffer = 0;
    }
  }

  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_source_mgr source_{};
};

}  // namespace

void decode_jpeg(InputStream& stream, ImageFitter& fitter, ImagePart part) {
  JpegReader(stream).decode(fitter, part);
}

}  // namespace odin
