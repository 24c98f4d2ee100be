// Writes checkpoints: codes chunks on all cores, builds the file in memory, then stores it.
#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/error.h"
#include "kernels/thread_pool.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_attributes.h"
#include "weights/checkpoint_rules.h"
#include "weights/chunk_codec.h"
#include "weights/detector_attributes.h"
#include "weights/files/atomic_file.h"
#include "weights/hdf5_handle.h"

namespace odin {
namespace {

using hdf5::check;
using hdf5::Handle;

// Small enough for a core's cache, large enough that the cost per chunk does not matter.
constexpr std::int64_t kChunkValues = 128 * 1024;
// Chunks that are coded before they are written: enough for all cores, but little memory.
constexpr std::size_t kChunksAtOnce = 64;

// A file that HDF5 writes into memory, so that writing to the disk is ours: HDF5's error for a full
// disk is several lines with a time stamp and addresses, and it cannot write to a pipe or a device.
// This costs the file's size in memory (123 MB for a Wide-ResNet-28-10) and saves no time.
//
// The file grows exactly to the size that HDF5 asks for, so it ends with the bytes that would be on
// the disk. H5Fget_file_image() would not do: it changes a byte of the superblock without updating
// its checksum (HDF5 1.10).
class MemoryFile {
 public:
  // Reserves `expected` bytes at once: growing would hold them twice.
  explicit MemoryFile(std::size_t expected) { bytes_.reserve(expected); }

  // The file access properties that make HDF5 write here. They must not outlive this object.
  Handle access() {
    Handle properties(check(H5Pcreate(H5P_FILE_ACCESS), "file properties cannot be made"));
    const hid_t id = properties.get();
    check(H5Pset_fapl_core(id, 1, false), "a file cannot be made in memory");
    H5FD_file_image_callbacks_t callbacks = {allocate,    copy,       reallocate, release,
                                             share_owner, keep_owner, this};
    check(H5Pset_file_image_callbacks(id, &callbacks), "a file cannot be made in memory");
    // This version of the format has checksums for all metadata (but not for the data).
    check(H5Pset_libver_bounds(id, H5F_LIBVER_V110, H5F_LIBVER_V110),
          "the version of the file cannot be set");
    return properties;
  }

  // The file's bytes, complete once HDF5 has closed it.
  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  static void* allocate(std::size_t size, H5FD_file_image_op_t operation, void* owner) {
    return reallocate(nullptr, size, operation, owner);
  }
  static void* reallocate(void*, std::size_t size, H5FD_file_image_op_t, void* owner) {
    try {
      auto& bytes = static_cast<MemoryFile*>(owner)->bytes_;
      bytes.resize(size);
      return bytes.data();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  static void* copy(void* to, const void* from, std::size_t size, H5FD_file_image_op_t, void*) {
    return std::memcpy(to, from, size);
  }
  static herr_t release(void*, H5FD_file_image_op_t, void*) { return 0; }
  static void* share_owner(void* owner) { return owner; }
  static herr_t keep_owner(void*) { return 0; }

  std::vector<char> bytes_;
};

// Properties for creating a file, group or data set without a time stamp, which would make two
// files of the same checkpoint differ.
Handle timeless(hid_t property_class) {
  Handle properties(check(H5Pcreate(property_class), "creation properties cannot be made"));
  check(H5Pset_obj_track_times(properties.get(), false), "creation properties cannot be set");
  return properties;
}

// The same for groups, with links in the group's header: for few links that is smaller than an
// index.
Handle group_properties(hid_t property_class) {
  Handle properties = timeless(property_class);
  check(H5Pset_link_phase_change(properties.get(), 1024, 0), "creation properties cannot be set");
  check(H5Pset_attr_phase_change(properties.get(), 64, 0), "creation properties cannot be set");
  return properties;
}

// Whole rows of an array: all values of some consecutive indices of its first axis.
struct Chunk {
  std::size_t array = 0;
  std::int64_t first_row = 0;
  Bytes coded;
};

// An array, and the number of its rows in a chunk. The last chunk is padded with zeros.
struct ChunkedArray {
  std::string path;
  Shape shape;
  std::variant<std::span<const float>, std::span<const double>> values;
  std::int64_t row_values = 0;
  std::int64_t chunk_rows = 0;

  template <class T>
  ChunkedArray(std::string array_path, const Shape& array_shape, const std::vector<T>& all)
      : path(std::move(array_path)), shape(array_shape), values(std::span<const T>(all)) {
    const std::int64_t rows = shape[0];
    row_values = shape.numel() / rows;
    const std::int64_t most = std::max<std::int64_t>(1, kChunkValues / row_values);
    const std::int64_t chunks = (rows + most - 1) / most;
    chunk_rows = (rows + chunks - 1) / chunks;
  }

  Bytes encode(std::int64_t first_row) const {
    return std::visit([&](auto all) { return encode(all, first_row); }, values);
  }

 private:
  template <class T>
  Bytes encode(std::span<const T> all, std::int64_t first_row) const {
    const std::int64_t rows = std::min(chunk_rows, shape[0] - first_row);
    const std::span<const T> of_rows = all.subspan(static_cast<std::size_t>(first_row * row_values),
                                                   static_cast<std::size_t>(rows * row_values));
    if (rows == chunk_rows) return encode_chunk(of_rows);
    std::vector<T> padded(static_cast<std::size_t>(chunk_rows * row_values));
    std::copy(of_rows.begin(), of_rows.end(), padded.begin());
    return encode_chunk(std::span<const T>(padded));
  }
};

// The parameters, then what the detector has learnt.
std::vector<ChunkedArray> arrays_of(const Checkpoint& checkpoint) {
  std::vector<ChunkedArray> arrays;
  for (const auto& [name, array] : checkpoint.parameters) {
    std::string path = name;
    std::replace(path.begin(), path.end(), '.', '/');
    arrays.emplace_back(std::move(path), array.shape, array.values);
  }
  const auto add = [&](const auto& of_fit) {
    for (const auto& [name, values] : of_fit) {
      arrays.emplace_back(fmt::format("{}/{}", kDetectorFitGroup, name), Shape{std::ssize(values)},
                          values);
    }
  };
  if (checkpoint.detector_fit) {
    add(checkpoint.detector_fit->numbers);
    add(checkpoint.detector_fit->features);
  }
  return arrays;
}

Handle create_group(const std::string& path, const Handle& file) {
  return Handle(check(H5Gcreate2(file.get(), path.c_str(), H5P_DEFAULT,
                                 group_properties(H5P_GROUP_CREATE).get(), H5P_DEFAULT),
                      "the group {} cannot be created", path));
}

// Creates the groups that lead to `path`, those that `groups` does not name yet.
void create_groups(const std::string& path, const Handle& file, std::set<std::string>& groups) {
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string group = path.substr(0, end);
    if (!groups.insert(group).second) continue;
    create_group(group, file);
  }
}

Handle create_dataset(const ChunkedArray& array, const Handle& file) {
  const Shape& shape = array.shape;
  std::array<hsize_t, Shape::kMaxRank> extents{};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    extents[static_cast<std::size_t>(axis)] = static_cast<hsize_t>(shape[axis]);
  }
  const Handle space(check(H5Screate_simple(shape.rank(), extents.data(), nullptr),
                           "the extents of {} cannot be set", array.path));
  extents[0] = static_cast<hsize_t>(array.chunk_rows);
  const Handle properties = timeless(H5P_DATASET_CREATE);
  check(H5Pset_chunk(properties.get(), shape.rank(), extents.data()),
        "the chunks of {} cannot be set", array.path);
  check(H5Pset_shuffle(properties.get()), "the filters of {} cannot be set", array.path);
  check(H5Pset_deflate(properties.get(), 1), "the filters of {} cannot be set", array.path);
  const bool is_float = std::holds_alternative<std::span<const float>>(array.values);
  return Handle(
      check(H5Dcreate2(file.get(), array.path.c_str(), is_float ? H5T_IEEE_F32LE : H5T_IEEE_F64LE,
                       space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
            "{} cannot be created", array.path));
}

// `groups` names the groups that the file has.
void write_arrays(const std::vector<ChunkedArray>& arrays, const Handle& file,
                  std::set<std::string> groups) {
  std::vector<Chunk> chunks;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    for (std::int64_t row = 0; row < arrays[i].shape[0]; row += arrays[i].chunk_rows) {
      chunks.push_back({i, row, {}});
    }
  }

