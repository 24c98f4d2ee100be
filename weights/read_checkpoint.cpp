// Reads checkpoints. Nothing in a file is believed before it is checked.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/file_kind.h"
#include "weights/files/input_file.h"
#include "weights/files/printable.h"
#include "weights/read_arrays.h"
#include "weights/stored_checkpoint.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> structure_problems(const StoredCheckpoint& stored) {
  std::vector<std::string> problems = stored.strays();
  std::map<std::string, FoundParameter> found;
  for (const StoredEntry& entry : stored.entries()) {
    if (!entry.is_of_fit) {
      found[entry.name] = {entry.array ? entry.array->shape : Shape{}, entry.problem};
    } else if (!entry.problem.empty()) {
      problems.push_back(printable(entry.name) + " " + entry.problem);
    }
  }
  const std::vector<std::string> others =
      structure_problems(stored.description().architecture, found);
  problems.insert(problems.end(), others.begin(), others.end());
  return problems;
}

// Reads a file. If its structure is wrong, reads values only if `even_if_wrong`.
CheckpointInspection read(const fs::path& file, bool even_if_wrong) {
  require_no_folder(file);
  const InputFile input(file);
  try {
    const StoredCheckpoint stored(input);
    CheckpointInspection result;
    result.checkpoint = stored.description();
    result.problems = structure_problems(stored);
    if (!result.problems.empty() && !even_if_wrong) return result;
    read_arrays(stored, input, result.checkpoint);
    for (const std::vector<std::string>& others :
         {value_problems(result.checkpoint.parameters), fit_problems(result.checkpoint)}) {
      result.problems.insert(result.problems.end(), others.begin(), others.end());
    }
    return result;
  } catch (const Error& error) {
    fail("{} cannot be used as a checkpoint: {}", file.string(), error.what());
  }
}

}  // namespace

CheckpointInspection inspect_checkpoint(const fs::path& file) {
  return read(file, true);
}

Checkpoint read_checkpoint(const fs::path& file) {
  CheckpointInspection inspection = read(file, false);
  require_usable(file, inspection);
  return std::move(inspection.checkpoint);
}

}  // namespace odin
