// The notes below the figures of a report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/report/report.h"

namespace odin {

struct Note {
  std::string sentence;   // without a full stop if a command follows
  std::string command{};  // that helps, for a shell; empty if there is none

  std::string in_one_line() const;
  // The sentence broken at spaces to lines of `columns`, and the command in a line of its own,
  // which is not broken, to be copied whole. No line break at the end.
  std::string broken(int columns) const;
  // In one line where there are no `columns` or it fits them, else broken.
  std::string in(std::optional<int> columns) const;
};

// How many images were scored, the report's own notes, then a sentence for each search, each
// missing or failed set and each kind of undefined figure.
std::vector<Note> notes_of(const Report& report);

// "Failed: iSUN: ..."
std::string sentence_on(const FailedSet& set);

}  // namespace odin
