// A libFuzzer target: the reader of PyTorch's files reads any bytes or throws Error.
#include "tools/conversion/network_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <zlib.h>

#include "kernels/error.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using odin::pytorch::NamedTensor;
using odin::pytorch::NetworkFile;

// In a small file, larger tensors are views that repeat elements. Reading them finds nothing new.
constexpr std::int64_t kMostElements = 1 << 16;
constexpr std::size_t kTarBlock = 512;

std::uint32_t load(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// Corrects the checksums of ZIP entries, which would otherwise stop nearly every mutation.
void repair_zip(std::span<std::uint8_t> bytes) {
  constexpr std::uint32_t kDirectoryHeader = 0x02014b50;
  constexpr std::size_t kHeaderBytes = 46;
  for (std::size_t at = 0; at + kHeaderBytes <= bytes.size(); ++at) {
    if (load(bytes, at) != kDirectoryHeader) continue;
    const std::size_t size = load(bytes, at + 24);
    const std::size_t header = load(bytes, at + 42);
    if (header + 30 > bytes.size()) continue;
    const std::size_t begin =
        header + 30 + (load(bytes, header + 26) & 0xffff) + (load(bytes, header + 26) >> 16);
    if (begin > bytes.size() || size > bytes.size() - begin) continue;
    const auto crc =
        static_cast<std::uint32_t>(crc32(0, bytes.data() + begin, static_cast<uInt>(size)));
    std::memcpy(bytes.data() + at + 16, &crc, sizeof(crc));
  }
}

// The same for the headers of a TAR archive.
void repair_tar(std::span<std::uint8_t> bytes) {
  for (std::size_t at = 0; at + kTarBlock <= bytes.size(); at += kTarBlock) {
    std::uint8_t* header = bytes.data() + at;
    if (std::memcmp(header + 257, "ustar", 5) != 0) continue;
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) sum += header[i];
    for (std::size_t digit = 0; digit < 6; ++digit) {
      header[153 - digit] = static_cast<std::uint8_t>('0' + (sum >> (3 * digit) & 7));
    }
    header[154] = 0;
  }
}

void read_all(const NetworkFile& file) {
  for (const NamedTensor& named : file.network().tensors) {
    if (named.tensor.count() > kMostElements) continue;
    try {
      odin::pytorch::read_elements(named.tensor);
    } catch (const odin::Error&) {
    }
  }
  file.architecture();
  file.parameters();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned /*seed*/) {
  size = LLVMFuzzerMutate(data, size, most);
  repair_zip({data, size});
  repair_tar({data, size});
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    read_all(NetworkFile(odin::in_memory({bytes.begin(), bytes.end()})));
  } catch (const odin::Error&) {
  }
  return 0;
}
