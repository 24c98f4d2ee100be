#include "weights/child_process.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace odin {
namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

constexpr int kTrials = 3;

// Longer than a slow disk takes. It ends a child that sleeps until a thread that it lacks gives up a lock.
constexpr unsigned kMostSeconds = 30;

// How the work ended, in memory that both processes see.
class Report {
 public:
  enum class End : std::uint8_t { kNone, kReturned, kThrew };

  Report() {
    void* const memory =
        mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "no memory can be shared with another process ({})", reason());
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
  std::string words() const { return {page_->words, strnlen(page_->words, sizeof page_->words)}; }

 private:
  struct Page {
    std::atomic<End> end = End::kNone;
    char words[4096] = {};
  };

  Page* page_ = nullptr;
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

using Work = std::function<void(ResultWriter&)>;

void run(const Work& work, ResultWriter::Sink sink) {
  ResultWriter writer(std::move(sink));
  work(writer);
  writer.flush();
}

void write_to_pipe(int pipe, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(pipe, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    require(written > 0, "what it holds cannot be handed over ({})", reason());
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void be_the_child(const Work& work, const ChildLimits& limits, std::size_t own_bytes,
                               int pipe, Report& report) {
  // The caller's handlers would report a crash that is none of this process.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, SIGXCPU}) {
    std::signal(signal, SIG_DFL);
  }
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds);
  if (own_bytes > 0) limit(RLIMIT_AS, own_bytes + limits.bytes);
  alarm(kMostSeconds);
  try {
    run(work, [pipe](std::span<const std::byte> bytes) { write_to_pipe(pipe, bytes); });
    report.returned();
  } catch (const std::bad_alloc&) {
    report.threw("reading it takes too much memory");
  } catch (const std::exception& error) {
    report.threw(error.what());
  }
  _exit(0);
}

// A process that works, at the other end of a pipe.
class Child {
 public:
  // Throws Error if there can be no pipe.
  Child(const Work& work, const ChildLimits& limits, Report& report) {
    const std::size_t own_bytes = address_space();
    std::array<int, 2> ends{};
    // No other child may inherit the end for writing: reading would go on until that one ends, too.
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    require(pipe2(ends.data(), O_CLOEXEC) == 0, "no other process can be started to read it ({})",
            reason());
    process_ = fork();
    if (process_ == 0) {
      close(ends[0]);
      be_the_child(work, limits, own_bytes, ends[1], report);
    }
    close(ends[1]);
    pipe_ = ends[0];
  }
  // Waits until the process has ended, as it soon does if nobody reads what it writes.
  ~Child() {
    close(pipe_);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_started() const { return process_ > 0; }

  // All that it writes.
  std::vector<std::byte> read_to_end() const {
    std::vector<std::byte> all;
    std::vector<std::byte> piece(std::size_t{1} << 16);
    while (true) {
      const ssize_t count = read(pipe_, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return all;
      all.insert(all.end(), piece.begin(), piece.begin() + count);
    }
  }

  // The signal that has ended it; 0 for none, and where its status is lost because the program ignores SIGCHLD.
  int wait() {
    if (process_ <= 0) return signal_;
    int status = 0;
    pid_t ended = 0;
    do {
      ended = waitpid(process_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    process_ = 0;
    if (ended > 0 && WIFSIGNALED(status)) signal_ = WTERMSIG(status);
    return signal_;
  }

 private:
  pid_t process_ = -1;
  int pipe_ = -1;
  int signal_ = 0;
};

bool took_too_long(int signal) {
  return signal == SIGXCPU || signal == SIGALRM;
}

// Throws what became of a child that did not come to the end of its work.
[[noreturn]] void report_failure(int signal, const ChildLimits& limits) {
  if (signal == SIGXCPU) {
    throw ChildFailure(fmt::format("reading it takes more than {} seconds", limits.cpu_seconds));
  }
  const bool crashed = signal == 0 || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                       signal == SIGILL || signal == SIGABRT;
  if (crashed) throw ChildFailure("reading it crashes the library");  // or a sanitizer says so
  fail("the process that read it was ended by signal {} ({})", signal, strsignal(signal));
}

std::vector<std::byte> run_here(const Work& work) {
  std::vector<std::byte> result;
  run(work, [&](std::span<const std::byte> bytes) {
    result.insert(result.end(), bytes.begin(), bytes.end());
  });
  return result;
}

}  // namespace

void ResultWriter::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kTogether = std::size_t{1} << 16;
  if (waiting_.size() + bytes.size() > kTogether) flush();
  if (bytes.size() > kTogether) {
    sink_(bytes);
  } else {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  }
}

void ResultWriter::flush() {
  sink_(waiting_);
  waiting_.clear();
}

std::vector<std::byte> run_in_child(const std::function<void(ResultWriter&)>& work,
                                    const ChildLimits& limits) {
  for (int trial = 1;; ++trial) {
    Report report;
    Child child(work, limits, report);
    if (!child.has_started()) return run_here(work);
    std::vector<std::byte> result = child.read_to_end();
    const int signal = child.wait();
    if (report.end() == Report::End::kReturned) return result;
    if (report.end() == Report::End::kThrew) throw Error(report.words());
    if (took_too_long(signal) && trial < kTrials && has_other_threads()) continue;
    if (signal == SIGALRM) return run_here(work);
    report_failure(signal, limits);
  }
}

}  // namespace odin
