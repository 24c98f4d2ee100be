// odin_eval: how well the baseline, ODIN and other scores separate one data set from others.
#include <algorithm>
#include <cstdio>

#include <CLI/App.hpp>
#include <unistd.h>

#include "eval/benchmark/job_html.h"
#include "eval/benchmark/job_report.h"
#include "eval/cli/odin_eval_options.h"
#include "eval/cli/program.h"
#include "eval/cli/terminal.h"
#include "eval/cli/terminal_progress.h"
#include "eval/metrics/threshold_sweep.h"
#include "eval/scoring/fit_detectors.h"
#include "eval/scoring/score_files.h"
#include "eval/scoring/search.h"
#include "eval/scoring/training_store.h"
#include "kernels/device.h"
#include "weights/files/atomic_file.h"
#include "weights/files/output_folder.h"

namespace odin {
namespace {

std::unique_ptr<Backend> backend_for(const EvalOptions& o, const Ranks& ranks,
                                     const DeviceOptions& options) {
  const std::string& device = o.device.device;
  const auto cuda_or_cpu = [&](int gpu, bool quiet) {
    try {
      return make_backend(fmt::format("cuda:{}", gpu), options);
    } catch (const Error& error) {
      if (!quiet) std::fputs(fmt::format("{}; running on the CPU\n", error.what()).c_str(), stderr);
      return make_backend("cpu", options);
    }
  };
  if (o.gpu) return cuda_or_cpu(*o.gpu, o.quiet);
  if (ranks.local_count() == 1) return make_backend(device, options);
  // Each rank of a machine takes its own GPU.
  if (device == "auto") return cuda_or_cpu(ranks.local_rank(), true);
  if (device == "cuda") return make_backend(fmt::format("cuda:{}", ranks.local_rank()), options);
  return make_backend(device, options);
}

// Folder of a task's score files: the one asked for or, with several tasks, a subfolder of it.
std::filesystem::path score_folder(const EvalOptions& o, const Job& job, std::size_t task) {
  if (job.tasks.size() == 1) return o.scores;
  return std::filesystem::path(o.scores) / fmt::format("out_{}", task + 1);
}

// With several tasks also sets.txt, which says whose folder each is.
void write_scores(const EvalOptions& o, const Job& job, const BenchmarkResult& result) {
  std::string sets;
  for (const TaskResult& done : result.tasks) {
    for (const DetectorScores& s : done.scores) {
      const OdinParameters& p = s.parameters;
      write_score_files({s.detector, p.temperature, p.magnitude, s.in, s.out},
                        score_folder(o, job, done.task));
    }
    sets += fmt::format("out_{} {}\n", done.task + 1, job.tasks[done.task].out.display_name);
  }
  if (job.tasks.size() > 1) write_atomically(std::filesystem::path(o.scores) / "sets.txt", sets);
}

void print_table(const Report& report) {
  fmt::print("{}", to_output(report, terminal_columns(STDOUT_FILENO)));
  flush_standard_output();
}

void write_report(const std::string& file, const Report& report,
                  std::string (*form)(const Report&)) {
  if (file == kStandardOutput) {
    fmt::print("{}", form(report));
  } else if (!file.empty()) {
    write_atomically(file, form(report));
  }
}

// Prints the figures first: a full disk must not hide them. Then writes every file, even if another
// one could not be written. Throws Error with a sentence for each file that could not, for each set
// that failed, and for each problem that was there before.
void write_outputs(const EvalOptions& o, const Job& job, const BenchmarkResult& result,
                   const Report& report, std::vector<std::string> problems) {
  for (const FailedSet& set : report.failed) {
    problems.push_back(fmt::format("{} failed: {}", set.name, set.reason));
  }
  const auto attempt = [&](const auto& output) {
    try {
      output();
    } catch (const std::exception& error) {
      problems.emplace_back(error.what());
    }
  };
  // A program that reads one form from standard output must not find the table there too.
  const bool taken = o.takes_standard_output();
  attempt([&] {
    if (!taken) print_table(report);
  });
  if (taken && !o.quiet) {
    std::fputs(to_output(report, terminal_columns(STDERR_FILENO)).c_str(), stderr);
  }
  attempt([&] {
    if (!o.scores.empty()) write_scores(o, job, result);
  });
  attempt([&] { write_report(o.json, report, to_json); });
  attempt([&] { write_report(o.csv, report, to_csv); });
  attempt([&] { write_report(o.markdown, report, to_markdown); });
  attempt([&] {
    if (!o.report.empty()) write_html_report(html_report_of(job, result, report, o.plot), o.report);
  });
  if (!problems.empty()) fail("{}", fmt::join(problems, "\n"));
}

// Makes scorers for the run, and fits their detectors, for which the network runs once. Those that
// cannot be fitted are left out.
class Scorers {
 public:
  Scorers(const EvalOptions& o, const Job& job, Backend& backend, int threads,
          const ScoringOptions& scoring, Progress& progress)
      : o_(o),
        job_(job),
        backend_(backend),
        threads_(threads),
        scoring_(scoring),
        progress_(progress) {}

