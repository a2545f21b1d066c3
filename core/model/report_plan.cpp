#include "core/model/report_plan.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/base/hash.hpp"

namespace assay {
namespace {

Result<ScoreColumn> score_column_from_json(const Json& json) {
    ScoreColumn column;
    column.name = json.at("name").get<std::string>();
    column.evaluator = json.at("evaluator").get<std::string>();
    column.check = json.at("check").get<bool>();
    if (const Json& type = json.at("data_type"); !type.is_null()) {
        auto parsed = parse_score_data_type(type.get<std::string>());
        if (!parsed) return failure(ErrorCode::data_loss, parsed.error().message);
        column.data_type = *parsed;
    }
    return column;
}

}  // namespace

std::vector<std::string> run_score_names(const RunEvaluator& evaluator) {
    const auto declared = evaluator.parameters.find("scores");
    if (declared == evaluator.parameters.end() || !declared->is_object()) return {evaluator.name};
    std::vector<std::string> names;
    for (const auto& [name, type] : declared->items()) names.push_back(name);
    return names;
}

bool is_sequential(const Gate& gate, const ReportPlan& plan) {
    return plan.stop && gate.score == plan.stop->score && gate.form == GateForm::value &&
           gate.category.empty() && gate.slice.empty() && gate.op != GateOperator::equal;
}

std::uint64_t random_rank(const DatasetItemId& item, std::uint64_t seed) {
    const std::string digits = sha256_hex(fmt::format("{}\n{}", seed, item.value()));
    std::uint64_t rank = 0;
    (void)std::from_chars(digits.data(), digits.data() + 16, rank, 16);
    return rank;
}

Json to_json(const ReportPlan& plan) {
    Json json = {{"min_coverage", plan.min_coverage},
                 {"seed", plan.seed},
                 {"scores", Json::array()},
                 {"run_evaluators", Json::array()},
                 {"gates", Json::array()}};
    for (const ScoreColumn& column : plan.scores) {
        json["scores"].push_back(
            {{"name", column.name},
             {"evaluator", column.evaluator},
             {"data_type", column.data_type ? Json(to_string(*column.data_type)) : Json(nullptr)},
             {"check", column.check}});
    }
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        json["run_evaluators"].push_back({{"name", evaluator.name},
                                          {"type", evaluator.type},
                                          {"parameters", evaluator.parameters}});
    }
    for (const Gate& gate : plan.gates) json["gates"].push_back(to_json(gate));
    if (plan.stop) {
        json["stop"] = {{"score", plan.stop->score},
                        {"confidence", plan.stop->confidence},
                        {"min_items", plan.stop->min_items}};
    }
    return json;
}

Result<ReportPlan> report_plan_from_json(const Json& json) try {
    ReportPlan plan;
    plan.min_coverage = json.at("min_coverage").get<double>();
    plan.seed = json.value("seed", std::uint64_t{0});
    if (const auto stop = json.find("stop"); stop != json.end()) {
        plan.stop = StopRule{.score = stop->at("score").get<std::string>(),
                             .confidence = stop->at("confidence").get<double>(),
                             .min_items = stop->at("min_items").get<std::uint64_t>()};
    }
    for (const Json& entry : json.at("scores")) {
        ASSAY_TRY(ScoreColumn column, score_column_from_json(entry));
        plan.scores.push_back(std::move(column));
    }
    for (const Json& entry : json.at("run_evaluators")) {
        plan.run_evaluators.push_back({.name = entry.at("name").get<std::string>(),
                                       .type = entry.at("type").get<std::string>(),
                                       .parameters = entry.at("parameters"),
                                       .pointer = {}});
    }
    for (const Json& entry : json.at("gates")) {
        ASSAY_TRY(Gate gate, gate_from_json(entry));
        plan.gates.push_back(std::move(gate));
    }
    return plan;
} catch (const Json::exception& error) {
    return failure(ErrorCode::data_loss,
                   fmt::format("a stored report plan is damaged: {}", error.what()));
}

}  // namespace assay
