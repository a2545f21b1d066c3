// Gates, what they share, and when a run may stop early.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

/// One bound of a gate in the map form.
struct Bound {
    std::string_view key;
    GateOperator op;
    bool is_difference;  ///< against a baseline or another variant
    double sign;         ///< of the threshold: a drop of 0.02 is a difference of -0.02
};
constexpr std::array k_bounds = {Bound{"min", GateOperator::greater_equal, false, 1},
                                 Bound{"max", GateOperator::less_equal, false, 1},
                                 Bound{"equals", GateOperator::equal, false, 1},
                                 Bound{"max_drop", GateOperator::greater_equal, true, -1},
                                 Bound{"min_gain", GateOperator::greater_equal, true, 1},
                                 Bound{"max_rise", GateOperator::less_equal, true, 1}};

const KnownNames& gate_keys() {
    static const KnownNames k_keys = {
        .names = {"score",    "measure",  "category",        "variant",    "min",
                  "max",      "equals",   "baseline",        "versus",     "max_drop",
                  "min_gain", "max_rise", "relative",        "slice",      "confidence",
                  "method",   "tier",     "on_inconclusive", "correction", "allow_changed",
                  "requires"},
        .later = {}};
    return k_keys;
}

const KnownNames& default_keys() {
    static const KnownNames k_keys = {
        .names = {"confidence", "method", "tier", "on_inconclusive", "correction"}, .later = {}};
    return k_keys;
}

std::optional<double> read_confidence(const SpecReader& reader) {
    const auto value = reader.number();
    if (value && (*value <= 0 || *value >= 1)) {
        reader.mistake(fmt::format("{} must be between 0 and 1, such as 0.95, not {}",
                                   reader.title(), *value));
        return std::nullopt;
    }
    return value;
}

/// `field` from one of some words.
template <class Field, class Parse>
void read_word(const SpecReader& map, const char* key, const std::vector<std::string>& words,
               Parse parse, Field& field) {
    const auto reader = map.find(key);
    const auto word = reader ? reader->text() : std::nullopt;
    if (!word || !reader->expect_name(key, *word, {.names = words, .later = {}})) return;
    field = parse(*word).value_or(field);
}

/// What a gate and `gate_defaults` say in the same words.
void read_common(const SpecReader& map, Gate& gate) {
    if (const auto confidence = map.find("confidence")) {
        gate.confidence = read_confidence(*confidence);
    }
    read_word(map, "method", interval_methods(), parse_interval_method, gate.method);
    read_word(map, "tier", gate_tiers(), parse_gate_tier, gate.tier);
    read_word(map, "on_inconclusive", inconclusive_rules(), parse_on_inconclusive,
              gate.on_inconclusive);
    read_word(map, "correction", corrections(), parse_correction, gate.correction);
}

void check_subject(const SpecReader& entry, const Gate& gate) {
    const auto measure = entry.find("measure");
    if (entry.find("score").has_value() == measure.has_value()) {
        entry.mistake(fmt::format("{} must name either a `score` or a `measure`", entry.title()));
        return;
    }
    if (!measure) return;
    if (!gate.measure.empty()) {
        (void)measure->expect_name("measure", gate.measure,
                                   {.names = gate_measures(), .later = {}});
    }
    if (const auto category = entry.find("category")) {
        category->mistake_at_key("a measure has no categories; `category` goes with `score`");
    }
    for (const char* const key : {"confidence", "baseline", "versus", "slice"}) {
        if (const auto found = entry.find(key)) {
            found->mistake_at_key(fmt::format(
                "a measure is one number of the whole variant; `{}` goes with `score`", key));
        }
    }
}

void check_variant(const SpecReader& entry, const char* key,
                   const std::vector<VariantSpec>& variants) {
    const auto variant = entry.find(key);
    const auto name = variant ? variant->text() : std::nullopt;
    if (!name || variants.empty()) return;
    std::set<std::string> names;
    for (const VariantSpec& known : variants) names.insert(known.name);
    names.erase("");
    (void)variant->expect_name("variant", *name,
                               {.names = {names.begin(), names.end()}, .later = {}});
}

void check_reference(const SpecReader& entry, const Gate& gate) {
    const auto has = [&entry](std::string_view key) { return entry.find(key).has_value(); };
    if (has("baseline") && has("versus")) {
        entry.mistake(
            fmt::format("{} has a `baseline` and `versus`, which is another variant of "
                        "the run; compare with one of them",
                        entry.title()));
    }
    if (!gate.versus.empty() && gate.versus == gate.variant) {
        entry.mistake(
            fmt::format("{} compares the variant {} with itself", entry.title(), gate.variant));
    }
    if (!gate.is_comparison()) {
        for (const char* const key : {"max_drop", "min_gain", "max_rise", "relative"}) {
            if (const auto found = entry.find(key)) {
                found->mistake_at_key(fmt::format(
                    "`{}` needs something to compare with: `baseline` or `versus`", key));
            }
        }
    }
    if (const auto allowed = entry.find("allow_changed")) {
        if (!has("baseline")) allowed->mistake_at_key("`allow_changed` goes with `baseline`");
        for (const SpecReader& part : allowed->items()) {
            const auto name = part.text();
            if (name) {
                (void)part.expect_name("part", *name,
                                       {.names = {"dataset", "evaluator"}, .later = {}});
            }
        }
    }
}

