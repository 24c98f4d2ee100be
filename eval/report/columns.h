// Text in the columns of a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace odin {

// The columns that UTF-8 text takes: two for an East Asian wide character or an emoji, none for a
// combining accent. A byte that is not UTF-8 takes one.
int columns_of(std::string_view text);

// The longest beginning that takes at most `columns`. If that is not all of it, it ends with "..."
// where there is room.
std::string cut_to_columns(std::string_view text, int columns);

// The text in lines of at most `columns`, broken at spaces. Lines after the first begin with
// `indent` spaces. A longer word has a longer line of its own. No line break at the end.
std::string wrapped(std::string_view text, int columns, int indent);

// The text in lines of at most `columns`, broken at spaces, and within words that are longer. At
// least one line.
std::vector<std::string> broken_to_columns(std::string_view text, int columns);

}  // namespace odin
