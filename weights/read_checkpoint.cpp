// Reads checkpoints. Nothing in a file is believed before it is checked.
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/error.h"
#include "kernels/thread_pool.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/file_kind.h"
#include "weights/files/input_file.h"
#include "weights/files/printable.h"
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

// Where the values of an entry go.
using Target = std::variant<std::vector<float>*, std::vector<double>*>;

Target target_of(const StoredEntry& entry, ParameterMap& parameters, DetectorFit& fit) {
  if (!entry.is_of_fit) return &parameters[entry.name].values;
  const std::string name = entry.name.substr(kDetectorFitPrefix.size());
  if (entry.array->type == DataType::kFloat64) return &fit.numbers[name];
  return &fit.features[name];
}

// Reads the parameters, and the arrays of the detector's fit, that can be read.
void load(const StoredCheckpoint& stored, const InputFile& input, Checkpoint& checkpoint) {
  struct Piece {
    const std::string* name;
    const StoredChunk* chunk;
    Target target;
  };
  struct Source {
    const StoredEntry* entry;
    Target target;
  };
  DetectorFit fit;
  std::vector<Source> sources;
  for (const StoredEntry& entry : stored.entries()) {
    if (!entry.array) continue;
    sources.push_back({&entry, target_of(entry, checkpoint.parameters, fit)});
    if (!entry.is_of_fit) checkpoint.parameters[entry.name].shape = entry.array->shape;
  }
  ThreadPool pool(0);
  // The first write to fresh memory makes the system provide it, which takes as long as decoding.
  pool.run(std::ssize(sources), [&](std::int64_t i, int) {
    const auto& [entry, target] = sources[static_cast<std::size_t>(i)];
    const auto count = static_cast<std::size_t>(entry->array->shape.numel());
    const auto fill = [count, values = entry->values](auto* to) {
      to->resize(count);
      if (!values.empty()) std::memcpy(to->data(), values.data(), values.size());
    };
    std::visit(fill, target);
  });

  std::vector<Piece> pieces;
  for (const auto& [entry, target] : sources) {
    for (const StoredChunk& chunk : entry->array->chunks) {
      pieces.push_back({&entry->name, &chunk, target});
    }
  }
  pool.run_until_error(std::ssize(pieces), [&](std::int64_t i, int) {
    const Piece& piece = pieces[static_cast<std::size_t>(i)];
    try {
      std::visit([&](auto* values) { read_chunk(input, *piece.chunk, std::span(*values)); },
                 piece.target);
    } catch (const Error& error) {
      fail("{} cannot be read ({})", *piece.name, error.what());
    }
  });
  const bool has_fit = !fit.numbers.empty() || !fit.features.empty();
  if (has_fit) checkpoint.detector_fit = std::make_shared<const DetectorFit>(std::move(fit));
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
    load(stored, input, result.checkpoint);
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
