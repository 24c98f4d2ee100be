#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "eval/detection/image_names.h"
#include "eval/detection/line_reader.h"
#include "eval/image/walk.h"
#include "kernels/error.h"
#include "weights/files/paths.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

// The pictures of one folder and of those below it.
class NamesInFolder {
 public:
  NamesInFolder(fs::path top, const fs::path& except)
      : top_(std::move(top)), except_(except), walk_(top_) {}

  std::optional<ImageName> next() {
    try {
      while (pictures_.empty()) {
        const std::optional<FolderWalk::Folder> folder = walk_.next();
        if (!folder) {
          require(found_, "the folder '{}' holds no pictures", top_.string());
          return std::nullopt;
        }
        if (!is_excepted(folder->path)) list(*folder);
      }
      found_ = true;
      std::string name = std::move(pictures_.back());
      pictures_.pop_back();
      return ImageName{(folder_ / name).string(), {}};
    } catch (const Error& error) {
      found_ = true;  // a problem, which says enough
      return ImageName{top_.string(), error.what()};
    }
  }

 private:
  bool is_excepted(const fs::path& folder) const {
    std::error_code neither_exists;
    return !except_.empty() && fs::equivalent(folder, except_, neither_exists);
  }

  void list(const FolderWalk::Folder& folder) {
    folder_ = folder.path;
    const FolderEntries& entries = folder.entries;
    pictures_.resize(entries.images.size() + entries.other_pictures.size());
    std::ranges::merge(entries.images, entries.other_pictures, pictures_.begin());
    std::ranges::reverse(pictures_);
  }

  fs::path top_;
  const fs::path& except_;
  FolderWalk walk_;
  fs::path folder_;
  std::vector<std::string> pictures_;  // of that folder, the next one last
  bool found_ = false;
};

class NamesOfPaths final : public ImageNames {
 public:
  NamesOfPaths(std::vector<std::string> paths, fs::path except)
      : paths_(std::move(paths)), except_(std::move(except)) {}

  std::optional<ImageName> next(const Interruption& interruption) override {
    while (!interruption.requested()) {
      if (folder_) {
        if (std::optional<ImageName> name = folder_->next()) return name;
        folder_.reset();
      } else if (lines_) {
        const std::optional<ImageName> line = next_line(interruption);
        if (!line) {
          lines_.reset();
        } else if (!line->problem.empty()) {
          lines_.reset();
          return line;
        } else if (!line->file.empty()) {
          if (std::optional<ImageName> name = open(line->file)) return name;
        }
      } else if (next_path_ < paths_.size()) {
        const std::string& path = paths_[next_path_++];
        if (path == kNamesOnStandardInput) {
          lines_.emplace(STDIN_FILENO);
        } else if (std::optional<ImageName> name = open(path)) {
          return name;
        }
      } else {
        break;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<ImageName> next_line(const Interruption& interruption) {
    try {
      std::optional<std::string> line = lines_->next(interruption);
      if (!line) return std::nullopt;
      return ImageName{std::move(*line), {}};
    } catch (const Error& error) {
      return ImageName{kNamesOnStandardInput, error.what()};
    }
  }

  // A file itself, or nothing and its pictures next. What does not exist is for its reader to
  // complain about.
  std::optional<ImageName> open(const std::string& path) {
    try {
      if (!is_folder(path)) return ImageName{path, {}};
    } catch (const Error& error) {
      return ImageName{path, error.what()};
    }
    folder_.emplace(path, except_);
    return std::nullopt;
  }

  std::vector<std::string> paths_;
  fs::path except_;
  std::size_t next_path_ = 0;
  std::optional<LineReader> lines_;
  std::optional<NamesInFolder> folder_;
};

}  // namespace

std::unique_ptr<ImageNames> names_of_paths(std::vector<std::string> paths, fs::path except) {
  return std::make_unique<NamesOfPaths>(std::move(paths), std::move(except));
}

}  // namespace odin
