// Paths on a command line that must differ, because a program writes to them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace odin {

// What a command line says.
struct GivenPath {
  std::string option;          // "--out"
  std::filesystem::path path;  // empty: the option was not given
};

// The file or folder of a set's specification. Empty if it has none; a specification that is none
// is refused elsewhere.
GivenPath given_set(std::string option, std::string_view specification);

// Throws CLI::ValidationError, which names both options, if two outputs are the same file or an
// output is one of the inputs, however the paths are written. Any number of them may be /dev/null
// or /dev/full, which keep nothing.
void require_distinct(const std::vector<GivenPath>& outputs, const std::vector<GivenPath>& inputs);

// Throws CLI::ValidationError if an output is the folder or lies below it.
void require_outside(const GivenPath& output, const GivenPath& folder);

}  // namespace odin
