#include "eval/data/folder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/data/random_order.h"
#include "eval/image/image_file.h"
#include "eval/image/usable_images.h"
#include "eval/image/walk.h"
#include "kernels/error.h"
#include "weights/files/paths.h"

namespace odin {
namespace {
namespace fs = std::filesystem;

// Of the order in which class folders are mixed.
constexpr std::uint64_t kOrderSeed = 0;

class Folder final : public ByteDataset {
 public:
  Folder(std::string_view name, std::vector<std::string> files, const FolderOptions& options,
         DatasetLabels labels, std::vector<std::string> notes)
      : ByteDataset(name, static_cast<std::int64_t>(files.size()), options.shape, std::move(labels),
                    std::move(notes)),
        files_(std::move(files)),
        fit_(options.fit),
        chroma_(options.jpeg_chroma) {}

 private:
  void read_image(std::int64_t index, std::uint8_t* pixels) const override {
    read_image_file(files_[static_cast<std::size_t>(index)], fit_, shape(), pixels, {}, chroma_);
  }

  std::vector<std::string> files_;
  ImageFit fit_;
  JpegChroma chroma_;
};

// "iSUN" for "data/iSUN", "data/iSUN/" and, inside it, ".".
std::string last_name(const fs::path& folder) {
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(folder, ignored);
  return whole.filename().empty() ? folder.string() : whole.filename().string();
}

// The pictures of a set, class by class.
struct Listing {
  std::vector<std::string> files;
  DatasetLabels labels;
  std::vector<std::string> other_pictures;  // neither PNG nor JPEG

  // Files and labels in another order, or some of them.
  template <class Indices>
  void take(const Indices& indices) {
    std::vector<std::string> files_taken;
    std::vector<std::int32_t> labels_taken;
    for (const auto index : indices) {
      const auto i = static_cast<std::size_t>(index);
      files_taken.push_back(std::move(files[i]));
      if (labels.num_classes > 0) labels_taken.push_back(labels.of_image[i]);
    }
    files = std::move(files_taken);
    labels.of_image = std::move(labels_taken);
  }
};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// The class folders of `top`, or nothing if no folder there has pictures.
Listing list_classes(const fs::path& folder, const FolderEntries& top) {
  Listing listing;
  std::vector<std::string> without_images;
  for (const std::string& name : top.folders) {
    const Pictures of_class = pictures_below(folder / name);
    append(listing.files, of_class.images);
    append(listing.other_pictures, of_class.other_pictures);
    if (of_class.images.empty()) without_images.push_back((folder / name).string());
    listing.labels.of_image.insert(listing.labels.of_image.end(), of_class.images.size(),
                                   listing.labels.num_classes++);
  }
  listing.labels.class_names = top.folders;
  if (listing.files.empty()) listing.labels = {};
  require(
      listing.files.empty() || without_images.empty(),
      "the folder '{}' holds no PNG or JPEG image, but every class of '{}' needs one: remove it",
      without_images.empty() ? "" : without_images[0], folder.string());
  return listing;
}

Listing list_folder(const fs::path& folder) {
  const FolderEntries top = folder_entries(folder);
  Listing listing = list_classes(folder, top);
  const std::size_t at_top = top.images.size() + top.other_pictures.size();
  const std::size_t below = listing.files.size() + listing.other_pictures.size();
  require(
      at_top == 0 || below == 0,
      "the folder '{}' holds {} images itself and {} in the folders below it, so it is not clear "
      "whether these folders are its classes: move the images of one level elsewhere, or name the "
      "folder that holds only those you mean",
      folder.string(), at_top, below);
  for (const std::string& name : top.images) listing.files.push_back((folder / name).string());
  for (const std::string& name : top.other_pictures) {
    listing.other_pictures.push_back((folder / name).string());
  }
  return listing;
}

// Throws Error if nothing is left of a class whose images all lie in the first `looked_at` files.
void require_class_images(const Listing& listing, const std::vector<std::size_t>& usable,
                          std::size_t looked_at, const fs::path& folder, const BadImages& bad) {
  if (listing.labels.num_classes == 0) return;
  const auto class_of = [&](std::size_t file) {
    return static_cast<std::size_t>(listing.labels.of_image[file]);
  };
  std::vector<bool> has_image(listing.labels.class_names.size(), false);
  for (const std::size_t file : usable) has_image[class_of(file)] = true;
  // One that was not looked at may be good.
  for (std::size_t file = looked_at; file < listing.files.size(); ++file) {
    has_image[class_of(file)] = true;
  }
  const auto without = std::ranges::find(has_image, false);
  if (without == has_image.end()) return;
  const auto name = static_cast<std::size_t>(without - has_image.begin());
  fail(
      "the folder '{}' holds no PNG or JPEG image that can be used, but every class of '{}' needs "
      "one: remove it. {}",
      (folder / listing.labels.class_names[name]).string(), folder.string(), bad.left_out());
}

}  // namespace

std::shared_ptr<const Dataset> open_folder(const fs::path& folder, const FolderOptions& options) {
  require(exists_at(folder), "the folder '{}' does not exist", folder.string());
  require(is_folder(folder), "'{}' is a file, but a folder of images is needed", folder.string());

  Listing listing = list_folder(folder);
  BadImages bad;
  bad.add_other_formats(listing.other_pictures);
  std::vector<std::string> notes;
  if (options.mix_classes && listing.labels.num_classes > 1) {
    listing.take(stratified_order(listing.labels.of_image, kOrderSeed));
    notes.push_back(
        fmt::format("the images of its {} class folders come in a fixed random order, "
                    "stratified by class (seed {})",
                    listing.labels.num_classes, kOrderSeed));
  }
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(options.most_images, 0));
  const std::vector<std::size_t> usable =
      usable_images(listing.files, options.fit, options.shape, most, options.skip_bad_images, bad);
  if (bad.count() > 0) {
    if (!options.skip_bad_images) bad.refuse(folder);
    notes.push_back(bad.left_out());
  }
  const bool all_looked_at = usable.size() < most;
  const std::size_t looked_at =
      all_looked_at ? listing.files.size() : (usable.empty() ? 0 : usable.back() + 1);
  if (!usable.empty()) require_class_images(listing, usable, looked_at, folder, bad);
  listing.take(usable);
  bad.require_any(listing.files.size(), folder);
  return std::make_shared<Folder>(last_name(folder), std::move(listing.files), options,
                                  std::move(listing.labels), std::move(notes));
}

}  // namespace odin
