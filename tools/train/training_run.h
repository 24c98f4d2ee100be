// A whole training: steps, records, progress, and the files from which it can resume.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tools/train/trainer.h"
#include "tools/train/training_state.h"
#include "weights/checkpoint.h"

namespace odin::training {

struct RunOptions {
  std::filesystem::path out;    // the checkpoint
  std::filesystem::path state;  // for --resume
  std::filesystem::path log;    // CSV
  std::int64_t save_every = 0;  // steps between states; 0 for one an epoch
  bool quiet = false;
  std::string setup;  // JSON, see TrainingState
};

// Trains to the end. Resumes from `state` if given; otherwise the file options.state must not
// exist.
//
// After every epoch, and at the end, it evaluates `held_out` (which may be null) and writes the
// log, the checkpoint and the state, each to a temporary name that is then renamed. `checkpoint`
// describes the network without its parameters; epochs and errors are added to its `source`.
//
// Throws as Trainer::step() does. The files are then as they were last written.
void run(Trainer& trainer, const ImageSet* held_out, Checkpoint checkpoint,
         std::optional<TrainingState> state, const RunOptions& options);

}  // namespace odin::training
