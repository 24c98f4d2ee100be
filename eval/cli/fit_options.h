// The options that say how images of another size are fitted.
#pragma once

#include <string>

#include "eval/image/fit.h"

namespace CLI {
class App;
}

namespace odin {

// Adds --resize, --center-crop and --fit, which exclude each other and set `fit`, to that group of
// the help.
void add_fit_options(CLI::App& app, ImageFit& fit, const std::string& group);

}  // namespace odin
