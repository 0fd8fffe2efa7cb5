#pragma once

#include <string>

#include "artifacts/gallery.h"

namespace fer {

/// A gallery as one HTML page without a script, which takes nothing from the network: pictures are part of it. It
/// follows the reader's choice of light or dark, fits a phone and can be printed.
std::string gallery_page(const Gallery& gallery);

}  // namespace fer
