#include "tools/ood_set.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "eval/data/dataset.h"
#include "eval/image/image_file.h"
#include "eval/image/png_writer.h"
#include "eval/image/usable_images.h"
#include "eval/image/walk.h"
#include "eval/report/version.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tools/jpeg_round_trip.h"
#include "weights/files/digest.h"
#include "weights/files/new_name.h"
#include "weights/files/paths.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

// A folder next to `target` that finally becomes `target`, or is removed.
class FolderInTheMaking {
 public:
  explicit FolderInTheMaking(const fs::path& target) : target_(target) {
    std::error_code error;
    if (!target_.parent_path().empty()) fs::create_directories(target_.parent_path(), error);
    if (error) cannot_make(error);
    try {
      path_ = make_under_new_name(target_.parent_path(), [](const fs::path& path) {
        return ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
      });
    } catch (const std::system_error& failure) {
      cannot_make(failure.code());
    }
  }
  ~FolderInTheMaking() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  FolderInTheMaking(const FolderInTheMaking&) = delete;
  FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;

  const fs::path& path() const { return path_; }

  void finish() {
    std::error_code error;
    fs::rename(path_, target_, error);
    if (error) cannot_make(error);
    path_.clear();
  }

 private:
  [[noreturn]] void cannot_make(const std::error_code& error) const {
    fail("the folder '{}' cannot be created: {}; name another", target_.string(), error.message());
  }

  fs::path target_;
  fs::path path_;
};

void write_file(const fs::path& file, std::string_view content) {
  errno = 0;
  std::ofstream stream(file, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  require(stream.good(), "'{}' cannot be written: {}", file.string(),
          system_reason(errno != 0 ? errno : EIO));
}

// `limit` of the files, evenly spread.
std::vector<std::string> selection(std::vector<std::string> files, std::int64_t limit) {
  const auto wanted = static_cast<std::size_t>(limit);
  if (wanted == 0 || wanted >= files.size()) return files;
  std::vector<std::string> selected;
  for (std::size_t i = 0; i < wanted; ++i) selected.push_back(files[i * files.size() / wanted]);
  return selected;
}

// The paths of the images. Throws Error if there is none, or if there are bad ones that may not be
// skipped.
std::vector<std::string> images_to_use(const OodSet& set, BadImages& bad) {
  const Pictures pictures = pictures_below(set.from);
  bad.add_other_formats(pictures.other_pictures);
  const std::vector<std::string> selected = selection(pictures.images, set.limit);
  std::vector<std::string> files;
  for (const std::size_t i :
       usable_images(selected, set.fit, {3, set.side}, selected.size(), set.skip_bad_images, bad)) {
    files.push_back(selected[i]);
  }
  if (bad.count() > 0 && !set.skip_bad_images) bad.refuse(set.from);
  bad.require_any(files.size(), set.from);
  return files;
}

// Crops an image (3, side, side) in a black frame to its size, at a random place: the augmentation
// of CIFAR's training.
void shift_in_frame(std::vector<std::uint8_t>& pixels, int side, const CropDraw& draw) {
  constexpr int kFrame = 4;
  const auto shift = [&](std::uint64_t coordinate) {  // the crop's place took coordinates 0 and 1
    const std::uint64_t bits = philox_bits(draw.seed, draw.image, coordinate);
    return static_cast<int>(bits * (2 * kFrame + 1) >> 32) - kFrame;
  };
  const int dx = shift(2);
  const int dy = shift(3);
  std::vector<std::uint8_t> shifted(pixels.size());
  for (int row = 0; row < 3 * side; ++row) {
    const int y = row % side + dy;
    if (y < 0 || y >= side) continue;
    const std::uint8_t* from = pixels.data() + (row + dy) * side;
    std::uint8_t* to = shifted.data() + row * side;
    std::copy(from + std::max(dx, 0), from + std::min(side + dx, side), to + std::max(-dx, 0));
  }
  pixels = std::move(shifted);
}

// "data/Imagenet" for "data/Imagenet/".
fs::path without_last_slash(const fs::path& folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

}  // namespace

OodSetResult make_ood_set(const OodSet& set) {
  const fs::path to = without_last_slash(set.to);
  require(is_folder(set.from), "'{}' is not a folder", set.from.string());
  require(!exists_at(to) || (is_folder(to) && fs::is_empty(to)),
          "'{}' already exists and was not changed: remove it, or name another folder",
          to.string());
  BadImages bad;
  const std::vector<std::string> files = images_to_use(set, bad);

  FolderInTheMaking folder(to);
  fs::create_directory(folder.path() / "images");
  std::string sources = fmt::format("# odin {} make_ood {}\n", version(), set.how);
  const ImageShape shape{3, set.side};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.elements()));
  const std::size_t digits = std::max<std::size_t>(5, std::to_string(files.size()).size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string below = files[i].substr(set.from.string().size());
    const std::string_view relative = std::string_view(below).substr(below.find_first_not_of('/'));
    Fnv1a name_hash;
    name_hash.add(relative);
    read_image_file(files[i], set.fit, shape, pixels.data(), {set.seed, name_hash.value()},
                    set.like_odin ? JpegChroma::kDct : JpegChroma::kLinear);
    if (set.like_odin) {
      if (scales(set.fit)) {
        jpeg_round_trip(pixels);
      } else {
        shift_in_frame(pixels, set.side, {set.seed, name_hash.value()});
      }
    }
    const std::string name = fmt::format("images/{:0{}}.png", i + 1, digits);
    write_file(folder.path() / name, encode_png(pixels, shape));
    fmt::format_to(std::back_inserter(sources), "{}\t{}\n", name, relative);
  }
  write_file(folder.path() / "sources.txt", sources);
  folder.finish();
  return {files.size(), bad.count() > 0 ? bad.left_out() : ""};
}

}  // namespace odin
