#pragma once

#include "core/base/json.hpp"

// What a model used and what that cost, in the forms that clients have for it, as maps by usage
// type. A map that is empty says nothing. Source: the contract, section 3.3.

namespace assay {

/// `usageDetails`: the usage of OpenAI's chat API, that of its Responses API, or a map of whole
/// numbers, of which what is none is left out.
/// @return whole numbers by usage type; details of the first two as "input_<k>" and "output_<k>",
///         and no longer part of `input` and `output`.
/// @error invalid_argument, its message the end of a sentence, for what is no object or too large.
[[nodiscard]] Result<Json> read_usage_details(const Json& value);

/// `costDetails`: US dollars by usage type. Negative ones are left out.
/// @error invalid_argument, its message the end of a sentence.
[[nodiscard]] Result<Json> read_cost_details(const Json& value);

struct LegacyUsage {
    Json usage_details = Json::object();
    Json cost_details = Json::object();
};
/// `usage`: {input, output, total, unit, inputCost, outputCost, totalCost} or {promptTokens,
/// completionTokens, totalTokens}; the forms of read_usage_details() too, as some clients send
/// them here.
/// @error as read_usage_details(), and for counts and costs that are no numbers.
[[nodiscard]] Result<LegacyUsage> read_legacy_usage(const Json& value);

}  // namespace assay
