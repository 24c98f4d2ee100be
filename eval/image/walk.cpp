#include "eval/image/walk.h"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "kernels/error.h"
#include "weights/files/lower_case.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  const std::string lower = lower_case(name);
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

// Files and folders that programs and file systems leave among a user's own.
bool is_stray(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "__MACOSX",  "__pycache__", "@eaDir",       "#recycle",
      "#snapshot", "lost+found",  "$RECYCLE.BIN", "System Volume Information"};
  return name.starts_with('.') || std::ranges::find(kNames, name) != std::end(kNames);
}

}  // namespace

FileKind kind_of_file(std::string_view name) {
  if (is_stray(name)) return FileKind::kNoPicture;
  if (ends_with_any(name, {".png", ".jpg", ".jpeg", ".jpe", ".jfif"})) return FileKind::kImage;
  if (ends_with_any(name, {".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif",
                           ".jp2", ".jxl", ".pbm", ".pgm", ".ppm", ".pnm"})) {
    return FileKind::kOtherPicture;
  }
  return FileKind::kNoPicture;
}

FolderEntries folder_entries(const fs::path& folder) {
  FolderEntries entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code not_followed;  // a broken link is not a folder
    if (it->is_directory(not_followed)) {
      if (!is_stray(name)) entries.folders.push_back(name);
      continue;
    }
    const FileKind kind = kind_of_file(name);
    if (kind == FileKind::kImage) entries.images.push_back(name);
    if (kind == FileKind::kOtherPicture) entries.other_pictures.push_back(name);
  }
  require(!error, "cannot list the folder '{}': {}", folder.string(), error.message());
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.images.begin(), entries.images.end());
  std::sort(entries.other_pictures.begin(), entries.other_pictures.end());
  return entries;
}

FolderWalk::FolderWalk(fs::path top) : top_(std::move(top)) {}

std::optional<FolderWalk::Folder> FolderWalk::next() {
  if (top_) return enter(*std::exchange(top_, std::nullopt));
  while (!levels_.empty() && levels_.back().folders_left.empty()) levels_.pop_back();
  if (levels_.empty()) return std::nullopt;
  Level& above = levels_.back();
  const fs::path folder = above.path / above.folders_left.back();
  above.folders_left.pop_back();
  return enter(folder);
}

FolderWalk::Folder FolderWalk::enter(const fs::path& folder) {
  struct stat status {};
  require(::stat(folder.c_str(), &status) == 0, "cannot enter the folder '{}': {}", folder.string(),
          system_reason());
  const Identity identity(status.st_dev, status.st_ino);
  require(std::ranges::find(levels_, identity, &Level::identity) == levels_.end(),
          "'{}' is a link to a folder that contains it, so that folder has no end: remove the link",
          folder.string());
  Folder entered{folder, folder_entries(folder)};
  levels_.push_back({folder, identity, entered.entries.folders});
  std::ranges::reverse(levels_.back().folders_left);
  return entered;
}

Pictures pictures_below(const fs::path& folder) {
  std::vector<FolderWalk::Folder> folders;
  FolderWalk walk(folder);
  while (auto next = walk.next()) folders.push_back(std::move(*next));
  std::ranges::sort(folders, {},
                    [](const auto& f) -> const std::string& { return f.path.native(); });
  Pictures pictures;
  for (const auto& [path, entries] : folders) {
    for (const std::string& name : entries.images) {
      pictures.images.push_back(path.string() + "/" + name);
    }
    for (const std::string& name : entries.other_pictures) {
      pictures.other_pictures.push_back(path.string() + "/" + name);
    }
  }
  return pictures;
}

}  // namespace odin
