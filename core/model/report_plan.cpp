#include "core/model/report_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::array k_operators = {GateOperator::greater_equal, GateOperator::less_equal,
                                    GateOperator::greater, GateOperator::less, GateOperator::equal};

Result<double> parse_threshold(std::string_view text) {
    std::string_view digits = text;
    const bool percent = digits.ends_with('%');
    if (percent) digits = trim(digits.substr(0, digits.size() - 1));
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no number; write 0.85 or 85%", text));
    }
    return percent ? value / 100 : value;
}

Json to_json(const Gate& gate) {
    return {{"text", gate.text},
            {"score", gate.score},
            {"category", gate.category},
            {"measure", gate.measure},
            {"op", to_string(gate.op)},
            {"threshold", gate.threshold},
            {"variant", gate.variant},
            {"place", {gate.place.file, gate.place.line, gate.place.column}}};
}

Result<GateOperator> parse_operator(std::string_view text) {
    const auto* const found = std::ranges::find(
        k_operators, text, [](GateOperator op) { return std::string_view(to_string(op)); });
    if (found != k_operators.end()) return *found;
    return failure(ErrorCode::data_loss, fmt::format("\"{}\" is no gate operator", text));
}

Result<Gate> gate_from_json(const Json& json) {
    Gate gate;
    gate.text = json.at("text").get<std::string>();
    gate.score = json.at("score").get<std::string>();
    gate.category = json.at("category").get<std::string>();
    gate.measure = json.at("measure").get<std::string>();
    gate.threshold = json.at("threshold").get<double>();
    gate.variant = json.at("variant").get<std::string>();
    ASSAY_TRY(gate.op, parse_operator(json.at("op").get<std::string>()));
    const Json& place = json.at("place");
    gate.place = {place.at(0).get<std::string>(), place.at(1).get<int>(), place.at(2).get<int>()};
    return gate;
}

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

const char* to_string(GateOperator op) {
    switch (op) {
        case GateOperator::greater_equal: return ">=";
        case GateOperator::greater: return ">";
        case GateOperator::less_equal: return "<=";
        case GateOperator::less: return "<";
        case GateOperator::equal: return "=";
    }
    std::unreachable();
}

bool holds(double observed, GateOperator op, double threshold) {
    switch (op) {
        case GateOperator::greater_equal: return observed >= threshold;
        case GateOperator::greater: return observed > threshold;
        case GateOperator::less_equal: return observed <= threshold;
        case GateOperator::less: return observed < threshold;
        case GateOperator::equal: return observed == threshold;
    }
    std::unreachable();
}

const std::vector<std::string>& gate_measures() {
    static const std::vector<std::string> k_measures = {
        "cost_usd",       "coverage",       "error_rate", "latency_p50_ms",
        "latency_p95_ms", "latency_p99_ms", "tokens"};
    return k_measures;
}

Result<Gate> parse_gate(std::string_view text) {
    for (const GateOperator op : k_operators) {
        const std::size_t at = text.find(to_string(op));
        if (at == std::string_view::npos) continue;
        Gate gate;
        gate.op = op;
        const std::string_view name = trim(text.substr(0, at));
        std::string_view threshold = text.substr(at + std::string_view(to_string(op)).size());
        if (op == GateOperator::equal && threshold.starts_with('=')) threshold.remove_prefix(1);
        const bool garbled = name.find_first_of("<>=") != std::string_view::npos;
        if (name.empty() || garbled) break;
        ASSAY_TRY(gate.threshold, parse_threshold(trim(threshold)));
        const auto& measures = gate_measures();
        const bool measure = std::ranges::find(measures, name) != measures.end();
        (measure ? gate.measure : gate.score) = std::string(name);
        gate.text = fmt::format("{} {} {}", name, to_string(op), trim(threshold));
        return gate;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no gate; write it as \"exact_match >= 0.85\", with one "
                               "of >= > <= < =",
                               text));
}

std::vector<std::string> run_score_names(const RunEvaluator& evaluator) {
    const auto declared = evaluator.parameters.find("scores");
    if (declared == evaluator.parameters.end() || !declared->is_object()) return {evaluator.name};
    std::vector<std::string> names;
    for (const auto& [name, type] : declared->items()) names.push_back(name);
    return names;
}

Json to_json(const ReportPlan& plan) {
    Json json = {{"min_coverage", plan.min_coverage},
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
    return json;
}

Result<ReportPlan> report_plan_from_json(const Json& json) try {
    ReportPlan plan;
    plan.min_coverage = json.at("min_coverage").get<double>();
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
