// Where the names of images come from: one after another, so that memory holds few of them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/detection/interruption.h"

namespace odin {

struct ImageName {
  std::string file;  // as the user may give it to another program
  // A sentence if there is no image: a folder that cannot be listed, for example.
  std::string problem;
};

class ImageNames {
 public:
  virtual ~ImageNames() = default;
  // The next name, or nothing after the last one and once an interruption was requested. May wait
  // for names to arrive. One thread at a time may call it.
  virtual std::optional<ImageName> next(const Interruption& interruption) = 0;
};

// The name that stands for the names on standard input.
inline constexpr const char* kNamesOnStandardInput = "-";

// Of a folder, all pictures in it and in the folders below it, folder by folder and by name. Of
// "-", what each line on standard input names, a file or a folder. Of anything else, the name
// itself. A folder without pictures is a problem. The folder `except`, if given, is left out where
// it is in another one.
std::unique_ptr<ImageNames> names_of_paths(std::vector<std::string> paths,
                                           std::filesystem::path except = {});

// The pictures that programs close after writing to them, and those moved in, from now on, for
// ever. Those that begin with a dot are not counted, as in folders. Neither are empty files: a
// program that creates a file before it writes to it closes it again later. Ends with a problem if
// the folder itself is removed or moved. Throws Error if there is no such folder or the system
// cannot watch it.
std::unique_ptr<ImageNames> names_arriving_in(const std::filesystem::path& folder);

}  // namespace odin
