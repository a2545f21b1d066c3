#include "judges/judging/verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "core/stats/summary.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

constexpr std::string_view k_code_fence = "```";
constexpr std::size_t k_violations_told = 3;

/// The inside of the one code fence around a text; else the text.
std::string_view without_code_fence(std::string_view text) {
    const bool fenced = text.size() >= 2 * k_code_fence.size() && text.starts_with(k_code_fence) &&
                        text.ends_with(k_code_fence);
    if (!fenced) return text;
    text.remove_prefix(k_code_fence.size());
    text.remove_suffix(k_code_fence.size());
    constexpr std::string_view k_language = "json";
    if (to_lower_ascii(text.substr(0, k_language.size())) == k_language) {
        text.remove_prefix(k_language.size());
    }
    return text;
}

std::unexpected<Error> unusable(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

std::string label_of(const ScoreValue& value) {
    if (const double* const number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    const Json json = to_json(value);
    return as_text(json);
}

/// Two answers that are equally frequent leave nothing to choose by.
Result<CombinedVerdict> combine_labels(std::span<const Verdict> verdicts) {
    std::map<std::string, std::size_t> counts;
    for (const Verdict& verdict : verdicts) ++counts[label_of(verdict.value)];
    const auto most =
        std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    const auto as_frequent = std::ranges::count_if(
        counts, [most](const auto& entry) { return entry.second == most->second; });
    if (as_frequent > 1) {
        std::vector<std::string> parts;
        for (const auto& [label, count] : counts) {
            parts.push_back(fmt::format("{} × {}", count, label));
        }
        return unusable(
            fmt::format("the judge's {} answers have no majority ({}); set "
                        "`repetitions` to another number",
                        verdicts.size(), fmt::join(parts, ", ")));
    }
    const auto chosen = std::ranges::find(
        verdicts, most->first, [](const Verdict& verdict) { return label_of(verdict.value); });
    const auto differ = static_cast<double>(verdicts.size() - most->second);
    return CombinedVerdict{.value = chosen->value,
                           .spread = differ / static_cast<double>(verdicts.size())};
}

Result<CombinedVerdict> combine_numbers(std::span<const Verdict> verdicts) {
    std::vector<double> numbers;
    for (const Verdict& verdict : verdicts) numbers.push_back(as_number(verdict.value));
    ASSAY_TRY(const double average, mean(numbers));
    CombinedVerdict combined{.value = average};
    if (numbers.size() > 1) {
        ASSAY_TRY(combined.spread, sample_stddev(numbers));
    }
    return combined;
}

/// The reasons, with the answers where the score does not show them.
std::string comment_of(std::span<const Verdict> verdicts) {
    if (verdicts.size() == 1 && verdicts.front().label.empty()) return verdicts.front().reasoning;
    std::vector<std::string> parts;
    for (const Verdict& verdict : verdicts) {
        const std::string answer = verdict.label.empty() ? label_of(verdict.value) : verdict.label;
        parts.push_back(fmt::format("{}: {}", answer, verdict.reasoning));
    }
    return fmt::format("{}", fmt::join(parts, "\n\n"));
}

}  // namespace

Result<Json> read_reply(const Json& reply) {
    if (!reply.is_string()) return reply;
    const std::string_view text = trim(reply.get_ref<const std::string&>());
    if (text.empty()) return unusable("is empty");
    auto parsed = parse_json(without_code_fence(text), {.allow_duplicate_keys = false});
    if (!parsed) return unusable(fmt::format("is not JSON ({})", parsed.error().message));
    return std::move(*parsed);
}

Result<void> check_reply(const Json& reply, const JsonSchema& schema) {
    ASSAY_TRY(const auto violations, schema.validate(reply, k_violations_told));
    if (violations.empty()) return {};
    std::vector<std::string> messages;
    for (const JsonSchema::Violation& violation : violations) {
        messages.push_back(to_string(violation));
    }
    return unusable(fmt::format("does not obey its schema: {}", fmt::join(messages, "; ")));
}

Result<Verdict> read_verdict(const Json& reply, const VerdictScale& scale) {
    ASSAY_TRY(const JsonSchema schema, JsonSchema::compile(scale.schema()));
    ASSAY_TRY(const Json json, read_reply(reply));
    ASSAY_CHECK(check_reply(json, schema));
    return verdict_in(json, scale);
}

Result<Verdict> verdict_in(const Json& reply, const VerdictScale& scale) {
    Verdict verdict{.reasoning = reply.at("reasoning").get<std::string>()};
    if (trim(verdict.reasoning).empty()) {
        return unusable("gives no reasons: \"reasoning\" is empty");
    }
    ASSAY_TRY(verdict.value, score_value_from_json(reply.at("verdict")));
    if (scale.scores_points) {
        verdict.label = reply.at("verdict").get<std::string>();
        const auto point =
            std::ranges::find(scale.points, verdict.label, &VerdictScale::Point::label);
        ASSAY_ASSERT(point != scale.points.end() && point->score, "the schema names the points");
        verdict.value = *point->score;
    }
    return verdict;
}

Result<CombinedVerdict> combine(std::span<const Verdict> verdicts) {
    ASSAY_ASSERT(!verdicts.empty(), "there is an answer to combine");
    const bool are_numbers = data_type_of(verdicts.front().value) == ScoreDataType::numeric;
    ASSAY_TRY(CombinedVerdict combined,
              are_numbers ? combine_numbers(verdicts) : combine_labels(verdicts));
    combined.comment = comment_of(verdicts);
    return combined;
}

}  // namespace assay
