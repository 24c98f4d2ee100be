#include "weights/trial_run.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace odin {
namespace {

constexpr int kTrials = 3;

// Longer than a slow disk takes. It ends a child that sleeps until a thread that it lacks gives up a lock.
constexpr unsigned kMostSeconds = 30;

constexpr int kThrew = 3;  // the child's exit status

// What the child's exception says, in memory that both processes see.
class Words {
 public:
  Words()
      : text_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~Words() {
    if (*this) munmap(text_, kBytes);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  explicit operator bool() const { return text_ != MAP_FAILED; }

  void set(std::string_view words) {
    std::memcpy(text_, words.data(), std::min(words.size(), kBytes - 1));  // the rest is zero
  }
  const char* get() const { return static_cast<const char*>(text_); }

 private:
  static constexpr std::size_t kBytes = 4096;

  void* text_;
};

void limit(int resource, rlim_t most) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource_t>(resource), &now);
  now.rlim_cur = now.rlim_max == RLIM_INFINITY || most < now.rlim_max ? most : now.rlim_max;
  setrlimit(static_cast<__rlimit_resource_t>(resource), &now);
}

// In bytes; zero where it cannot be found out.
std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool has_other_threads() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return !error && std::distance(begin(threads), end(threads)) > 1;
}

[[noreturn]] void run_child(const std::function<void()>& work, const TrialLimits& limits,
                            std::size_t own_bytes, Words& words) {
  // The caller's handlers would report a crash that is none of this process.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds);
  if (own_bytes > 0) limit(RLIMIT_AS, own_bytes + limits.bytes);
  alarm(kMostSeconds);
  try {
    work();
  } catch (const std::bad_alloc&) {
    words.set("reading it takes too much memory");
    _exit(kThrew);
  } catch (const std::exception& error) {
    words.set(error.what());
    _exit(kThrew);
  }
  _exit(0);
}

// Returns the status of the child as waitpid() gives it; 0 if there is none.
int run_trial(const std::function<void()>& work, const TrialLimits& limits, Words& words) {
  const std::size_t own_bytes = address_space();
  const pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) run_child(work, limits, own_bytes, words);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended < 0 ? 0 : status;  // a program that ignores SIGCHLD learns no status
}

bool took_too_long(int status) {
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM);
}

}  // namespace

void require_trial(const std::function<void()>& work, const TrialLimits& limits) {
  Words words;
  if (!words) return;
  int status = 0;
  int trials = 0;
  do {
    status = run_trial(work, limits, words);
  } while (took_too_long(status) && ++trials < kTrials && has_other_threads());

  constexpr auto kCrash = "reading it crashes the library";
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    if (signal == SIGXCPU) {
      throw TrialFailure(fmt::format("reading it takes more than {} seconds", limits.cpu_seconds));
    }
    const bool crashed = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                         signal == SIGILL || signal == SIGABRT;
    if (crashed) throw TrialFailure(kCrash);
  } else if (WEXITSTATUS(status) == kThrew) {
    throw Error(words.get());
  } else if (WEXITSTATUS(status) != 0) {
    throw TrialFailure(kCrash);  // a sanitizer's verdict
  }
}

}  // namespace odin
