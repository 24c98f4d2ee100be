#include "kernels/cuda/conv/wgmma.cuh"

namespace odin::cuda {
namespace {

// A stage is 52 KB for the widest tile; four fit into a multiprocessor's shared memory.
constexpr int kStages = 4;

template <class Tile>
void launch_tile(const GemmArguments& g, int parts, Stream stream) {
  constexpr std::size_t kMostShared = 227 * 1024;  // that a block may have
  static_assert(gemm_shared_bytes<Tile, kStages>(kMostWgmmaChannels) <= kMostShared);
  launch_tiles<Tile>(conv_wgmma_kernel<Tile, kStages>,
                     gemm_shared_bytes<Tile, kStages>(g.source.channels), g, parts, stream);
}

// 256 pixels for 160 channels, which uses every byte of a slab most often. The narrow tiles wait
// for memory anyway, and leave room for two blocks on a multiprocessor.
template <class T>
void launch_type(const GemmArguments& g, int parts, Stream stream) {
  switch (tile_width(g.epilogue.target.channels)) {
    case 16:
      return launch_tile<WarpgroupTile<T, 128, 16, 2>>(g, parts, stream);
    case 48:
      return launch_tile<WarpgroupTile<T, 128, 48, 2>>(g, parts, stream);
    case 160:
      return launch_tile<WarpgroupTile<T, 256, 160, 2>>(g, parts, stream);
    default:
      return launch_tile<WarpgroupTile<T, 128, 64, 2>>(g, parts, stream);
  }
}

}  // namespace

void conv_wgmma(const GemmArguments& g, int parts, Stream stream) {
  expect(g.source.element != Element::kFloat, "wgmma multiplies half precision only");
  if (g.source.element == Element::kHalf) {
    launch_type<Half>(g, parts, stream);
  } else {
    launch_type<BFloat16>(g, parts, stream);
  }
}

}  // namespace odin::cuda
