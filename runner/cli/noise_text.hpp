#pragma once

#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "runner/report/noise.hpp"

namespace assay {

/// What was measured, for people: lines of at most `columns`.
/// @param store_option  of the commands that it says to type.
[[nodiscard]] std::vector<std::string> noise_lines(const Noise& noise, std::size_t columns,
                                                   const std::string& store_option);

/// The same for machines, with every item that flipped.
[[nodiscard]] OrderedJson noise_to_json(const Noise& noise);

}  // namespace assay
