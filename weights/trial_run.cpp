#include "weights/trial_run.h"

#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/error.h"

namespace odin {
namespace {

void limit(int resource, rlim_t most) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource_t>(resource), &now);
  now.rlim_cur = now.rlim_max == RLIM_INFINITY || most < now.rlim_max ? most : now.rlim_max;
  setrlimit(static_cast<__rlimit_resource_t>(resource), &now);
}

// Longer than a slow disk takes. It ends a child that waits for a lock of a thread that it lacks, in an allocator
// without handlers for fork(), such as the address sanitizer's.
constexpr unsigned kMostSeconds = 30;

[[noreturn]] void run_child(const std::function<void()>& work, unsigned cpu_seconds) {
  // The caller's handlers would report a crash that is none of this process.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, cpu_seconds);
  alarm(kMostSeconds);
  try {
    work();
  } catch (...) {
  }
  _exit(0);
}

}  // namespace

void require_trial(const std::function<void()>& work, unsigned cpu_seconds) {
  const pid_t child = fork();
  if (child < 0) return;
  if (child == 0) run_child(work, cpu_seconds);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0) return;  // the program ignores SIGCHLD, and the system keeps no status
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    require(signal != SIGXCPU, "reading it takes more than {} seconds", cpu_seconds);
    const bool crashed = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                         signal == SIGILL || signal == SIGABRT;
    require(!crashed, "reading it crashes the library");
  } else {
    require(WEXITSTATUS(status) == 0, "reading it crashes the library");  // a sanitizer's verdict
  }
}

}  // namespace odin
