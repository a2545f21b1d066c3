#include <cmath>
#include <string_view>

#include "runner/report/judge_warnings.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

template <class Maybe>
OrderedJson or_null(const Maybe& value) {
    return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson usd_or_null(const std::optional<NanoUsd>& cost) {
    return cost ? OrderedJson(to_usd(*cost)) : OrderedJson(nullptr);
}

/// Milliseconds with the microseconds that a clock can vouch for.
OrderedJson ms_or_null(const std::optional<double>& milliseconds) {
    return milliseconds ? OrderedJson(std::round(*milliseconds * 1000) / 1000)
                        : OrderedJson(nullptr);
}

/// The manifest's keys in the order of SPEC section 3; the store keeps objects sorted by name.
OrderedJson in_reading_order(const Json& value) {
    static constexpr std::string_view k_order[] = {
        "name",       "spec_sha256", "dataset", "models",      "prompts", "prices_sha256",
        "evaluators", "seed",        "assay",   "git",         "ci",      "type",
        "version",    "sha256",      "hash",    "items",       "commit",  "branch",
        "dirty",      "provider",    "run_url", "pull_request"};
    if (value.is_array()) {
        OrderedJson array = OrderedJson::array();
        for (const Json& element : value) array.push_back(in_reading_order(element));
        return array;
    }
    if (!value.is_object()) return value;
    OrderedJson object = OrderedJson::object();
    for (const std::string_view key : k_order) {
        if (const auto found = value.find(key); found != value.end()) {
            object[found.key()] = in_reading_order(*found);
        }
    }
    for (const auto& [key, element] : value.items()) {
        if (!object.contains(key)) object[key] = in_reading_order(element);
    }
    return object;
}

OrderedJson run_to_json(const RunRecord& run) {
    const auto wall = [&] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(*run.finished - run.started);
    };
    return {{"id", run.id.value()},
            {"name", run.name},
            {"experiment", run.experiment},
            {"started_at", to_rfc3339(run.started)},
            {"finished_at",
             run.finished ? OrderedJson(to_rfc3339(*run.finished)) : OrderedJson(nullptr)},
            {"wall_ms", run.finished ? OrderedJson(wall().count()) : OrderedJson(nullptr)},
            {"resumed_from", run.resumed ? OrderedJson(run.id.value()) : OrderedJson(nullptr)}};
}

OrderedJson interval_to_json(const std::optional<ReportedInterval>& interval) {
    if (!interval) return nullptr;
    return {{"low", interval->low},
            {"high", interval->high},
            {"confidence", interval->confidence},
            {"method", interval->method}};
}

OrderedJson slice_to_json(const std::string& path, const std::string& value) {
    if (path.empty()) return nullptr;
    return {{"path", path}, {"value", value}};
}

OrderedJson score_to_json(const ScoreSummary& score) {
    OrderedJson json = {
        {"data_type", score.data_type ? OrderedJson(to_string(*score.data_type)) : nullptr},
        {"items", score.items},
        {"count", score.count},
        {"errors", score.errors},
        {"skipped", score.skipped}};
    if (score.data_type == ScoreDataType::categorical) {
        json["categories"] = Json(score.categories);
    } else {
        json["mean"] = or_null(score.mean);
        json["stddev"] = or_null(score.stddev);
        json["interval"] = interval_to_json(score.interval);
    }
    if (const auto& corrected = score.corrected) {
        json["corrected"] = {
            {"mean", or_null(corrected->mean)},
            {"interval", interval_to_json(corrected->interval)},
            {"method",
             corrected->interval ? OrderedJson(corrected->interval->method) : OrderedJson(nullptr)},
            {"clamped", corrected->clamped},
            {"labels", corrected->labels},
            {"calibration", corrected->calibration},
            {"missing",
             corrected->missing.empty() ? OrderedJson(nullptr) : OrderedJson(corrected->missing)}};
    }
    if (const auto& detectable = score.detectable) {
        json["detectable"] = {{"difference", detectable->difference},
                              {"power", detectable->power},
                              {"confidence", detectable->confidence},
                              {"basis", detectable->basis},
                              {"items_for_half", or_null(detectable->items_for_half)},
                              {"repetitions_for_half", or_null(detectable->repetitions_for_half)}};
    }
    const RepetitionSummary& repetitions = score.repetitions;
    if (repetitions.items > 0) {
        json["repetitions"] = {{"items", repetitions.items},
                               {"varying", repetitions.varying},
                               {"stddev", or_null(repetitions.stddev)}};
    }
    return json;
}

OrderedJson matrix_to_json(const Result<ConfusionMatrix>& matrix) {
    if (!matrix) return nullptr;
    return {{"labels", matrix->labels}, {"counts", matrix->counts}};
}

