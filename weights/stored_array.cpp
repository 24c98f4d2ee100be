#include "weights/stored_array.h"

#include <algorithm>

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"

namespace odin {

std::uint64_t words_of(const StoredArray& array) {
  return static_cast<std::uint64_t>(array.shape.numel()) * (size_of(array.type) / 4);
}

std::uint64_t count_values(std::span<const std::uint64_t> extents) {
  if (std::ranges::find(extents, 0U) != extents.end()) return 0;
  std::uint64_t count = 1;
  for (const std::uint64_t extent : extents) {
    if (extent > kMostStoredWords / count) return kMostStoredWords + 1;
    count *= extent;
  }
  return count;
}

Shape shape_of(std::span<const std::uint64_t> extents, DataType type) {
  require(extents.size() <= Shape::kMaxRank, "has {} dimensions, more than any parameter",
          extents.size());
  const auto is_large = [](std::uint64_t extent) { return extent > kMostStoredWords; };
  require(std::ranges::none_of(extents, is_large) &&
              count_values(extents) * (size_of(type) / 4) <= kMostStoredWords,
          "has the extents {}, too many values for any network", fmt::join(extents, " x "));
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

void check_chunks(const StoredArray& array) {
  if (array.chunks.empty()) return;
  const auto count = static_cast<std::uint64_t>(array.shape.numel());
  const std::uint64_t values = array.chunks.front().values;
  require(values > 0 && values <= count && array.chunks.size() <= kMostChunks &&
              array.chunks.size() == (count + values - 1) / values,
          "has {} chunks of {} values where its extents need others", array.chunks.size(), values);
  for (std::size_t i = 0; i < array.chunks.size(); ++i) {
    const StoredChunk& chunk = array.chunks[i];
    require(chunk.values == values && chunk.first == i * values,
            "has a chunk of {} values at value {}, where others are expected", chunk.values,
            chunk.first);
  }
}

template <class T>
void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<T> array) {
  const auto size = static_cast<std::uint64_t>(file.size());
  require(chunk.address <= size && chunk.bytes <= size - chunk.address,
          "a part of it is past the file's end");
  const auto address = static_cast<std::int64_t>(chunk.address);
  const std::span<T> target = array.subspan(chunk.first);
  const bool is_plain = !chunk.filters.shuffle && !chunk.filters.deflate;
  if (is_plain && chunk.bytes == chunk.values * sizeof(T) && chunk.values <= target.size()) {
    return file.read(address, target.data(), chunk.bytes);  // the codec copies them unchanged, too
  }
  Bytes stored(chunk.bytes);
  file.read(address, stored.data(), stored.size());
  if (target.size() >= chunk.values) {
    decode_chunk(stored, chunk.filters, target.first(chunk.values));
  } else {
    std::vector<T> values(chunk.values);
    decode_chunk(stored, chunk.filters, std::span<T>(values));
    std::copy_n(values.begin(), target.size(), target.begin());
  }
}

template void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<float> array);
template void read_chunk(const InputFile& file, const StoredChunk& chunk, std::span<double> array);

}  // namespace odin
