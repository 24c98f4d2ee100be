// Reads checkpoints. Nothing in a file is believed before it is checked.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/error.h"
#include "kernels/thread_pool.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_attributes.h"
#include "weights/checkpoint_entries.h"
#include "weights/checkpoint_rules.h"
#include "weights/detector_attributes.h"
#include "weights/files/file_kind.h"
#include "weights/files/input_file.h"
#include "weights/files/printable.h"
#include "weights/hdf5_handle.h"
#include "weights/stored_array.h"
#include "weights/trial_run.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

using hdf5::check;
using hdf5::Handle;

// Throws Error, which says what the file is, unless it is HDF5. Needs a Session.
void require_hdf5(const fs::path& path) {
  if (check(H5Fis_hdf5(path.c_str()), "it cannot be opened") > 0) return;
  const SharedSource bytes = in_file(InputFile(path));
  require(bytes->size() > 0, "it is empty");
  if (const auto other = recognise_other_file(*bytes)) fail("{}", *other);
  if (const auto text = recognise_text(*bytes)) fail("{}, not an HDF5 file", *text);
  require(!looks_convertible(*bytes),
          "it is not an HDF5 file, but may be one of PyTorch or safetensors: convert it with "
          "convert_checkpoint");
  if (const auto named = recognise_by_name(path, *bytes)) fail("{}", *named);
  fail("it is not a checkpoint, which is an HDF5 file");
}

// Reads an HDF5 file. Needs a Session.
class Reader {
 public:
  explicit Reader(const InputFile& input) : input_(input) {
    file_ = hdf5::open_for_reading(input.path().string());
    const Handle creation(check(H5Fget_create_plist(file_.get()), "it cannot be read"));
    hsize_t user_block = 0;
    check(H5Pget_userblock(creation.get(), &user_block), "it cannot be read");
    stored_file_.size = static_cast<std::uint64_t>(input.size());
    stored_file_.addresses_are_offsets = user_block == 0;
  }

  // Everything except the parameters.
  Checkpoint description() const { return read_description(file_); }

  // Finds the data sets of a file with this description, without reading a value.
  void list(const Checkpoint& description) {
    if (description.detector && description.detector->training_images > 0) {
      fit_prefix_ = std::string(kDetectorFitGroup) + '.';
      std::ranges::replace(fit_prefix_, '/', '.');
    }
    list_entries(file_,
                 {.dataset = [this](const std::string& name,
                                    Handle dataset) { add(name, std::move(dataset)); },
                  .stray = [this](const std::string& problem) { strays_.push_back(problem); }});
  }

  std::vector<std::string> structure_problems(const Architecture& architecture) const {
    std::vector<std::string> problems = strays_;
    std::map<std::string, FoundParameter> found;
    for (const Entry& entry : entries_) {
      if (!entry.is_of_fit) {
        found[entry.name] = entry.found;
      } else if (!entry.found.problem.empty()) {
        problems.push_back(printable(entry.name) + " " + entry.found.problem);
      }
    }
    const std::vector<std::string> others = odin::structure_problems(architecture, found);
    problems.insert(problems.end(), others.begin(), others.end());
    return problems;
  }

  // Reads the parameters, and the arrays of the detector's fit, that can be read.
  void load(Checkpoint& checkpoint) const;

  // Reads what only HDF5 can read: everything but the chunks that load() decodes itself.
  void read_through_hdf5() const;

 private:
  struct Entry {
    std::string name;
    FoundParameter found;
    std::optional<StoredArray> array;  // none if something is wrong with it
    bool is_of_fit = false;            // no parameter, but what the detector has learnt
  };
  // Where the values of an entry go.
  using Target = std::variant<std::vector<float>*, std::vector<double>*>;

  Target target_of(const Entry& entry, ParameterMap& parameters, DetectorFit& fit) const;

  void add(const std::string& name, Handle dataset) {
    Entry& entry = entries_.emplace_back();
    entry.name = name;
    entry.is_of_fit = !fit_prefix_.empty() && name.starts_with(fit_prefix_);
    try {
      StoredArray array(std::move(dataset), stored_file_,
                        entry.is_of_fit ? StoredTypes::kFloatOrDouble : StoredTypes::kFloat);
      entry.found.shape = array.shape();
      require(!entry.is_of_fit || array.shape().rank() == 1,
              "has the shape {} where one axis is expected", array.shape().to_string());
      entry.array = std::move(array);
    } catch (const Error& error) {
      entry.found.problem = error.what();
    }
  }

