// Reads checkpoints, files of which nothing is believed before it is checked.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/error.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_rules.h"
#include "weights/chunk_codec.h"
#include "weights/hdf5_attribute.h"
#include "weights/hdf5_handle.h"
#include "weights/parallel.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

using hdf5::check;
using hdf5::Handle;

// Past these a file is a mistake or an attack: a Wide-ResNet-28-10 has 36.5 million values in 189
// entries, five groups deep.
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 29;
constexpr std::size_t kMaxEntries = 50'000;
constexpr int kMaxDepth = 16;
// No byte of deflate's stands for more (a match of 258 bytes in two bits).
constexpr std::uint64_t kMostExpansion = 1032;
// More chunks than this are left to HDF5, which finds one by looking at all.
constexpr hsize_t kMaxChunks = 4096;

// A regular file, open for reading; several threads may read it at once.
class InputFile {
 public:
  explicit InputFile(const fs::path& path) {
    // Without O_NONBLOCK opening a pipe would wait for a writer.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    require(descriptor_ >= 0, "{}", std::generic_category().message(errno));
    struct stat status {};
    const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    size_ = regular ? static_cast<std::uint64_t>(status.st_size) : 0;
    if (!regular) ::close(descriptor_);
    require(regular, "it is not a regular file");
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }

