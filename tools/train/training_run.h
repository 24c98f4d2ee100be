// A whole training: steps, records, progress, and what is kept on the disk so that it can go on.
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
  std::filesystem::path state;  // what --resume reads
  std::filesystem::path log;    // CSV
  std::int64_t save_every = 0;  // steps between states; 0 for one an epoch
  bool quiet = false;
  std::string setup;  // JSON, see TrainingState
};

// Trains to the end, going on from `state` if there is one; else the file options.state must not be
// there yet. After every epoch, and at the end, `held_out` (which may be null) is evaluated
// and the log, the checkpoint and the state are written, each to a temporary name that is then
// renamed. `checkpoint` says what the network is but for its parameters; its `source` is completed
// with epochs and errors. Throws what Trainer::step() throws: the files are then those of the last
// time that they were written.
void run(Trainer& trainer, const ImageSet* held_out, Checkpoint checkpoint,
         std::optional<TrainingState> state, const RunOptions& options);

}  // namespace odin::training
