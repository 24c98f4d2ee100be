#include "tools/archives/entry_name.h"

#include <string>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin::pytorch {

void require_inside(std::string_view name) {
  const std::string bounded = fmt::format("/{}/", name);
  require(!name.empty() && name.front() != '/' && bounded.find("/../") == std::string::npos &&
              name.find('\\') == std::string_view::npos &&
              name.find('\0') == std::string_view::npos,
          "the archive holds an entry that would be unpacked elsewhere: '{}'", printable(name));
}

}  // namespace odin::pytorch
