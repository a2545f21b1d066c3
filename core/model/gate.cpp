#include "core/model/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::array k_operators = {GateOperator::greater_equal, GateOperator::less_equal,
                                    GateOperator::greater, GateOperator::less, GateOperator::equal};
constexpr std::array k_forms = {GateForm::value, GateForm::difference, GateForm::relative};
constexpr std::array k_tiers = {GateTier::critical, GateTier::supporting, GateTier::advisory};
constexpr std::array k_inconclusive_rules = {OnInconclusive::cannot_tell, OnInconclusive::fail,
                                             OnInconclusive::pass, OnInconclusive::warn};
constexpr std::array k_corrections = {Correction::none, Correction::holm, Correction::bh};
constexpr std::array k_methods = {IntervalMethod::automatic, IntervalMethod::wilson,
                                  IntervalMethod::clopper_pearson, IntervalMethod::student_t,
                                  IntervalMethod::bca};
constexpr std::array k_judge_statistics = {JudgeStatistic::kappa, JudgeStatistic::accuracy,
                                           JudgeStatistic::sensitivity, JudgeStatistic::specificity,
                                           JudgeStatistic::correlation};

template <class Values>
std::vector<std::string> words_of(const Values& values) {
    std::vector<std::string> words;
    for (const auto value : values) words.emplace_back(to_string(value));
    return words;
}

template <class Values>
std::optional<typename Values::value_type> parse_one_of(const Values& values,
                                                        std::string_view text) {
    const auto* const found = std::ranges::find(
        values, text, [](auto value) { return std::string_view(to_string(value)); });
    return found == values.end() ? std::nullopt : std::optional(*found);
}

/// A word that was stored by to_string(); `field` is left as it was when there is none.
template <class Values>
Result<void> read_word(const Json& json, const char* key, const Values& values,
                       typename Values::value_type& field) {
    const auto found = json.find(key);
    if (found == json.end()) return {};
    const auto& text = found->get_ref<const std::string&>();
    const auto parsed = parse_one_of(values, text);
    if (!parsed) {
        return failure(ErrorCode::data_loss, fmt::format("a gate's {} is \"{}\"", key, text));
    }
    field = *parsed;
    return {};
}

Result<double> parse_threshold(std::string_view text) {
    std::string_view digits = text;
    const bool percent = digits.ends_with('%');
    if (percent) digits = trim(digits.substr(0, digits.size() - 1));
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no number; write 0.85 or 85%", text));
    }
    return percent ? value / 100 : value;
}

Json to_json(const JudgeRequirement& requirement) {
    Json minimums = Json::object();
    for (const auto& [statistic, value] : requirement.minimums) {
        minimums[to_string(statistic)] = value;
    }
    return {{"judge", requirement.judge},
            {"minimums", std::move(minimums)},
            {"lower_bound", requirement.lower_bound},
            {"calibration", requirement.calibration}};
}

Result<JudgeRequirement> requirement_from_json(const Json& json) {
    JudgeRequirement requirement{.judge = json.at("judge").get<std::string>(),
                                 .minimums = {},
                                 .lower_bound = json.at("lower_bound").get<bool>(),
                                 .calibration = json.at("calibration").get<std::string>()};
    for (const auto& [word, value] : json.at("minimums").items()) {
        const auto statistic = parse_judge_statistic(word);
        if (!statistic) {
            return failure(ErrorCode::data_loss,
                           fmt::format("a gate requires the statistic \"{}\" of a judge", word));
        }
        requirement.minimums.push_back({*statistic, value.get<double>()});
    }
    // As a spec is read: the first one that is not met is told.
    std::ranges::sort(requirement.minimums, {}, &JudgeRequirement::Minimum::statistic);
    return requirement;
}

}  // namespace

const char* to_string(GateOperator op) {
    switch (op) {
        case GateOperator::greater_equal: return ">=";
        case GateOperator::greater: return ">";
        case GateOperator::less_equal: return "<=";
        case GateOperator::less: return "<";
        case GateOperator::equal: return "=";
    }
    std::unreachable();
}

bool holds(double observed, GateOperator op, double threshold) {
    switch (op) {
        case GateOperator::greater_equal: return observed >= threshold;
        case GateOperator::greater: return observed > threshold;
        case GateOperator::less_equal: return observed <= threshold;
        case GateOperator::less: return observed < threshold;
        case GateOperator::equal: return observed == threshold;
    }
    std::unreachable();
}

const char* to_string(GateForm form) {
    switch (form) {
        case GateForm::value: return "value";
        case GateForm::difference: return "difference";
        case GateForm::relative: return "relative";
    }
    std::unreachable();
}

const char* to_string(GateTier tier) {
    switch (tier) {
        case GateTier::critical: return "critical";
        case GateTier::supporting: return "supporting";
        case GateTier::advisory: return "advisory";
    }
    std::unreachable();
}

const char* to_string(OnInconclusive rule) {
    switch (rule) {
        case OnInconclusive::cannot_tell: return "cannot_tell";
        case OnInconclusive::fail: return "fail";
        case OnInconclusive::pass: return "pass";
        case OnInconclusive::warn: return "warn";
    }
    std::unreachable();
}

const char* to_string(Correction correction) {
    switch (correction) {
        case Correction::none: return "none";
        case Correction::holm: return "holm";
        case Correction::bh: return "bh";
    }
    std::unreachable();
}

const char* to_string(IntervalMethod method) {
    switch (method) {
        case IntervalMethod::automatic: return "auto";
        case IntervalMethod::wilson: return "wilson";
        case IntervalMethod::clopper_pearson: return "clopper_pearson";
        case IntervalMethod::student_t: return "student_t";
        case IntervalMethod::bca: return "bca";
    }
    std::unreachable();
}

