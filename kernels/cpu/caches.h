// The cache of a core, and what our kernels choose by it.
#pragma once

namespace odin::cpu {

// Bytes of the first-level data cache of this machine; a Zen 4's where the system does not say.
long first_level_cache();

// How many steps of the depth ahead the micro-kernel asks for its panel of `panel_bytes` where the
// first-level cache has `cache_bytes`; 0: not at all.
int panel_steps_ahead(long cache_bytes, long panel_bytes);

}  // namespace odin::cpu
