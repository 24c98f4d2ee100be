#include "eval/report/html/page.h"

#include <fmt/format.h>

#include "eval/report/html/style.h"
#include "eval/report/html/text.h"
#include "eval/report/version.h"

namespace odin {

std::string html_head(std::string_view title, std::string_view style) {
  // The policy forbids scripts and all access to the network, whatever the page contains.
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "img-src data:; style-src 'unsafe-inline'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"generator\" content=\"odin {}\"/>\n"
      "<title>{}</title>\n<style>{}{}</style>\n</head>\n",
      html_escaped(version()), html_escaped(title), html_style(), style);
}

}  // namespace odin
