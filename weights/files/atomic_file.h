// Files that are either written whole or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace odin {

// Calls `write` with a temporary name in the folder of `file`, where an empty file already lies
// that it may open and overwrite; then brings what it wrote to the disk and renames it to `file`.
// Whoever reads `file` finds the old content or the new, never a part. A link is followed: its
// target is replaced, not the link. A device, a pipe and what lies in /dev or /proc (such as
// /dev/stdout) cannot be renamed to: there `write` is called with `file` itself.
//
// Throws Error, naming `file` and the system's reason; what `write` throws passes through. Either
// way the temporary file is removed and `file` is as before.
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path& temporary)>& write);

// The same with the content at hand. Throws Error, e.g. when the disk is full.
void write_atomically(const std::filesystem::path& file, std::string_view content);

// Throws as write_atomically() would at once, and leaves everything as it is: for programs that work
// long before they write. (Whether there will be room is not known before.)
void require_writable(const std::filesystem::path& file);

}  // namespace odin