  ThreadPool pool(0);
  std::optional<Handle> dataset;
  for (std::size_t begin = 0; begin < chunks.size(); begin += kChunksAtOnce) {
    const std::size_t count = std::min(kChunksAtOnce, chunks.size() - begin);
    pool.run(static_cast<std::int64_t>(count), [&](std::int64_t i, int) {
      Chunk& chunk = chunks[begin + static_cast<std::size_t>(i)];
      chunk.coded = arrays[chunk.array].encode(chunk.first_row);
    });
    for (std::size_t i = begin; i < begin + count; ++i) {
      Chunk& chunk = chunks[i];
      const ChunkedArray& array = arrays[chunk.array];
      if (i == 0 || chunks[i - 1].array != chunk.array) {
        create_groups(array.path, file, groups);
        dataset = create_dataset(array, file);
      }
      const std::array<hsize_t, Shape::kMaxRank> offset = {static_cast<hsize_t>(chunk.first_row)};
      check(H5Dwrite_chunk(dataset->get(), H5P_DEFAULT, 0, offset.data(), chunk.coded.size(),
                           chunk.coded.data()),
            "{} cannot be written", array.path);
      chunk.coded = Bytes();  // free it: the file has its bytes now
    }
  }
}

void write_to_memory(const Checkpoint& checkpoint, const std::vector<ChunkedArray>& arrays,
                     MemoryFile& memory) {
  const hdf5::Session session;
  const Handle access = memory.access();
  // HDF5 first tries to open a file of this name, so the name must be impossible.
  Handle file(check(H5Fcreate("/dev/null/checkpoint", H5F_ACC_TRUNC,
                              group_properties(H5P_FILE_CREATE).get(), access.get()),
                    "a file cannot be made in memory"));
  write_description(checkpoint, file);
  std::set<std::string> groups;
  if (checkpoint.detector) {
    write_detector_settings(*checkpoint.detector, create_group(kDetectorGroup, file));
    groups.insert(kDetectorGroup);
  }
  write_arrays(arrays, file, std::move(groups));
  file.close();
}

}  // namespace

void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file) {
  std::optional<MemoryFile> memory;
  try {
    check_description(checkpoint);
    validate(checkpoint.architecture, checkpoint.parameters);
    const std::vector<std::string> problems = fit_problems(checkpoint);
    require(problems.empty(), "{}", summary(problems));
    const std::vector<ChunkedArray> arrays = arrays_of(checkpoint);
    std::size_t bytes = 0;
    for (const ChunkedArray& array : arrays) {
      bytes += std::visit([](auto values) { return values.size_bytes(); }, array.values);
    }
    check_stored_words(bytes / 4);
    memory.emplace(bytes);
    write_to_memory(checkpoint, arrays, *memory);
  } catch (const Error& error) {
    fail("{} is not written: {}", file.string(), error.what());
  }
  write_atomically(file, memory->bytes());
}

}  // namespace odin
