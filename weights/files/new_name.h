// Names that nothing has yet, for files and folders in the making.
#pragma once

#include <filesystem>
#include <functional>

namespace odin {

// Has `make` make something in `folder` under a name that nothing has. It is called with one name
// after another, as long as it returns EEXIST; it must fail so where something exists, whatever an
// earlier process left there. It returns the system's number of the error, or 0. Returns the path
// that was made. Throws std::system_error for any other error.
std::filesystem::path make_under_new_name(
    const std::filesystem::path& folder,
    const std::function<int(const std::filesystem::path&)>& make);

}  // namespace odin
