// The commands that explain the program itself: evaluators, schema, version.
#include <fmt/format.h>

#include "configs/load_spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "evaluators/evaluation.hpp"
#include "judges/judges.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/published_schema.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

/// Text of our own that was compiled in, so it parses.
Json built_in_json(std::string_view text) {
    auto parsed = parse_json(text);
    ASSAY_ASSERT(parsed.has_value(), "built-in JSON is valid");
    return std::move(*parsed);
}

OrderedJson evaluator_to_json(const EvaluatorDefinition& definition) {
    OrderedJson json;
    json["id"] = definition.id;
    json["version"] = definition.version;
    json["data_type"] = to_string(definition.data_type);
    json["summary"] = definition.summary;
    json["needs_expected"] = definition.needs_expected;
    json["is_judge"] = find_evaluator(definition.id) == nullptr;
    json["parameters"] = built_in_json(definition.parameters_schema);
    json["examples"] = built_in_json(definition.examples);
    return json;
}

void print_rows(std::string_view title,
                const std::vector<std::pair<std::string, std::string>>& rows,
                const Console& console) {
    std::size_t width = 0;
    for (const auto& [name, text] : rows) width = std::max(width, name.size());
    print_out(fmt::format("{}\n", title));
    for (const auto& [name, text] : rows) {
        print_out(fmt::format("  {:<{}}  {}\n", name, width,
                              fit_width(text, console.columns - width - 4)));
    }
}

void print_parameters(const Json& schema) {
    const Json& properties = schema.value("properties", Json::object());
    if (properties.empty()) return;
    print_out("\nParameters of its own:\n");
    for (const auto& [name, property] : properties.items()) {
        const std::string type = property.contains("type") ? as_text(property["type"]) : "any";
        print_out(fmt::format("  {:<20} {:<9} {}\n", name, type,
                              property.value("description", std::string())));
    }
}

void print_examples(const Json& examples) {
    if (examples.empty()) return;
    print_out("\nExamples:\n");
    for (const Json& example : examples) {
        std::string line = fmt::format("  output {}", to_text(example["output"]));
        if (example.contains("expected")) {
            line += fmt::format(", expected {}", to_text(example["expected"]));
        }
        if (example.contains("unit")) line += fmt::format(" of {}", to_text(example["unit"]));
        const Json& parameters = example.value("parameters", Json::object());
        if (!parameters.empty()) line += fmt::format(", with {}", to_text(parameters));
        print_out(fmt::format("{} -> {}\n", line, to_text(example["score"])));
    }
}

ExitCode explain_evaluator(const std::string& name) {
    const EvaluatorDefinition* const definition = find_known_evaluator(name);
    if (definition == nullptr) {
        std::vector<std::string> known;
        for (const EvaluatorDefinition* each : known_evaluators()) known.emplace_back(each->id);
        return report_error({ErrorCode::not_found,
                             fmt::format("unknown evaluator \"{}\"{} (`assay evaluators` lists "
                                         "them)",
                                         name, did_you_mean(name, known))});
    }
    print_out(fmt::format("{} ({}, version {})\n{}\n", definition->id,
                          to_string(definition->data_type), definition->version,
                          definition->summary));
    print_parameters(built_in_json(definition->parameters_schema));
    print_out(
        fmt::format("\nCommon keys: name, value, on, extract, expected_extract, strip, not, "
                    "threshold, check{}.\n",
                    definition->takes_mapping ? ", mapping" : ""));
    print_examples(built_in_json(definition->examples));
    return ExitCode::ok;
}

}  // namespace

ExitCode evaluators_command(const EvaluatorsArguments& arguments, const Console& console) {
    if (!arguments.name.empty()) return explain_evaluator(arguments.name);
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const EvaluatorDefinition* definition : known_evaluators()) {
            list.push_back(evaluator_to_json(*definition));
        }
        print_out(to_pretty_text(list));
        return ExitCode::ok;
    }
    std::vector<std::pair<std::string, std::string>> rows;
    for (const EvaluatorDefinition* definition : known_evaluators()) {
        rows.emplace_back(definition->id, definition->summary);
    }
    print_rows("Evaluators (assay evaluators NAME explains one):", rows, console);
    rows.clear();
    for (const RunEvaluatorInfo& info : run_evaluator_types())
        rows.emplace_back(info.id, info.summary);
    print_rows("\nRun evaluators, over all items of a variant:", rows, console);
    return ExitCode::ok;
}

ExitCode schema_command(const SchemaArguments& arguments, const Console& /*console*/) {
    if (arguments.which == "report") {
        print_out(report_schema_text());
    } else {
        print_out(to_pretty_text(published_experiment_schema()));
    }
    return ExitCode::ok;
}

ExitCode version_command(const VersionArguments& arguments, const Console& /*console*/) {
    if (arguments.json) {
        print_out(to_pretty_text(OrderedJson::array(
            {OrderedJson{{"id", "assay"}, {"version", std::string(k_version)}}})));
    } else {
        print_out(fmt::format("assay {}\n", k_version));
    }
    return ExitCode::ok;
}

}  // namespace assay
