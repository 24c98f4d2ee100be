// The program odin_detect, with a small network and small images.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/eval/odin_eval_support.h"

namespace odin::test {

// An EvalWorkspace with a detector of its network, det.h5, and images in a/.
struct DetectWorkspace : EvalWorkspace {
  static constexpr int kPictures = 12;  // a/0000.png and so on
  double threshold = 0;                 // that accepts half of these

  DetectWorkspace();
  // Runs odin_detect with that detector in the folder.
  ProgramResult detect(const std::string& arguments) const;
  // A shell script in the folder, in which $detect is odin_detect with that detector, and "await
  // TEXT FILE" waits until the file holds the text.
  ProgramResult script(const std::string& commands) const;
  // The scores that odin_eval gives the images of a folder, by name, with options of odin_eval.
  std::vector<double> eval_scores(const std::string& images, const std::string& options = "") const;
  // The same detector for images fitted in another way.
  void write_detector(const std::string& name, const std::string& fit) const;
};

// The objects of lines of JSON.
std::vector<nlohmann::json> json_lines(const std::string& text);

}  // namespace odin::test
