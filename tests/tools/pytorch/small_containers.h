// Two small storages, two tensors of them, and the containers that hold them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/bytes.h"

namespace odin::test {

extern const Files kStorages;      // "0" holds six floats, "1" two
extern const std::string kWeight;  // (2, 3), of storage "0"
extern const std::string kBias;    // (2), of storage "1"

// What puts the opcodes of an object into a ZIP or magic-number container with kStorages.
extern const std::vector<std::pair<const char*, std::function<std::string(const std::string&)>>>
    kContainers;

// Why NetworkFile refuses a file or its tensors, or kNoError (tests/support/error_of.h).
std::string file_refusal(const std::string& content);

// An OrderedDict with entries, as Python 3 pickles it.
std::string ordered(const std::vector<std::pair<std::string, std::string>>& entries);
// A module of the class models.Net.
std::string module(const std::vector<std::pair<std::string, std::string>>& parameters,
                   const std::vector<std::pair<std::string, std::string>>& modules);

}  // namespace odin::test
