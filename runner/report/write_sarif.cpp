#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/text.hpp"
#include "runner/report/findings.hpp"
#include "runner/report/write_formats.hpp"

namespace assay {
namespace {

constexpr const char* k_schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

const char* level_of(Severity severity) {
    switch (severity) {
        case Severity::none: return "none";
        case Severity::note: return "note";
        case Severity::warning: return "warning";
        case Severity::error: return "error";
    }
    std::unreachable();
}

/// What the gate's rule would say if it failed, before any run.
const char* default_level(const Gate& gate) {
    return gate.tier == GateTier::advisory ? "note" : "error";
}

/// A path as a reference relative to the root of the sources; an absolute one stays absolute.
std::string uri_of(const std::string& file) {
    const std::filesystem::path path = std::filesystem::path(file).lexically_normal();
    std::string uri;
    for (const std::string_view part : split(path.generic_string(), '/')) {
        if (!uri.empty() || path.is_absolute()) uri += '/';
        if (!part.empty()) uri += percent_encode(part);
    }
    return path.is_absolute() ? "file://" + uri.substr(1) : uri;
}

OrderedJson rule_to_json(const Gate& gate) {
    OrderedJson properties = {{"tier", to_string(gate.tier)}};
    if (gate.confidence) properties["confidence"] = *gate.confidence;
    return {
        {"id", rule_of(gate)},
        {"shortDescription", {{"text", "Gate " + rule_of(gate)}}},
        {"fullDescription",
         {{"text", fmt::format("The quality gate \"{}\" of the spec must hold.", rule_of(gate))}}},
        {"defaultConfiguration", {{"level", default_level(gate)}}},
        {"properties", std::move(properties)}};
}

/// The rules in the order of the gates, one a gate.
OrderedJson rules_of(const Report& report) {
    OrderedJson rules = OrderedJson::array();
    for (const Verdicts& verdicts : by_gate(report.gates)) {
        OrderedJson rule = rule_to_json(verdicts.front().gate);
        const bool known = std::ranges::any_of(
            rules, [&](const OrderedJson& other) { return other["id"] == rule["id"]; });
        if (!known) rules.push_back(std::move(rule));
    }
    return rules;
}

/// GitHub shows no result without a line: one that has none stands at the first.
OrderedJson location_of(const Place& place) {
    OrderedJson artifact = {{"uri", uri_of(place.file)}};
    if (!artifact["uri"].get_ref<const std::string&>().starts_with("file:")) {
        artifact["uriBaseId"] = "%SRCROOT%";
    }
    OrderedJson region = {{"startLine", std::max(place.line, 1)}};
    if (place.line > 0 && place.column > 0) region["startColumn"] = place.column;
    return {{"physicalLocation",
             {{"artifactLocation", std::move(artifact)}, {"region", std::move(region)}}}};
}

OrderedJson result_to_json(const Finding& finding) {
    OrderedJson json = {{"ruleId", finding.rule},
                        {"level", level_of(finding.severity)},
                        {"message", {{"text", finding.message}}},
                        {"locations", OrderedJson::array({location_of(finding.place)})},
                        {"partialFingerprints", {{"assayGate/v1", finding.fingerprint}}},
                        {"properties", {{"status", to_string(finding.status)}}}};
    return json;
}

OrderedJson invocation_of(const Report& report) {
    const bool ended =
        report.status != ReportStatus::incomplete && report.status != ReportStatus::interrupted;
    OrderedJson json = {{"executionSuccessful", ended},
                        {"exitCode", exit_code_of(report.status)},
                        {"startTimeUtc", to_rfc3339(report.run.started)}};
    if (report.run.finished) json["endTimeUtc"] = to_rfc3339(*report.run.finished);
    return json;
}

}  // namespace

Result<void> write_sarif(AtomicFileWriter& file, const Report& report, const UnitStream&) {
    OrderedJson results = OrderedJson::array();
    for (const Finding& finding : findings_of(report)) results.push_back(result_to_json(finding));
    OrderedJson driver = {{"name", "assay"}};
    if (report.run.manifest.is_object()) {
        const auto version = report.run.manifest.find("assay");
        if (version != report.run.manifest.end()) driver["version"] = *version;
    }
    driver["rules"] = rules_of(report);
    OrderedJson run = {{"tool", {{"driver", std::move(driver)}}},
                       {"invocations", OrderedJson::array({invocation_of(report)})},
                       // Runs of one id replace each other where they are shown.
                       {"automationDetails", {{"id", "assay/" + report.run.experiment + "/"}}},
                       {"columnKind", "unicodeCodePoints"},
                       {"results", std::move(results)}};
    const OrderedJson document = {{"$schema", k_schema},
                                  {"version", "2.1.0"},
                                  {"runs", OrderedJson::array({std::move(run)})}};
    return file.write(to_pretty_text(document));
}

}  // namespace assay