  Bytes read(std::uint64_t offset, std::uint64_t size) const {
    require(offset <= size_ && size <= size_ - offset, "a part of it lies past the file's end");
    Bytes bytes(size);
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      require(got > 0, "{}",
              got < 0 ? std::generic_category().message(errno) : "the file ends early");
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// Where a chunk lies in the file and where its values go.
struct StoredChunk {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::size_t first = 0;   // index in the array of the chunk's first value
  std::size_t values = 0;  // in the chunk; those past the array's end are dropped
  ChunkFilters filters;
};

struct Filter {
  H5Z_filter_t id = H5Z_FILTER_ERROR;
  unsigned first_parameter = 0;  // of shuffle: the size of an element
};

// An entry of the file: a data set, or something that cannot be read as one.
struct Entry {
  std::string name;  // with '.' for '/'
  Handle dataset;
  FoundParameter found;
  // Those of a data set that is stored as we store them, to be decoded by us; of another there are
  // none, and HDF5 reads it.
  std::vector<StoredChunk> chunks;
};

struct Link {
  std::string name;
  H5L_type_t type = H5L_TYPE_ERROR;
};

// A callback of H5Literate: no exception may pass through the library.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* links) {
  try {
    auto& collected = *static_cast<std::vector<Link>*>(links);
    if (collected.size() > kMaxEntries) return 1;  // which ends the iteration; too many anyway
    collected.push_back({name, info->type});
    return 0;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

Shape shape_of(const std::vector<hsize_t>& extents) {
  const auto extent = [&](std::size_t axis) { return static_cast<std::int64_t>(extents[axis]); };
  switch (extents.size()) {
    case 0:
      return {};
    case 1:
      return {extent(0)};
    case 2:
      return {extent(0), extent(1)};
    case 3:
      return {extent(0), extent(1), extent(2)};
    default:
      return {extent(0), extent(1), extent(2), extent(3)};
  }
}

class Reader {
 public:
  explicit Reader(const fs::path& path) : input_(path) {
    const htri_t is_hdf5 = check(H5Fis_hdf5(path.c_str()), "it cannot be opened");
    require(is_hdf5 > 0,
            "it is not an HDF5 file; convert a PyTorch checkpoint with convert_checkpoint");
    file_ = Handle(
        check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "it is damaged or cut short"));
    const Handle creation(check(H5Fget_create_plist(file_.get()), "it cannot be read"));
    hsize_t user_block = 0;
    check(H5Pget_userblock(creation.get(), &user_block), "it cannot be read");
    addresses_are_offsets_ = user_block == 0;
  }

  // Everything but the parameters.
  Checkpoint description() const;
  // Finds what the file holds besides; no values are read yet.
  void list() { list_group(file_, "", 0); }
  std::vector<std::string> structure_problems(const Architecture& architecture) const;
  // Reads the parameters that can be read.
  ParameterMap load() const;

 private:
  void list_group(const Handle& group, const std::string& prefix, int depth);
  void list_link(const Handle& group, const Link& link, const std::string& path, int depth);
  Entry open_dataset(Handle dataset, const std::string& name);
  std::vector<StoredChunk> find_chunks(const Handle& dataset, const Handle& properties,
                                       const std::vector<Filter>& filters,
                                       const std::vector<hsize_t>& extents) const;

  InputFile input_;
  hdf5::Session session_;
  Handle file_;
  bool addresses_are_offsets_ = true;
  std::vector<Entry> entries_;
  std::vector<std::string> strays_;  // what can stand for no parameter: "block1 is a soft link"
  std::size_t visits_ = 0;
  std::uint64_t claimed_values_ = 0;
  std::uint64_t stored_bytes_ = 0;
};

int read_hyperparameter(const Handle& root, const char* name) {
  const std::int64_t value = hdf5::read_integer(root, name);
  require(value >= 0 && value <= std::numeric_limits<int>::max(),
          "its attribute {} is {}, which no network has", name, value);
  return static_cast<int>(value);
}

Architecture read_architecture(const Handle& root) {
  const std::string family = hdf5::read_string(root, "architecture");
  if (family == kDenseNetFamily) {
    DenseNetConfig config;
    config.depth = read_hyperparameter(root, "depth");
    config.growth_rate = read_hyperparameter(root, "growth_rate");
    config.reduction = hdf5::read_number(root, "reduction");
    config.bottleneck = hdf5::read_boolean(root, "bottleneck");
    config.num_classes = read_hyperparameter(root, "num_classes");
    return config;
  }
  require(family == kWideResNetFamily, "its architecture is '{}' where '{}' or '{}' is expected",
          printable(family), kDenseNetFamily, kWideResNetFamily);
  WideResNetConfig config;
  config.depth = read_hyperparameter(root, "depth");
  config.widen_factor = read_hyperparameter(root, "widen_factor");
  config.num_classes = read_hyperparameter(root, "num_classes");
  return config;
}

std::array<float, 3> read_channels(const Handle& root, const char* name) {
  const std::vector<double> values = hdf5::read_numbers(root, name, 3);
  return {static_cast<float>(values[0]), static_cast<float>(values[1]),
          static_cast<float>(values[2])};
}

Checkpoint Reader::description() const {
  const std::string format = hdf5::read_string(file_, "format");
  require(format == kCheckpointFormat, "its format is '{}' where '{}' is expected",
          printable(format), kCheckpointFormat);
  const std::int64_t version = hdf5::read_integer(file_, "format_version");
  require(version == kCheckpointVersion,
          "its format has version {} where {} is expected; use a version of this program that is "
          "as {} as the file",
          version, kCheckpointVersion, version > kCheckpointVersion ? "new" : "old");
  Checkpoint checkpoint;
  checkpoint.architecture = read_architecture(file_);
  checkpoint.class_names = hdf5::read_strings(file_, "class_names");
  checkpoint.mean = read_channels(file_, "mean");
  checkpoint.std = read_channels(file_, "std");
  checkpoint.in_dataset = hdf5::read_string(file_, "in_dataset");
  checkpoint.source = hdf5::read_string(file_, "source");
  check_description(checkpoint);
  return checkpoint;
}

void Reader::list_group(const Handle& group, const std::string& prefix, int depth) {
  // Hard links can make a group contain itself.
  require(depth <= kMaxDepth, "its groups lie more than {} deep in each other", kMaxDepth);
  std::vector<Link> links;
  check(H5Literate(group.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_link, &links),
        "the entries of its group /{} cannot be listed", printable(prefix));
  for (const Link& link : links) {
    // Counted by visits: of groups that share their contents, each is visited anew.
    require(++visits_ <= kMaxEntries, "it has more than {} entries", kMaxEntries);
    const std::string path = prefix.empty() ? link.name : prefix + "/" + link.name;
    list_link(group, link, path, depth);
  }
}

void Reader::list_link(const Handle& group, const Link& link, const std::string& path, int depth) {
  const auto stray = [&](std::string_view problem) {
    strays_.push_back(fmt::format("{} {}", printable(path), problem));
  };
  if (link.type != H5L_TYPE_HARD) {
    return stray("is a soft or external link, which is not followed");
  }
  if (link.name.find_first_of("./") != std::string::npos) {
    return stray("has a '.' or '/' in its name");
  }
  Handle object(check(H5Oopen(group.get(), link.name.c_str(), H5P_DEFAULT),
                      "its entry {} cannot be opened", printable(path)));
  switch (H5Iget_type(object.get())) {
    case H5I_GROUP:
      return list_group(object, path, depth + 1);
    case H5I_DATASET: {
      std::string name = path;
      std::replace(name.begin(), name.end(), '/', '.');
      entries_.push_back(open_dataset(std::move(object), name));
      return;
    }
    default:
      return stray("is neither a group nor a data set");
  }
}

// What goes wrong with an entry is thrown as a clause that follows its name.

// The filters of a data set, in the order of writing. Refuses those that are not HDF5's own code.
std::vector<Filter> filters_of(const Handle& properties) {
  const int count = check(H5Pget_nfilters(properties.get()), "has filters that cannot be read");
  std::vector<Filter> filters;
  for (int i = 0; i < count; ++i) {
    Filter filter;
    unsigned flags = 0;
    std::size_t parameters = 1;
    std::array<char, 64> name{};
    filter.id =
        check(H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &parameters,
                             &filter.first_parameter, name.size() - 1, name.data(), nullptr),
              "has a filter that cannot be read");
    require(filter.id == H5Z_FILTER_DEFLATE || filter.id == H5Z_FILTER_SHUFFLE ||
                filter.id == H5Z_FILTER_FLETCHER32,
            "is stored with the filter {} ({}) where gzip, shuffle, fletcher32 or none is expected",
            filter.id, name[0] != '\0' ? printable(name.data()) : "of no name");
    filters.push_back(filter);
  }
  return filters;
}

H5D_layout_t layout_of(const Handle& properties) {
  return static_cast<H5D_layout_t>(
      check(static_cast<int>(H5Pget_layout(properties.get())), "has a layout that cannot be read"));
}

// Refuses data that would be taken from other files.
void check_sources(const Handle& properties) {
  require(layout_of(properties) != H5D_VIRTUAL,
          "is a virtual data set, whose sources are not read");
  const int files = check(H5Pget_external_count(properties.get()), "has unreadable storage");
  require(files == 0, "is stored in another file, which is not read");
}

void check_type(const Handle& dataset) {
  const Handle type(check(H5Dget_type(dataset.get()), "has a type that cannot be read"));
  const htri_t is_float =
      check(H5Tequal(type.get(), H5T_IEEE_F32LE), "has a type that cannot be read");
  require(is_float > 0, "holds {} where 32-bit floats are expected", hdf5::describe(type));
}

std::vector<hsize_t> extents_of(const Handle& dataset) {
  constexpr const char* kUnreadable = "has an extent that cannot be read";
  const Handle space(check(H5Dget_space(dataset.get()), "{}", kUnreadable));
  const int kind =
      check(static_cast<int>(H5Sget_simple_extent_type(space.get())), "{}", kUnreadable);
  require(kind != H5S_NULL, "is an empty data set");
  const int rank = check(H5Sget_simple_extent_ndims(space.get()), "{}", kUnreadable);
  require(rank <= Shape::kMaxRank, "has {} dimensions, more than any parameter", rank);
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), "{}", kUnreadable);
  return extents;
}

