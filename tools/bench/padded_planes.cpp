#include "tools/bench/padded_planes.h"

#include <algorithm>
#include <cstdint>

#include "kernels/as_size.h"

namespace odin::bench {

cpu::FloatMemory allocate_planes(int images, int channels, int pixels, cpu::Planes& planes) {
  planes.plane = cpu::padded_plane(pixels);
  planes.image = planes.plane * channels;
  cpu::FloatMemory memory(as_size(planes.image * images));
  planes.data = memory.data();
  return memory;
}

void copy_planes(const std::vector<float>& from, int images, int channels, int pixels,
                 const cpu::Planes& to) {
  for (int i = 0; i < images; ++i) {
    for (int c = 0; c < channels; ++c) {
      const float* plane = from.data() + (std::int64_t{i} * channels + c) * pixels;
      std::copy_n(plane, pixels, to.data + i * to.image + c * to.plane);
    }
  }
}

}  // namespace odin::bench
