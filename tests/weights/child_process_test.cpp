#include "weights/child_process.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin {
namespace {

// Work that writes nothing.
void run(const std::function<void()>& work, const ChildLimits& limits = {}) {
  run_in_child([&](ResultWriter&) { work(); }, limits);
}

std::string text_of(const std::vector<std::byte>& result) {
  return {reinterpret_cast<const char*>(result.data()), result.size()};
}

void write(ResultWriter& writer, const std::string& text) {
  writer.write(std::as_bytes(std::span(text)));
}

TEST_CASE("work leaves what it writes, and nothing else") {
  int runs = 0;
  const std::vector<std::byte> result = run_in_child([&](ResultWriter& writer) {
    ++runs;
    write(writer, "four");
  });
  CHECK(text_of(result) == "four");
  CHECK(runs == 0);  // it ran in the child
  CHECK(run_in_child([](ResultWriter&) {}).empty());
}

TEST_CASE("results of any size arrive whole and in order") {
  // Pieces that are written together, pieces as large as what is, and larger ones.
  for (const std::size_t size : {1, 1000, 65535, 65536, 65537, 10'000'000}) {
    std::string whole;
    for (int piece = 0; piece < 5; ++piece) {
      whole += std::string(size, static_cast<char>('a' + piece)) + "|";
    }
    const std::vector<std::byte> result = run_in_child([&](ResultWriter& writer) {
      for (std::size_t at = 0; at < whole.size(); at += size) {
        write(writer, whole.substr(at, size));
      }
    });
    CHECK(text_of(result) == whole);
  }
}

TEST_CASE("several threads may each have a child") {
  std::vector<std::string> texts(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      threads.emplace_back([&text = texts[i], i] {
        text = text_of(run_in_child([i](ResultWriter& writer) {
          write(writer, std::string(1'000'000, static_cast<char>('a' + i)));
        }));
      });
    }
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(texts[i] == std::string(1'000'000, static_cast<char>('a' + i)));
  }
}

