// A small problem to learn, in memory and as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "eval/data/dataset.h"

namespace odin::test {

// Stripes: images of three classes, all channels alike: horizontal stripes, vertical stripes and a
// chequer board, each with a random phase, brightness and contrast, and with noise. Depends only on
// the seed.
std::shared_ptr<const Dataset> make_stripes(std::int64_t count, std::uint64_t seed,
                                            const ImageShape& shape = {});

// The same as grey images in IDX files: images-idx3-ubyte and labels-idx1-ubyte in `folder`.
// Returns the former.
std::filesystem::path write_stripes(const std::filesystem::path& folder, std::int64_t count,
                                    std::uint64_t seed, int side = 32);

}  // namespace odin::test
