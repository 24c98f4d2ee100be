// Benchmarks as data: those that the program brings, and files of the user's (eval/README.md has
// the format).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eval/published/benchmark_definition.h"

namespace odin {

// The names of the benchmarks that the program brings.
std::vector<std::string> bundled_benchmark_names();

// One of them, or the file of that name. Throws Error if there is no such file, and as
// parse_benchmark() does.
std::shared_ptr<const BenchmarkDefinition> load_benchmark(const std::string& name_or_file);

// A benchmark from its JSON text. `source` is its name in messages. Throws Error, which says where
// and what is expected, for text that is not JSON, for members that are missing, unknown or of a
// wrong type, for a set specification or a detector that does not exist, and for numbers out of
// range.
BenchmarkDefinition parse_benchmark(std::string_view text, const std::string& source);

}  // namespace odin
