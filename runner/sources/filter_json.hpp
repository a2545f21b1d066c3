#pragma once

#include <span>
#include <string>

#include "server/query/filter.hpp"

namespace assay {

/// A filter as the API takes it: the JSON text that parse_filter() reads.
[[nodiscard]] std::string filter_text(std::span<const FilterElement> filter);

}  // namespace assay
