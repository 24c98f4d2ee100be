// The program odin_eval, and a small network and small sets to run it on.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/support.h"

namespace odin::test {

extern const std::string kEvalProgram;  // its path

// A folder with a small network and small sets under the names of the release.
struct EvalWorkspace {
  static constexpr int kImages = 25;

  TemporaryFolder folder;

  EvalWorkspace();
  // Runs odin_eval in the folder, started by `launcher` if there is one.
  ProgramResult run(const std::string& arguments, const std::string& launcher = "") const;
  // The same for a command line that must succeed.
  ProgramResult succeed(const std::string& arguments, const std::string& launcher = "") const;
  // A folder of `count` PNGs of noise, another for every seed.
  void write_folder(const std::string& name, int count, std::uint64_t seed) const;
};

// The general form against noise, fast.
inline constexpr const char* kGeneral =
    "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out uniform --skip 3 --device cpu";

}  // namespace odin::test
