// A report with everything that a page can show.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "eval/report/html/html_report.h"

namespace odin::test {

// Keeps the scores that its report refers to.
class HtmlExample {
 public:
  // `name`, which may be hostile, is added to the names of networks, sets and classes.
  explicit HtmlExample(const std::string& name = {});

  // Makes them this many, at least four, which are ranked, and their costs known.
  void use_detectors(std::size_t count, const std::string& name = {});

  HtmlReport report;

 private:
  void add_set(const std::string& name, double shift, bool in_the_paper);

  std::deque<std::vector<double>> scores_;
};

}  // namespace odin::test
