// Names and text from files, made safe to print.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace odin {

// The characters that printable() keeps.
enum class Characters { kAscii, kUtf8 };

// `text` for one line of a terminal. Control characters, and bytes that are not ASCII or not UTF-8,
// are escaped as \x1b, so that a file cannot play with the terminal. Results longer than `most`
// bytes are cut and end with "...".
std::string printable(std::string_view text, std::size_t most = 120,
                      Characters keep = Characters::kAscii);

// The same for messages of several lines: keeps line breaks and UTF-8, and cuts nothing.
std::string printable_lines(std::string_view text);

}  // namespace odin