// The product of the extents, or more than kMaxValues where it is.
std::uint64_t count_values(const std::vector<hsize_t>& extents) {
  if (std::find(extents.begin(), extents.end(), hsize_t{0}) != extents.end()) return 0;
  std::uint64_t count = 1;
  for (const hsize_t extent : extents) {
    if (extent > kMaxValues / count) return kMaxValues + 1;
    count *= extent;
  }
  return count;
}

Entry Reader::open_dataset(Handle dataset, const std::string& name) {
  Entry entry;
  entry.name = name;
  try {
    const Handle properties(
        check(H5Dget_create_plist(dataset.get()), "has properties that cannot be read"));
    check_sources(properties);  // first: to ask a virtual data set for its extent opens its sources
    const std::vector<Filter> filters = filters_of(properties);
    check_type(dataset);
    const std::vector<hsize_t> extents = extents_of(dataset);
    const std::uint64_t count = count_values(extents);
    require(count <= kMaxValues, "has the extents {}, too many values for any network",
            fmt::join(extents, " x "));
    entry.found.shape = shape_of(extents);
    // Limits on sums, for entries may share one piece of the file.
    const std::uint64_t stored = H5Dget_storage_size(dataset.get());
    require(stored <= input_.size() - stored_bytes_, "claims more bytes than the file has");
    stored_bytes_ += stored;
    const bool chunked = layout_of(properties) == H5D_CHUNKED;
    require(4 * count <= (chunked ? kMostExpansion : 1) * stored,
            "has the shape {} but only {} bytes of it are stored", entry.found.shape.to_string(),
            stored);
    require(count <= kMaxValues - claimed_values_,
            "has the shape {}, with the others too many values for any network",
            entry.found.shape.to_string());
    claimed_values_ += count;
    if (chunked && count > 0) entry.chunks = find_chunks(dataset, properties, filters, extents);
    entry.dataset = std::move(dataset);
  } catch (const Error& error) {
    entry.found.problem = error.what();
  }
  return entry;
}