const char* to_string(JudgeStatistic statistic) {
    switch (statistic) {
        case JudgeStatistic::kappa: return "kappa";
        case JudgeStatistic::accuracy: return "accuracy";
        case JudgeStatistic::sensitivity: return "sensitivity";
        case JudgeStatistic::specificity: return "specificity";
        case JudgeStatistic::correlation: return "correlation";
    }
    std::unreachable();
}

const std::vector<std::string>& gate_tiers() {
    static const std::vector<std::string> k_words = words_of(k_tiers);
    return k_words;
}

const std::vector<std::string>& inconclusive_rules() {
    static const std::vector<std::string> k_words = words_of(k_inconclusive_rules);
    return k_words;
}

const std::vector<std::string>& corrections() {
    static const std::vector<std::string> k_words = words_of(k_corrections);
    return k_words;
}

const std::vector<std::string>& interval_methods() {
    static const std::vector<std::string> k_words = words_of(k_methods);
    return k_words;
}

const std::vector<std::string>& judge_statistics() {
    static const std::vector<std::string> k_words = words_of(k_judge_statistics);
    return k_words;
}

std::optional<GateTier> parse_gate_tier(std::string_view text) {
    return parse_one_of(k_tiers, text);
}

std::optional<OnInconclusive> parse_on_inconclusive(std::string_view text) {
    return parse_one_of(k_inconclusive_rules, text);
}

std::optional<Correction> parse_correction(std::string_view text) {
    return parse_one_of(k_corrections, text);
}

std::optional<IntervalMethod> parse_interval_method(std::string_view text) {
    return parse_one_of(k_methods, text);
}

std::optional<JudgeStatistic> parse_judge_statistic(std::string_view text) {
    return parse_one_of(k_judge_statistics, text);
}

const std::vector<std::string>& gate_measures() {
    static const std::vector<std::string> k_measures = {
        "cost_usd",       "coverage",       "error_rate",     "judge_cost_usd", "judge_tokens",
        "latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "tokens"};
    return k_measures;
}

Result<Gate> parse_gate(std::string_view text) {
    for (const GateOperator op : k_operators) {
        const std::size_t at = text.find(to_string(op));
        if (at == std::string_view::npos) continue;
        Gate gate;
        gate.op = op;
        const std::string_view name = trim(text.substr(0, at));
        std::string_view threshold = text.substr(at + std::string_view(to_string(op)).size());
        if (op == GateOperator::equal && threshold.starts_with('=')) threshold.remove_prefix(1);
        const bool garbled = name.find_first_of("<>=") != std::string_view::npos;
        if (name.empty() || garbled) break;
        ASSAY_TRY(gate.threshold, parse_threshold(trim(threshold)));
        const auto& measures = gate_measures();
        const bool measure = std::ranges::find(measures, name) != measures.end();
        (measure ? gate.measure : gate.score) = std::string(name);
        gate.text = fmt::format("{} {} {}", name, to_string(op), trim(threshold));
        return gate;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no gate; write it as \"exact_match >= 0.85\", with one "
                               "of >= > <= < =",
                               text));
}

Json to_json(const Gate& gate) {
    return {{"text", gate.text},
            {"score", gate.score},
            {"category", gate.category},
            {"measure", gate.measure},
            {"form", to_string(gate.form)},
            {"op", to_string(gate.op)},
            {"threshold", gate.threshold},
            {"variant", gate.variant},
            {"baseline", gate.baseline},
            {"versus", gate.versus},
            {"slice", gate.slice},
            {"confidence", gate.confidence ? Json(*gate.confidence) : Json(nullptr)},
            {"method", to_string(gate.method)},
            {"tier", to_string(gate.tier)},
            {"on_inconclusive", to_string(gate.on_inconclusive)},
            {"correction", to_string(gate.correction)},
            {"allow_changed", gate.allow_changed},
            {"requires", gate.requirement ? to_json(*gate.requirement) : Json(nullptr)},
            {"place", {gate.place.file, gate.place.line, gate.place.column}}};
}

Result<Gate> gate_from_json(const Json& json) {
    Gate gate;
    gate.text = json.at("text").get<std::string>();
    gate.score = json.at("score").get<std::string>();
    gate.category = json.at("category").get<std::string>();
    gate.measure = json.at("measure").get<std::string>();
    gate.threshold = json.at("threshold").get<double>();
    gate.variant = json.at("variant").get<std::string>();
    gate.baseline = json.value("baseline", "");
    gate.versus = json.value("versus", "");
    gate.slice = json.value("slice", "");
    gate.allow_changed = json.value("allow_changed", std::vector<std::string>());
    if (const auto found = json.find("confidence"); found != json.end() && !found->is_null()) {
        gate.confidence = found->get<double>();
    }
    ASSAY_CHECK(read_word(json, "form", k_forms, gate.form));
    (void)json.at("op");  // older gates have one too
    ASSAY_CHECK(read_word(json, "op", k_operators, gate.op));
    ASSAY_CHECK(read_word(json, "method", k_methods, gate.method));
    ASSAY_CHECK(read_word(json, "tier", k_tiers, gate.tier));
    ASSAY_CHECK(read_word(json, "on_inconclusive", k_inconclusive_rules, gate.on_inconclusive));
    ASSAY_CHECK(read_word(json, "correction", k_corrections, gate.correction));
    if (const auto found = json.find("requires"); found != json.end() && !found->is_null()) {
        ASSAY_TRY(gate.requirement, requirement_from_json(*found));
    }
    const Json& place = json.at("place");
    gate.place = {place.at(0).get<std::string>(), place.at(1).get<int>(), place.at(2).get<int>()};
    return gate;
}

}  // namespace assay
