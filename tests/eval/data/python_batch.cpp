#include "tests/eval/data/python_batch.h"

#include "tests/support/bytes.h"

namespace odin::test {
namespace {

constexpr std::size_t kImage = 3 * 32 * 32;

// SHORT_BINSTRING: a string of Python 2.
std::string string(std::string_view value) {
  return bytes("U") + little(value.size(), 1) + std::string(value);
}

// BININT: a whole number below 2 ** 31.
std::string number(std::uint64_t value) {
  return bytes("J") + little(value, 4);
}

std::string array(std::string_view pixels) {
  const std::string made = global("numpy.core.multiarray", "_reconstruct") +
                           global("numpy", "ndarray") + bytes("K\x00\x85") + string("b") +
                           bytes("\x87R");
  // 0xc00 is 3072.
  const std::string shape = number(pixels.size() / kImage) + bytes("M\x00\x0c\x86");
  const std::string dtype = global("numpy", "dtype") + string("u1") +
                            bytes("K\x00K\x01\x87R(K\x03") + string("|") +
                            bytes("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
  return made + bytes("(K\x01") + shape + dtype + bytes("\x89T") + little(pixels.size(), 4) +
         std::string(pixels) + "tb";
}

}  // namespace

std::string python_batch(std::string_view label_key, const std::vector<int>& labels,
                         std::string_view pixels) {
  std::string list = "](";
  for (const int label : labels) list += bytes("K") + little(static_cast<unsigned>(label), 1);
  return pickle("}(" + string("data") + array(pixels) + string(label_key) + list + "eu");
}

std::string python_names(std::string_view key, const std::vector<std::string>& names) {
  std::string list = "](";
  for (const std::string& name : names) list += string(name);
  return pickle("}(" + string(key) + list + "eu");
}

}  // namespace odin::test
