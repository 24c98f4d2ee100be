#include "weights/read_arrays.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/error.h"
#include "kernels/thread_pool.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

// Where the values of an entry go.
using Target = std::variant<std::vector<float>*, std::vector<double>*>;

Target target_of(const StoredEntry& entry, ParameterMap& parameters, DetectorFit& fit) {
  if (!entry.is_of_fit) return &parameters[entry.name].values;
  const std::string name = entry.name.substr(kDetectorFitPrefix.size());
  if (entry.array->type == DataType::kFloat64) return &fit.numbers[name];
  return &fit.features[name];
}

}  // namespace

void read_arrays(const StoredCheckpoint& stored, const InputFile& input, Checkpoint& checkpoint) {
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
      fail("{} cannot be read ({})", printable(*piece.name), error.what());
    }
  });
  const bool holds_arrays = !fit.numbers.empty() || !fit.features.empty();
  if (holds_arrays) checkpoint.detector_fit = std::make_shared<const DetectorFit>(std::move(fit));
}

}  // namespace odin
