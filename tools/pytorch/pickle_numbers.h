// Numbers and strings as pickles write them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "tools/pytorch/pickle_value.h"

namespace odin::pytorch {

using PickleInteger = std::variant<std::int64_t, PickleBigInteger>;

// From two's complement, least significant byte first; no bytes are 0.
PickleInteger integer_from_bytes(std::string_view bytes);
// From decimal digits with an optional sign. Throws Error where they are anything else.
PickleInteger integer_from_text(std::string_view text);
// From eight bytes, the most significant first.
double float_from_bytes(std::string_view bytes);
// Throws Error where it is not one number.
double float_from_text(std::string_view text);

// The characters of a Python string literal with its quotes, as protocol 0 writes byte strings.
// Throws Error where it is not quoted or an escape is not known.
std::string unquote(std::string_view literal);
// UTF-8 from Latin-1 with \uXXXX and \UXXXXXXXX, as protocol 0 writes Unicode strings.
std::string unescape_unicode(std::string_view text);

}  // namespace odin::pytorch
