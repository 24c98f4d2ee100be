#include "tests/eval/odin_eval_support.h"

#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/data_support.h"
#include "tests/eval/scoring/small_network.h"

namespace odin::test {

namespace fs = std::filesystem;

const std::string kEvalProgram = std::string(ODIN_BINARY_DIR) + "/eval/odin_eval";

namespace {

// Images of noise in CIFAR-10's binary format, the classes in turn.
void write_cifar_batch(const fs::path& file, const std::string& name, int images) {
  std::ofstream cifar(file, std::ios::binary);
  const auto count = static_cast<std::size_t>(images);
  const std::vector<double> noise = formula_noise(name, count * 3072);
  for (std::size_t i = 0; i < count; ++i) {
    cifar.put(static_cast<char>(i % 10));
    for (std::size_t k = 0; k < 3072; ++k) {
      cifar.put(static_cast<char>(static_cast<int>(127.5 + 127.5 * noise[i * 3072 + k])));
    }
  }
}

}  // namespace

EvalWorkspace::EvalWorkspace() {
  Checkpoint checkpoint = small_checkpoint({10, 4, 0.5, true, 10});
  checkpoint.mean = {0.49f, 0.48f, 0.45f};
  write_checkpoint(checkpoint, folder / "densenet10.h5");

  fs::create_directories(folder / "cifar-10-batches-bin");
  write_cifar_batch(folder / "cifar-10-batches-bin/test_batch.bin", "cifar", kImages);
}

void EvalWorkspace::write_training_half() const {
  for (int i = 1; i <= 5; ++i) {
    const std::string name = fmt::format("data_batch_{}", i);
    write_cifar_batch(folder / fmt::format("cifar-10-batches-bin/{}.bin", name), name, 12);
  }
}

ProgramResult EvalWorkspace::run(const std::string& arguments, const std::string& launcher) const {
  return run_program(fmt::format("cd '{}' && {} '{}' {}", folder.path().string(), launcher,
                                 kEvalProgram, arguments));
}

ProgramResult EvalWorkspace::succeed(const std::string& arguments,
                                     const std::string& launcher) const {
  ProgramResult result = run(arguments, launcher);
  INFO(result.errors);
  REQUIRE(result.exit_status == 0);
  return result;
}

void EvalWorkspace::write_folder(const std::string& name, int count, std::uint64_t seed) const {
  fs::create_directories(folder / name);
  for (int i = 0; i < count; ++i) {
    PngImage image;
    image.data = noise_bytes(3072, seed * 1000 + static_cast<std::uint64_t>(i));
    write_png(folder / fmt::format("{}/{:04}.png", name, i), image);
  }
}

bool one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == text.size() - 1;
}

std::vector<double> read_scores(const std::filesystem::path& file) {
  std::vector<double> scores;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    scores.push_back(std::stod(line.substr(line.rfind(',') + 1)));
  }
  return scores;
}

}  // namespace odin::test
