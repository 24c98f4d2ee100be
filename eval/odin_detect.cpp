// odin_detect: which images are in distribution, one after another.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/App.hpp>

#include "eval/cli/odin_detect_options.h"
#include "eval/cli/program.h"
#include "eval/detection/decode_ahead.h"
#include "eval/detection/explanation_folder.h"
#include "eval/detection/image_names.h"
#include "eval/detection/interruption.h"
#include "eval/detection/verdict_format.h"
#include "eval/detection/verdict_sheet.h"
#include "eval/scoring/launcher.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr const char* kProgram = "odin_detect";

// The names of one source, then those of the next one.
class NamesInTurn final : public ImageNames {
 public:
  explicit NamesInTurn(std::vector<std::unique_ptr<ImageNames>> sources)
      : sources_(std::move(sources)) {}

  std::optional<ImageName> next(const Interruption& interruption) override {
    for (; at_ < sources_.size(); ++at_) {
      if (std::optional<ImageName> name = sources_[at_]->next(interruption)) return name;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::unique_ptr<ImageNames>> sources_;
  std::size_t at_ = 0;
};

std::unique_ptr<VerdictFormat> format_of(const DetectOptions& o, const OodDetector& detector) {
  if (o.json) return verdict_json(detector.class_names());
  if (o.csv) return verdict_csv(detector.class_names());
  return verdict_text(detector.class_names(), detector.num_classes());
}

// Judges images and writes what is known of them at once.
class Judge {
 public:
  // Without explanations or a sheet where these are nullptr.
  Judge(OodDetector& detector, const VerdictFormat& format, const ExplanationFolder* explanations,
        VerdictSheet* sheet)
      : detector_(detector), format_(format), explanations_(explanations), sheet_(sheet) {}

  const VerdictCounts& counts() const { return counts_; }

  // Throws Error if the lines or an explanation cannot be written.
  void judge(const DecodedImages& images) {
    const std::vector<Verdict> verdicts = detector_.detect(images.pixels);
    std::string lines;
    std::size_t at = 0;  // of the images that can be judged
    for (const ImageName& name : images.names) {
      if (!name.problem.empty()) {
        lines += format_.problem_line(name.file, name.problem);
        write_to_standard_output(
            std::exchange(lines, {}));  // in order, where both go to a terminal
        complain(kProgram, printable(name.problem, std::string::npos, Characters::kUtf8));
        ++counts_.unreadable;
        continue;
      }
      const Verdict& verdict = verdicts[at];
      lines += format_.line(name.file, verdict);
      ++(verdict.in_distribution ? counts_.accepted : counts_.rejected);
      if (sheet_ != nullptr)
        sheet_->add(name.file, pixels_of(images, at), detector_.image_shape(), verdict);
      ++at;
    }
    write_to_standard_output(lines);
    if (explanations_ != nullptr) explain(images);
  }

 private:
  // Of the image with this number among those that can be judged.
  std::span<const std::uint8_t> pixels_of(const DecodedImages& images, std::size_t at) const {
    const auto elements = static_cast<std::size_t>(detector_.image_shape().elements());
    return std::span(images.pixels).subspan(at * elements, elements);
  }

  void explain(const DecodedImages& images) {
    const std::vector<Explanation> explanations = detector_.explain(images.pixels);
    std::size_t at = 0;
    for (const ImageName& name : images.names) {
      if (!name.problem.empty()) continue;
      explanations_->write(name.file, explanation_png(pixels_of(images, at),
                                                      detector_.image_shape(), explanations[at]));
      ++at;
    }
  }

  OodDetector& detector_;
  const VerdictFormat& format_;
  const ExplanationFolder* explanations_;
  VerdictSheet* sheet_;
  VerdictCounts counts_;
};

// Pictures that were written would be judged in turn, for ever.
void require_apart(const ExplanationFolder& explanations, const DetectOptions& o) {
  std::vector<std::string> folders = o.paths;
  folders.push_back(o.watch);
  for (const std::string& folder : folders) {
    std::error_code not_there;
    require(!std::filesystem::equivalent(folder, explanations.path(), not_there),
            "--explain writes into the folder '{}', whose images are to be judged: give it another "
            "folder",
            folder);
  }
}

int detect(const DetectOptions& o) {
  require_single_process();
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of writing
  Interruption interruption;
  std::optional<InterruptionBySignal> by_signal;
  std::vector<std::unique_ptr<ImageNames>> sources;
  sources.push_back(names_of_paths(o.paths, o.explain));
  if (!o.watch.empty()) {
    by_signal.emplace(interruption);
    // Before anything that takes time: nothing that arrives meanwhile is missed.
    sources.push_back(names_arriving_in(o.watch));
  }
  NamesInTurn names(std::move(sources));

  const DeviceOptions device = o.device.options();
  OodDetector detector(o.detector, o.device.device, device);
  const DetectorSettings& settings = detector.settings();
  std::optional<ExplanationFolder> explanations;
  if (!o.explain.empty()) {
    explanations.emplace(o.explain);
    require_apart(*explanations, o);
  }

  const std::unique_ptr<VerdictFormat> format = format_of(o, detector);
  write_to_standard_output(format->header());
  std::optional<VerdictSheet> sheet;
  if (!o.report.empty()) sheet.emplace(o.report, detector.class_names());
  Judge judge(detector, *format, explanations ? &*explanations : nullptr,
              sheet ? &*sheet : nullptr);
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t batch = detector.preferred_batch();
  DecodeAhead decoder(
      names, interruption,
      {.shape = detector.image_shape(),
       .fit = o.fit == ImageFit::kExact ? image_fit(settings.fit) : o.fit,
       .threads = device.threads,
       .most_ahead = std::max<std::int64_t>(batch, 4 * std::int64_t{device.threads})});
  for (DecodedImages images; decoder.take(batch, images);) judge.judge(images);

  if (sheet) sheet->write(settings, judge.counts());
  if (!o.quiet) {
    std::optional<double> seconds;  // of work; a watching program waits most of the time
    if (o.watch.empty()) {
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    const std::string summary = summary_of(judge.counts(), settings, seconds);
    if (o.json || o.csv) {
      std::fputs(summary.c_str(), stderr);
    } else {
      write_to_standard_output('\n' + summary);
    }
  }
  return judge.counts().unreadable > 0 ? 1 : 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app(
      "Judges images: the class that a network sees in each, how sure it is, and whether the image "
      "is like those that the network was trained on.",
      odin::kProgram);
  odin::DetectOptions options;
  odin::add_options(app, options);
  return odin::run_program_main(app, argc, argv, [&] { return odin::detect(options); });
}
