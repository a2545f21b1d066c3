#include "runner/cli/judged_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runner/cli/run_reference.hpp"
#include "runner/engine/unit_source.hpp"

namespace assay {
namespace {

/// The ids of the items that the spec and the command line select.
Result<std::set<std::string>> selected_items(const PreparedRun& prepared) {
    std::set<std::string> ids;
    ASSAY_TRY(auto items, prepared.plan.dataset.items());
    while (true) {
        ASSAY_TRY(const auto item, items->next());
        if (!item) return ids;
        ids.insert(item->id.value());
    }
}

Result<void> visit_stored(const PreparedRun& prepared, const OutputSource& source,
                          const UnitVisitor& visit) {
    ASSAY_TRY(const auto store, Store::open_existing(source.store, default_project_id()));
    ASSAY_TRY(const RunReference reference, find_run_reference(source.run, *store));
    ASSAY_TRY(const std::set<std::string> wanted, selected_items(prepared));
    const UnitVisitor visit_wanted = [&](const UnitResult& unit) -> Result<void> {
        const bool is_meant = reference.variant.empty() || unit.variant == reference.variant;
        const bool has_output = !unit.output.is_null();
        if (!is_meant || !has_output || !wanted.contains(unit.item.id.value())) return {};
        return visit(unit);
    };
    return store->for_each_unit(reference.run, visit_wanted, UnitParts::all);
}

Result<Json> recorded_output(const PreparedRun& prepared, const PlannedUnit& unit,
                             const OutputSource& source) {
    const auto& variants = prepared.experiment.spec.variants;
    const auto spec = std::ranges::find(variants, unit.variant->name, &VariantSpec::name);
    ASSAY_ASSERT(spec != variants.end(), "a planned variant is one of the spec's");
    if (spec->task.recorded) {
        Json scratch;
        ASSAY_TRY(const Json* found, spec->task.recorded->value(unit.item->row, scratch));
        return found == nullptr ? Json() : *found;
    }
    if (!source.unknown.is_null()) return source.unknown;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the variant \"{}\" has no outputs before it is run; name a stored "
                               "run with --run",
                               unit.variant->name));
}

}  // namespace

Result<void> for_each_judged_unit(const PreparedRun& prepared, const OutputSource& source,
                                  const UnitVisitor& visit) {
    if (!source.run.empty()) return visit_stored(prepared, source, visit);
    ASSAY_TRY(auto items, prepared.plan.dataset.items());
    UnitSource units(prepared.experiment, std::move(items), std::nullopt, FinishedUnits());
    while (true) {
        ASSAY_TRY(auto planned, units.next());
        if (!planned) return {};
        UnitResult unit;
        unit.key = planned->key;
        unit.variant = planned->variant->name;
        unit.repetition = planned->repetition;
        unit.item = *planned->item;
        ASSAY_TRY(unit.output, recorded_output(prepared, *planned, source));
        if (!unit.output.is_null()) ASSAY_CHECK(visit(unit));
    }
}

}  // namespace assay
