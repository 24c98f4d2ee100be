// The notes below the figures of a report.
#pragma once

#include <string>
#include <vector>

#include "eval/report/report.h"

namespace odin {

struct Note {
  std::string sentence;   // without a full stop if a command follows
  std::string command{};  // that helps, for a shell; empty if there is none

  std::string in_one_line() const;
};

// How many images were scored, the report's own notes, then a sentence for each search, each missing or failed set and each kind of undefined
// figure.
std::vector<Note> notes_of(const Report& report);

// "Failed: iSUN: ..."
std::string sentence_on(const FailedSet& set);

}  // namespace odin
