#include "runner/cli/run_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runner/cli/run_reference.hpp"

namespace assay {

/// @param noted  what the run noted of it before; null = nothing.
/// @return what to note.
Result<Json> RunOutputs::add(const std::string& written, const Json& noted) {
    RunReference named;
    if (noted.is_object()) {
        ASSAY_TRY(named.run, store_.find_run(noted.value("run_id", "")));
        named.variant = noted.value("variant", "");
    } else {
        ASSAY_TRY(named, find_run_reference(written, store_));
    }
    ASSAY_TRY(const VariantRecord* const variant, variant_of(named, written));
    Other other{.dataset_run = variant->dataset_run_id,
                .repetitions = std::max(named.run.repetitions, 1),
                .positions = {}};
    ASSAY_TRY(const std::vector<RunItem> items, store_.run_items(variant->dataset_run_id));
    for (const RunItem& item : items) other.positions[item.item_id.value()] = item.position;
    others_[written] = std::move(other);
    return Json{{"run_id", named.run.id.value()}, {"variant", variant->name}};
}

Result<std::unique_ptr<RunOutputs>> RunOutputs::open(const Experiment& experiment, RunRecord& run,
                                                     const Store& store) {
    std::unique_ptr<RunOutputs> outputs(new RunOutputs(store));
    const Json noted = run.manifest.value(k_manifest_key, Json::object());
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        if (evaluator.waiting() == nullptr) continue;
        for (const std::string& written : evaluator.waiting()->compares_with_runs()) {
            auto added = outputs->add(written, noted.value(written, Json()));
            if (!added) {
                return failure(ErrorCode::invalid_argument,
                               fmt::format("evaluator \"{}\" compares with a stored run: {}",
                                           evaluator.name(), added.error().message));
            }
            run.manifest[k_manifest_key][written] = std::move(*added);
        }
    }
    return outputs;
}

Result<std::optional<Json>> RunOutputs::output_of(const DatasetRunId& dataset_run,
                                                  std::uint64_t position, int repetition) {
    return store_.output(dataset_run, position, repetition);
}

Result<Json> RunOutputs::output_of_run(const std::string& run, const std::string& item_id,
                                       int repetition) {
    const auto missing = [&] {
        return failure(ErrorCode::not_found,
                       fmt::format("the run \"{}\" has no output for this item", run));
    };
    const auto other = others_.find(run);
    if (other == others_.end()) return missing();
    const auto position = other->second.positions.find(item_id);
    if (position == other->second.positions.end()) return missing();
    // With fewer repetitions there, each is compared with more than once.
    ASSAY_TRY(auto output, store_.output(other->second.dataset_run, position->second,
                                         repetition % other->second.repetitions));
    if (!output || output->is_null()) return missing();
    return std::move(*output);
}

}  // namespace assay
