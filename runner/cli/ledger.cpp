#include "runner/cli/ledger.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/model/json_value.hpp"
#include "core/model/quarantine.hpp"
#include "runner/report/known_noise.hpp"

namespace assay {
namespace {

std::string text_at(const Json& value, const std::vector<std::string>& path) {
    const Json* const text = find_path(value, path);
    return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

/// Of the evaluator that announced the score, else of all of them together.
std::string evaluator_hash_of(const RunRecord& run, const std::string& score) {
    const Json evaluators = run.manifest.value("evaluators", Json::array());
    const auto& columns = run.report_plan.scores;
    const auto column = std::ranges::find(columns, score, &ScoreColumn::name);
    for (const Json& evaluator : evaluators) {
        const bool gives =
            column != columns.end() && text_at(evaluator, {"name"}) == column->evaluator;
        if (gives) return text_at(evaluator, {"hash"});
    }
    return sha256_hex(to_text(evaluators));
}

}  // namespace

Result<void> pin_noise(RunRecord& run, const Store& store) {
    ASSAY_TRY(const std::vector<MeasuredNoise> measured, store.noise(run.experiment));
    const std::string dataset = text_at(run.manifest, {"dataset", "sha256"});
    std::vector<KnownNoise> known;
    for (const MeasuredNoise& each : measured) {
        const bool has_variant = std::ranges::find(run.variants, each.variant,
                                                   &VariantRecord::name) != run.variants.end();
        const bool fits = has_variant && each.dataset_sha256 == dataset &&
                          each.repetitions == run.repetitions &&
                          each.evaluator_hash == evaluator_hash_of(run, each.score);
        if (!fits) continue;
        known.push_back({.variant = each.variant,
                         .score = each.score,
                         .category = each.category,
                         .floor = each.floor,
                         .runs = each.runs});
    }
    run.manifest.erase(k_noise_key);
    if (!known.empty()) run.manifest[k_noise_key] = to_json(known);
    return {};
}

Result<void> pin_ledger(RunRecord& run, const Store& store) {
    ASSAY_TRY(const std::vector<QuarantineEntry> entries, store.quarantine());
    std::vector<QuarantinedItem> items;
    for (const QuarantineEntry& entry : entries) {
        if (entry.experiment != run.experiment || !entry.is_active(run.started)) continue;
        items.push_back({.item = entry.item,
                         .score = entry.score,
                         .until = to_rfc3339(entry.until),
                         .by = entry.created_by,
                         .reason = entry.reason});
    }
    if (!items.empty()) run.manifest[Quarantine::k_manifest_key] = to_json(items);
    return pin_noise(run, store);
}

std::vector<MeasuredNoise> to_records(const Noise& noise, const RunRecord& run, Time now) {
    std::vector<MeasuredNoise> records;
    for (const ScoreNoise& score : noise.scores) {
        if (!score.floor) continue;
        records.push_back({.experiment = run.experiment,
                           .dataset_sha256 = text_at(run.manifest, {"dataset", "sha256"}),
                           .repetitions = run.repetitions,
                           .variant = score.variant,
                           .score = score.score,
                           .category = score.category,
                           .evaluator_hash = evaluator_hash_of(run, score.score),
                           .floor = score.floor->difference,
                           .runs = noise.runs.size(),
                           .measured = now});
    }
    return records;
}

}  // namespace assay
