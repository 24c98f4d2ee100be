#include <algorithm>
#include <utility>

#include "eval/data/cifar_batch.h"
#include "kernels/error.h"

namespace odin {

CifarBatch read_binary_batch(InputFile file, const CifarKind& kind) {
  const auto label_bytes = static_cast<std::int64_t>(kind.classes.size());
  const std::int64_t record = label_bytes + kCifarElements;
  require(file.size() > 0 && file.size() % record == 0,
          "'{}' has {} bytes, which is not a whole number of the {}-byte records of {}'s binary "
          "version: download it again, or check which data set it is",
          file.path().string(), file.size(), record, kind.name);
  constexpr std::int64_t kRecordsAtOnce = 256;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kRecordsAtOnce * record));
  CifarBatch batch;
  const std::int64_t count = file.size() / record;
  for (std::int64_t begin = 0; begin < count; begin += kRecordsAtOnce) {
    const std::int64_t n = std::min(kRecordsAtOnce, count - begin);
    file.read(begin * record, bytes.data(), static_cast<std::size_t>(n * record));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint8_t* at = bytes.data() + i * record;
      for (const int classes : kind.classes) {
        if (*at >= classes) {
          fail(
              "'{}' has the label {} in record {}, but {} has classes 0 to {}: download it again, "
              "or check which data set it is",
              file.path().string(), *at, begin + i, kind.name, classes - 1);
        }
        ++at;
      }
      batch.labels.push_back(at[-1]);
    }
  }
  batch.bytes = in_file(std::move(file));
  batch.first = static_cast<std::uint64_t>(label_bytes);
  batch.stride = static_cast<std::uint64_t>(record);
  return batch;
}

}  // namespace odin
