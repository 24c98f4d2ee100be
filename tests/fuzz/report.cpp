// A libFuzzer target: what the process that reads a checkpoint through HDF5 reports is taken over
// or throws Error, whatever that process has become. An input is a report.
//
// The corpus begins with checkpoints (make_corpus.py): when the target starts it puts their reports
// in their place. The chunks that a report names are those of one of these files.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tests/fuzz/memory_folder.h"
#include "weights/read_arrays.h"
#include "weights/stored_checkpoint.h"

namespace {
namespace fs = std::filesystem;

// A small report may name larger arrays. To read them finds nothing new.
constexpr std::uint64_t kMostWords = 1 << 16;

fs::path file_of_chunks;

// Puts the report of a checkpoint in its place.
void replace_by_report(const fs::path& checkpoint) {
  const odin::InputFile input(checkpoint);
  const std::vector<std::byte> report = odin::report_of(input);
  if (checkpoint.filename() == "deflated") {
    static const odin::test::MemoryFolder folder;
    const std::string bytes = input.content();
    file_of_chunks =
        folder.write("file", {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  }
  std::ofstream(checkpoint, std::ios::binary)
      .write(reinterpret_cast<const char*>(report.data()), std::ssize(report));
}

std::uint64_t words_of(const odin::StoredCheckpoint& stored) {
  std::uint64_t words = 0;
  for (const odin::StoredEntry& entry : stored.entries()) {
    if (entry.array) words += odin::words_of(*entry.array);
  }
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  const fs::path corpus = (*arguments)[*count - 1];
  if (!fs::is_directory(corpus)) return 0;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    try {
      replace_by_report(entry.path());
    } catch (const odin::Error&) {  // it is a report of an earlier start, or too damaged
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const odin::StoredCheckpoint stored(std::vector<std::byte>(bytes.begin(), bytes.end()));
    if (words_of(stored) > kMostWords) return 0;
    odin::Checkpoint checkpoint = stored.description();
    odin::read_arrays(stored, odin::InputFile(file_of_chunks), checkpoint);
  } catch (const odin::Error&) {
  }
  return 0;
}
