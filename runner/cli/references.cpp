#include "runner/cli/references.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/diagnostic.hpp"
#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "runner/cli/calibrations.hpp"
#include "runner/cli/console.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Kind = FoundReference::Kind;

constexpr const char* k_pins = "baselines";         // in the manifest
constexpr const char* k_from_command = "compared";  // marks the one of --baseline

const char* to_string(Kind kind) {
    switch (kind) {
        case Kind::baseline: return "baseline";
        case Kind::run: return "run";
        case Kind::file: return "file";
    }
    std::unreachable();
}

std::unexpected<Error> unknown(const std::string& reference, const Store* store) {
    std::vector<std::string> known;
    if (store != nullptr) {
        const auto baselines = store->baselines();
        for (const Baseline& baseline : baselines.value_or(std::vector<Baseline>())) {
            if (!baseline.removed) known.push_back(baseline.name);
        }
    }
    const bool is_path = reference.find('/') != std::string::npos || reference.ends_with(".json");
    const std::string set = is_path ? fmt::format("assay baseline set NAME RUN --out {}", reference)
                                    : fmt::format("assay baseline set {} RUN", reference);
    return failure(ErrorCode::not_found,
                   fmt::format("there is no baseline, run or file \"{}\"{}; make a run the "
                               "baseline with `{}`",
                               reference, did_you_mean(reference, known), set));
}

/// A run, in the form in which it would be a baseline: the same run gives the same document.
Result<FoundReference> found_run(const RunRecord& run, const Store& store) {
    const auto units = [&](const UnitVisitor& visit) { return store.for_each_unit(run, visit); };
    ASSAY_TRY(const ReferenceRun reference, reference_from_units(run, units));
    const BaselineFacts facts{.name = run.id.value(),
                              .created = run.finished.value_or(run.started),
                              .created_by = {},
                              .reason = {}};
    FoundReference found{.kind = Kind::run,
                         .run_id = run.id.value(),
                         .document = baseline_document(facts, run, reference),
                         .sha256 = {}};
    found.sha256 = sha256_hex(found.document);
    return found;
}

Result<FoundReference> found_file(const fs::path& path, const std::string& reference) {
    ASSAY_TRY(std::string text, read_file(path, limits::k_baseline_bytes_max));
    ASSAY_TRY(const ReferenceRun run, reference_from_text(text, reference));
    std::string sha256 = sha256_hex(text);
    return FoundReference{.kind = Kind::file,
                          .run_id = run.run_id,
                          .document = std::move(text),
                          .sha256 = std::move(sha256)};
}

}  // namespace

Result<FoundReference> find_reference(const std::string& reference, const fs::path& folder,
                                      const Store* store) {
    if (store != nullptr) {
        auto baseline = store->find_baseline(reference);
        if (baseline) {
            ASSAY_TRY(std::string document, store->baseline_document(baseline->sha256));
            return FoundReference{.kind = Kind::baseline,
                                  .run_id = baseline->run.value(),
                                  .document = std::move(document),
                                  .sha256 = std::move(baseline->sha256)};
        }
        if (baseline.error().code != ErrorCode::not_found) {
            return std::unexpected(std::move(baseline.error()));
        }
        auto run = store->find_run(reference);
        if (run) return found_run(*run, *store);
        if (run.error().code != ErrorCode::not_found) {
            return std::unexpected(std::move(run.error()));
        }
    }
    std::error_code ignored;  // what cannot be looked at is not there
    const fs::path path = folder / reference;
    if (fs::is_regular_file(path, ignored)) return found_file(path, reference);
    return unknown(reference, store);
}

namespace {

/// The baselines that the run's gates name, each once.
std::vector<std::string> named_by_gates(const RunRecord& run) {
    std::vector<std::string> names;
    for (const Gate& gate : run.report_plan.gates) {
        const bool known = std::ranges::find(names, gate.baseline) != names.end();
        if (!gate.baseline.empty() && !known) names.push_back(gate.baseline);
    }
    return names;
}

bool is_from_command(const Json& pin) { return pin.value(k_from_command, false); }

/// What the run noted of a reference; nullptr when it did not.
const Json* find_pin(const Json& pins, const std::string& reference, bool from_command) {
    const auto pin = std::ranges::find_if(pins, [&](const Json& each) {
        return each.at("ref") == reference && is_from_command(each) == from_command;
    });
    return pin == pins.end() ? nullptr : &*pin;
}

/// What a run can be compared with: one that ended, and not itself.
Result<FoundReference> find_for(const RunRecord& run, const std::string& reference,
                                const fs::path& folder, const Store& store) {
    ASSAY_TRY(FoundReference found, find_reference(reference, folder, &store));
    if (found.kind != Kind::run) return found;
    if (found.run_id == run.id.value()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is this run itself; name another one", reference));
    }
    ASSAY_TRY(const RunRecord other, store.find_run(found.run_id));
    if (other.state == RunState::finished) return found;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("run {} did not end, so nothing is compared with it; go on with it: "
                               "assay run --resume {}",
                               found.run_id, found.run_id));
}

