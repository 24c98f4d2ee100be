// What a training that was interrupted needs to go on as if it had not been.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nn/parameters.h"
#include "tools/train/trainer.h"

namespace odin::training {

// What the CSV log tells of an epoch.
struct EpochRecord {
  std::int64_t step = 0;  // steps done at its end
  double epoch = 0;       // the same in epochs
  double rate = 0;        // of the last step
  double loss = 0;        // mean cross entropy of the batches, as they were trained on
  double train_error = 0;
  double held_out_loss = 0;  // NaN where no image is held out, like the error
  double held_out_error = 0;
  double seconds = 0;  // of training, without evaluation
  double images_per_second = 0;
};

struct TrainingState {
  std::string setup;  // JSON: everything that must be the same when it goes on
  std::int64_t step = 0;
  Tally epoch_so_far;  // of the steps since the last record
  double epoch_seconds = 0;
  std::vector<EpochRecord> records;
  ParameterMap parameters;
  ParameterMap velocities;
  LossScale loss_scale{};  // the first one in the files of versions that had none
};

// Writes a file of our own (little-endian, with a checksum at its end), whole or not at all. Throws
// Error, e.g. when the disk is full.
void write_training_state(const TrainingState& state, const std::filesystem::path& file);

// Throws Error, naming the file, where it is none, is damaged or cannot be read.
TrainingState read_training_state(const std::filesystem::path& file);

// The records as comma-separated values with a line of headings.
std::string csv_of(const std::vector<EpochRecord>& records);

}  // namespace odin::training
