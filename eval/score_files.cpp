#include "eval/score_files.h"

#include <iterator>
#include <string>
#include <system_error>

#include "kernels/error.h"
#include "weights/atomic_file.h"

namespace odin {

void write_score_files(const ScoreFiles& scores, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  require(!error, "the folder {} for the score files cannot be made: {}; name another",
          folder.string(), error.message());
  const auto write = [&](std::string_view set, std::span<const double> values) {
    std::string text;
    for (const double score : values) {
      fmt::format_to(std::back_inserter(text), "{}, {}, {}\n", scores.temperature, scores.magnitude,
                     score);
    }
    const std::string_view name = info_of(scores.detector).score_file;
    write_atomically(folder / fmt::format("confidence_{}_{}.txt", name, set), text);
  };
  write("In", scores.in);
  write("Out", scores.out);
}

}  // namespace odin
