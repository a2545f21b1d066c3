#include "runner/cli/plan_detection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "core/base/text.hpp"
#include "runner/engine/estimate.hpp"
#include "runner/report/detectable.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/run_statistics.hpp"

namespace assay {
namespace {

constexpr PowerTarget k_target{.confidence = k_report_confidence, .power = k_report_power};

/// The variant of that name in a report, or its only one.
std::optional<std::size_t> variant_in(const Report* report, const std::string& name) {
    if (report == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < report->variants.size(); ++i) {
        if (report->variants[i].name == name) return i;
    }
    return report->variants.size() == 1 ? std::optional<std::size_t>(0) : std::nullopt;
}

/// Two earlier runs tell most, one tells something, and without any it is assumed.
Result<PairSpread> spread_of(const std::string& score, const std::string& variant,
                             const EarlierRuns& earlier) {
    const auto newest = variant_in(earlier.newest, variant);
    if (!newest) return assumed_spread();
    const auto before = variant_in(earlier.before, variant);
    if (before) {
        const ScoreTable& a = earlier.before->tables[*before];
        const ScoreTable& b = earlier.newest->tables[*newest];
        const auto pairs = pair_scores(a, b, pair_items(a, b), score);
        if (pairs) {
            auto spread = spread_of_pairs(
                pairs->sample, fmt::format("runs {} and {}", earlier.before->run.id.value(),
                                           earlier.newest->run.id.value()));
            if (spread) return spread;
        }
    }
    const ScoreSummary* const summary = find_score(earlier.newest->variants[*newest], score);
    if (summary == nullptr) return assumed_spread();
    auto spread = spread_of_score(*summary);
    if (!spread) return assumed_spread();
    spread->basis = fmt::format("run {}, and {}", earlier.newest->run.id.value(), spread->basis);
    return spread;
}

/// A size that is asked about: the truth lies so far above the threshold.
struct Question {
    double difference = 0;
    double threshold = 0;
};

/// Of a gate that allows a drop: no drop at all is so far from it.
std::vector<Question> margins_of(const std::string& score, const ReportPlan& plan) {
    std::map<double, Question> margins;
    for (const Gate& gate : plan.gates) {
        const bool is_margin = gate.score == score && gate.form == GateForm::difference;
        if (!is_margin || gate.threshold == 0) continue;
        const double size = std::abs(gate.threshold);
        margins[size] = {.difference = size, .threshold = std::min(0.0, gate.threshold)};
    }
    std::vector<Question> questions;
    for (const auto& [size, question] : margins) questions.push_back(question);
    return questions;
}

/// A size that people would ask about: 1, 2 or 5 times a power of ten, not above `size`.
double rounded(double size) {
    const double power = std::pow(10.0, std::floor(std::log10(size)));
    const double times = size / power;
    return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

ScoreDetection::Wanted wanted_of(PairSpread spread, const Question& question, std::uint64_t items) {
    const double difference = question.difference;
    ScoreDetection::Wanted wanted{.difference = difference, .items = {}, .repetitions = {}};
    if (auto* const rates = std::get_if<PairedRates>(&spread.design)) {
        rates->margin = question.threshold;
    }
    wanted.items = items_needed(spread.design, difference, k_target).value_or(std::nullopt);
    if (spread.parts) {
        wanted.repetitions =
            repetitions_needed(*spread.parts, items, difference, k_target).value_or(std::nullopt);
    }
    return wanted;
}

std::string items_text(const ScoreDetection::Wanted& wanted) {
    std::string text = wanted.items ? format_some(*wanted.items, "item") : "no number of items";
    if (wanted.repetitions && *wanted.repetitions > 1) {
        text += fmt::format(" or {} of each", format_some(*wanted.repetitions, "repetition"));
    }
    return text;
}

/// Rows are scores of variants that are judged alike, columns the sizes that are asked about.
Grid grid_of(std::span<const ScoreDetection> detections) {
    std::set<double> sizes;
    for (const ScoreDetection& detection : detections) {
        for (const auto& wanted : detection.wanted) sizes.insert(wanted.difference);
    }
    Grid grid;
    grid.headers.emplace_back("found from");
    for (const double size : sizes) grid.headers.push_back(format_exact(size) + " takes");
    for (const ScoreDetection& detection : detections) {
        GridLine line{.label = fmt::format("{} ({})", detection.score, detection.variant),
                      .cells = {format_number(detection.detectable.difference)}};
        for (const double size : sizes) {
            const auto found =
                std::ranges::find(detection.wanted, size, &ScoreDetection::Wanted::difference);
            line.cells.push_back(found == detection.wanted.end() ? "–" : items_text(*found));
        }
        grid.lines.push_back(std::move(line));
    }
    return grid;
}

/// Whether the variant will have no score of that column, whatever its outputs.
bool has_none(const ScoreColumn& column, const std::string& variant, const Experiment& experiment) {
    const auto& evaluators = experiment.evaluators;
    const auto owner = std::ranges::find(evaluators, column.evaluator, &BoundEvaluator::name);
    if (owner == evaluators.end()) return false;
    const auto index = static_cast<std::size_t>(owner - evaluators.begin());
    return skipped_evaluators(experiment, variant)[index];
}

}  // namespace

std::vector<ScoreDetection> plan_detection(const PreparedRun& prepared, const EarlierRuns& earlier,
                                           const std::vector<double>& differences) {
    const std::uint64_t items = prepared.plan.facts.items;
    const ReportPlan& plan = prepared.plan.run.report_plan;
    std::vector<ScoreDetection> detections;
    for (const ScoreColumn& column : plan.scores) {
        if (column.data_type == ScoreDataType::categorical) continue;
        std::vector<Question> asked;
        for (const double difference : differences) asked.push_back({difference, 0});
        if (asked.empty()) asked = margins_of(column.name, plan);
        for (const VariantRecord& variant : prepared.plan.run.variants) {
            if (has_none(column, variant.name, prepared.experiment)) continue;
            const auto spread = spread_of(column.name, variant.name, earlier);
            const auto detectable = spread ? detectable_of(*spread, items, k_target)
                                           : Result<Detectable>(std::unexpected(spread.error()));
            if (!detectable) continue;
            if (asked.empty()) asked.push_back({rounded(detectable->difference / 2), 0});
            ScoreDetection detection{.score = column.name,
                                     .variant = variant.name,
                                     .detectable = *detectable,
                                     .wanted = {}};
            for (const Question& question : asked) {
                detection.wanted.push_back(wanted_of(*spread, question, items));
            }
            detections.push_back(std::move(detection));
        }
    }
    return detections;
}

OrderedJson to_json(const ScoreDetection& detection) {
    OrderedJson json = {{"score", detection.score},
                        {"variant", detection.variant},
                        {"difference", detection.detectable.difference},
                        {"power", detection.detectable.power},
                        {"confidence", detection.detectable.confidence},
                        {"basis", detection.detectable.basis},
                        {"wanted", OrderedJson::array()}};
    const auto or_null = [](const auto& value) {
        return value ? OrderedJson(*value) : OrderedJson(nullptr);
    };
    for (const auto& [difference, items, repetitions] : detection.wanted) {
        json["wanted"].push_back({{"difference", difference},
                                  {"items", or_null(items)},
                                  {"repetitions", or_null(repetitions)}});
    }
    return json;
}

std::vector<std::string> detection_lines(const std::vector<ScoreDetection>& detections,
                                         std::size_t columns) {
    std::vector<std::string> lines;
    for (auto first = detections.begin(); first != detections.end();) {
        const Detectable& head = first->detectable;
        const auto next = std::find_if(first, detections.end(), [&](const auto& detection) {
            return detection.detectable.basis != head.basis;
        });
        const std::string sentence = fmt::format(
            "A difference that is really there is found with {} power at {} confidence, judging "
            "by {}:",
            format_percent(head.power), format_percent(head.confidence), head.basis);
        if (!lines.empty()) lines.emplace_back();
        std::ranges::move(wrap(sentence, columns), std::back_inserter(lines));
        std::ranges::move(lay_out(grid_of({first, next}), columns), std::back_inserter(lines));
        first = next;
    }
    return lines;
}

}  // namespace assay
