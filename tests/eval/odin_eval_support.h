// The program odin_eval, with a small network and small sets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/support.h"

namespace odin::test {

extern const std::string kEvalProgram;  // its path

// A folder with a small network and small sets that have the authors' names.
struct EvalWorkspace {
  static constexpr int kImages = 25;

  TemporaryFolder folder;

  EvalWorkspace();
  // Runs odin_eval in the folder, started by `launcher`, if given.
  ProgramResult run(const std::string& arguments, const std::string& launcher = "") const;
  // The same for a command line that must succeed.
  ProgramResult succeed(const std::string& arguments, const std::string& launcher = "") const;
  // Writes the five files of CIFAR-10's training half, for detectors that are fitted, with 12
  // images each.
  void write_training_half() const;
  // Writes a folder of `count` PNGs of noise, which depends on the seed.
  void write_folder(const std::string& name, int count, std::uint64_t seed) const;
};

// Names of scores for --score that need no training images.
inline constexpr const char* kUnfitted =
    "baseline,max_logit,energy,entropy,gen,ash_p,ash_b,ash_s,scale,gradnorm,odin";

// The scores in a file of lines "temperature, magnitude, score".
std::vector<double> read_scores(const std::filesystem::path& file);

// Whether the text is a single line, as the message of an error should be.
bool one_line(const std::string& text);

// The general command line, against noise, with a short run.
inline constexpr const char* kGeneral =
    "--weights densenet10.h5 --in cifar10:cifar-10-batches-bin --out uniform --skip 3 --device cpu";

}  // namespace odin::test
