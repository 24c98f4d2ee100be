// The contact sheet of verdicts.
#include "eval/detection/verdict_sheet.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/image/png_writer.h"
#include "eval/report/html/text.h"
#include "kernels/error.h"
#include "tests/support/support.h"
#include "tests/weights/sample_detector.h"

using namespace odin;
using namespace odin::test;

namespace {

const std::vector<std::uint8_t> kPixels(3 * 32 * 32, 100);

}  // namespace

TEST_CASE("a sheet shows each image with its verdict") {
  const TemporaryFolder folder;
  VerdictSheet sheet(folder / "made/here", {"cat", "<dog>"});
  sheet.add("photos/a.png", kPixels, {}, {1, 0.987, 0.1002, true});
  sheet.add("photos/<b>.png", kPixels, {}, {0, 0.5, 0.1, false});
  sheet.write(sample_detector(), {.accepted = 1, .rejected = 1, .unreadable = 3});
  const std::string page = content_of(folder / "made/here/index.html");
  CHECK(occurrences(page, "<li class=") == 2);
  CHECK(contains(page, "<li class=\"in\"><img alt=\"\" src=\"data:image/png;base64," +
                           base64(encode_png(kPixels, {})) +
                           "\"/><b>in distribution</b><bdi>&lt;dog&gt;</bdi> 99 %<br/>0.100200<br/>"
                           "<small><bdi>a.png</bdi></small></li>"));
  CHECK(contains(page,
                 "<b>out of distribution</b><bdi>cat</bdi> 50 %<br/>0.100000<br/>"
                 "<small><bdi>&lt;b&gt;.png</bdi></small></li>"));
  CHECK(contains(page, "<dt>In distribution</dt><dd>1</dd>"));
  CHECK(contains(page, "<dt>Unreadable</dt><dd>3</dd>"));
  CHECK(contains(page, "93.5 to 96.0 % of images like those of CIFAR-10"));
  CHECK_FALSE(contains(page, "more images are not shown"));
  CHECK(page.ends_with("</html>\n"));
}

TEST_CASE("a sheet shows a thousand images and counts the others") {
  const TemporaryFolder folder;
  VerdictSheet sheet(folder.path(), {});
  for (int i = 0; i < 1003; ++i) sheet.add("x.png", kPixels, {}, {7, 0.5, 0.1, true});
  sheet.write(sample_detector(), {.accepted = 1003});
  const std::string page = content_of(folder / "index.html");
  CHECK(occurrences(page, "<li class=") == 1000);
  CHECK(occurrences(page, "<bdi>class 7</bdi>") == 1000);
  CHECK(page.find("<p>3 more images are not shown.</p>") != std::string::npos);
}

TEST_CASE("a sheet that cannot be written is an error before any work") {
  const TemporaryFolder folder;
  write_bytes(folder / "file", "x");
  CHECK_THROWS_AS(VerdictSheet(folder / "file", {}), Error);
}
