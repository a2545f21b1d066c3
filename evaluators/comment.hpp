#pragma once

#include <string>
#include <string_view>

namespace assay {

/// A text for a comment: one line of valid UTF-8 in quotes, escaped as in JSON and cut after 40
/// characters.
[[nodiscard]] std::string quoted_excerpt(std::string_view text);

/// `expected "Paris", got "London"`; of long texts only the part from their first difference on.
[[nodiscard]] std::string difference_comment(std::string_view output, std::string_view expected);

}  // namespace assay
