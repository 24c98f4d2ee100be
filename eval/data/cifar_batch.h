// One file of CIFAR-10 or CIFAR-100, in either of the versions that are published.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "weights/files/byte_source.h"
#include "weights/files/input_file.h"

namespace odin {

// Of every image: 3 x 32 x 32 bytes.
inline constexpr int kCifarSide = 32;
inline constexpr std::int64_t kCifarPlane = std::int64_t{kCifarSide} * kCifarSide;
inline constexpr std::int64_t kCifarElements = 3 * kCifarPlane;

// What the two data sets differ in.
struct CifarKind {
  std::string_view name;
  std::vector<int> classes;    // by label byte; the last one is the label that we use
  std::string_view label_key;  // in a batch of the Python version
  std::string_view names_key;  // in its file of names
};

// Image i is the 3,072 bytes from first + i * stride: red, green and blue, each row by row.
struct CifarBatch {
  SharedSource bytes;
  std::uint64_t first = 0;
  std::uint64_t stride = 0;
  std::vector<std::int32_t> labels;  // one per image
};

// Whether a file is a batch of the Python version. It begins as the records of the other never do.
bool is_python_batch(const InputFile& file);

// A batch of the binary version: records of the labels, one byte each, and an image. Images stay in
// the file. Throws Error, naming the file, if it is not a whole number of records or has a label
// out of range.
CifarBatch read_binary_batch(InputFile file, const CifarKind& kind);

// A batch of the Python version: a pickle of a dict, which is read as data, with `data`, a NumPy
// array of bytes (images, 3072), and the labels. Written by Python 2 or 3, with any protocol from 2
// on. Images stay in the file, unless they are stored by columns. Throws Error, naming the file, if
// it is anything else or has a label out of range.
CifarBatch read_python_batch(InputFile file, const CifarKind& kind);

// The names of the classes in batches.meta or meta of the Python version. None if there is no such
// file. Throws Error unless it names all classes, each once.
std::vector<std::string> read_python_class_names(const std::filesystem::path& file,
                                                 const CifarKind& kind);

}  // namespace odin
