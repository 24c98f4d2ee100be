#include "weights/files/json_text.h"

#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 32;
constexpr int kMostNames = 10'000;

}  // namespace

Json parse_json(std::string_view text) {
  int names = 0;
  const auto check = [&names](int depth, Json::parse_event_t event, const Json& /*value*/) {
    require(depth < kMostDepth, "is nested more than {} deep", kMostDepth);
    if (event == Json::parse_event_t::key) ++names;
    require(names <= kMostNames, "has more than {} names", kMostNames);
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::exception& error) {
    fail("is not JSON: {}", printable(error.what()));
  }
}

}  // namespace odin
