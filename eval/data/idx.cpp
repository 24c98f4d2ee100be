#include "eval/data/idx.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "weights/files/gunzip.h"
#include "weights/files/input_file.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t kMaxUnpackedBytes = std::int64_t{1} << 30;

// A gzipped file, unpacked from front to back.
class GzipStream {
 public:
  explicit GzipStream(const InputFile& file)
      : file_(file), packed_([this](std::span<std::byte> out) {
          const std::size_t count = file_.read_some(offset_, out.data(), out.size());
          offset_ += static_cast<std::int64_t>(count);
          return count;
        }) {}

  // Reads `count` bytes, or fewer at the end of the file, and returns their number.
  std::size_t read(std::uint8_t* to, std::size_t count) {
    try {
      return packed_.read(std::as_writable_bytes(std::span(to, count)));
    } catch (const Error& error) {
      fail("'{}' is damaged or truncated ({}): download it again", file_.path().string(),
           error.what());
    }
  }

 private:
  const InputFile& file_;
  std::int64_t offset_ = 0;
  Gunzip packed_;
};

// An IDX file of unsigned bytes. A plain file stays on disk; a gzipped one is unpacked to memory.
class IdxArray {
 public:
  // Throws Error unless the file has `rank` axes, which hold `what`, and the length that its header
  // says.
  IdxArray(const fs::path& path, int rank, std::string_view what) : file_(path) {
    std::array<std::byte, 2> magic{};
    file_.read_some(0, magic.data(), magic.size());
    if (looks_like_gzip(magic)) {
      GzipStream stream(file_);
      std::vector<std::uint8_t> header(kMaxHeader);
      header.resize(stream.read(header.data(), header_bytes(rank)));
      read_header(header, rank, what);
      unpack(stream);
    } else {
      std::vector<std::uint8_t> header(kMaxHeader);
      header.resize(file_.read_some(0, header.data(), header_bytes(rank)));
      read_header(header, rank, what);
      const std::int64_t held = file_.size() - begin_;
      require(elements(held) == held, "'{}' says that it holds {} bytes, but holds {}: {}", name(),
              claimed(), held, kAdvice);
    }
  }

  std::string name() const { return file_.path().string(); }
  std::int64_t extent(std::size_t axis) const { return extents_[axis]; }
  // Copies `count` elements, starting at element `first`.
  void read(std::int64_t first, void* to, std::size_t count) const {
    if (unpacked_.empty()) {
      file_.read(begin_ + first, to, count);
    } else {
      std::copy_n(unpacked_.data() + first, count, static_cast<std::uint8_t*>(to));
    }
  }

 private:
  static constexpr std::size_t kMaxHeader = 16;
  static constexpr std::string_view kAdvice = "download it again";

  static std::size_t header_bytes(int rank) { return 4 + 4 * static_cast<std::size_t>(rank); }

  // Magic number 00 00 08 (bytes) and the rank, then an extent of four bytes for each axis.
  void read_header(const std::vector<std::uint8_t>& header, int rank, std::string_view what) {
    const bool bytes = header.size() >= 4 && header[0] == 0 && header[1] == 0 && header[2] == 8;
    require(bytes && header[3] > 0,
            "'{}' is not an IDX file of bytes: it begins with {:02x}, not "
            "with 00 00 08 {:02x}",
            name(),
            fmt::join(header.begin(),
                      header.begin() + std::min<std::ptrdiff_t>(std::ssize(header), 4), " "),
            rank);
    require(header[3] == rank, "'{}' is an IDX file with {} axes, but {} ({} axes) are needed",
            name(), header[3], what, rank);
    require(header.size() == header_bytes(rank), "'{}' ends within its header: {}", name(),
            kAdvice);
    for (std::size_t at = 4; at < header.size(); at += 4) {
      std::int64_t extent = 0;
      for (std::size_t i = 0; i < 4; ++i) extent = extent << 8 | header[at + i];
      require(extent > 0, "'{}' says that it is empty ({})", name(), what);
      extents_.push_back(extent);
    }
    begin_ = std::ssize(header);
  }

  // The number of elements that the header claims, or -1 if it is more than `most` (it may not even
  // fit in 64 bits).
  std::int64_t elements(std::int64_t most) const {
    std::int64_t product = 1;
    for (const std::int64_t extent : extents_) {
      if (extent > most / product) return -1;
      product *= extent;
    }
    return product;
  }

  std::string claimed() const { return fmt::format("{}", fmt::join(extents_, " x ")); }

  // Takes as much memory as the content needs, not as much as the header claims.
  void unpack(GzipStream& stream) {
    const std::int64_t expected = elements(kMaxUnpackedBytes);
    require(
        expected >= 0,
        "'{}' says that it holds {} bytes, but at most {} are unpacked to memory: unpack it with "
        "gunzip and give the plain file",
        name(), claimed(), kMaxUnpackedBytes);
    std::vector<std::uint8_t> part(std::size_t{1} << 18);
    while (const std::size_t got = stream.read(part.data(), part.size())) {
      unpacked_.insert(unpacked_.end(), part.data(), part.data() + got);
      require(std::ssize(unpacked_) <= expected,
              "'{}' says that it holds {} bytes, but holds more: {}", name(), claimed(), kAdvice);
    }
    require(std::ssize(unpacked_) == expected, "'{}' says that it holds {} bytes, but holds {}: {}",
            name(), claimed(), unpacked_.size(), kAdvice);
  }

