// The caches of a core, and what our kernels choose by them.
#pragma once

namespace odin::cpu {

// Bytes of a core's first- and second-level cache for data, as the system reports them (a virtual
// machine may report another's); a Zen 4's where it does not.
long first_level_cache();
long second_level_cache();

// How many steps of the depth ahead the micro-kernel asks for its panel of `panel_bytes` where the
// first-level cache has `cache_bytes`; 0: not at all.
int panel_steps_ahead(long cache_bytes, long panel_bytes);

// How much a thread takes at once. No result depends on it.
struct Blocks {
  int tiles;                     // in a block of Winograd's algorithm
  long pixels;                   // results of a channel in a group of images
  long pixels_of_large_weights;  // the same where the weights do not stay in a cache
  int images;                    // in a group, at most
};

// The blocks for a second-level cache of `cache_bytes`.
Blocks blocks_for(long cache_bytes);
// Images in a group, of whose results a channel has `pixels` each; at least 1.
int images_in_group(const Blocks& blocks, long pixels, bool large_weights);

}  // namespace odin::cpu
