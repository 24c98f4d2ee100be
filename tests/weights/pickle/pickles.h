// Pickles in tests: what they hold, and why they are refused.
#pragma once

#include <string>

#include "weights/pickle/pickle_value.h"

namespace odin::test {

// A value written as Python would show it, but for objects:
// "Maker(arguments)[items]{entries}!state". Byte strings are shown as strings. Only for values that
// do not contain themselves.
std::string show(const PickleNode* value);
std::string show_entries(const PickleEntries& entries);

// show() of the value that a pickle describes.
std::string load_and_show(const std::string& content);
// The sentence of load_pickle()'s error, or kNoError (tests/support/error_of.h).
std::string pickle_refusal(const std::string& content);

}  // namespace odin::test
