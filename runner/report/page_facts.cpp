#include "runner/report/page_facts.hpp"

#include "runner/report/comparison_text.hpp"
#include "runner/report/corrected.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/slice_notes.hpp"
#include "runner/report/verdicts.hpp"

namespace assay {
namespace {

OrderedJson gate_facts(const GateVerdict& verdict) {
    const Gate& gate = verdict.gate;
    return {{"score", gate.score},
            {"category", gate.category},
            {"measure", gate.measure},
            {"form", to_string(gate.form)},
            {"op", to_string(gate.op)},
            {"reference", gate.baseline.empty() ? gate.versus : gate.baseline},
            {"confidence", gate.confidence ? OrderedJson(*gate.confidence) : OrderedJson(nullptr)},
            {"slice_text", slice_text(verdict)},
            {"note", effect_note(verdict)}};
}

OrderedJson comparison_facts(const Comparison& comparison) {
    OrderedJson json = {{"label", label_of(comparison)}};
    if (comparison.symmetry_p_value) json["symmetry_p_value"] = *comparison.symmetry_p_value;
    if (const auto& bins = comparison.difference_bins) {
        json["differences"] = {
            {"largest", bins->largest}, {"fell", bins->fell}, {"risen", bins->risen}};
    }
    return json;
}

OrderedJson reference_facts(const ReportedReference& reference) {
    OrderedJson differences = OrderedJson::array();
    for (const auto& [part, a, b] : reference.differences) {
        differences.push_back({{"part", part}, {"a", a}, {"b", b}});
    }
    return {{"name", reference.name},
            {"run_id", reference.run_id},
            {"missing", reference.missing},
            {"differences", std::move(differences)}};
}

}  // namespace

OrderedJson page_facts(const Report& report) {
    OrderedJson checks = OrderedJson::array();
    for (const ScoreColumn& column : report.run.report_plan.scores) {
        if (column.check) checks.push_back(column.name);
    }
    OrderedJson json = {{"description", report.run.description},
                        {"reason", report.run.reason},
                        {"verdict", verdict_text(report)},
                        {"repetitions", report.run.repetitions},
                        {"checks", std::move(checks)},
                        {"errors", report.errors},
                        {"gates", OrderedJson::array()},
                        {"references", OrderedJson::array()},
                        {"comparisons", OrderedJson::array()},
                        {"comparison_notes", comparison_notes(report.comparisons)},
                        {"slice_notes", slice_notes(report)},
                        {"detectable", detectable_notes(report)}};
    if (const auto notes = corrected_notes(report); !notes.empty()) json["corrected_notes"] = notes;
    if (const auto notes = quarantine_notes(report); !notes.empty()) {
        json["quarantine_notes"] = notes;
    }
    for (const GateVerdict& verdict : report.gates) json["gates"].push_back(gate_facts(verdict));
    for (const ReportedReference& reference : report.references) {
        json["references"].push_back(reference_facts(reference));
    }
    for (const Comparison& comparison : report.comparisons) {
        json["comparisons"].push_back(comparison_facts(comparison));
    }
    return json;
}

}  // namespace assay
