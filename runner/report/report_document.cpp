// What can be known again of a run from its report (.json): its figures, but no values of items.
#include <fmt/format.h>

#include <cmath>

#include "runner/report/json_fields.hpp"
#include "runner/report/reference_files.hpp"

namespace assay {
namespace {

Result<ScoreSummary> read_score(const std::string& name, const Json& json) {
    ScoreSummary score{.name = name};
    ASSAY_TRY(const std::string type, optional_text_at(json, "data_type"));
    if (!type.empty()) {
        ASSAY_TRY(score.data_type, parse_score_data_type(type));
    }
    ASSAY_TRY(score.items, count_at(json, "items"));
    ASSAY_TRY(score.count, count_at(json, "count"));
    ASSAY_TRY(score.errors, count_at(json, "errors"));
    ASSAY_TRY(score.skipped, count_at(json, "skipped"));
    ASSAY_TRY(score.mean, optional_number_at(json, "mean"));
    ASSAY_TRY(score.stddev, optional_number_at(json, "stddev"));
    if (!json.contains("categories")) return score;
    ASSAY_TRY(const Json* categories, object_at(json, "categories"));
    for (const auto& [category, count] : categories->items()) {
        ASSAY_TRY(score.categories[category], count_at(*categories, category.c_str()));
    }
    return score;
}

Result<UnitCounts> read_units(const Json& json) {
    UnitCounts units;
    ASSAY_TRY(units.planned, count_at(json, "planned"));
    ASSAY_TRY(units.scored, count_at(json, "scored"));
    ASSAY_TRY(units.failed, count_at(json, "failed"));
    ASSAY_TRY(units.unscored, count_at(json, "unscored"));
    ASSAY_TRY(units.skipped, count_at(json, "skipped"));
    return units;
}

Result<LatencySummary> read_latency(const Json& json) {
    LatencySummary latency;
    ASSAY_TRY(latency.p50, optional_number_at(json, "p50"));
    ASSAY_TRY(latency.p95, optional_number_at(json, "p95"));
    ASSAY_TRY(latency.p99, optional_number_at(json, "p99"));
    return latency;
}

Result<std::optional<NanoUsd>> usd_at(const Json& json, const char* key) {
    ASSAY_TRY(const auto usd, optional_number_at(json, key));
    if (!usd) return std::nullopt;
    return nanos_from_usd(*usd);
}

Result<void> read_usage(const Json& json, VariantSummary& variant) {
    ASSAY_TRY(const Json* latency, object_at(json, "latency_ms"));
    ASSAY_TRY(variant.latency, read_latency(*latency));
    ASSAY_TRY(const Json* tokens, object_at(json, "tokens"));
    for (const auto& [kind, count] : tokens->items()) {
        if (count.is_number_integer()) variant.tokens[kind] = count.get<std::int64_t>();
    }
    ASSAY_TRY(variant.cost, usd_at(json, "cost_usd"));
    ASSAY_TRY(variant.paid, usd_at(json, "paid_usd"));
    if (!json.contains("judges")) return {};
    ASSAY_TRY(const Json* judges, object_at(json, "judges"));
    variant.judges.emplace();
    ASSAY_TRY(variant.judges->calls, count_at(*judges, "calls"));
    ASSAY_TRY(variant.judges->cached, count_at(*judges, "cached"));
    ASSAY_TRY(variant.judges->retried, count_at(*judges, "retried"));
    ASSAY_TRY(const auto total, optional_number_at(*judges, "tokens"));
    if (total) variant.judges->tokens["total"] = static_cast<std::int64_t>(*total);
    ASSAY_TRY(variant.judges->cost, usd_at(*judges, "cost_usd"));
    ASSAY_TRY(variant.judges->paid, usd_at(*judges, "paid_usd"));
    return {};
}

Result<VariantSummary> read_variant(const Json& json) {
    VariantSummary variant;
    ASSAY_TRY(variant.name, text_at(json, "name"));
    ASSAY_TRY(const Json* units, object_at(json, "units"));
    ASSAY_TRY(variant.units, read_units(*units));
    ASSAY_TRY(const auto coverage, optional_number_at(json, "coverage"));
    variant.coverage = coverage.value_or(0);
    ASSAY_TRY(const Json* scores, object_at(json, "scores"));
    for (const auto& [name, score] : scores->items()) {
        auto summary = read_score(name, score);
        if (!summary) return at_place(fmt::format("score \"{}\"", name), summary.error());
        variant.scores.push_back(std::move(*summary));
    }
    ASSAY_TRY(const Json* run_scores, object_at(json, "run_scores"));
    for (const auto& [name, value] : run_scores->items()) {
        if (!value.is_number()) continue;  // it could not be computed
        variant.run_scores.push_back({.name = name, .value = value.get<double>(), .comment = {}});
    }
    ASSAY_CHECK(read_usage(json, variant));
    return variant;
}

}  // namespace

Result<ReferenceRun> read_report_document(const Json& document) {
    ASSAY_TRY(const std::uint64_t version, count_at(document, "assay_report"));
    if (version != 1) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("this report was written by a newer assay (format {}, this one "
                                   "knows 1); use that version",
                                   version));
    }
    ReferenceRun reference;
    ASSAY_TRY(const Json* run, object_at(document, "run"));
    ASSAY_TRY(reference.run_id, text_at(*run, "id"));
    reference.name = reference.run_id;
    const auto partial = document.find("partial");
    reference.partial = partial != document.end() && *partial == true;
    ASSAY_TRY(const Json* manifest, object_at(document, "manifest"));
    reference.manifest = *manifest;
    ASSAY_TRY(const Json* variants, array_at(document, "variants"));
    for (std::size_t i = 0; i < variants->size(); ++i) {
        auto variant = read_variant((*variants)[i]);
        if (!variant) return at_place(fmt::format("variants[{}]", i), variant.error());
        reference.summaries.push_back(std::move(*variant));
    }
    return reference;
}

}  // namespace assay
