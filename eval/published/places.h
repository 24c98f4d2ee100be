// Where data sets and networks are below the user's folders, and the commands that fetch them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "eval/published/networks.h"

namespace odin {

// The data-set specification of the first place that exists below `data_folder`, else of the first:
// "folder:Imagenet" becomes "folder:DATA/Imagenet". "uniform" stays as it is.
std::string first_place_there(std::span<const std::string> places,
                              const std::filesystem::path& data_folder);

// The command that fetches the set of a specification ("folder:DATA/iSUN", "cifar10:DATA/..."), if
// it has a place of a set that fetch_data knows; else empty.
std::string fetch_command(std::string_view specification);
// The command that fetches a published network into a folder.
std::string fetch_command(const PublishedNetwork& network,
                          const std::filesystem::path& weights_folder);

}  // namespace odin
