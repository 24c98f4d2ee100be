#include "weights/child_process.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weights/files/printable.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace {

constexpr int kTrials = 3;

// Of waiting, beside three times the work's seconds of CPU time. The first limit ends a child that
// sleeps until a thread that it lacks gives up a lock; the second one is longer than the slowest
// disk takes.
constexpr unsigned kMostSecondsBeforeLast = 30;
constexpr unsigned kMostSeconds = 600;

// How the work ended, in memory that both processes see.
class Report {
 public:
  enum class End : std::uint8_t { kNone, kReturned, kThrew };

  Report() {
    void* const memory =
        mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      fail("no memory can be shared with another process ({})", system_reason());
    page_ = new (memory) Page;
  }
  ~Report() { munmap(page_, sizeof(Page)); }
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void returned() { page_->end = End::kReturned; }
  void threw(std::string_view words) {
    const std::size_t size = std::min(words.size(), sizeof page_->words - 1);
    std::memcpy(page_->words, words.data(), size);  // the rest is zero
    page_->end = End::kThrew;
  }

  End end() const { return page_->end; }
  // What it threw.
  std::string words() const {
    const std::string_view words(page_->words, strnlen(page_->words, sizeof page_->words));
    return printable(words, std::string::npos, Characters::kUtf8);
  }

 private:
  struct Page {
    std::atomic<End> end = End::kNone;
    char words[4096] = {};
  };

  Page* page_ = nullptr;
};

void limit(int resource, rlim_t most, rlim_t hard) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource_t>(resource), &now);
  now.rlim_max = std::min(now.rlim_max, hard);  // RLIM_INFINITY is the largest number
  now.rlim_cur = std::min(now.rlim_max, most);
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

using Work = std::function<void(ResultWriter&)>;

// The caller's handlers would report a crash that is none of this process, and signals that it
// blocks would not end it.
void reset_signals() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void be_the_child(const Work& work, const ChildLimits& limits, unsigned seconds,
                               std::size_t own_bytes, int pipe, Report& report) {
  reset_signals();
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 2);
  if (own_bytes > 0) limit(RLIMIT_AS, own_bytes + limits.bytes, RLIM_INFINITY);
  alarm(seconds);
  try {
    ResultWriter writer(pipe);
    work(writer);
    writer.flush();
    report.returned();
  } catch (const std::bad_alloc&) {
    report.threw("reading it takes too much memory");
  } catch (const Error& error) {
    report.threw(error.what());
  } catch (...) {
    std::abort();
  }
  _exit(0);
}

// A process that works, at the other end of a pipe.
class Child {
 public:
  // Throws Error if no process can be started.
  Child(const Work& work, const ChildLimits& limits, unsigned seconds, Report& report) {
    constexpr const char* kNone = "no other process can be started to read it";
    const std::size_t own_bytes = address_space();
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("{} ({})", kNone, system_reason());
    process_ = fork();
    if (process_ == 0) {
      close(ends[0]);
      be_the_child(work, limits, seconds, own_bytes, ends[1], report);
    }
    const std::string why = system_reason();
    close(ends[1]);
    pipe_ = ends[0];
    if (process_ < 0) {
      close(pipe_);
      fail("{} ({})", kNone, why);
    }
  }
  ~Child() {
    close(pipe_);
    if (is_waited_for_) return;
    kill(process_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // All that it writes. Throws ChildFailure if that is more than `most` bytes.
  std::vector<std::byte> read_to_end(std::size_t most) const {
    std::vector<std::byte> all;
    std::vector<std::byte> piece(std::size_t{1} << 16);
    while (wait_for_bytes()) {
      const ssize_t count = read(pipe_, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      if (static_cast<std::size_t>(count) > most - all.size()) {
        throw ChildFailure(fmt::format("reading it gives more than {} bytes", most));
      }
      all.insert(all.end(), piece.begin(), piece.begin() + count);
    }
    return all;
  }

  // How it has ended, as waitpid() says; nothing where that is lost because the program ignores
  // SIGCHLD.
  std::optional<int> wait() {
    int status = 0;
    pid_t ended = 0;
    do {
      ended = waitpid(process_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    is_waited_for_ = true;
    if (ended < 0) return {};
    return status;
  }

 private:
  // Waits until there is something to read, or the end of it. Returns false once the process has
  // ended and nothing is left: a process that somebody else has started may keep the pipe open.
  bool wait_for_bytes() const {
    constexpr int kMilliseconds = 100;
    pollfd waiting{.fd = pipe_, .events = POLLIN, .revents = 0};
    while (poll(&waiting, 1, kMilliseconds) <= 0) {
      if (has_ended()) return poll(&waiting, 1, 0) > 0;
    }
    return true;
  }

  bool has_ended() const {
    siginfo_t state{};
    const int status =
        waitid(P_PID, static_cast<id_t>(process_), &state, WEXITED | WNOHANG | WNOWAIT);
    return status != 0 ? errno == ECHILD : state.si_pid == process_;
  }

  pid_t process_ = -1;
  int pipe_ = -1;
  bool is_waited_for_ = false;
};

int signal_of(const std::optional<int>& status) {
  return status && WIFSIGNALED(*status) ? WTERMSIG(*status) : 0;
}

bool took_too_long(int signal) {
  return signal == SIGXCPU || signal == SIGALRM;
}

// Throws what became of a child that did not come to the end of its work.
[[noreturn]] void report_failure(const std::optional<int>& status, const ChildLimits& limits,
                                 unsigned seconds) {
  if (!status) fail("the process that read it ended without a result");
  const int signal = signal_of(status);
  if (signal == SIGXCPU) {
    throw ChildFailure(fmt::format("reading it takes more than {} seconds", limits.cpu_seconds));
  }
  if (signal == SIGALRM) fail("reading it takes more than {} seconds", seconds);
  const bool crashed = signal == 0 || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                       signal == SIGILL || signal == SIGABRT;
  if (crashed) throw ChildFailure("reading it crashes the library");  // or a sanitizer says so
  fail("the process that read it was ended by signal {} ({})", signal, strsignal(signal));
}

}  // namespace

void ResultWriter::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kTogether = std::size_t{1} << 16;
  if (waiting_.size() + bytes.size() > kTogether) flush();
  if (bytes.size() > kTogether) {
    write_through(bytes);
  } else {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  }
}

void ResultWriter::flush() {
  write_through(waiting_);
  waiting_.clear();
}

void ResultWriter::write_through(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(pipe_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("what it holds cannot be handed over ({})", system_reason());
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::vector<std::byte> run_in_child(const std::function<void(ResultWriter&)>& work,
                                    const ChildLimits& limits) {
  for (int trial = 1;; ++trial) {
    const bool is_last = trial == kTrials || !has_other_threads();
    const unsigned seconds =
        (is_last ? kMostSeconds : kMostSecondsBeforeLast) + 3 * limits.cpu_seconds;
    Report report;
    Child child(work, limits, seconds, report);
    std::vector<std::byte> result = child.read_to_end(limits.result_bytes);
    const std::optional<int> status = child.wait();
    if (report.end() == Report::End::kReturned) return result;
    if (report.end() == Report::End::kThrew) throw Error(report.words());
    if (is_last || !took_too_long(signal_of(status))) report_failure(status, limits, seconds);
  }
}

}  // namespace odin
