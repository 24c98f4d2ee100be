// Shared by the tests of folders of images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/data/dataset.h"
#include "tests/eval/data/data_support.h"

namespace odin::test {

// Writes an image with its number as its colour, and creates its folders.
void write_numbered(const std::filesystem::path& path, int number);

// The numbers of the images in their order.
std::vector<int> numbers(const Dataset& dataset);

// The message of the Error that opening the folder throws; empty if it throws none.
std::string error_opening(const std::filesystem::path& folder);

}  // namespace odin::test