void check_slice(const SpecReader& entry, const Gate& gate) {
    if (gate.slice.empty()) return;
    const std::string head = gate.slice.substr(0, gate.slice.find('.'));
    (void)entry.find("slice")->expect_name(
        "field of an item", head, {.names = {"metadata", "input", "expected_output"}, .later = {}});
}

void check_interval(const SpecReader& entry, const Gate& gate) {
    if (entry.find("equals") && entry.find("confidence")) {
        entry.find("confidence")
            ->mistake_at_key(
                "no interval can prove that a value is exactly another; give the "
                "range that is good enough by `min` and `max`");
    }
    if (gate.confidence) return;
    for (const char* const key : {"method", "on_inconclusive"}) {
        if (const auto found = entry.find(key)) {
            found->mistake_at_key(fmt::format(
                "`{}` is about the interval, and this gate has none without `confidence`", key));
        }
    }
}

const KnownNames& requirement_keys() {
    static const KnownNames k_keys = [] {
        KnownNames keys{.names = {"judge", "lower_bound", "calibration"}, .later = {}};
        keys.names.insert(keys.names.end(), judge_statistics().begin(), judge_statistics().end());
        return keys;
    }();
    return k_keys;
}

void read_minimum(const SpecReader& map, const std::string& word, JudgeRequirement& requirement) {
    const auto reader = map.find(word);
    const auto value = reader ? reader->number() : std::nullopt;
    if (!value) return;
    // Kappa and a correlation of 0 are chance; below it a judge says the opposite of people.
    if (*value <= 0 || *value > 1) {
        reader->mistake(
            fmt::format("{} must be above 0 and at most 1, not {}", reader->title(), *value));
        return;
    }
    requirement.minimums.push_back({*parse_judge_statistic(word), *value});
}

std::optional<JudgeRequirement> read_requirement(const SpecReader& map) {
    if (!map.expect_map(requirement_keys())) return std::nullopt;
    JudgeRequirement requirement;
    if (map.require("judge")) read_text(map, "judge", requirement.judge);
    read_text(map, "calibration", requirement.calibration);
    if (const auto lower = map.find("lower_bound")) {
        requirement.lower_bound = lower->boolean().value_or(false);
    }
    const auto& statistics = judge_statistics();
    for (const std::string& word : statistics) read_minimum(map, word, requirement);
    const auto has = [&map](const std::string& word) { return map.find(word).has_value(); };
    if (std::ranges::none_of(statistics, has)) {
        map.mistake(fmt::format("{} must say what is required: {}", map.title(),
                                fmt::join(statistics, ", ")));
    }
    return requirement;
}

std::string text_of(const Gate& gate, const Bound& bound, double amount) {
    const std::string subject = gate.score.empty()      ? gate.measure
                                : gate.category.empty() ? gate.score
                                                        : gate.score + "[" + gate.category + "]";
    const std::string slices = gate.slice.empty() ? "" : " by " + gate.slice;
    if (!bound.is_difference) {
        return fmt::format("{} {} {}{}", subject, to_string(bound.op), amount, slices);
    }
    const std::string& reference = gate.baseline.empty() ? gate.versus : gate.baseline;
    const bool relative = gate.form == GateForm::relative;
    // A margin of 0.3 as a share is "30 %", not "30.000000000000004 %".
    const std::string margin =
        relative ? fmt::format("{:.6g} %", amount * 100) : fmt::format("{}", amount);
    return fmt::format("{} {} {} {} {}{}", subject, to_string(bound.op), reference,
                       bound.sign < 0 ? "-" : "+", margin, slices);
}

/// The bounds of an entry; each is a gate of its own.
void read_bounds(const SpecReader& entry, Gate gate, std::vector<Gate>& gates) {
    const bool relative = gate.form == GateForm::relative;
    for (const Bound& bound : k_bounds) {
        const auto reader = entry.find(bound.key);
        const auto amount = reader ? reader->number() : std::nullopt;
        if (!amount) continue;
        if (bound.is_difference && *amount < 0) {
            reader->mistake(fmt::format("{} must not be negative: it is a size", reader->title()));
            continue;
        }
        if (!bound.is_difference && gate.is_comparison()) {
            reader->mistake_at_key(fmt::format(
                "`{}` bounds the score itself; beside a comparison it is a gate of its own",
                bound.key));
            continue;
        }
        gate.op = bound.op;
        gate.form = !bound.is_difference ? GateForm::value
                    : relative           ? GateForm::relative
                                         : GateForm::difference;
        gate.threshold = *amount == 0 ? 0 : bound.sign * *amount;
        gate.text = text_of(gate, bound, *amount);
        gates.push_back(gate);
    }
}