// Whether the filters are none, shuffle, deflate or both in this order: those that we can undo.
bool can_decode(const std::vector<Filter>& filters) {
  std::size_t known = 0;
  if (known < filters.size() && filters[known].id == H5Z_FILTER_SHUFFLE &&
      filters[known].first_parameter == sizeof(float)) {
    ++known;
  }
  if (known < filters.size() && filters[known].id == H5Z_FILTER_DEFLATE) ++known;
  return known == filters.size();
}

// The filters that one chunk went through: bit i of `skipped` says that filter i was left out.
ChunkFilters filters_of_chunk(const std::vector<Filter>& filters, unsigned skipped) {
  ChunkFilters used{false, false};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if ((skipped >> i & 1) != 0) continue;
    (filters[i].id == H5Z_FILTER_SHUFFLE ? used.shuffle : used.deflate) = true;
  }
  return used;
}

std::vector<StoredChunk> Reader::find_chunks(const Handle& dataset, const Handle& properties,
                                             const std::vector<Filter>& filters,
                                             const std::vector<hsize_t>& extents) const {
  std::vector<hsize_t> chunk(extents.size());
  check(H5Pget_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()),
        "has chunks that cannot be found");
  hsize_t expected = 1;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    expected *= (extents[axis] - 1) / chunk[axis] + 1;
  }
  const Handle space(check(H5Dget_space(dataset.get()), "has chunks that cannot be found"));
  hsize_t stored = 0;
  check(H5Dget_num_chunks(dataset.get(), space.get(), &stored), "has chunks that cannot be found");
  require(stored == expected, "has {} chunks stored where its extents need {}", stored, expected);

  const bool whole_rows =
      chunk[0] <= extents[0] && std::equal(chunk.begin() + 1, chunk.end(), extents.begin() + 1);
  if (!addresses_are_offsets_ || !whole_rows || expected > kMaxChunks || !can_decode(filters)) {
    return {};
  }
  const std::size_t values = count_values(chunk);
  std::vector<StoredChunk> chunks;
  std::array<hsize_t, Shape::kMaxRank> offset{};
  for (; offset[0] < extents[0]; offset[0] += chunk[0]) {
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    unsigned skipped = 0;
    check(H5Dget_chunk_info_by_coord(dataset.get(), offset.data(), &skipped, &address, &bytes),
          "has chunks that cannot be found");
    require(address != HADDR_UNDEF, "has chunks that are not stored");
    chunks.push_back({.address = address,
                      .bytes = bytes,
                      .first = offset[0] * (values / chunk[0]),
                      .values = values,
                      .filters = filters_of_chunk(filters, skipped)});
  }
  return chunks;
}

