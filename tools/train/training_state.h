// The state from which an interrupted training resumes as if it had never stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nn/parameters.h"
#include "tools/train/trainer.h"

namespace odin::training {

// One epoch in the CSV log.
struct EpochRecord {
  std::int64_t step = 0;  // steps done at its end
  double epoch = 0;       // the same in epochs
  double rate = 0;        // of the last step
  double loss = 0;        // mean cross entropy of the batches, as they were trained on
  double train_error = 0;
  double held_out_loss = 0;  // NaN if no image is held out, like the error
  double held_out_error = 0;
  double seconds = 0;  // of training, without evaluation
  double images_per_second = 0;
};

struct TrainingState {
  std::string setup;  // JSON: everything that must stay the same
  std::int64_t step = 0;
  Tally epoch_so_far;  // of the steps since the last record
  double epoch_seconds = 0;
  std::vector<EpochRecord> records;
  ParameterMap parameters;
  ParameterMap velocities;
  LossScale loss_scale{};  // the initial one in files of older versions, which had none
};

// Writes a file in our own format (little-endian, with a checksum at its end), whole or not at all.
// Throws Error, for example if the disk is full.
void write_training_state(const TrainingState& state, const std::filesystem::path& file);

// Throws Error, which names the file, if it has another format, is damaged or cannot be read.
TrainingState read_training_state(const std::filesystem::path& file);

// The records as comma-separated values with a line of headings.
std::string csv_of(const std::vector<EpochRecord>& records);

}  // namespace odin::training
