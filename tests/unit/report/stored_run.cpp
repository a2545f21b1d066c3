#include "stored_run.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {
namespace {

template <class T>
T value_or_fail(Result<T> result) {
    if (!result) FAIL(result.error().message);
    return std::move(*result);
}

const Json& member(const Json& object, const char* name) {
    static const Json k_null;
    const auto found = object.find(name);
    return found == object.end() ? k_null : *found;
}

std::string evaluator_of(const ReportPlan& plan, const std::string& score) {
    for (const ScoreColumn& column : plan.scores) {
        if (column.name == score) return column.evaluator;
    }
    return score;
}

std::vector<Evaluation> read_evaluations(const Json& json, const ReportPlan& plan) {
    std::vector<Evaluation> evaluations;
    for (const auto& [name, value] : member(json, "scores").items()) {
        const bool commented = value.is_array();
        Evaluation evaluation =
            scored(evaluator_of(plan, name),
                   value_or_fail(score_value_from_json(commented ? value.at(0) : value)),
                   commented ? value.at(1).get<std::string>() : std::string());
        evaluation.scores.front().name = name;
        evaluations.push_back(std::move(evaluation));
    }
    for (const auto& [name, message] : member(json, "broken").items()) {
        evaluations.push_back(broken(name, message.get<std::string>()));
    }
    for (const Json& name : member(json, "skipped")) {
        evaluations.push_back({.evaluator = name.get<std::string>(),
                               .status = EvaluationStatus::skipped,
                               .scores = {},
                               .message = {}});
    }
    return evaluations;
}

UnitResult read_unit(const Json& json, const RunRecord& run) {
    UnitResult unit;
    unit.variant = json.value("variant", "default");
    unit.repetition = json.value("repetition", 0);
    unit.item.id = DatasetItemId(json.at("item").get<std::string>());
    unit.item.input = member(json, "input");
    unit.item.expected_output = member(json, "expected_output");
    unit.output = member(json, "output");
    unit.error = json.value("error", "");
    unit.evaluations = read_evaluations(json, run.report_plan);
    unit.status = unit.error.empty() ? status_from(unit.evaluations) : UnitStatus::failed;
    if (json.value("not_run", false)) unit.status = UnitStatus::skipped;
    unit.latency =
        std::chrono::nanoseconds(static_cast<std::int64_t>(json.value("latency_ms", 0.0) * 1e6));
    for (const auto& [kind, tokens] : member(json, "tokens").items()) unit.usage[kind] = tokens;
    unit.calls = json.value("calls", 0);
    unit.retries = json.value("retries", 0);
    if (const Json& cost = member(json, "cost_usd"); cost.is_number()) {
        unit.cost = nanos_from_usd(cost.get<double>());
        unit.paid = unit.cost;
    } else if (unit.calls == 0) {
        unit.cost = 0;
        unit.paid = 0;
    }
    unit.key =
        UnitKey(fmt::format("{}/{}/{}", unit.variant, unit.item.id.value(), unit.repetition));
    unit.trace_id = derive_trace_id(run.id, unit.item.position, unit.key);
    return unit;
}

}  // namespace

UnitStream StoredRun::stream() const {
    return [this](const UnitVisitor& visit) -> Result<void> {
        for (const UnitResult& unit : units) ASSAY_CHECK(visit(unit));
        return {};
    };
}

Report StoredRun::report() const { return value_or_fail(make_report(run, stream())); }

StoredRun small_run(std::uint64_t planned) {
    StoredRun stored;
    stored.run.id = RunId("0123456789abcdef");
    stored.run.name = "small";
    stored.run.experiment = "capitals";
    stored.run.manifest = {{"spec_sha256", sha256_hex("spec")},
                           {"dataset",
                            {{"name", "capitals.jsonl"},
                             {"version", nullptr},
                             {"sha256", sha256_hex("dataset")},
                             {"items", planned}}},
                           {"models", Json::object()},
                           {"prompts", Json::array()},
                           {"prices_sha256", nullptr},
                           {"evaluators", Json::array()},
                           {"seed", 1},
                           {"assay", "0.1.0"},
                           {"git", nullptr},
                           {"ci", nullptr}};
    stored.run.state = RunState::finished;
    stored.run.started = value_or_fail(parse_rfc3339("2026-11-01T09:30:00Z"));
    stored.run.finished = stored.run.started + std::chrono::milliseconds(1250);
    stored.run.variants = {{.name = "default",
                            .dataset_run_id = derive_dataset_run_id(stored.run.id, "default"),
                            .planned = planned}};
    stored.run.report_plan.scores = {{.name = "exact_match",
                                      .evaluator = "exact_match",
                                      .data_type = ScoreDataType::boolean,
                                      .check = false}};
    return stored;
}

Evaluation scored(std::string evaluator, ScoreValue value, std::string comment) {
    Evaluation evaluation;
    evaluation.evaluator = evaluator;
    evaluation.scores.push_back(
        {.name = std::move(evaluator), .value = std::move(value), .comment = std::move(comment)});
    return evaluation;
}

Evaluation broken(std::string evaluator, std::string message) {
    return {.evaluator = std::move(evaluator),
            .status = EvaluationStatus::error,
            .scores = {},
            .message = std::move(message)};
}

UnitResult exact_match_unit(int item, bool matches) {
    UnitResult unit;
    unit.variant = "default";
    unit.item.id = DatasetItemId(fmt::format("item-{}", item));
    unit.item.position = static_cast<std::uint64_t>(item);
    unit.output = "Paris";
    unit.evaluations.push_back(scored("exact_match", matches));
    unit.cost = 0;
    unit.paid = 0;
    return unit;
}

StoredRun read_stored_run(const std::filesystem::path& folder) {
    const Json json = value_or_fail(parse_json(read_text(folder / "run.json")));
    StoredRun stored = small_run(0);
    RunRecord& run = stored.run;
    run.id = RunId(json.at("id").get<std::string>());
    run.name = json.value("name", "");
    run.experiment = json.at("experiment").get<std::string>();
    run.started = value_or_fail(parse_rfc3339(json.at("started_at").get<std::string>()));
    run.finished.reset();
    if (const Json& finished = member(json, "finished_at"); finished.is_string()) {
        run.finished = value_or_fail(parse_rfc3339(finished.get<std::string>()));
    }
    run.state = value_or_fail(parse_run_state(json.at("state").get<std::string>()));
    run.partial = json.value("partial", false);
    run.reason = json.value("reason", "");
    run.repetitions = json.value("repetitions", 1);
    run.manifest = json.at("manifest");
    run.report_plan = value_or_fail(report_plan_from_json(json.at("report_plan")));
    run.variants.clear();
    for (const Json& variant : json.at("variants")) {
        const auto name = variant.at("name").get<std::string>();
        run.variants.push_back({.name = name,
                                .dataset_run_id = derive_dataset_run_id(run.id, name),
                                .planned = variant.at("planned").get<std::uint64_t>()});
    }
    const std::string lines = read_text(folder / "units.jsonl");
    for (const std::string_view line : split(lines, '\n')) {
        if (line.empty()) continue;
        stored.units.push_back(read_unit(value_or_fail(parse_json(line)), run));
    }
    return stored;
}

}  // namespace assay::test
