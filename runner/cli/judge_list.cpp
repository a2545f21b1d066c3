// `assay judge list` and `show`: what the store knows of judges.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "runner/cli/judge_command.hpp"
#include "runner/report/calibration.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/numbers.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

constexpr std::size_t k_hash_shown = 12;

Result<std::vector<StoredCalibration>> stored_calibrations(const JudgeArguments& arguments) {
    const auto store = Store::open_existing(arguments.run.store, default_project_id());
    if (!store && store.error().code == ErrorCode::not_found) {
        return std::vector<StoredCalibration>();
    }
    if (!store) return std::unexpected(store.error());
    ASSAY_TRY(std::vector<StoredCalibration> stored, (*store)->calibrations());
    if (!arguments.judge.empty()) {
        std::erase_if(stored, [&](const auto& each) { return each.judge != arguments.judge; });
    }
    return stored;
}

OrderedJson to_json(const StoredCalibration& stored) {
    return {{"id", stored.sha256},       {"judge", stored.judge},
            {"score", stored.score},     {"evaluator_hash", stored.evaluator_hash},
            {"outputs", stored.outputs}, {"made_at", to_rfc3339(stored.made)}};
}

/// A judge's name, or the beginning of a calibration's id.
Result<StoredCalibration> find_stored(const std::string& wanted,
                                      const std::vector<StoredCalibration>& stored) {
    constexpr std::size_t k_prefix_min = 4;
    std::vector<std::string> names;
    for (const StoredCalibration& each : stored) {
        const bool by_id = wanted.size() >= k_prefix_min && each.sha256.starts_with(wanted);
        if (each.judge == wanted || by_id) return each;  // the newest comes first
        names.push_back(each.judge);
    }
    return failure(ErrorCode::not_found,
                   fmt::format("there is no calibration of \"{}\"{}; make one: assay judge "
                               "calibrate SPEC --labels FILE",
                               wanted, did_you_mean(wanted, names)));
}

/// What says most about the agreement, with its interval.
std::string headline(const Calibration& calibration) {
    for (const char* const name : {"kappa", "pearson", "accuracy"}) {
        const AgreementFigure* const figure = calibration.whole.find(name);
        if (figure == nullptr) continue;
        return fmt::format("{} {}{}", name, format_number(figure->value, 3),
                           figure->interval ? " " + format_interval(*figure->interval) : "");
    }
    return {};
}

}  // namespace

Result<ExitCode> list_calibrations(const JudgeArguments& arguments, const Console& console) {
    ASSAY_TRY(const auto stored, stored_calibrations(arguments));
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const StoredCalibration& each : stored) list.push_back(to_json(each));
        print_out(to_pretty_text(list));
        return ExitCode::ok;
    }
    if (stored.empty()) {
        print_out(
            fmt::format("No judge is calibrated in {} yet: assay judge calibrate SPEC "
                        "--labels FILE\n",
                        arguments.run.store));
        return ExitCode::ok;
    }
    ASSAY_TRY(const auto store, Store::open_existing(arguments.run.store, default_project_id()));
    print_out(fmt::format("{:<20} {:<13} {:<11} {:>7}  {}\n", "JUDGE", "ID", "MADE", "LABELS",
                          "AGREEMENT"));
    for (const StoredCalibration& each : stored) {
        ASSAY_TRY(const std::string document, store->baseline_document(each.sha256));
        ASSAY_TRY(const Calibration calibration, calibration_from_text(document, each.judge));
        const std::string line =
            fmt::format("{:<20} {:<13} {:<11} {:>7}  {}", fit_width(terminal_safe(each.judge), 20),
                        each.sha256.substr(0, k_hash_shown), to_rfc3339(each.made).substr(0, 10),
                        format_count(each.outputs), headline(calibration));
        print_out(fit_width(line, console.columns) + "\n");
    }
    return ExitCode::ok;
}

Result<ExitCode> show_calibration(const JudgeArguments& arguments, const Console& console) {
    const std::string& wanted = arguments.subject.empty() ? arguments.judge : arguments.subject;
    if (wanted.empty()) {
        return failure(ErrorCode::invalid_argument, "name the judge: assay judge show NAME");
    }
    ASSAY_TRY(const auto store, Store::open_existing(arguments.run.store, default_project_id()));
    ASSAY_TRY(const auto stored, store->calibrations());
    ASSAY_TRY(const StoredCalibration found, find_stored(wanted, stored));
    ASSAY_TRY(const std::string document, store->baseline_document(found.sha256));
    if (arguments.json) {
        print_out(document);
        return ExitCode::ok;
    }
    ASSAY_TRY(const Calibration calibration, calibration_from_text(document, found.judge));
    print_field("id", found.sha256);
    print_field("made", to_rfc3339(found.made));
    print_field("hash", found.evaluator_hash);
    print_field("labels", calibration.facts.labels_file);
    print_field("run", calibration.facts.run_id);
    print_out("\n" + calibration_to_text(calibration, console.columns));
    return ExitCode::ok;
}

}  // namespace assay
