#include "tools/train/training_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "eval/cli/terminal_progress.h"
#include "weights/checkpoint_rules.h"
#include "weights/files/atomic_file.h"

namespace odin::training {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

class Run {
 public:
  Run(Trainer& trainer, const ImageSet* held_out, Checkpoint checkpoint, const RunOptions& options)
      : trainer_(trainer),
        held_out_(held_out),
        checkpoint_(std::move(checkpoint)),
        options_(options),
        source_(checkpoint_.source),
        progress_(options.quiet) {}

  void resume(TrainingState state) {
    trainer_.restore(state.step, state.parameters, state.velocities, state.loss_scale);
    tally_ = state.epoch_so_far;
    seconds_ = state.epoch_seconds;
    records_ = std::move(state.records);
  }

  // Finds files that cannot be written now, not after an epoch's work. Throws Error if the state of
  // another training would be lost.
  void start() {
    std::error_code unreachable;  // write_training_state() says why
    require(!std::filesystem::is_regular_file(options_.state, unreachable),
            "{} is the state of a training: give --resume to continue it, remove it, or name "
            "another --state",
            options_.state.string());
    require_writable(options_.out);
    write_training_state(state(), options_.state);
    write_log();
  }

  void to_the_end() {
    if (trainer_.done()) {
      // Resumed after its end: only the files must be complete.
      save_checkpoint(trainer_.parameters());
      write_log();
    }
    while (!trainer_.done()) {
      const std::int64_t per_epoch = trainer_.per_epoch();
      const std::int64_t epoch = trainer_.steps_done() / per_epoch;
      const std::int64_t end = std::min((epoch + 1) * per_epoch, trainer_.steps());
      run_epoch(epoch, end);
    }
  }

 private:
  double epochs(std::int64_t steps) const {
    return static_cast<double>(steps) / static_cast<double>(trainer_.per_epoch());
  }

  void run_epoch(std::int64_t epoch, std::int64_t end) {
    const std::int64_t save_every =
        options_.save_every > 0 ? options_.save_every : trainer_.per_epoch();
    double rate = 0;
    bool started = false;
    while (trainer_.steps_done() < end) {
      rate = trainer_.next_rate();
      const auto before = std::chrono::steady_clock::now();
      const Tally step = trainer_.step();
      seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
      // The loss was finite, so the state after the previous step is worth saving.
      write_due_state();
      tally_.loss += step.loss;
      tally_.errors += step.errors;
      tally_.images += step.images;
      const std::int64_t total = trainer_.steps() * step.images;
      if (!started) {
        progress_.start(fmt::format("epoch {} of {:.4g}", epoch + 1, epochs(trainer_.steps())),
                        total, (trainer_.steps_done() - 1) * step.images);
        started = true;
      }
      progress_.update(trainer_.steps_done() * step.images, note());
      const bool last = trainer_.steps_done() == end;
      if (!last && trainer_.steps_done() % save_every == 0) due_ = state();
    }
    finish_epoch(rate);
  }

  std::string note() const {
    return fmt::format("loss {:.4f}, error {:.2f} %", tally_.mean_loss(), 100 * tally_.error());
  }

  void finish_epoch(double rate) {
    EpochRecord record{
        .step = trainer_.steps_done(),
        .epoch = epochs(trainer_.steps_done()),
        .rate = rate,
        .loss = tally_.mean_loss(),
        .train_error = tally_.error(),
        .held_out_loss = kNotMeasured,
        .held_out_error = kNotMeasured,
        .seconds = seconds_,
        .images_per_second = static_cast<double>(tally_.images) / std::max(seconds_, 1e-9)};
    std::string text = note();
    if (held_out_ != nullptr) {
      const Tally held_out = trainer_.evaluate(*held_out_);
      require(std::isfinite(held_out.mean_loss()),
              "step {}: after it the loss of the held-out images is {}, at a learning rate of "
              "{:.6g}. A smaller --rate or a longer --warmup-epochs may help",
              trainer_.steps_done(), held_out.mean_loss(), rate);
      record.held_out_loss = held_out.mean_loss();
      record.held_out_error = held_out.error();
      text += fmt::format("; held out: loss {:.4f}, error {:.2f} %", held_out.mean_loss(),
                          100 * held_out.error());
    }
    progress_.finish(text);
    records_.push_back(record);
    tally_ = {};
    seconds_ = 0;
    const TrainingState now = state();
    const std::vector<std::string> problems = value_problems(now.parameters);
    require(problems.empty(), "step {}: after it, at a learning rate of {:.6g}, {}", now.step, rate,
            summary(problems));
    save_checkpoint(now.parameters);
    write_training_state(now, options_.state);
    write_log();
  }

  void write_log() const { write_atomically(options_.log, csv_of(records_)); }

  TrainingState state() const {
    return {.setup = options_.setup,
            .step = trainer_.steps_done(),
            .epoch_so_far = tally_,
            .epoch_seconds = seconds_,
            .records = records_,
            .parameters = trainer_.parameters(),
            .velocities = trainer_.velocities(),
            .loss_scale = trainer_.loss_scale()};
  }

  void write_due_state() {
    if (due_) write_training_state(*due_, options_.state);
    due_.reset();
  }

  void save_checkpoint(const ParameterMap& parameters) {
    checkpoint_.source = source_;
    if (!records_.empty()) {
      const EpochRecord& last = records_.back();
      checkpoint_.source +=
          fmt::format("; after {:.4g} epochs: training loss {:.4f}, training error {:.2f} %",
                      last.epoch, last.loss, 100 * last.train_error);
      if (held_out_ != nullptr) {
        checkpoint_.source += fmt::format(", error on {} images held out {:.2f} %",
                                          held_out_->size(), 100 * last.held_out_error);
      }
    }
    checkpoint_.parameters = parameters;
    write_checkpoint(checkpoint_, options_.out);
  }

  Trainer& trainer_;
  const ImageSet* held_out_;
  Checkpoint checkpoint_;
  const RunOptions& options_;
  const std::string source_;
  TerminalProgress progress_;
  Tally tally_;  // of the epoch so far
  double seconds_ = 0;
  std::vector<EpochRecord> records_;
  // Written once a step from it has had a finite loss. Parameters may be finite but useless, and
  // must not replace the last useful state.
  std::optional<TrainingState> due_;
};

}  // namespace

void run(Trainer& trainer, const ImageSet* held_out, Checkpoint checkpoint,
         std::optional<TrainingState> state, const RunOptions& options) {
  Run run(trainer, held_out, std::move(checkpoint), options);
  if (state) {
    run.resume(std::move(*state));
  } else {
    run.start();
  }
  run.to_the_end();
}

}  // namespace odin::training
