#include "eval/scoring/score_files.h"

#include <iterator>
#include <string>

#include <fmt/format.h>

#include "weights/files/atomic_file.h"
#include "weights/files/output_folder.h"

namespace odin {

void write_score_files(const ScoreFiles& scores, const std::filesystem::path& folder) {
  make_output_folder(folder);
  const auto write = [&](std::string_view set, std::span<const double> values) {
    std::string text;
    for (const double score : values) {
      fmt::format_to(std::back_inserter(text), "{}, {}, {}\n", scores.temperature, scores.magnitude,
                     score);
    }
    const std::string_view name = scores.detector->score_file;
    write_atomically(folder / fmt::format("confidence_{}_{}.txt", name, set), text);
  };
  write("In", scores.in);
  write("Out", scores.out);
}

}  // namespace odin
