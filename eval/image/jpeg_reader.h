// libjpeg's decompressor, reading a file from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

// clang-format off
#include <jpeglib.h>  // needs cstddef and cstdio
#include <jerror.h>   // its message numbers depend on jpeglib.h
// clang-format on

#include "eval/image/codec.h"

namespace odin {

// Its errors, and warnings that mean that pixels were made up, are Errors.
class JpegReader final : public GuardedCodec {
 public:
  explicit JpegReader(InputStream& stream);
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  // Each throws Error, which names the file. After the header, jpeg() can be changed until start().
  void read_header();
  void start();
  void read_row(std::uint8_t* row);
  // One row of blocks of every component, of `lines` lines of the image; jpeg().raw_data_out must
  // be set.
  void read_raw(JSAMPIMAGE planes, unsigned lines);
  void finish();

  jpeg_decompress_struct& jpeg() { return jpeg_; }
  std::string name() const { return file_name(); }
  const InputFile& file() { return stream().file(); }

 private:
  static JpegReader& self_of(j_common_ptr jpeg);
  [[noreturn]] static void on_error(j_common_ptr jpeg);
  static void on_message(j_common_ptr jpeg, int level);
  static void on_progress(j_common_ptr jpeg);
  static boolean on_fill(j_decompress_ptr jpeg);
  static void on_skip(j_decompress_ptr jpeg, long count);

  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_source_mgr source_{};
};

}  // namespace odin