  const InputFile& input_;
  Handle file_;
  StoredFile stored_file_;
  std::string fit_prefix_;  // of the names of the fit's arrays; empty for a file without a fit
  std::vector<Entry> entries_;
  std::vector<std::string> strays_;
};

Reader::Target Reader::target_of(const Entry& entry, ParameterMap& parameters,
                                 DetectorFit& fit) const {
  if (!entry.is_of_fit) return &parameters[entry.name].values;
  const std::string name = entry.name.substr(fit_prefix_.size());
  if (entry.array->type() == DataType::kFloat64) return &fit.numbers[name];
  return &fit.features[name];
}

void Reader::load(Checkpoint& checkpoint) const {
  struct Piece {
    const std::string* name;
    const StoredChunk* chunk;
    Target target;
  };
  struct Source {
    const Entry* entry;
    Target target;
  };
  DetectorFit fit;
  std::vector<Source> sources;
  for (const Entry& entry : entries_) {
    if (!entry.array) continue;
    sources.push_back({&entry, target_of(entry, checkpoint.parameters, fit)});
    if (!entry.is_of_fit) checkpoint.parameters[entry.name].shape = entry.array->shape();
  }
  ThreadPool pool(0);
  // The first write to fresh memory makes the system provide it, which takes as long as decoding.
  pool.run(std::ssize(sources), [&](std::int64_t i, int) {
    const Source& source = sources[static_cast<std::size_t>(i)];
    const auto count = static_cast<std::size_t>(source.entry->array->shape().numel());
    std::visit([&](auto* values) { values->resize(count); }, source.target);
  });

  const auto named = [](const std::string& name, const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      fail("{} cannot be read ({})", name, error.what());
    }
  };
  std::vector<Piece> pieces;
  for (const auto& [entry, target] : sources) {
    const std::vector<StoredChunk>& chunks = entry->array->chunks();
    for (const StoredChunk& chunk : chunks) pieces.push_back({&entry->name, &chunk, target});
    if (!chunks.empty() || entry->array->shape().numel() == 0) continue;
    std::visit(
        [&, &entry = *entry](auto* values) {
          named(entry.name, [&] { entry.array->read(std::span(*values)); });
        },
        target);
  }
  pool.run_until_error(std::ssize(pieces), [&](std::int64_t i, int) {
    const Piece& piece = pieces[static_cast<std::size_t>(i)];
    std::visit(
        [&](auto* values) {
          named(*piece.name, [&] { read_chunk(input_, *piece.chunk, std::span(*values)); });
        },
        piece.target);
  });
  const bool has_fit = !fit.numbers.empty() || !fit.features.empty();
  if (has_fit) checkpoint.detector_fit = std::make_shared<const DetectorFit>(std::move(fit));
}

void Reader::read_through_hdf5() const {
  for (const Entry& entry : entries_) {
    if (!entry.array || !entry.array->chunks().empty()) continue;
    const auto count = static_cast<std::size_t>(entry.array->shape().numel());
    if (count == 0) continue;
    if (entry.array->type() == DataType::kFloat64) {
      std::vector<double> values(count);
      entry.array->read(std::span(values));
    } else {
      std::vector<float> values(count);
      entry.array->read(std::span(values));
    }
  }
}

// HDF5 1.10 crashes, does not end, or asks for gigabytes, when the metadata of a file is damaged in some ways. Throws
// Error if it would.
void try_file(const InputFile& input) {
  try {
    require_trial([&] {
      Reader reader(input);
      reader.list(reader.description());
      reader.read_through_hdf5();
    });
  } catch (const TrialFailure& failure) {
    fail("it is damaged ({}, HDF5 {})", failure.what(), hdf5::library_version());
  }
}

// Reads a file. If its structure is wrong, reads values only if `even_if_wrong`.
CheckpointInspection read(const fs::path& file, bool even_if_wrong) {
  require_no_folder(file);
  const InputFile input(file);
  try {
    const hdf5::Session session;
    require_hdf5(file);
    try_file(input);
    Reader reader(input);
    CheckpointInspection result;
    result.checkpoint = reader.description();
    reader.list(result.checkpoint);
    result.problems = reader.structure_problems(result.checkpoint.architecture);
    if (!result.problems.empty() && !even_if_wrong) return result;
    reader.load(result.checkpoint);
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
