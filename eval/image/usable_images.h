// Which pictures of a set can be used, found out before hours of work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/image/fit.h"

namespace odin {

// Pictures that cannot be used, and why.
class BadImages {
 public:
  // `reason` is a sentence that names the file, and a remedy where the image has a wrong size.
  void add(std::string_view reason, bool wrong_size = false);
  // Pictures that are neither PNG nor JPEG, by the extensions of their names.
  void add_other_formats(std::span<const std::string> files);

  std::int64_t count() const { return unreadable_ + other_formats_; }
  // A sentence that counts and names them: "3 pictures were left out: ...".
  std::string left_out() const;
  // Throws Error, which counts all of them and lists the first of a wrong size and 20 others.
  // `folder` is where they are.
  [[noreturn]] void refuse(const std::filesystem::path& folder) const;
  // Throws Error if a folder has no `usable` images, and says what else it has.
  void require_any(std::size_t usable, const std::filesystem::path& folder) const;

 private:
  // "3 pictures that are neither PNG nor JPEG (2 .gif, 1 .webp), such as 'DIR/a.gif'"
  std::string formats() const;

  std::int64_t unreadable_ = 0;
  std::string first_reason_;
  std::int64_t wrong_sizes_ = 0;  // of them
  std::string first_wrong_size_;
  std::vector<std::string> reasons_;  // of the others, at most 20
  std::int64_t other_formats_ = 0;
  std::string first_other_format_;
  std::map<std::string, std::int64_t> extensions_;  // of the other formats
};

// The indices of the images that can be used for that shape, at most `most`, in the order of
// `files`. The others are added to `bad`. Without `skip_bad` this looks at the headers of the first
// `most` files. With it, it decodes whole files, to be sure, until it has `most` good ones. Several
// threads work.
std::vector<std::size_t> usable_images(std::span<const std::string> files, ImageFit fit,
                                       const ImageShape& shape, std::size_t most, bool skip_bad,
                                       BadImages& bad);

}  // namespace odin