Json pin_of(const std::string& reference, const FoundReference& found) {
    return {{"ref", reference},
            {"kind", to_string(found.kind)},
            {"run_id", found.run_id.empty() ? Json(nullptr) : Json(found.run_id)},
            {"sha256", found.sha256}};
}

Json missing_pin_of(const std::string& reference, const std::string& why) {
    return {{"ref", reference},
            {"kind", nullptr},
            {"run_id", nullptr},
            {"sha256", nullptr},
            {"missing", why}};
}

bool is_missing(const Json& pin) { return !pin.at("sha256").is_string(); }

Json pins_of(const RunRecord& run) { return run.manifest.value(k_pins, Json::array()); }

Result<Json> pin_gate_reference(const RunRecord& run, const std::string& reference,
                                const PinOptions& options, Store& store) {
    const Json pins = pins_of(run);
    const Json* const noted = find_pin(pins, reference, false);
    const bool is_noted = noted != nullptr && !is_missing(*noted);
    if (is_noted && !options.anew) return *noted;
    auto found = find_for(run, reference, options.folder, store);
    if (!found && found.error().code == ErrorCode::not_found) {
        if (is_noted) return *noted;
        return missing_pin_of(reference, found.error().message);
    }
    if (!found) return std::unexpected(std::move(found.error()));
    ASSAY_TRY(const std::string kept, store.put_baseline_document(found->document));
    ASSAY_ASSERT(kept == found->sha256, "both are hashes of the document");
    return pin_of(reference, *found);
}

/// What the command line compares with; paths are relative to the working folder.
Result<Json> pin_command_reference(const RunRecord& run, const std::string& reference,
                                   Store& store) {
    auto found = find_for(run, reference, {}, store);
    if (!found) return std::unexpected(std::move(found.error()));
    ASSAY_TRY(const std::string kept, store.put_baseline_document(found->document));
    ASSAY_ASSERT(kept == found->sha256, "both are hashes of the document");
    Json pin = pin_of(reference, *found);
    pin[k_from_command] = true;
    return pin;
}

}  // namespace

Result<void> pin_references(RunRecord& run, const PinOptions& options, Store& store) {
    Json pins = Json::array();
    for (const std::string& reference : named_by_gates(run)) {
        auto pin = pin_gate_reference(run, reference, options, store);
        if (!pin) {
            pin.error().message = fmt::format("the baseline of a gate: {}", pin.error().message);
            return std::unexpected(std::move(pin.error()));
        }
        if (is_missing(*pin)) {
            print_error(
                fmt::format("Gates that cannot be decided: {}\n", as_text(pin->at("missing"))));
        }
        pins.push_back(std::move(*pin));
    }
    if (!options.baseline.empty()) {
        auto pin = pin_command_reference(run, options.baseline, store);
        if (!pin) {
            pin.error().message = fmt::format("--baseline: {}", pin.error().message);
            return std::unexpected(std::move(pin.error()));
        }
        pins.push_back(std::move(*pin));
    } else {
        std::ranges::copy_if(pins_of(run), std::back_inserter(pins), is_from_command);
    }
    run.manifest.erase(k_pins);
    if (!pins.empty()) run.manifest[k_pins] = std::move(pins);
    return pin_calibrations(run, options.folder, options.anew, store);
}

namespace {

Result<ReferenceRun> read_pin(const Json& pin, const Store& store) {
    if (is_missing(pin)) {
        return failure(ErrorCode::not_found, pin.value("missing", std::string()));
    }
    ASSAY_TRY(const std::string document,
              store.baseline_document(pin.at("sha256").get<std::string>()));
    return reference_from_text(document, pin.at("ref"));
}

Result<ReferenceRun> read_now(const RunRecord& run, const std::string& reference,
                              const fs::path& folder, const Store& store) {
    ASSAY_TRY(const FoundReference found, find_for(run, reference, folder, store));
    return reference_from_text(found.document, reference);
}

}  // namespace

void read_references(const RunRecord& run, const fs::path& folder, const Store& store,
                     ReportInputs& inputs) {
    read_calibrations(run, folder, store, inputs);
    const Json pins = pins_of(run);
    for (const std::string& reference : named_by_gates(run)) {
        const Json* const pin = find_pin(pins, reference, false);
        inputs.references.insert_or_assign(reference, pin == nullptr
                                                          ? read_now(run, reference, folder, store)
                                                          : read_pin(*pin, store));
    }
    const auto compared = std::ranges::find_if(pins, is_from_command);
    if (compared == pins.end()) return;
    inputs.baseline = compared->at("ref");
    const Json* const of_gate = find_pin(pins, inputs.baseline, false);
    if (of_gate != nullptr && of_gate->at("sha256") == compared->at("sha256")) return;
    // Paths are relative to different folders, so one may name two files.
    if (inputs.references.contains(inputs.baseline)) {
        inputs.baseline = "--baseline " + inputs.baseline;
    }
    inputs.references.insert_or_assign(inputs.baseline, read_pin(*compared, store));
}

}  // namespace assay
