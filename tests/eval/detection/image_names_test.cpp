// Names of images from paths, standard input and a watched folder.
#include "eval/detection/image_names.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "eval/detection/line_reader.h"
#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

namespace {

// A pipe whose reading end may replace standard input.
struct Pipe {
  int ends[2] = {-1, -1};

  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    close(ends[0]);
    close_writer();
  }
  void write(const std::string& text) const {
    REQUIRE(::write(ends[1], text.data(), text.size()) == std::ssize(text));
  }
  void close_writer() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

// Standard input is that descriptor for as long as this object lives.
class StandardInput {
 public:
  explicit StandardInput(int descriptor) : old_(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) {
    REQUIRE(dup2(descriptor, STDIN_FILENO) == STDIN_FILENO);
  }
  ~StandardInput() {
    dup2(old_, STDIN_FILENO);
    close(old_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int old_;
};

// All names, one a line, relative to `folder`, with "!" before those that have a problem.
std::vector<std::string> all_of(ImageNames& names, const fs::path& folder) {
  const Interruption never;
  std::vector<std::string> all;
  while (const auto name = names.next(never)) {
    const std::string file = name->file.starts_with(folder.string() + "/")
                                 ? name->file.substr(folder.string().size() + 1)
                                 : name->file;
    all.push_back((name->problem.empty() ? "" : "!") + file);
  }
  return all;
}

void touch(const fs::path& file) {
  fs::create_directories(file.parent_path());
  write_bytes(file, "x");
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a folder gives its pictures folder by folder, and a file gives itself") {
  const TemporaryFolder folder;
  for (const char* name : {"d/b.png", "d/a.GIF", "d/notes.txt", "d/.hidden.png", "d/x/2.jpg",
                           "d/x/1.jpeg", "d/x/.git/1.png", "d/y/1.png", "one.dat"}) {
    touch(folder / name);
  }
  const auto names = names_of_paths(
      {(folder / "d").string(), (folder / "one.dat").string(), (folder / "missing.png").string()});
  CHECK(all_of(*names, folder.path()) == Names{"d/a.GIF", "d/b.png", "d/x/1.jpeg", "d/x/2.jpg",
                                               "d/y/1.png", "one.dat", "missing.png"});
}

TEST_CASE("the folder that is written to is left out of a folder around it") {
  const TemporaryFolder folder;
  touch(folder / "d/a.png");
  touch(folder / "d/explained/a.png");
  touch(folder / "d/last.png");
  const auto names = names_of_paths({(folder / "d").string()}, folder / "d/../d/explained");
  CHECK(all_of(*names, folder.path()) == Names{"d/a.png", "d/last.png"});
}

TEST_CASE("a folder without pictures, or that cannot be walked, is a problem and no end") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "empty/below");
  touch(folder / "loop/1.png");
  fs::create_directory_symlink("..", folder / "loop/back");
  touch(folder / "loop/later/2.png");
  const auto names = names_of_paths(
      {(folder / "empty").string(), (folder / "loop").string(), std::string(5000, 'x')});
  CHECK(all_of(*names, folder.path()) ==
        Names{"!empty", "loop/1.png", "!loop", "loop/later/2.png", "!" + std::string(5000, 'x')});
}

TEST_CASE("names on standard input are files or folders, one a line") {
  const TemporaryFolder folder;
  touch(folder / "d/a.png");
  touch(folder / "d/b.png");
  Pipe pipe;
  const StandardInput input(pipe.ends[0]);
  pipe.write("first\n\n" + (folder / "d").string() + "\r\n with spaces \nlast without end");
  pipe.close_writer();
  const auto names = names_of_paths({"before", "-", "after"});
  CHECK(all_of(*names, folder.path()) == Names{"before", "first", "d/a.png", "d/b.png",
                                               " with spaces ", "last without end", "after"});
}

TEST_CASE("a name is given as soon as its line has come") {
  Pipe pipe;
  const StandardInput input(pipe.ends[0]);
  const auto names = names_of_paths({"-"});
  const Interruption never;
  pipe.write("one\ntwo\nth");
  CHECK(names->next(never)->file == "one");
  CHECK(names->next(never)->file == "two");
  pipe.write("ree\n");
  CHECK(names->next(never)->file == "three");
}

TEST_CASE("a line without end takes no memory without end") {
  Pipe pipe;
  LineReader lines(pipe.ends[0]);
  const Interruption never;
  std::thread writer([&] {
    const std::string part(4096, 'x');
    for (int i = 0; i < 1000; ++i) pipe.write(part);
    pipe.write("\nnext\n");
  });
  const std::string line = lines.next(never).value_or("");
  writer.join();
  CHECK(line.size() > 4096);
  CHECK(line.size() < 5000);
  CHECK(lines.next(never) == "next");
}

TEST_CASE("standard input that cannot be read is a problem, and the next paths follow") {
  const TemporaryFolder folder;
  const int descriptor = open(folder.path().c_str(), O_RDONLY | O_CLOEXEC);
  const StandardInput input(descriptor);
  close(descriptor);
  const auto names = names_of_paths({"-", "after"});
  CHECK(all_of(*names, folder.path()) == Names{"!-", "after"});
}

TEST_CASE("an interruption ends the wait for standard input") {
  const Pipe pipe;
  const StandardInput input(pipe.ends[0]);
  const auto names = names_of_paths({"-", "after"});
  Interruption interruption;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    interruption.request();
  });
  CHECK_FALSE(names->next(interruption).has_value());
  later.join();
}

TEST_CASE("a watched folder gives pictures once they are closed after writing or moved in") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "w/below");
  touch(folder / "w/before.png");
  touch(folder / "elsewhere.png");
  const auto names = names_arriving_in(folder / "w");
  Interruption interruption;
  const auto next = [&] { return names->next(interruption).value_or(ImageName{"none", {}}); };

  std::ofstream slow(folder / "w/slow.png");
  slow << "x" << std::flush;
  touch(folder / "w/quick.jpg");
  slow << "y" << std::flush;
  touch(folder / "w/notes.txt");
  touch(folder / "w/.copied.png.Xy12");
  touch(folder / "w/below/1.png");
  write_bytes(folder / "w/empty.png", "");
  slow.close();
  fs::rename(folder / "elsewhere.png", folder / "w/moved.png");
  touch(folder / "w/last.gif");

  CHECK(next().file == (folder / "w/quick.jpg").string());
  CHECK(next().file == (folder / "w/slow.png").string());
  CHECK(next().file == (folder / "w/moved.png").string());
  CHECK(next().file == (folder / "w/last.gif").string());
  interruption.request();
  CHECK(next().file == "none");
}

TEST_CASE("the end of a watched folder is a problem and the end") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "w");
  fs::create_directories(folder / "v");
  const Interruption never;
  for (const char* name : {"w", "v"}) {
    const auto names = names_arriving_in(folder / name);
    if (name[0] == 'w') {
      fs::remove(folder / name);
    } else {
      fs::rename(folder / name, folder / "elsewhere");
    }
    const auto problem = names->next(never);
    REQUIRE(problem.has_value());
    CHECK(holds(problem->problem, {name, "removed or moved"}));
    CHECK_FALSE(names->next(never).has_value());
  }
  CHECK(holds(error_of([&] { names_arriving_in(folder / "missing"); }),
              {"cannot watch", "missing", "No such file"}));
}