/// The run scores, and beside them only what there is: matrices, and what must be said of either.
void add_run_scores(OrderedJson& json, const VariantSummary& variant) {
    OrderedJson notes = OrderedJson::object();
    const auto add_note = [&](const std::string& name, const auto& value,
                              const std::string& comment) {
        if (!value) {
            notes[name] = "cannot be computed: " + value.error().message;
        } else if (!comment.empty()) {
            notes[name] = comment;
        }
    };
    json["run_scores"] = OrderedJson::object();
    for (const auto& [name, value, comment] : variant.run_scores) {
        json["run_scores"][name] = or_null(value);
        add_note(name, value, comment);
    }
    for (const auto& [name, matrix, comment] : variant.matrices) {
        json["matrices"][name] = matrix_to_json(matrix);
        add_note(name, matrix, comment);
    }
    if (!notes.empty()) json["run_score_notes"] = std::move(notes);
}

OrderedJson latency_to_json(const LatencySummary& latency) {
    return {{"p50", ms_or_null(latency.p50)},
            {"p95", ms_or_null(latency.p95)},
            {"p99", ms_or_null(latency.p99)}};
}

OrderedJson judges_to_json(const JudgeTotals& judges) {
    const auto total = judges.tokens.find("total");
    const bool counted = total != judges.tokens.end();
    return {{"calls", judges.calls},
            {"cached", judges.cached},
            {"retried", judges.retried},
            {"tokens", counted ? OrderedJson(total->second) : OrderedJson(nullptr)},
            {"cost_usd", usd_or_null(judges.cost)},
            {"paid_usd", usd_or_null(judges.paid)}};
}

OrderedJson variant_to_json(const VariantSummary& variant) {
    OrderedJson scores = OrderedJson::object();
    for (const ScoreSummary& score : variant.scores) scores[score.name] = score_to_json(score);
    const auto tokens = [&](const char* kind) {
        const auto found = variant.tokens.find(kind);
        return found == variant.tokens.end() ? OrderedJson(nullptr) : OrderedJson(found->second);
    };
    const UnitCounts& units = variant.units;
    OrderedJson json = {{"name", variant.name},
                        {"dataset_run_id", variant.dataset_run_id.value()},
                        {"units",
                         {{"planned", units.planned},
                          {"scored", units.scored},
                          {"failed", units.failed},
                          {"unscored", units.unscored},
                          {"skipped", units.skipped}}},
                        {"coverage", variant.coverage},
                        {"scores", std::move(scores)}};
    add_run_scores(json, variant);
    json["latency_ms"] = latency_to_json(variant.latency);
    if (variant.time_to_first_token.p50) {
        json["time_to_first_token_ms"] = latency_to_json(variant.time_to_first_token);
    }
    json.update(
        {{"tokens",
          {{"input", tokens("input")}, {"output", tokens("output")}, {"total", tokens("total")}}},
         {"cost_usd", usd_or_null(variant.cost)},
         {"paid_usd", usd_or_null(variant.paid)},
         {"calls",
          {{"provider", variant.calls},
           {"cached", variant.cached},
           {"retried", variant.retried}}}});
    if (variant.judges) json["judges"] = judges_to_json(*variant.judges);
    return json;
}

OrderedJson gate_to_json(const GateVerdict& verdict) {
    return {{"gate", verdict.gate.text},
            {"variant", verdict.variant},
            {"status", to_string(verdict.status)},
            {"observed", or_null(verdict.observed)},
            {"threshold", verdict.gate.threshold},
            {"interval", interval_to_json(verdict.interval)},
            {"p_value", or_null(verdict.p_value)},
            {"reason", verdict.reason},
            {"slice", slice_to_json(verdict.gate.slice, verdict.slice)},
            {"tier", to_string(verdict.gate.tier)},
            {"effect", to_string(verdict.effect)}};
}

OrderedJson ids_to_json(const std::vector<DatasetItemId>& items) {
    OrderedJson ids = OrderedJson::array();
    for (const DatasetItemId& id : items) ids.push_back(id.value());
    return ids;
}

OrderedJson text_or_null(const std::string& text) {
    return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

}  // namespace

