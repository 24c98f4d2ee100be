#include "eval/image/jpeg_reader.h"

namespace odin {
namespace {

// A progressive file may repeat scans that add nothing, each as costly as the image. Encoders use
// about ten scans.
constexpr int kMaxScans = 500;

}  // namespace

JpegReader::JpegReader(InputStream& stream) : GuardedCodec(stream, "JPEG") {
  jpeg_.err = jpeg_std_error(&errors_);
  errors_.error_exit = on_error;
  errors_.emit_message = on_message;
  jpeg_.client_data = this;
}

void JpegReader::read_header() {
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

void JpegReader::start() {
  guarded([this] { jpeg_start_decompress(&jpeg_); });
}

void JpegReader::read_row(std::uint8_t* row) {
  guarded([this, row] {
    JSAMPROW rows[] = {row};
    jpeg_read_scanlines(&jpeg_, rows, 1);
  });
}

void JpegReader::read_raw(JSAMPIMAGE planes, unsigned lines) {
  guarded([&] { jpeg_read_raw_data(&jpeg_, planes, lines); });
}

void JpegReader::finish() {
  guarded([this] { jpeg_finish_decompress(&jpeg_); });
}

JpegReader& JpegReader::self_of(j_common_ptr jpeg) {
  return *static_cast<JpegReader*>(jpeg->client_data);
}

void JpegReader::on_error(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  self_of(jpeg).raise(text);
}

// Warnings have negative levels. Those that mean that pixels were made up are errors.
void JpegReader::on_message(j_common_ptr jpeg, int level) {
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

void JpegReader::on_progress(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > kMaxScans) {
    self_of(jpeg).raise("more scans than any encoder writes");
  }
}

boolean JpegReader::on_fill(j_decompress_ptr jpeg) {
  JpegReader& self = self_of(reinterpret_cast<j_common_ptr>(jpeg));
  self.source_.bytes_in_buffer = self.fill();
  self.source_.next_input_byte = self.stream().buffer();
  if (self.source_.bytes_in_buffer == 0) self.raise(self.message());
  return TRUE;
}

void JpegReader::on_skip(j_decompress_ptr jpeg, long count) {
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

}  // namespace odin
