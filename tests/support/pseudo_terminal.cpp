#include "tests/support/pseudo_terminal.h"

#include <array>
#include <cstdlib>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace odin::test {

PseudoTerminal::PseudoTerminal(int columns) {
  termios raw{};
  cfmakeraw(&raw);  // "\n" stays "\n"
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  REQUIRE(openpty(&master_, &slave_, nullptr, &raw, &size) == 0);
}

PseudoTerminal::~PseudoTerminal() {
  leave_to_programs();
  ::close(master_);
}

void PseudoTerminal::resize(int columns) const {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  REQUIRE(ioctl(master_, TIOCSWINSZ, &size) == 0);
}

std::string PseudoTerminal::written(int most) {
  std::string bytes;
  std::array<char, 4096> part{};
  pollfd wait{master_, POLLIN, 0};
  while (::poll(&wait, 1, most) > 0) {
    const ssize_t got = ::read(master_, part.data(), part.size());
    if (got <= 0) break;  // EIO: no program has it open any more
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

void PseudoTerminal::leave_to_programs() {
  if (slave_ >= 0) ::close(slave_);
  slave_ = -1;
}

ProgramResult run_in_terminal(const std::string& command_line, int columns) {
  PseudoTerminal terminal(columns);
  const pid_t program = ::fork();
  REQUIRE(program >= 0);
  if (program == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(terminal.descriptor(), STDOUT_FILENO);
    ::dup2(terminal.descriptor(), STDERR_FILENO);
    terminal.leave_to_programs();
    ::execl("/bin/sh", "sh", "-c", command_line.c_str(), nullptr);
    ::_exit(127);
  }
  terminal.leave_to_programs();
  ProgramResult result;
  result.output = terminal.written();
  int status = 0;
  REQUIRE(::waitpid(program, &status, 0) == program);
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<std::string> screen_after(const std::string& bytes, int columns) {
  const std::string erase = "\x1b[K";
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string& line = lines.back();
    if (bytes[i] == '\n') {
      lines.emplace_back();
      column = 0;
    } else if (bytes[i] == '\r') {
      column = 0;
    } else if (bytes.compare(i, erase.size(), erase) == 0) {
      line.resize(std::min(line.size(), column));
      i += erase.size() - 1;
    } else {
      if (column == static_cast<std::size_t>(columns)) {
        lines.emplace_back();
        column = 0;
      }
      lines.back().resize(std::max(lines.back().size(), column + 1), ' ');
      lines.back()[column++] = static_cast<unsigned char>(bytes[i]) < 0x20 ? '?' : bytes[i];
    }
  }
  return lines;
}

}  // namespace odin::test
