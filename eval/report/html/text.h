// Text of any origin, made safe to stand in HTML.
#pragma once

#include <string>
#include <string_view>

namespace odin {

// `text` as it may stand between tags and in quoted attributes: <, >, &, " and ' become references,
// and what is not UTF-8, or no character that XML allows, becomes U+FFFD.
std::string html_escaped(std::string_view text);

// The bytes in base 64 (RFC 4648), padded, without line breaks.
std::string base64(std::string_view bytes);

}  // namespace odin
