// The lines of odin_detect.
#include "eval/detection/verdict_format.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "eval/detection/score_text.h"
#include "tests/eval/data/data_support.h"

using namespace odin;
using namespace odin::test;

namespace {

const Verdict kIn{
    .predicted_class = 1, .probability = 0.25, .score = 0.1000123456789, .in_distribution = true};
const Verdict kOut{
    .predicted_class = 0, .probability = 1, .score = -12.5, .in_distribution = false};

DetectorSettings settings_with(const std::string& score) {
  DetectorSettings settings;
  settings.score = score;
  settings.temperature = 1000;
  settings.magnitude = 0.0014;
  settings.threshold = 0.1001;
  settings.tpr_low = 0.931;
  settings.tpr_high = 0.962;
  settings.images = 1000;
  settings.images_name = "CIFAR\x1b-10";
  return settings;
}

}  // namespace

TEST_CASE("text is in columns, of which the name of the file is the last") {
  const auto text = verdict_text({"cat", "a very long name, longer than others", "träger"}, 3);
  CHECK(text->header() == "verdict  class                     probability         score  file\n");
  CHECK(text->line("b.png", kIn) ==
        "in       a very long name, lon...     0.250000    0.10001235  b.png\n");
  CHECK(text->line("a b.png", kOut) ==
        "out      cat                          1.000000  -12.50000000  a b.png\n");
  CHECK(text->line("c.png", Verdict{2, 0.5, 0.5, true}).find("träger                    ") == 9);
  CHECK(text->problem_line("bad.png", "'bad.png' is bad").empty());
  // Scores of other detectors are in the thousands, or beyond.
  CHECK(text->line("a", Verdict{0, 0.5, -1234.56789012, false}) ==
        "out      cat                          0.500000    -1234.5679  a\n");
  CHECK(text->line("a", Verdict{0, 0.5, 2.5e15, true}) ==
        "in       cat                          0.500000       2.5e+15  a\n");
  const auto numbers = verdict_text({}, 12);
  CHECK(numbers->line("a", Verdict{11, 0.5, 0.5, true}) ==
        "in       11        0.500000    0.50000000  a\n");
}

TEST_CASE("text cannot play with a terminal") {
  const auto text = verdict_text({"\x1b[31mred", "\xff"}, 2);
  for (const std::string& line :
       {text->line("a\nb\x1b[2J\xc2\x9b.png", kIn), text->line("x", kOut)}) {
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.find("\xc2\x9b") == std::string::npos);
    CHECK(line.find('\n') == line.size() - 1);
  }
  CHECK(holds(text->line("a\nb\x1b.png", kIn), {"\\xff", "a\\x0ab\\x1b.png"}));
}

TEST_CASE("a line of JSON has everything, with all digits") {
  const auto json = verdict_json({"cat", "dog \"Rex\""});
  CHECK(json->header().empty());
  const std::string line = json->line("a\n\xff.png", kIn);
  CHECK(line.find('\n') == line.size() - 1);
  const auto object = nlohmann::json::parse(line);
  CHECK(object == nlohmann::json{{"file", "a\n\xef\xbf\xbd.png"},
                                 {"verdict", "in"},
                                 {"score", 0.1000123456789},
                                 {"class_number", 1},
                                 {"class", "dog \"Rex\""},
                                 {"probability", 0.25}});
  const auto problem = nlohmann::json::parse(json->problem_line("b", "'b' is bad"));
  CHECK(problem == nlohmann::json{{"file", "b"}, {"error", "'b' is bad"}});
  CHECK_FALSE(nlohmann::json::parse(verdict_json({})->line("a", kOut)).contains("class"));
}

TEST_CASE("a line of CSV has everything, with all digits and all bytes") {
  const auto csv = verdict_csv({"cat", "dog, \"Rex\""});
  CHECK(csv->header() == "file,verdict,score,class_number,class,probability,error\n");
  CHECK(csv->line("a\n\xff.png", kIn) ==
        "\"a\n\xff.png\",in,0.1000123456789,1,\"dog, \"\"Rex\"\"\",0.25,\n");
  CHECK(csv->problem_line("b", "'b' is bad") == "b,,,,,,'b' is bad\n");
  CHECK(verdict_csv({})->line("a", kOut) == "a,out,-12.5,0,,1,\n");
}

TEST_CASE("options, fixed parameters and training images are said with the score") {
  CHECK(score_text(settings_with("odin")) == "ODIN, temperature 1000, magnitude 0.0014");
  CHECK(score_text(settings_with("ash_s")) == "ASH-S, percentile 90");
  DetectorSettings settings = settings_with("ash_s:percentile=80");
  CHECK(score_text(settings) == "ASH-S, percentile 80");
  settings.training_images = 50000;
  settings.training_images_name = "CIFAR\x1b-10";
  CHECK(score_text(settings) == "ASH-S, percentile 80, learnt from 50000 images of CIFAR\\x1b-10");
  CHECK(score_text(settings_with("one of the \x1b future")) == "one of the \\x1b future");
}

TEST_CASE("the summary counts, and says where the threshold comes from") {
  CHECK(summary_of({.accepted = 90, .rejected = 9, .unreadable = 1}, settings_with("odin"), 10.0) ==
        "100 images: 90 in, 9 out of distribution, 1 unreadable; 10.0 images/s\n"
        "in: a score (ODIN, temperature 1000, magnitude 0.0014) of at least 0.10010000, calibrated "
        "to accept 95 % of CIFAR\\x1b-10 on 1000 images;\n"
        "    of others like them it accepts 93.1 to 96.2 % (95 % confidence)\n");
  const std::string summary = summary_of({.accepted = 1}, settings_with("energy"), {});
  CHECK(holds(summary,
              {"1 image: 1 in, 0 out of distribution, 0 unreadable\n", "(Energy, T = 1) of"}));
  CHECK(summary.find("images/s") == std::string::npos);
}
