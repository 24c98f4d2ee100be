// Batches of CIFAR's Python version, opcode by opcode as Python 2 pickled them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace odin::test {

// {'data': array(images, 3072) of bytes, LABEL_KEY: labels}, of protocol 2, with byte strings as
// keys. `pixels` has 3,072 bytes an image.
std::string python_batch(std::string_view label_key, const std::vector<int>& labels,
                         std::string_view pixels);

// {KEY: names}, as in batches.meta.
std::string python_names(std::string_view key, const std::vector<std::string>& names);

}  // namespace odin::test
