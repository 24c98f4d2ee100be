// What a file is that was given where weights are needed, and is none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "weights/files/byte_source.h"

namespace odin {

// A sentence on what the file is and what to do about it, such as "it is a Git LFS pointer, ...:
// run 'git lfs pull' ...". Nothing if the file begins like none of the kinds that are known: pages
// and messages saved in place of a file, unfinished downloads, images, programs, other frameworks'
// models, other ways to compress.
std::optional<std::string> recognise_other_file(const ByteSource& file);

// Whether the file begins as those do that convert_checkpoint reads: of PyTorch (ZIP, pickle, TAR)
// or safetensors, gzipped or not.
bool looks_convertible(const ByteSource& file);

// A sentence on a file whose name, but not its content, is that of a safetensors file, if nothing
// else is known about it.
std::optional<std::string> recognise_by_name(const std::filesystem::path& path,
                                             const ByteSource& file);

// A sentence on a file that begins with text, of whatever kind; nothing for another file. Pickles
// of the first protocols are text too, so ask this last.
std::optional<std::string> recognise_text(const ByteSource& file);

// Throws Error if `path` is a folder. The sentence names a file inside it that may hold weights.
void require_no_folder(const std::filesystem::path& path);

}  // namespace odin
