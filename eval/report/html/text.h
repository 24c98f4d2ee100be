// Makes text of any origin safe in HTML.
#pragma once

#include <string>
#include <string_view>

namespace odin {

// `text`, safe between tags and in quoted attributes. <, >, &, " and ' become references. Bytes
// that are not UTF-8, and characters that XML forbids, become U+FFFD.
std::string html_escaped(std::string_view text);

// The bytes in base 64 (RFC 4648), padded, without line breaks.
std::string base64(std::string_view bytes);

}  // namespace odin