  InputFile file_;
  std::vector<std::int64_t> extents_;
  std::int64_t begin_ = 0;  // of the elements in the file
  std::vector<std::uint8_t> unpacked_;
};

// The file of labels that belongs to a file of images, if any.
std::optional<fs::path> labels_file_of(const fs::path& images) {
  std::string name = images.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const std::size_t word = name.rfind("images");
  if (word == std::string::npos) return std::nullopt;
  name.replace(word, 6, "labels");
  if (const std::size_t idx = name.rfind("idx3"); idx != std::string::npos) name[idx + 3] = '1';
  for (const char* suffix : {"", ".gz"}) {
    fs::path file = images.parent_path() / (name + suffix);
    std::error_code ignored;
    if (fs::exists(file, ignored)) return file;
  }
  return std::nullopt;
}

DatasetLabels read_labels(const fs::path& file, const fs::path& images, std::int64_t count) {
  const IdxArray array(file, 1, "labels");
  require(array.extent(0) == count,
          "'{}' holds {} labels, but '{}' next to it holds {} images: download both again",
          file.string(), array.extent(0), images.string(), count);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  array.read(0, bytes.data(), bytes.size());
  DatasetLabels labels;
  labels.of_image.assign(bytes.begin(), bytes.end());
  labels.num_classes = 1 + *std::max_element(bytes.begin(), bytes.end());
  return labels;
}

class Idx final : public ByteDataset {
 public:
  Idx(std::string_view name, IdxArray array, ImageFit fit, const ImageShape& shape,
      DatasetLabels labels)
      : ByteDataset(name, array.extent(0), shape, std::move(labels)),
        array_(std::move(array)),
        fit_(fit),
        height_(array_.extent(1)),
        width_(array_.extent(2)) {
    // Throws Error for a size that cannot be fitted, before any image is read.
    if (!is_padded()) ImageFitter(array_.name(), fit_, shape, nullptr).begin(width_, height_);
  }

 private:
  bool is_padded() const {
    return !scales(fit_) && height_ <= shape().side && width_ <= shape().side;
  }

  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    const auto width = static_cast<std::size_t>(width_);
    const std::int64_t first = index * height_ * width_;
    if (is_padded()) {
      read_padded(first, pixels);
      const std::int64_t plane = shape().pixels();
      for (int c = 1; c < shape().channels; ++c) std::copy_n(pixels, plane, pixels + c * plane);
      return;
    }
    ImageFitter fitter(array_.name(), fit_, shape(), pixels);
    fitter.begin(width_, height_);
    std::vector<std::uint8_t> grey(width);
    std::vector<std::uint8_t> rgb(3 * width);
    for (std::int64_t y = 0; y < height_; ++y) {
      array_.read(first + y * width_, grey.data(), width);
      for (std::size_t x = 0; x < width; ++x) {
        std::fill_n(rgb.begin() + static_cast<std::ptrdiff_t>(3 * x), 3, grey[x]);
      }
      fitter.row(rgb.data());
    }
  }

  // Writes one image into the middle of a plane of zeros.
  void read_padded(std::int64_t first, std::uint8_t* plane) const {
    const std::int64_t side = shape().side;
    std::vector<std::uint8_t> packed(static_cast<std::size_t>(height_ * width_));
    array_.read(first, packed.data(), packed.size());
    std::fill_n(plane, shape().pixels(), std::uint8_t{0});
    const std::int64_t top = (side - height_) / 2;
    const std::int64_t left = (side - width_) / 2;
    for (std::int64_t y = 0; y < height_; ++y) {
      std::copy_n(packed.data() + y * width_, width_, plane + (top + y) * side + left);
    }
  }

  IdxArray array_;
  ImageFit fit_;
  std::int64_t height_;
  std::int64_t width_;
};

}  // namespace

std::shared_ptr<const Dataset> open_idx(const fs::path& file, ImageFit fit,
                                        const ImageShape& shape) {
  IdxArray array(file, 3, "images");
  DatasetLabels labels;
  if (const auto labels_file = labels_file_of(file)) {
    labels = read_labels(*labels_file, file, array.extent(0));
  }
  return std::make_shared<Idx>(file.filename().string(), std::move(array), fit, shape,
                               std::move(labels));
}

std::optional<ImageShape> stored_idx_shape(const fs::path& file) {
  const IdxArray array(file, 3, "images");
  const std::int64_t side = array.extent(1);
  if (array.extent(2) != side || side < ImageShape::kLeastSide || side > ImageShape::kMostSide) {
    return std::nullopt;
  }
  return ImageShape{1, static_cast<int>(side)};
}

}  // namespace odin