TEST_CASE("a result does not count as a file, however small files must be") {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string text =
      text_of(run_in_child([](ResultWriter& writer) { write(writer, std::string(100'000, 'x')); }));
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(text == std::string(100'000, 'x'));
}

TEST_CASE("what work throws arrives in its own words, and is no failure of the child") {
  const auto words_of = [](const std::function<void()>& work) -> std::string {
    try {
      run(work);
    } catch (const ChildFailure&) {
      return "failure";
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(words_of([] { throw Error("a damaged file"); }) == "a damaged file");
  CHECK(words_of([] { throw Error("\x1b[31mcaf\xc3\xa9"); }) == "\\x1b[31mcaf\xc3\xa9");
  CHECK(words_of([] { throw Error(std::string(100'000, 'x')); }) == std::string(4095, 'x'));
}

TEST_CASE("work that crashes is called so") {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) {
    CHECK_THROWS_WITH_AS(run([&] { std::raise(signal); }), "reading it crashes the library",
                         ChildFailure);
  }
  for (const int status : {0, 1}) {
    CHECK_THROWS_WITH_AS(run([&] { _exit(status); }), "reading it crashes the library",
                         ChildFailure);
  }
  CHECK_THROWS_WITH_AS(run([] { throw std::out_of_range("a fault"); }),
                       "reading it crashes the library", ChildFailure);
}

TEST_CASE("work that somebody else ends is called so, and the file is not called damaged") {
  const auto words_of = [](int signal) -> std::string {
    try {
      run([&] {
        std::signal(signal, SIG_DFL);  // doctest has a handler
        std::raise(signal);
      });
    } catch (const ChildFailure&) {
      return "failure";
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(words_of(SIGKILL) == "the process that read it was ended by signal 9 (Killed)");
  CHECK(words_of(SIGTERM) == "the process that read it was ended by signal 15 (Terminated)");
}

TEST_CASE("a program that ignores the end of its children has results, too") {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const std::string text =
      text_of(run_in_child([](ResultWriter& writer) { write(writer, "result"); }));
  for (const int signal : {SIGSEGV, SIGKILL}) {  // nobody knows which
    CHECK(test::error_of([&] { run([&] { std::raise(signal); }); }) ==
          "the process that read it ended without a result");
  }
  CHECK_THROWS_WITH_AS(run([] { throw Error("a damaged file"); }), "a damaged file", Error);
  std::signal(SIGCHLD, before);
  CHECK(text == "result");
}

TEST_CASE("a result has no more bytes than it may") {
  const auto write_five = [](ResultWriter& writer) { write(writer, "12345"); };
  CHECK(text_of(run_in_child(write_five, {.result_bytes = 5})) == "12345");
  CHECK_THROWS_WITH_AS(run_in_child(write_five, {.result_bytes = 4}),
                       "reading it gives more than 4 bytes", ChildFailure);
  const auto write_on = [](ResultWriter& writer) {
    while (true) write(writer, std::string(100'000, 'x'));
  };
  CHECK_THROWS_WITH_AS(run_in_child(write_on, {.result_bytes = 1'000'000}),
                       "reading it gives more than 1000000 bytes", ChildFailure);
}

// As one does that another thread of the program starts at the same time.
TEST_CASE("a result does not wait for a stranger that has inherited the pipe") {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = text_of(run_in_child([](ResultWriter& writer) {
    write(writer, "result");
    if (fork() == 0) {
      sleep(20);
      _exit(0);
    }
  }));
  CHECK(text == "result");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("signals that the caller blocks limit the child") {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const std::string words = test::error_of([] {
    run(
        [] {
          for (std::atomic<bool> forever = true; forever;) {
          }
        },
        {.cpu_seconds = 1});
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(words == "reading it takes more than 1 seconds");
}

TEST_CASE("work that computes without end is ended") {
  const auto compute = [] {
    for (std::atomic<bool> forever = true; forever;) {
    }
  };
  const ChildLimits limits{.cpu_seconds = 1};
  CHECK_THROWS_WITH_AS(run(compute, limits), "reading it takes more than 1 seconds", ChildFailure);
  CHECK_NOTHROW(run([] { sleep(2); }, limits));  // a slow disk
}

// As a child does that finds a lock held, which is not held the next time.
TEST_CASE("work that takes too long is tried again while other threads run") {
  const test::TemporaryFolder folder;
  const auto compute_twice = [&](ResultWriter& writer) {
    write(writer, "result");
    writer.flush();
    for (const char* trial : {"first", "second"}) {
      if (std::filesystem::exists(folder / trial)) continue;
      test::write_bytes(folder / trial, "");
      for (std::atomic<bool> forever = true; forever;) {
      }
    }
  };
  const std::jthread other([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  CHECK(text_of(run_in_child(compute_twice, {.cpu_seconds = 1})) == "result");
  CHECK(std::filesystem::exists(folder / "second"));
}

#if !defined(__SANITIZE_ADDRESS__)  // which reserves all the memory that it may use when it starts
TEST_CASE("work that asks for too much memory is refused in words") {
  const auto allocate = [] {
    volatile std::size_t bytes = std::size_t{1} << 30;
    const std::vector<char> memory(bytes, 'x');
    CHECK(memory.back() == 'x');
  };
  CHECK_THROWS_WITH_AS(run(allocate, {.bytes = std::size_t{1} << 28}),
                       "reading it takes too much memory", Error);
  CHECK_NOTHROW(run(allocate, {.bytes = std::size_t{3} << 29}));
}
#endif

TEST_CASE("the child leaves the caller's handlers of signals alone") {
  const auto before = std::signal(SIGSEGV, SIG_IGN);
  CHECK_THROWS_AS(run([] { std::raise(SIGSEGV); }), Error);
  const bool kept = std::signal(SIGSEGV, before) == SIG_IGN;
  CHECK(kept);
}

}  // namespace
}  // namespace odin
