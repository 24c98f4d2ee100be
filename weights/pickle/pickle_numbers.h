// Numbers and strings in the notations that pickles use.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "weights/pickle/pickle_value.h"

namespace odin {

using PickleInteger = std::variant<std::int64_t, PickleBigInteger>;

// From two's complement, least significant byte first. No bytes mean 0.
PickleInteger integer_from_bytes(std::string_view bytes);
// From decimal digits with an optional sign. Throws Error for anything else.
PickleInteger integer_from_text(std::string_view text);
// From eight bytes, the most significant first.
double float_from_bytes(std::string_view bytes);
// Throws Error unless the text is exactly one number.
double float_from_text(std::string_view text);

// The characters of a quoted Python string literal, as protocol 0 writes byte strings. Throws Error
// if the quotes are missing or an escape is unknown.
std::string unquote(std::string_view literal);
// UTF-8 from Latin-1 with \uXXXX and \UXXXXXXXX, as protocol 0 writes Unicode strings.
std::string unescape_unicode(std::string_view text);

}  // namespace odin