std::vector<std::string> Reader::structure_problems(const Architecture& architecture) const {
  std::vector<std::string> problems = strays_;
  std::map<std::string, FoundParameter> found;
  for (const Entry& entry : entries_) found[entry.name] = entry.found;
  const std::vector<std::string> others = odin::structure_problems(architecture, found);
  problems.insert(problems.end(), others.begin(), others.end());
  return problems;
}

void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<float> array) {
  const Bytes stored = file.read(chunk.address, chunk.bytes);
  const std::span<float> target = array.subspan(chunk.first);
  if (target.size() >= chunk.values) {
    decode_chunk(stored, chunk.filters, target.first(chunk.values));
  } else {
    std::vector<float> values(chunk.values);
    decode_chunk(stored, chunk.filters, values);
    std::copy_n(values.begin(), target.size(), target.begin());
  }
}

ParameterMap Reader::load() const {
  struct Piece {
    const Entry* entry;
    const StoredChunk* chunk;
    std::span<float> array;
  };
  ParameterMap parameters;
  std::vector<ParameterArray*> arrays;
  for (const Entry& entry : entries_) {
    if (!entry.found.problem.empty()) continue;
    ParameterArray& array = parameters[entry.name];
    array.shape = entry.found.shape;
    arrays.push_back(&array);
  }
  // Clearing memory means fetching it from the system, which takes as long as decoding.
  parallel_for(arrays.size(), [&](std::size_t i) {
    arrays[i]->values.resize(static_cast<std::size_t>(arrays[i]->shape.numel()));
  });

  std::vector<Piece> pieces;
  for (const Entry& entry : entries_) {
    if (!entry.found.problem.empty()) continue;
    const std::span<float> array = parameters[entry.name].values;
    for (const StoredChunk& chunk : entry.chunks) pieces.push_back({&entry, &chunk, array});
    if (!entry.chunks.empty() || array.empty()) continue;
    check(
        H5Dread(entry.dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.data()),
        "{} cannot be read", entry.name);
  }
  parallel_for(pieces.size(), [&](std::size_t i) {
    try {
      read_chunk(input_, *pieces[i].chunk, pieces[i].array);
    } catch (const Error& error) {
      fail("{} cannot be read ({})", pieces[i].entry->name, error.what());
    }
  });
  return parameters;
}

// Reads a file; where its structure is wrong, its values only if `even_if_wrong`.
CheckpointInspection read(const fs::path& file, bool even_if_wrong) {
  try {
    Reader reader(file);
    CheckpointInspection result;
    result.checkpoint = reader.description();
    reader.list();
    result.problems = reader.structure_problems(result.checkpoint.architecture);
    if (!result.problems.empty() && !even_if_wrong) return result;
    result.checkpoint.parameters = reader.load();
    const std::vector<std::string> others = value_problems(result.checkpoint.parameters);
    result.problems.insert(result.problems.end(), others.begin(), others.end());
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
