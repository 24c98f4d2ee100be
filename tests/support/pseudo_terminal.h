// A terminal of a chosen size, for programs and functions that ask for one.
#pragma once

#include <string>
#include <vector>

#include "tests/support/support.h"

namespace odin::test {

class PseudoTerminal {
 public:
  explicit PseudoTerminal(int columns);
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  int descriptor() const { return slave_; }  // what a program writes to
  void resize(int columns) const;
  // What was written since the last call. Waits until all who write have ended or, with `most`,
  // until nothing comes for that many milliseconds.
  std::string written(int most = -1);
  // Closes our own copy of the descriptor, so that written() sees the end of the programs'.
  void leave_to_programs();

 private:
  int master_ = -1;
  int slave_ = -1;
};

// Runs a command line with /bin/sh whose outputs are a terminal: output holds both, as sent to it.
ProgramResult run_in_terminal(const std::string& command_line, int columns);

// The lines that a terminal shows after these bytes: with text that is longer than a line on the
// next one, "\r" and "\x1b[K" obeyed, and any other control character as '?'. One column per byte.
std::vector<std::string> screen_after(const std::string& bytes, int columns);

}  // namespace odin::test
