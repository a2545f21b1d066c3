#pragma once

#include <span>
#include <string>
#include <vector>

#include "configs/verdict_scale.hpp"
#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

class JsonSchema;

struct Verdict {
    ScoreValue value;
    std::string label;  ///< of a choice that is worth a number; else ""
    std::string reasoning;
};

/// Reads a reply as JSON: the value itself or, when it is text, the JSON that is all of it, bare or
/// in one ``` fence. Nothing is dug out of prose.
/// @error invalid_argument, as the end of "the judge's reply ...": it is no JSON, or an object in
///        it has a key twice.
[[nodiscard]] Result<Json> read_reply(const Json& reply);

/// Holds a reply that is JSON to its schema.
/// @error invalid_argument, as the end of "the judge's reply ...".
[[nodiscard]] Result<void> check_reply(const Json& reply, const JsonSchema& schema);

/// @param reply  the reply as JSON, or the text that is no JSON.
/// @error invalid_argument, as the end of "the judge's reply ...": what is wrong with it. Nothing
///        is guessed: a missing field, a value out of range or of another type, and a verdict
///        without reasons are errors.
[[nodiscard]] Result<Verdict> read_verdict(const Json& reply, const VerdictScale& scale);
/// The same of a reply that was held to the scale's schema before.
/// @error invalid_argument for a verdict without reasons.
[[nodiscard]] Result<Verdict> verdict_in(const Json& reply, const VerdictScale& scale);

/// What several answers to one question come to.
struct CombinedVerdict {
    ScoreValue value;
    double spread = 0;  ///< 0 for one answer
    std::string comment;
};

/// Numbers: their mean; the spread is their standard deviation. True and false, categories: the
/// most frequent; the spread is the share of answers that differ from it.
/// @param verdicts  at least one, all with values of one type.
/// @error invalid_argument when two values are equally frequent.
[[nodiscard]] Result<CombinedVerdict> combine(std::span<const Verdict> verdicts);

}  // namespace assay
