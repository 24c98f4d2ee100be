#include "weights/hdf5_array.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/printable.h"
#include "weights/hdf5_attribute.h"

namespace odin::hdf5 {
namespace {

// Bytes that one deflated byte can stand for at most (a match of 258 bytes takes two bits).
constexpr std::uint64_t kMostExpansion = 1032;

using Extents = std::vector<std::uint64_t>;

struct Filter {
  H5Z_filter_t id = H5Z_FILTER_ERROR;
  unsigned first_parameter = 0;  // of shuffle: the size of an element
};

// The filters of a data set, in the order of writing. Refuses filters that are not HDF5's own code.
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

// Refuses data that is stored in other files.
void check_sources(const Handle& properties) {
  require(layout_of(properties) != H5D_VIRTUAL,
          "is a virtual data set, whose sources are not read");
  const int files = check(H5Pget_external_count(properties.get()), "has unreadable storage");
  require(files == 0, "is stored in another file, which is not read");
}

DataType type_of(const Handle& dataset, StoredTypes types) {
  const Handle type(check(H5Dget_type(dataset.get()), "has a type that cannot be read"));
  const auto is = [&](hid_t other) {
    return check(H5Tequal(type.get(), other), "has a type that cannot be read") > 0;
  };
  if (is(H5T_IEEE_F32LE)) return DataType::kFloat32;
  const bool or_double = types == StoredTypes::kFloatOrDouble;
  if (or_double && is(H5T_IEEE_F64LE)) return DataType::kFloat64;
  fail("holds {} where 32-bit {}floats are expected", describe(type),
       or_double ? "or 64-bit " : "");
}

Extents extents_of(const Handle& dataset) {
  constexpr const char* kUnreadable = "has an extent that cannot be read";
  const Handle space(check(H5Dget_space(dataset.get()), "{}", kUnreadable));
  const int kind =
      check(static_cast<int>(H5Sget_simple_extent_type(space.get())), "{}", kUnreadable);
  require(kind != H5S_NULL, "is an empty data set");
  const int rank = check(H5Sget_simple_extent_ndims(space.get()), "{}", kUnreadable);
  require(rank <= Shape::kMaxRank, "has {} dimensions, more than any parameter", rank);
  std::array<hsize_t, Shape::kMaxRank> extents{};
  check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), "{}", kUnreadable);
  return {extents.begin(), extents.begin() + rank};
}

// Whether we can undo the filters: none, shuffle, deflate, or shuffle before deflate.
bool can_decode(const std::vector<Filter>& filters, DataType type) {
  std::size_t known = 0;
  if (known < filters.size() && filters[known].id == H5Z_FILTER_SHUFFLE &&
      filters[known].first_parameter == size_of(type)) {
    ++known;
  }
  if (known < filters.size() && filters[known].id == H5Z_FILTER_DEFLATE) ++known;
  return known == filters.size();
}

// The filters that one chunk went through: bit i of `skipped` says that filter i was skipped.
ChunkFilters filters_of_chunk(const std::vector<Filter>& filters, unsigned skipped) {
  ChunkFilters used{false, false};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if ((skipped >> i & 1) != 0) continue;
    (filters[i].id == H5Z_FILTER_SHUFFLE ? used.shuffle : used.deflate) = true;
  }
  return used;
}

std::vector<StoredChunk> find_chunks(const Handle& dataset, const Handle& properties,
                                     const std::vector<Filter>& filters, DataType type,
                                     const Extents& extents, bool addresses_are_offsets) {
  require(!extents.empty(), "has chunks but no axis");
  std::array<hsize_t, Shape::kMaxRank> sizes{};
  check(H5Pget_chunk(properties.get(), static_cast<int>(extents.size()), sizes.data()),
        "has chunks that cannot be found");
  const Extents chunk(sizes.begin(), sizes.begin() + std::ssize(extents));
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
  if (!addresses_are_offsets || !whole_rows || expected > kMostChunks ||
      !can_decode(filters, type)) {
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

// An array that is stored in one piece.
StoredChunk whole_array(const Handle& dataset, const StoredArray& array) {
  const haddr_t address = H5Dget_offset(dataset.get());
  require(address != HADDR_UNDEF, "has values that cannot be found ({})", reason());
  return {.address = address,
          .bytes = 4 * words_of(array),
          .first = 0,
          .values = static_cast<std::size_t>(array.shape.numel()),
          .filters = {.shuffle = false, .deflate = false}};
}

}  // namespace

StoredArray examine_array(const Handle& dataset, StoredFile& file, StoredTypes types) {
  const Handle properties(
      check(H5Dget_create_plist(dataset.get()), "has properties that cannot be read"));
  check_sources(properties);  // first: to ask a virtual data set for its extent opens its sources
  const std::vector<Filter> filters = filters_of(properties);
  StoredArray array;
  array.type = type_of(dataset, types);
  const Extents extents = extents_of(dataset);
  array.shape = shape_of(extents, array.type);
  const std::uint64_t words = words_of(array);
  const H5D_layout_t layout = layout_of(properties);
  const std::uint64_t stored = H5Dget_storage_size(dataset.get());
  require(stored <= file.size - file.claimed_bytes, "claims more bytes than the file has");
  file.claimed_bytes += stored;
  const bool chunked = layout == H5D_CHUNKED;
  require(4 * words <= (chunked ? kMostExpansion : 1) * stored,
          "has the shape {} but only {} bytes of it are stored", array.shape.to_string(), stored);
  require(words <= kMostStoredWords - file.claimed_values,
          "has the shape {}, with the others too many values for any network",
          array.shape.to_string());
  file.claimed_values += words;
  if (words == 0) return array;
  if (chunked) {
    array.chunks =
        find_chunks(dataset, properties, filters, array.type, extents, file.addresses_are_offsets);
  } else if (layout == H5D_CONTIGUOUS && filters.empty() && file.addresses_are_offsets) {
    array.chunks = {whole_array(dataset, array)};
  }
  return array;
}

template <class T>
void read_array(const Handle& dataset, std::span<T> values) {
  const hid_t type = std::is_same_v<T, float> ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
  const herr_t status = H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  if (status < 0) fail("{}", reason());
}

template void read_array(const Handle& dataset, std::span<float> values);
template void read_array(const Handle& dataset, std::span<double> values);

}  // namespace odin::hdf5
