// A small writer of SVG pictures for a page of HTML.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace odin {

struct SvgPoint {
  double x = 0;
  double y = 0;
};

// Draws in units that the page scales: x to the right, y down. `style` is a class of the page's
// style sheet. Texts are escaped. Coordinates are rounded to a tenth.
class SvgPicture {
 public:
  // `title` is the picture's name. `description` is for readers who cannot see it. `id` must be
  // unique on the page.
  SvgPicture(double width, double height, std::string_view id, std::string_view title,
             std::string_view description);

  void line(SvgPoint from, SvgPoint to, std::string_view style);
  void polyline(std::span<const SvgPoint> points, std::string_view style);
  void polygon(std::span<const SvgPoint> points, std::string_view style);
  // Small marks.
  void dots(std::span<const SvgPoint> points, std::string_view style);
  void crosses(std::span<const SvgPoint> points, std::string_view style);
  void circle(SvgPoint centre, double radius, std::string_view style);
  // `fill` is a colour, such as "#00224e", or empty if the style has one. `title`, if any, appears
  // under the pointer.
  void rectangle(SvgPoint corner, double width, double height, std::string_view style,
                 std::string_view fill = {}, std::string_view title = {});

  enum class Anchor { kStart, kMiddle, kEnd };  // which part of the text is at the point
  void text(SvgPoint at, Anchor anchor, std::string_view text, std::string_view style);
  // Reads from bottom to top, with its middle at the point.
  void upward_text(SvgPoint at, std::string_view text, std::string_view style);

  // The whole element.
  std::string to_string() const { return body_ + "</svg>"; }

 private:
  // A path with `mark` at each point.
  void marks(std::span<const SvgPoint> points, std::string_view mark, std::string_view style);
  void points(std::string_view element, std::span<const SvgPoint> points, std::string_view style);

  std::string body_;
};

}  // namespace odin
