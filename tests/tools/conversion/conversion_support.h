// Shared by the tests that convert files which Python wrote.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/support.h"
#include "weights/checkpoint.h"

namespace odin::test {

// The description of a data set of our own, for networks of three classes.
inline constexpr const char* kThreeClasses = "--in-dataset shapes --mean .5 .5 .5 --std .2 .2 .2";

ProgramResult convert(const std::string& arguments);

// Runs a script of tests/pytorch. If Python cannot, skips the test and returns false.
bool run_script(const std::string& script_and_arguments);

// Compares every bit with the tensors in `expected`, which a script wrote.
void check_parameters(const ParameterMap& parameters, const std::filesystem::path& expected);

// Converts a file and compares every bit with the tensors in `expected`, which a script wrote.
// Returns the checkpoint.
Checkpoint check_conversion(const std::filesystem::path& file, const std::string& arguments,
                            const std::filesystem::path& expected);
// The same with FILE.expected.
Checkpoint check_conversion(const std::filesystem::path& file, const std::string& arguments);

}  // namespace odin::test
