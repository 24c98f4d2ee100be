#include "tests/tools/conversion/conversion_support.h"

#include <bit>
#include <cstdint>
#include <fstream>
#include <map>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace odin::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = ODIN_BINARY_DIR "/tools/convert_checkpoint";
constexpr const char* kScripts = ODIN_SOURCE_DIR "/tests/pytorch";

// The tensors of a file that the scripts of tests/pytorch write: "NAME COUNT\n" and the elements.
std::map<std::string, std::vector<float>> read_expected(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::map<std::string, std::vector<float>> tensors;
  std::string name;
  for (std::size_t count = 0; stream >> name >> count;) {
    stream.get();
    std::vector<float>& values = tensors[name];
    values.resize(count);
    stream.read(reinterpret_cast<char*>(values.data()),
                static_cast<std::streamsize>(count * sizeof(float)));
    REQUIRE(stream.good());
  }
  REQUIRE_FALSE(tensors.empty());
  return tensors;
}

}  // namespace

ProgramResult convert(const std::string& arguments) {
  return run_program(fmt::format("'{}' {}", kProgram, arguments));
}

bool run_script(const std::string& script_and_arguments) {
  const auto result =
      run_program(fmt::format("{} '{}'/{}", ODIN_PYTHON, kScripts, script_and_arguments));
  if (result.exit_status == 0) return true;
  CAPTURE(result.errors);
  const bool is_missing = result.errors.find("No module named") != std::string::npos ||
                          result.errors.find("not found") != std::string::npos;
  REQUIRE(is_missing);
  skip(fmt::format("{} lacks what {} needs", ODIN_PYTHON, script_and_arguments));
  return false;
}

void check_parameters(const ParameterMap& parameters, const fs::path& expected_file) {
  const auto expected = read_expected(expected_file);
  REQUIRE(parameters.size() == expected.size());
  for (const auto& [name, values] : expected) {
    CAPTURE(name);
    const std::vector<float>& found = parameters.at(name).values;
    REQUIRE(found.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::bit_cast<std::uint32_t>(found[i]) != std::bit_cast<std::uint32_t>(values[i]))
        FAIL(i);
    }
  }
}

Checkpoint check_conversion(const fs::path& file, const std::string& arguments) {
  return check_conversion(file, arguments, file.string() + ".expected");
}

Checkpoint check_conversion(const fs::path& file, const std::string& arguments,
                            const fs::path& expected_file) {
  const fs::path output = file.string() + ".h5";
  const auto result =
      convert(fmt::format("'{}' '{}' {}", file.string(), output.string(), arguments));
  CAPTURE(file.string());
  CAPTURE(result.errors);
  REQUIRE(result.exit_status == 0);
  Checkpoint checkpoint = read_checkpoint(output);
  check_parameters(checkpoint.parameters, expected_file);
  return checkpoint;
}

}  // namespace odin::test
