#include "weights/files/output_folder.h"

#include <system_error>

#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/paths.h"

namespace odin {

void make_output_folder(const std::filesystem::path& folder) {
  require_short_enough(folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0)
    error = {errno, std::generic_category()};
  require(!error, "the folder {} cannot be written to: {}; name another", folder.string(),
          error.message());
}

}  // namespace odin
