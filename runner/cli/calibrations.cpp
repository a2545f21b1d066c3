#include "runner/cli/calibrations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/model/json_value.hpp"
#include "runner/cli/console.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// A judge that a gate requires, and the file it names for it.
using Required = std::pair<std::string, std::string>;

/// Each once.
std::vector<Required> required_by_gates(const RunRecord& run) {
    std::vector<Required> required;
    for (const Gate& gate : run.report_plan.gates) {
        if (!gate.requirement) continue;
        Required one(gate.requirement->judge, gate.requirement->calibration);
        if (std::ranges::find(required, one) == required.end()) required.push_back(std::move(one));
    }
    return required;
}

std::string text_at(const Json& object, const char* key) {
    const Json* const text = find_member(object, key);
    return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

std::string hash_of(const std::string& judge, const RunRecord& run) {
    for (const Json& evaluator : run.manifest.value("evaluators", Json::array())) {
        if (text_at(evaluator, "name") == judge) return text_at(evaluator, "hash");
    }
    return {};
}

Json pin_of(const std::string& judge, const std::string& file, const std::string& score,
            const std::string& sha256) {
    return {{"judge", judge},
            {"file", file.empty() ? Json(nullptr) : Json(file)},
            {"score", score},
            {"sha256", sha256}};
}

Json missing_pin_of(const Required& required, const std::string& why) {
    const auto& [judge, file] = required;
    return {{"judge", judge},
            {"file", file.empty() ? Json(nullptr) : Json(file)},
            {"score", nullptr},
            {"sha256", nullptr},
            {"missing", why}};
}

bool is_pinned(const Json& pins, const Required& required) {
    return std::ranges::any_of(pins, [&](const Json& pin) {
        return text_at(pin, "judge") == required.first && text_at(pin, "file") == required.second;
    });
}

/// The newest of each score that the evaluator gave as it is now.
void pin_evaluator(const Json& evaluator, const std::vector<StoredCalibration>& stored,
                   Json& pins) {
    const std::string judge = text_at(evaluator, "name");
    const std::string hash = text_at(evaluator, "hash");
    std::vector<std::string> scores;
    for (const StoredCalibration& each : stored) {
        const bool known = std::ranges::find(scores, each.score) != scores.end();
        if (each.judge != judge || each.evaluator_hash != hash || known) continue;
        scores.push_back(each.score);
        pins.push_back(pin_of(judge, "", each.score, each.sha256));
    }
}

/// Why a judge has no calibration that counts.
std::string why_none(const std::vector<StoredCalibration>& stored, std::string_view judge) {
    const auto earlier = std::ranges::find(stored, judge, &StoredCalibration::judge);
    if (earlier == stored.end()) return fmt::format("the judge {} is not calibrated", judge);
    return fmt::format("the judge {} has changed since it was calibrated on {}", judge,
                       to_rfc3339(earlier->made).substr(0, 10));
}

struct FoundFile {
    Calibration calibration;
    std::string document;
};

Result<FoundFile> read_calibration_file(const std::string& file, const fs::path& folder) {
    ASSAY_TRY(std::string text, read_file(folder / file, limits::k_baseline_bytes_max));
    ASSAY_TRY(Calibration calibration, calibration_from_text(text, file));
    return FoundFile{std::move(calibration), std::move(text)};
}

/// What a gate requires and the store did not tell.
Result<Json> pin_required(const Required& required, const std::vector<StoredCalibration>& stored,
                          const fs::path& folder, Store& store) {
    const auto& [judge, file] = required;
    if (file.empty()) return missing_pin_of(required, why_none(stored, judge));
    auto found = read_calibration_file(file, folder);
    if (!found && found.error().code == ErrorCode::not_found) {
        return missing_pin_of(
            required, fmt::format("the calibration {} of the judge {} is not there", file, judge));
    }
    if (!found) return std::unexpected(std::move(found.error()));
    ASSAY_TRY(const std::string sha256, store.put_baseline_document(found->document));
    return pin_of(judge, file, found->calibration.facts.score, sha256);
}

Result<Calibration> read_pin(const Json& pin, const Store& store) {
    const std::string sha256 = text_at(pin, "sha256");
    if (sha256.empty()) return failure(ErrorCode::not_found, text_at(pin, "missing"));
    ASSAY_TRY(const std::string document, store.baseline_document(sha256));
    return calibration_from_text(document, "the calibration of " + text_at(pin, "judge"));
}

Result<Calibration> read_now(const Required& required, const RunRecord& run, const fs::path& folder,
                             const Store& store) {
    const auto& [judge, file] = required;
    if (!file.empty()) {
        ASSAY_TRY(FoundFile found, read_calibration_file(file, folder));
        return std::move(found.calibration);
    }
    ASSAY_TRY(const std::vector<StoredCalibration> stored, store.calibrations());
    Json pins = Json::array();
    pin_evaluator({{"name", judge}, {"hash", hash_of(judge, run)}}, stored, pins);
    if (!pins.empty()) return read_pin(pins.front(), store);
    return failure(ErrorCode::not_found, why_none(stored, judge));
}

}  // namespace

Result<void> pin_calibrations(RunRecord& run, const fs::path& folder, bool anew, Store& store) {
    Json pins = anew ? Json::array() : run.manifest.value(k_calibrations_key, Json::array());
    ASSAY_TRY(const std::vector<StoredCalibration> stored, store.calibrations());
    if (pins.empty()) {
        for (const Json& evaluator : run.manifest.value("evaluators", Json::array())) {
            pin_evaluator(evaluator, stored, pins);
        }
    }
    for (const Required& required : required_by_gates(run)) {
        if (is_pinned(pins, required)) continue;
        auto pin = pin_required(required, stored, folder, store);
        if (!pin) {
            pin.error().message = fmt::format("the `requires` of a gate: {}", pin.error().message);
            return std::unexpected(std::move(pin.error()));
        }
        const std::string missing = text_at(*pin, "missing");
        if (!missing.empty()) {
            print_error(fmt::format("Gates that cannot be decided: {}\n", missing));
        }
        pins.push_back(std::move(*pin));
    }
    run.manifest.erase(k_calibrations_key);
    if (!pins.empty()) run.manifest[k_calibrations_key] = std::move(pins);
    return {};
}

void read_calibrations(const RunRecord& run, const fs::path& folder, const Store& store,
                       ReportInputs& inputs) {
    const Json pins = run.manifest.value(k_calibrations_key, Json::array());
    for (const Json& pin : pins) {
        inputs.calibrations.push_back({.judge = text_at(pin, "judge"),
                                       .file = text_at(pin, "file"),
                                       .calibration = read_pin(pin, store)});
    }
    for (const Required& required : required_by_gates(run)) {
        if (is_pinned(pins, required)) continue;
        inputs.calibrations.push_back({.judge = required.first,
                                       .file = required.second,
                                       .calibration = read_now(required, run, folder, store)});
    }
}

}  // namespace assay