OrderedJson comparison_to_json(const Comparison& comparison) {
    OrderedJson json = {
        {"score", comparison.score},
        {"a", comparison.a},
        {"b", comparison.b},
        {"pairs", comparison.pairs},
        {"difference", or_null(comparison.difference)},
        {"interval", interval_to_json(comparison.interval)},
        {"p_value", or_null(comparison.p_value)},
        {"test", text_or_null(comparison.test)},
        {"improved", comparison.improved},
        {"regressed", comparison.regressed},
        {"unchanged", comparison.unchanged},
        {"unpaired", comparison.unpaired},
        {"newly_failed", comparison.newly_failed},
        {"data_type",
         comparison.data_type ? OrderedJson(to_string(*comparison.data_type)) : nullptr},
        {"variant", comparison.variant},
        {"slice", slice_to_json(comparison.slice.path, comparison.slice.value)},
        {"paired", comparison.paired},
        {"mean_a", or_null(comparison.mean_a)},
        {"mean_b", or_null(comparison.mean_b)},
        {"effect_size", nullptr},
        {"items",
         {{"improved", ids_to_json(comparison.improved_items)},
          {"regressed", ids_to_json(comparison.regressed_items)},
          {"newly_failed", ids_to_json(comparison.newly_failed_items)},
          {"unpaired", ids_to_json(comparison.unpaired_items)}}}};
    if (comparison.effect_size) {
        json["effect_size"] = {{"name", comparison.effect}, {"value", *comparison.effect_size}};
    }
    if (comparison.transitions) {
        json["transitions"] = {{"labels", comparison.transitions->labels},
                               {"counts", comparison.transitions->counts}};
        json["symmetry_p_value"] = or_null(comparison.symmetry_p_value);
    }
    json["note"] = text_or_null(comparison.note);
    return json;
}

OrderedJson reference_to_json(const ReportedReference& reference) {
    OrderedJson json = {{"name", reference.name},
                        {"run_id", text_or_null(reference.run_id)},
                        {"missing", text_or_null(reference.missing)},
                        {"differences", OrderedJson::array()}};
    for (const auto& [part, a, b] : reference.differences) {
        json["differences"].push_back({{"part", part}, {"a", a}, {"b", b}});
    }
    return json;
}

OrderedJson report_to_json(const Report& report) {
    OrderedJson json = {{"assay_report", 1},
                        {"exit_code", exit_code_of(report.status)},
                        {"status", to_string(report.status)},
                        {"partial", report.run.partial},
                        {"run", run_to_json(report.run)},
                        {"manifest", in_reading_order(report.run.manifest)},
                        {"variants", OrderedJson::array()},
                        {"comparisons", OrderedJson::array()},
                        {"gates", OrderedJson::array()}};
    for (const VariantSummary& variant : report.variants) {
        json["variants"].push_back(variant_to_json(variant));
    }
    for (const Comparison& comparison : report.comparisons) {
        json["comparisons"].push_back(comparison_to_json(comparison));
    }
    for (const GateVerdict& verdict : report.gates) {
        json["gates"].push_back(gate_to_json(verdict));
    }
    for (std::string& warning : judge_warnings(report.run)) {
        json["warnings"].push_back(std::move(warning));
    }
    for (const ReportedReference& reference : report.references) {
        json["references"].push_back(reference_to_json(reference));
    }
    return json;
}

OrderedJson unit_to_json(const UnitResult& unit) {
    OrderedJson scores = OrderedJson::object();
    OrderedJson errors = OrderedJson::object();
    for (const Evaluation& evaluation : unit.evaluations) {
        if (evaluation.status == EvaluationStatus::error) {
            errors[evaluation.evaluator] = evaluation.message;
        }
        for (const Score& score : evaluation.scores) {
            OrderedJson& entry = scores[score.name];
            entry = {{"value", to_json(score.value)}, {"comment", score.comment}};
            if (evaluation.judge) {
                entry["judge_trace_id"] = evaluation.judge->trace_id.value();
            }
        }
    }
    OrderedJson json = {
        {"item_id", unit.item.id.value()},
        {"variant", unit.variant},
        {"repetition", unit.repetition},
        {"status", to_string(unit.status)},
        {"input", unit.item.input},
        {"expected_output", unit.item.expected_output},
        {"output", unit.output},
        {"scores", std::move(scores)},
        {"error", OrderedJson(unit.error.empty() ? Json(nullptr) : Json(unit.error))},
        {"latency_ms", ms_or_null(measured_latency_ms(unit))},
        {"cost_usd", usd_or_null(unit.cost)},
        {"trace_id", unit.trace_id.value()}};
    if (!errors.empty()) json["errors"] = std::move(errors);
    return json;
}

Result<void> write_report_json(AtomicFileWriter& file, const Report& report, const UnitStream&) {
    return file.write(to_pretty_text(report_to_json(report)));
}

Result<void> write_units_jsonl(AtomicFileWriter& file, const Report&, const UnitStream& units) {
    return units([&](const UnitResult& unit) {
        std::string line = to_text(unit_to_json(unit));
        line.push_back('\n');
        return file.write(line);
    });
}

}  // namespace assay
