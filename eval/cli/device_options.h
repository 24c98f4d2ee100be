// The options that say on which device a program computes, and how.
#pragma once

#include <string>

#include "kernels/device.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace odin {

struct DeviceChoice {
  std::string device = "auto";
  int threads = 0;  // of the CPU; 0: default_threads()
  std::string precision = "fp32";
  std::string convolution = "auto";

  // With the number of threads, which is default_threads() of `processes` on this machine unless it
  // was given.
  DeviceOptions options(int processes = 1) const;
};

// Adds --device, --threads, --precision and --conv to that group of the help. Returns --device, for
// options that exclude it.
CLI::Option* add_device_options(CLI::App& app, DeviceChoice& choice, const std::string& group);

}  // namespace odin
