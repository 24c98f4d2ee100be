// Files that are written completely or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace odin {

// Calls `write` with a temporary name in the folder of `file`. An empty file of that name exists
// already, and `write` may open and overwrite it. Then flushes what was written to the disk and
// renames it to `file`, so that readers of `file` find either the old content or the new. A link is
// followed: its target is replaced, not the link. Devices, pipes and everything in /dev or /proc
// (such as /dev/stdout) cannot be renamed to: for these, calls `write` with `file` itself.
//
// Throws Error, naming `file` and the system's reason. What `write` throws passes through. Either
// way the temporary file is removed and `file` is unchanged.
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path& temporary)>& write);

// The same with the content in memory. Throws Error, for example if the disk is full.
void write_atomically(const std::filesystem::path& file, std::string_view content);

// Throws the error that write_atomically() would throw at once, and changes nothing: for programs
// that work for a long time before they write. It cannot tell whether the disk will have room.
void require_writable(const std::filesystem::path& file);

}  // namespace odin
