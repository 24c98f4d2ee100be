#include "eval/report/html/svg.h"

#include <cmath>

#include <fmt/format.h>

#include "eval/report/html/append.h"
#include "eval/report/html/text.h"

namespace odin {
namespace {

// Rounded to a tenth, without a ".0".
std::string coordinate(double value) {
  const double tenths = std::round(value * 10);
  const double rounded = tenths / 10 + 0.0;  // no negative zero
  return fmt::format("{:.{}f}", rounded, std::fmod(tenths, 10) == 0 ? 0 : 1);
}

}  // namespace

SvgPicture::SvgPicture(double width, double height, std::string_view id, std::string_view title,
                       std::string_view description) {
  append(body_,
         "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}-title {}-text\">"
         "<title id=\"{}-title\">{}</title><desc id=\"{}-text\">{}</desc>\n",
         coordinate(width), coordinate(height), id, id, id, html_escaped(title), id,
         html_escaped(description));
}

void SvgPicture::line(SvgPoint from, SvgPoint to, std::string_view style) {
  append(body_, "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>\n",
         coordinate(from.x), coordinate(from.y), coordinate(to.x), coordinate(to.y), style);
}

void SvgPicture::points(std::string_view element, std::span<const SvgPoint> points,
                        std::string_view style) {
  append(body_, "<{} class=\"{}\" points=\"", element, style);
  for (const SvgPoint& point : points) {
    append(body_, "{}{},{}", &point == points.data() ? "" : " ", coordinate(point.x),
           coordinate(point.y));
  }
  body_ += "\"/>\n";
}

void SvgPicture::polyline(std::span<const SvgPoint> points, std::string_view style) {
  this->points("polyline", points, style);
}

void SvgPicture::polygon(std::span<const SvgPoint> points, std::string_view style) {
  this->points("polygon", points, style);
}

void SvgPicture::marks(std::span<const SvgPoint> points, std::string_view mark,
                       std::string_view style) {
  append(body_, "<path class=\"{}\" d=\"", style);
  for (const SvgPoint& point : points) {
    append(body_, "M{},{}{}", coordinate(point.x), coordinate(point.y), mark);
  }
  body_ += "\"/>\n";
}

void SvgPicture::dots(std::span<const SvgPoint> points, std::string_view style) {
  marks(points, "h0", style);  // lines without length, with round ends
}

void SvgPicture::crosses(std::span<const SvgPoint> points, std::string_view style) {
  marks(points, "m-2-2l4,4m0-4l-4,4", style);
}

void SvgPicture::circle(SvgPoint centre, double radius, std::string_view style) {
  append(body_, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{}\"/>\n", coordinate(centre.x),
         coordinate(centre.y), coordinate(radius), style);
}

void SvgPicture::rectangle(SvgPoint corner, double width, double height, std::string_view style,
                           std::string_view fill, std::string_view title) {
  append(body_, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"",
         coordinate(corner.x), coordinate(corner.y), coordinate(width), coordinate(height), style);
  if (!fill.empty()) append(body_, " fill=\"{}\"", fill);
  if (title.empty()) {
    body_ += "/>\n";
  } else {
    append(body_, "><title>{}</title></rect>\n", html_escaped(title));
  }
}

void SvgPicture::text(SvgPoint at, Anchor anchor, std::string_view text, std::string_view style) {
  const std::string_view name = anchor == Anchor::kStart    ? "start"
                                : anchor == Anchor::kMiddle ? "middle"
                                                            : "end";
  append(body_, "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
         coordinate(at.x), coordinate(at.y), name, style, html_escaped(text));
}

void SvgPicture::upward_text(SvgPoint at, std::string_view text, std::string_view style) {
  append(body_,
         "<text transform=\"translate({} {}) rotate(-90)\" text-anchor=\"middle\" "
         "class=\"{}\">{}</text>\n",
         coordinate(at.x), coordinate(at.y), style, html_escaped(text));
}

}  // namespace odin
