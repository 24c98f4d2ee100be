// The names of classes: those of a set, and the same ones of a network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace odin {

// One name per line, as in CIFAR's batches.meta.txt and fine_label_names.txt. None if there is no
// such file. Throws Error unless it names `classes` classes, each once.
std::vector<std::string> read_class_names(const std::filesystem::path& file, int classes);

// Throws Error, naming the file, unless these are the names of `classes` classes, each once.
void require_class_names(std::span<const std::string> names, const std::filesystem::path& file,
                         int classes);

// The network's class for each of a set's, whose names are perhaps those of folders. Each name of
// the set must be one of the network's, which may have '/' where no folder's name can and the set
// has '_'. Empty unless each has a class of its own.
std::vector<std::int32_t> classes_by_name(std::span<const std::string> of_set,
                                          std::span<const std::string> of_network);

// The numbers that the names are. Empty unless they are 0 to n - 1 for n names, in any order and
// perhaps with leading zeros.
std::vector<std::int32_t> classes_by_number(std::span<const std::string> of_set);

// The same where all names are numbers, from any on: the class is the number's place in their
// order.
std::vector<std::int32_t> classes_by_value(std::span<const std::string> of_set);

}  // namespace odin
