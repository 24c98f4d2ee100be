// What a user asks odin_eval to do, as the command line gives it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/image/fit.h"
#include "eval/image/image_file.h"

namespace odin {

struct JobRequest {
  // The network: a published one, any other, or the bundled one.
  std::string network;                      // --nn densenet10
  std::filesystem::path weights_dir = ".";  // the folder with its file
  std::filesystem::path weights;            // --weights FILE
  std::string in_spec;                      // --in SPEC
  bool demo = false;                        // --demo
  // The sets.
  std::string benchmark;               // --benchmark NAME or FILE; empty: ODIN's, by --out_dataset
  std::string edition;                 // whose parameters are taken; empty: the first that fits
  std::vector<std::string> out_names;  // --out_dataset NAME or "all", of the benchmark
  std::filesystem::path data_dir = ".";  // the folder with their folders
  std::vector<std::string> out_specs;    // --out SPEC

  // The defaults are those of the authors' code.
  std::optional<double> temperature;
  std::optional<double> magnitude;
  std::optional<std::int64_t> skip;   // held-out images at the start of every set
  std::optional<std::int64_t> limit;  // images read at most, the held-out ones included
  ImageFit fit = ImageFit::kExact;
  std::optional<JpegChroma> jpeg_chroma;  // empty: as the benchmark has it
  bool skip_bad_images = false;           // of folders, where they would be an error
  std::uint64_t seed = 0;
  // The images that detectors are fitted on, if one of those asked for needs that.
  bool needs_fit = false;
  std::string fit_on;  // --fit-on SPEC; empty: the training half beside the in-distribution set
  std::optional<std::int64_t> fit_images;  // read at most
  bool search = false;                     // tune on the held-out images
  std::string tune_on;                     // only with this set, by name or SPEC
};

}  // namespace odin
