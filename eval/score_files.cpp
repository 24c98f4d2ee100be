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
  const auto write = [&](const char* name, std::span<const double> values) {
    std::string text;
    for (const double score : values) {
      fmt::format_to(std::back_inserter(text), "{}, {}, {}\n", scores.temperature, scores.magnitude,
                     score);
    }
    write_atomically(folder / name, text);
  };
  write("confidence_Base_In.txt", scores.baseline_in);
  write("confidence_Base_Out.txt", scores.baseline_out);
  write("confidence_Our_In.txt", scores.odin_in);
  write("confidence_Our_Out.txt", scores.odin_out);
}

}  // namespace odin
