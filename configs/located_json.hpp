#pragma once

#include "configs/located_document.hpp"
#include "configs/text_places.hpp"

namespace assay {

/// A JSON text as a located document; see parse_located().
[[nodiscard]] LocatedDocument parse_located_json(TextPlaces places);

}  // namespace assay
