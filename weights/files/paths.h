// Paths as users write them.
#pragma once

#include <filesystem>
#include <string_view>

namespace odin {

// Whether something is at `path`, and whether it is a folder. Throws Error, with the reason, where
// the system does not say: the path is too long, or leads through a folder that may not be entered.
bool exists_at(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// Throws Error if the path, or a name in it, is longer than the system takes.
void require_short_enough(const std::filesystem::path& path);

// "~" and "~/x" with the home folder, which a shell puts there only at the start of a word and not
// in "folder:~/x". Anything else as it is.
std::filesystem::path with_home(std::string_view path);

}  // namespace odin