  std::unique_ptr<Scorer> make(std::span<const Detector* const> detectors) {
    auto scorer = std::make_unique<Scorer>(job_.checkpoint, backend_, detectors);
    scorer->use_threads(threads_);
    if (!needs_fit(detectors)) return scorer;
    if (!training_) {
      const TrainingStore store(o_.fit_dir, job_.checkpoint, scorer->description());
      training_ = run_training_set(*scorer, *job_.training, scoring_, &store, progress_);
    }
    for (UnfittedDetector& one : fit_detectors(*scorer, *training_)) {
      if (!reason_for(*one.detector).empty()) continue;
      // Where work goes on, now, and again in the report.
      if (!o_.quiet && scoring_.ranks->rank() == 0 && !scorer->detectors().empty()) {
        complain("odin_eval", one.reason);
      }
      unfitted_.push_back(std::move(one));
    }
    return scorer;
  }

  // Why it could not be fitted; empty if it was not left out.
  std::string reason_for(const Detector& detector) const {
    const auto found = std::ranges::find(unfitted_, &detector, &UnfittedDetector::detector);
    return found == unfitted_.end() ? "" : found->reason;
  }

 private:
  const EvalOptions& o_;
  const Job& job_;
  Backend& backend_;
  int threads_;
  ScoringOptions scoring_;
  Progress& progress_;
  std::optional<TrainingSet> training_;
  std::vector<UnfittedDetector> unfitted_;
};

std::vector<SearchResult> search(const EvalOptions& o, const Job& job, Scorers& scorers,
                                 ScoringOptions scoring, Progress& progress) {
  const std::unique_ptr<Scorer> scorer = scorers.make(detectors_to_search(o.detectors));
  if (scorer->detectors().empty()) return {};  // none could be fitted
  const ScoreStore store(o.search_dir, job.checkpoint, scorer->description());
  scoring.store = &store;
  return run_search(*scorer, job.search->in, job.search->out, paper_grid(), scoring, progress);
}

// All detectors that the tasks need, each once.
std::vector<const Detector*> detectors_of(const EvalOptions& o, const Job& job) {
  std::vector<const Detector*> all;
  for (const BenchmarkTask& task : job.tasks) {
    if (!task.failure.empty()) continue;
    for (const Detector* detector : task.detectors.empty() ? o.detectors : task.detectors) {
      if (std::ranges::find(all, detector) == all.end()) all.push_back(detector);
    }
  }
  return all;
}

// Removes the detectors that could not be fitted from what was asked for and from each task.
// Returns why, a sentence for each. Throws Error with these if no detector is left.
std::vector<std::string> leave_out_unfitted(const Scorers& scorers, EvalOptions& o, Job& job) {
  std::vector<std::string> reasons;
  for (std::size_t d = o.detectors.size(); d-- > 0;) {
    std::string reason = scorers.reason_for(*o.detectors[d]);
    // No task does if a search has chosen other options, with which it could be fitted.
    const auto needs_it = [&](const BenchmarkTask& task) {
      return task.failure.empty() &&
             (task.detectors.empty() || task.detectors[d] == o.detectors[d]);
    };
    if (reason.empty() || std::ranges::none_of(job.tasks, needs_it)) continue;
    reasons.insert(reasons.begin(), std::move(reason));
    std::erase(o.plot, o.detectors[d]);
    const auto at = static_cast<std::ptrdiff_t>(d);
    o.detectors.erase(o.detectors.begin() + at);
    for (BenchmarkTask& task : job.tasks) {
      if (!task.detectors.empty()) task.detectors.erase(task.detectors.begin() + at);
    }
  }
  if (o.detectors.empty()) fail("{}", fmt::join(reasons, "\n"));
  for (const std::string& reason : reasons) job.notes.push_back(fmt::format("Failed: {}", reason));
  return reasons;
}

// Throws Error if an output cannot be written, before hours of work are spent on it.
void check_outputs(const EvalOptions& o) {
  for (const std::string& file : {o.json, o.csv, o.markdown}) {
    if (!file.empty() && file != kStandardOutput) require_writable(file);
  }
  if (!o.scores.empty()) make_output_folder(o.scores);
  if (!o.report.empty()) make_output_folder(o.report);
}

int evaluate(EvalOptions o, const Ranks& ranks) {
  if (ranks.rank() == 0) check_outputs(o);
  const DeviceOptions device = o.device.options(ranks.local_count());
  // First, before other threads start: the network's file is read in a child process, which has
  // none of them.
  const Job prepared = prepare_job(o.job);
  const std::unique_ptr<Backend> backend = backend_for(o, ranks, device);
  if (o.method != MetricsMethod::kExact) {
    // Throws Error, before any work, for a number of classes that has no sweep.
    odin_sweep(num_classes(prepared.checkpoint.architecture));
  }
  if (!o.quiet && ranks.rank() == 0) {
    // Now, before hours of work, and again in the report.
    for (const std::string& note : prepared.notes) {
      std::fputs(fmt::format("{}\n", note).c_str(), stderr);
    }
  }
  BenchmarkOptions options;
  options.scoring.batch_size = o.batch_size;
  options.scoring.ranks = &ranks;
  options.scoring.threads = device.threads;
  options.method = o.method;
  options.positive = o.positive;
  options.in_classes = prepared.in_classes.classes;
  options.measure_cost = o.detectors != authors_detectors();
  TerminalProgress progress(o.quiet || ranks.rank() > 0);
  Scorers scorers(o, prepared, *backend, device.threads, options.scoring, progress);
  std::vector<SearchResult> searches;
  if (prepared.search) searches = search(o, prepared, scorers, options.scoring, progress);
  Job job = searches.empty() ? prepared : tuned(prepared, o.detectors, searches);
  const std::unique_ptr<Scorer> scorer = scorers.make(detectors_of(o, job));
  std::vector<std::string> problems = leave_out_unfitted(scorers, o, job);
  if (o.batch_size == 0) options.scoring.batch_size = scorer->preferred_batch();
  options.detectors = o.detectors;
  const BenchmarkResult result = run_benchmark(*scorer, job.in, job.tasks, options, progress);
  if (ranks.rank() > 0) return 0;

  Report report = report_of(job, result, searches);
  report.method = options.method;
  report.device = scorer->description();
  report.batch_size = options.scoring.batch_size;
  report.threads = device.threads;
  report.ranks = ranks.count();
  report.seed = o.job.seed;
  write_outputs(o, job, result, report, std::move(problems));
  return 0;
}

}  // namespace
}  // namespace odin

int main(int argc, char** argv) {
  CLI::App app("Measures how well ODIN and its baseline detect out-of-distribution images.",
               "odin_eval");
  odin::EvalOptions options;
  odin::add_options(app, options);
  std::unique_ptr<odin::Ranks> ranks;
  const int status = odin::run_program_main(app, argc, argv, [&] {
    ranks = odin::make_ranks();
    return odin::evaluate(options, *ranks);
  });
  if (ranks) ranks->finish(status);
  return status;
}
