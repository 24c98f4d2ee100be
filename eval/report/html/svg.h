// A small writer of SVG pictures, as they stand within a page of HTML.
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
// style sheet; texts are escaped. Coordinates are written to a tenth.
class SvgPicture {
 public:
  // `title` is the picture's name and `description` what a reader who cannot see it should know;
  // `id` must be one that nothing else on the page has.
  SvgPicture(double width, double height, std::string_view id, std::string_view title,
             std::string_view description);

  void line(SvgPoint from, SvgPoint to, std::string_view style);
  void polyline(std::span<const SvgPoint> points, std::string_view style);
  void polygon(std::span<const SvgPoint> points, std::string_view style);
  void circle(SvgPoint centre, double radius, std::string_view style);
  // `fill` is a colour, such as "#00224e"; empty where the style has one. `title`, if any, is shown
  // under the pointer.
  void rectangle(SvgPoint corner, double width, double height, std::string_view style,
                 std::string_view fill = {}, std::string_view title = {});

  enum class Anchor { kStart, kMiddle, kEnd };  // which part of the text is at the point
  void text(SvgPoint at, Anchor anchor, std::string_view text, std::string_view style);
  // Turned to be read from bottom to top, its middle at the point.
  void upward_text(SvgPoint at, std::string_view text, std::string_view style);

  // The whole element.
  std::string to_string() const { return body_ + "</svg>"; }

 private:
  void points(std::string_view element, std::span<const SvgPoint> points, std::string_view style);

  std::string body_;
};

}  // namespace odin
