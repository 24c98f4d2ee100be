#include "eval/detection/verdict_sheet.h"

#include <filesystem>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "eval/detection/score_text.h"
#include "eval/image/png_writer.h"
#include "eval/report/html/page.h"
#include "eval/report/html/text.h"
#include "weights/files/atomic_file.h"
#include "weights/files/output_folder.h"

namespace odin {
namespace {

constexpr std::int64_t kMostShown = 1000;

// A frame in the colour of the verdict, which is also said in words.
constexpr std::string_view kFrames = R"css(
.verdicts { grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem 0.8rem; }
.verdicts img { max-width: none; border: 4px solid; border-radius: 5px; }
.verdicts .in img { border-color: var(--in); }
.verdicts .out img { border-color: var(--out); border-style: dashed; }
.verdicts .in b:first-of-type { color: var(--in); }
.verdicts .out b:first-of-type { color: var(--out); }
)css";

}  // namespace

VerdictSheet::VerdictSheet(std::filesystem::path folder, std::vector<std::string> class_names)
    : folder_(std::move(folder)), class_names_(std::move(class_names)) {
  make_output_folder(folder_);
}

void VerdictSheet::add(const std::string& file, std::span<const std::uint8_t> pixels,
                       const ImageShape& shape, const Verdict& verdict) {
  if (++added_ > kMostShown) return;
  const auto place = static_cast<std::size_t>(verdict.predicted_class);
  const std::string predicted =
      html_escaped(class_names_.empty() ? fmt::format("class {}", verdict.predicted_class)
                                        : class_names_[place]);
  const std::string name = html_escaped(std::filesystem::path(file).filename().string());
  const std::string_view kind = verdict.in_distribution ? "in" : "out";
  fmt::format_to(std::back_inserter(items_),
                 "<li class=\"{}\"><img alt=\"\" src=\"data:image/png;base64,{}\"/>"
                 "<b>{} distribution</b><bdi>{}</bdi> {:.0f} %<br/>{:#.6g}<br/>"
                 "<small><bdi>{}</bdi></small></li>\n",
                 kind, base64(encode_png(pixels, shape)), verdict.in_distribution ? "in" : "out of",
                 predicted, 100 * verdict.probability, verdict.score, name);
}

void VerdictSheet::write(const DetectorSettings& settings, const VerdictCounts& counts) const {
  std::string page = html_head("Verdicts", kFrames) + "<body>\n<h1>Verdicts</h1>\n";
  const auto fact = [&](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(page), "<div><dt>{}</dt><dd>{}</dd></div>\n", name,
                   html_escaped(value));
  };
  page += "<dl>\n";
  fact("In distribution", std::to_string(counts.accepted));
  fact("Out of distribution", std::to_string(counts.rejected));
  if (counts.unreadable > 0) fact("Unreadable", std::to_string(counts.unreadable));
  fact("Score", score_text(settings));
  fact("Threshold", fmt::format("{:#.6g}", settings.threshold));
  fact("Accepts",
       fmt::format("{:.1f} to {:.1f} % of images like those of {}", 100 * settings.tpr_low,
                   100 * settings.tpr_high, settings.images_name));
  page +=
      "</dl>\n<p>Under each image: the verdict, the class that the network sees and how sure it "
      "is, the score, the file.</p>\n<ul class=\"sheet verdicts\">\n";
  page += items_;
  page += "</ul>\n";
  if (added_ > kMostShown) {
    fmt::format_to(std::back_inserter(page), "<p>{} more images are not shown.</p>\n",
                   added_ - kMostShown);
  }
  page += "</body></html>\n";
  write_atomically(folder_ / "index.html", page);
}

}  // namespace odin
