#include "eval/report/version.h"

namespace odin {

std::string_view version() {
  return ODIN_VERSION;
}

}  // namespace odin
