#include "eval/report/html/text.h"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/report/html/axis_ticks.h"
#include "eval/report/html/svg.h"
#include "kernels/error.h"

namespace odin {
namespace {

std::string labels(double begin, double end, int intervals) {
  std::string text;
  for (const AxisTick& tick : axis_ticks(begin, end, intervals)) {
    CHECK(tick.value >= begin - 1e-9 * (end - begin));
    CHECK(tick.value <= end + 1e-9 * (end - begin));
    text += (text.empty() ? "" : " ") + tick.label;
  }
  return text;
}

TEST_CASE("text is escaped") {
  CHECK(html_escaped("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(html_escaped("&amp;") == "&amp;amp;");
  CHECK(html_escaped("").empty());
}

TEST_CASE("UTF-8 passes, and other bytes are replaced one by one") {
  for (const std::string text : {"\u00e9", "\u20ac", "\U0001F600", "tab\tline\n", "\u00a0"}) {
    CHECK(html_escaped(text) == text);
  }
  const std::string one = "\uFFFD";
  for (const std::string byte : {"\x01", "\x7F", "\x80", "\xC3", "\xFF", "\xF5"}) {
    CHECK(html_escaped(byte + "a") == one + "a");
  }
  CHECK(html_escaped(std::string(1, '\0')) == one);
  CHECK(html_escaped("\xC0\xAF") == one + one);                      // "/" in a longer form
  CHECK(html_escaped("\xE0\x80\xAF") == one + one + one);            // and in a still longer one
  CHECK(html_escaped("\xED\xA0\x80") == one + one + one);            // a surrogate
  CHECK(html_escaped("\xEF\xBF\xBE") == one + one + one);            // U+FFFE
  CHECK(html_escaped("\xF4\x90\x80\x80") == one + one + one + one);  // beyond U+10FFFF
  CHECK(html_escaped("\xC2\x85") == one + one);                      // a control character
  CHECK(html_escaped("\xE2\x82<") == one + one + "&lt;");            // cut short
}

TEST_CASE("base 64 as in RFC 4648, section 10") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFB\xFF\xFE") == "+//+");
}

TEST_CASE("ticks are round numbers with as many digits as they need") {
  CHECK(labels(0, 100, 5) == "0 20 40 60 80 100");
  CHECK(labels(0, 1, 5) == "0 0.2 0.4 0.6 0.8 1.0");
  CHECK(labels(0.1, 1, 5) == "0.2 0.4 0.6 0.8 1.0");
  CHECK(labels(-3, 17, 4) == "0 5 10 15");
  CHECK(labels(0.1, 0.101, 5) == "0.1000 0.1002 0.1004 0.1006 0.1008 0.1010");
  CHECK(labels(0, 46.2, 5) == "0 10 20 30 40");
  CHECK(labels(-1e-7, 3e-7, 4) == "-1e-07 0 1e-07 2e-07 3e-07");
  CHECK(labels(2e6, 2.00001e6, 2) == "2.000000e+06 2.000005e+06 2.000010e+06");
  CHECK(labels(-1e308, 1e308, 2) == "-1e+308 0 1e+308");
}

TEST_CASE("an axis without extent has no ticks") {
  CHECK_THROWS_AS(axis_ticks(1, 1, 4), Error);
  CHECK_THROWS_AS(axis_ticks(2, 1, 4), Error);
  CHECK_THROWS_AS(axis_ticks(0, 1, 0), Error);
  CHECK_THROWS_AS(axis_ticks(0, INFINITY, 4), Error);
  CHECK_THROWS_AS(axis_ticks(NAN, 1, 4), Error);
}

TEST_CASE(
    "a picture contains what was drawn, with coordinates rounded to a tenth and texts escaped") {
  SvgPicture picture(360, 250.5, "id", "a < b", "\"c\"");
  picture.line({0, -0.04}, {1.25, 100}, "axis");
  const std::vector<SvgPoint> points{{0, 1}, {2.06, 3}};
  picture.polyline(points, "curve");
  picture.polygon(points, "bars");
  picture.circle({1, 2}, 3, "dot");
  picture.rectangle({1, 2}, 3, 4, "cell", "#00224e", "x & y");
  picture.rectangle({1, 2}, 3, 4, "frame");
  picture.text({1, 2}, SvgPicture::Anchor::kEnd, "<t>", "tick");
  picture.upward_text({1, 2}, "up", "label");
  CHECK(picture.to_string() ==
        "<svg viewBox=\"0 0 360 250.5\" role=\"img\" aria-labelledby=\"id-title id-text\">"
        "<title id=\"id-title\">a &lt; b</title><desc id=\"id-text\">&quot;c&quot;</desc>\n"
        "<line x1=\"0\" y1=\"0\" x2=\"1.3\" y2=\"100\" class=\"axis\"/>\n"
        "<polyline class=\"curve\" points=\"0,1 2.1,3\"/>\n"
        "<polygon class=\"bars\" points=\"0,1 2.1,3\"/>\n"
        "<circle cx=\"1\" cy=\"2\" r=\"3\" class=\"dot\"/>\n"
        "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" class=\"cell\" fill=\"#00224e\">"
        "<title>x &amp; y</title></rect>\n"
        "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" class=\"frame\"/>\n"
        "<text x=\"1\" y=\"2\" text-anchor=\"end\" class=\"tick\">&lt;t&gt;</text>\n"
        "<text transform=\"translate(1 2) rotate(-90)\" text-anchor=\"middle\" "
        "class=\"label\">up</text>\n</svg>");
}

}  // namespace
}  // namespace odin