void check_bounds(const SpecReader& entry, const Gate& gate) {
    const auto has = [&entry](std::string_view key) { return entry.find(key).has_value(); };
    if (!std::ranges::any_of(k_bounds, has, &Bound::key)) {
        entry.mistake(
            gate.is_comparison()
                ? fmt::format("{} needs `max_drop`, `min_gain` or `max_rise`", entry.title())
                : fmt::format("{} needs `min`, `max` or `equals`", entry.title()));
    }
    if (has("equals") && (has("min") || has("max"))) {
        entry.mistake(
            fmt::format("{} has `equals`, which leaves nothing to `min` and `max`", entry.title()));
    }
    const auto number = [&entry](std::string_view key) {
        const auto reader = entry.find(key);
        return reader && reader->value().is_number() ? reader->value().get<double>() : NAN;
    };
    if (number("min") > number("max")) {
        entry.mistake(
            fmt::format("{} can never pass: its `min` is larger than its `max`", entry.title()));
    }
}

void read_gate_map(const SpecReader& entry, const GateContext& context, Gate gate,
                   std::vector<Gate>& gates) {
    if (!entry.expect_map(gate_keys())) return;
    gate.place = entry.place();
    read_text(entry, "score", gate.score);
    read_text(entry, "measure", gate.measure);
    read_text(entry, "category", gate.category);
    read_text(entry, "variant", gate.variant);
    read_text(entry, "baseline", gate.baseline);
    read_text(entry, "versus", gate.versus);
    read_text(entry, "slice", gate.slice);
    if (const auto allowed = entry.find("allow_changed")) gate.allow_changed = allowed->texts();
    if (const auto relative = entry.find("relative")) {
        if (relative->boolean().value_or(false)) gate.form = GateForm::relative;
    }
    if (const auto required = entry.find("requires")) {
        gate.requirement = read_requirement(*required);
    }
    if (!context.has_interval(gate) || entry.find("equals")) gate.confidence.reset();
    read_common(entry, gate);
    check_subject(entry, gate);
    if (!gate.measure.empty()) gate.baseline = gate.versus = gate.slice = "";  // reported
    check_variant(entry, "variant", context.variants);
    check_variant(entry, "versus", context.variants);
    check_reference(entry, gate);
    check_slice(entry, gate);
    check_interval(entry, gate);
    check_bounds(entry, gate);
    read_bounds(entry, std::move(gate), gates);
}

}  // namespace

bool GateContext::has_interval(const Gate& gate) const {
    const auto gives = [&gate](const RunEvaluator& evaluator) {
        const std::vector<std::string> names = run_score_names(evaluator);
        return std::ranges::find(names, gate.score) != names.end();
    };
    return gate.measure.empty() && std::ranges::none_of(run_evaluators, gives);
}

Gate read_gate_defaults(const SpecReader& defaults) {
    Gate gate;
    if (defaults.expect_map(default_keys())) read_common(defaults, gate);
    return gate;
}

std::vector<Gate> read_gates(const SpecReader& gates, const GateContext& context) {
    std::vector<Gate> read;
    if (!gates.expect_list()) return read;
    for (const SpecReader& entry : gates.items()) {
        if (entry.value().is_object()) {
            read_gate_map(entry, context, context.defaults, read);
        } else if (!entry.value().is_string()) {
            entry.wrong_type("a condition such as \"exact_match >= 0.85\" or a map");
        } else if (auto parsed = parse_gate(entry.value().get_ref<const std::string&>())) {
            Gate gate = context.defaults;
            gate.text = parsed->text;
            gate.score = parsed->score;
            gate.measure = parsed->measure;
            gate.op = parsed->op;
            gate.threshold = parsed->threshold;
            gate.place = entry.place();
            const bool exact = gate.op == GateOperator::equal;
            if (exact || !context.has_interval(gate)) gate.confidence.reset();
            read.push_back(std::move(gate));
        } else {
            entry.mistake(std::move(parsed.error().message));
        }
    }
    return read;
}

std::optional<StopRule> read_stop(const SpecReader& stop) {
    if (!stop.expect_map({.names = {"score", "confidence", "min_items"}, .later = {}})) return {};
    StopRule rule;
    if (stop.require("score")) read_text(stop, "score", rule.score);
    if (const auto confidence = stop.find("confidence")) {
        rule.confidence = read_confidence(*confidence).value_or(rule.confidence);
    }
    if (const auto least = stop.find("min_items")) {
        rule.min_items = least->whole(0).value_or(0);
    }
    return rule;
}

}  // namespace assay
