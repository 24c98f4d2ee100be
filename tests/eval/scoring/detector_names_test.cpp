// Names of detectors, with their options, and groups of them.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/support/error_of.h"

using namespace odin;

namespace {

std::vector<const Detector*> parsed(std::vector<std::string_view> names) {
  return parse_detectors(names);
}

}  // namespace

TEST_CASE("a name with an option is the same detector with another value") {
  const Detector& changed = detector_named("ash_s:percentile=80");
  CHECK(changed.variant_of == &detectors::kAshS);
  CHECK(changed.name == "ash_s:percentile=80");
  CHECK(changed.title == "ASH-S (percentile 80)");
  CHECK(changed.score_file == "AshS_percentile80");
  CHECK(option_values(changed) == std::vector<double>{80});
  CHECK(settings_text(changed) == "percentile 80");
  CHECK((changed.score == detectors::kAshS.score));
  CHECK(option_values(detectors::kAshS) == std::vector<double>{90});
  CHECK(settings_text(detectors::kAshS) == "percentile 90");
}

TEST_CASE("two names of the same values are one detector") {
  const Detector& changed = detector_named("ash_s:percentile=80");
  CHECK(&detector_named("ash_s:percentile=80.0") == &changed);
  CHECK(&detector_named("ash_s:percentile=70:percentile=8e1") == &changed);
  CHECK(find_detector("ash_s:percentile=80") == &changed);
  CHECK(&detector_named("ash_s:percentile=90") == &detectors::kAshS);
  CHECK(&detector_named("gen:gamma=0.1:largest=100") == &detectors::kGen);
  const Detector& gen = detector_named("gen:largest=10:gamma=0.5");
  CHECK(gen.name == "gen:gamma=0.5:largest=10");
  CHECK(&detector_named("gen:gamma=0.5:largest=10") == &gen);
  const double values[] = {0.5, 10};
  CHECK(&with_options(detectors::kGen, values) == &gen);
  CHECK(&with_options(gen, values) == &gen);
}

TEST_CASE("wrong names and options are refused with a sentence") {
  const auto sentence = [](const char* name) {
    CHECK(find_detector(name) == nullptr);
    return test::error_of([&] { detector_named(name); });
  };
  CHECK(sentence("odim").starts_with("there is no score \"odim\": use one of baseline, "));
  CHECK(sentence("odim").ends_with(", odin_max_logit"));
  CHECK(sentence("energy:T=2") == "the score energy has no options, but T=2 was given");
  CHECK(sentence("ash_s:percent=2") == "the score ash_s has no option percent: it has percentile");
  for (const char* bad : {"ash_s:percentile", "ash_s:percentile=", "ash_s:percentile=9x",
                          "ash_s:percentile=nan", "ash_s:percentile= 9"}) {
    CHECK(sentence(bad) ==
          "percentile of the score ash_s needs a number, as in ash_s:percentile=90");
  }
  CHECK(sentence("ash_s:percentile=100") ==
        "percentile of the score ash_s must be between 0 and 99.9, but is 100");
  CHECK(sentence("gen:largest=1.5") ==
        "largest of the score gen must be a whole number between 1 and 1000000, but is 1.5");
  CHECK(sentence("ash_s:") == "the score ash_s has no option : it has percentile");
}

TEST_CASE("groups are what they say, and every detector is in one of the three") {
  std::set<const Detector*> seen;
  for (const Detector* d : parsed({"logits"})) {
    CHECK_FALSE(d->uses_features);
    seen.insert(d);
  }
  for (const Detector* d : parsed({"features"})) {
    CHECK(d->uses_features);
    CHECK(seen.insert(d).second);
  }
  for (const Detector* d : parsed({"perturbed"})) {
    CHECK(d->uses_odin_parameters);
    CHECK(seen.insert(d).second);
  }
  CHECK(seen.size() == all_detectors().size());
}

TEST_CASE("chosen detectors come once, in the order of the list, variants after their detector") {
  const Detector& changed = detector_named("ash_s:percentile=80");
  CHECK(parsed({"odin", "ash_s:percentile=80", "baseline", "ash_s", "odin"}) ==
        std::vector<const Detector*>{&detectors::kBaseline, &detectors::kAshS, &changed,
                                     &detectors::kOdin});
  CHECK(parsed({"ash_s:percentile=80"}) == std::vector<const Detector*>{&changed});
  CHECK_THROWS_WITH_AS(parsed({}), "no score was asked for", Error);
}

TEST_CASE("default values are allowed, and so are those that a search tries") {
  for (const Detector* detector : all_detectors()) {
    CAPTURE(detector->name);
    std::vector<double> values = option_values(*detector);
    CHECK(&with_options(*detector, values) == detector);
    for (std::size_t i = 0; i < detector->options.size(); ++i) {
      for (const double tried : detector->options[i].grid) {
        CHECK(tried != detector->options[i].value);
        std::vector<double> changed = values;
        changed[i] = tried;
        CHECK(with_options(*detector, changed).variant_of == detector);
      }
    }
  }
}
