#include "runner/cli/published_schema.hpp"

#include "configs/load_spec.hpp"
#include "evaluators/evaluator.hpp"

namespace assay {
namespace {

/// Where the spec names a schema, it may be a file's name as well.
void allow_file_name(OrderedJson& parameters) {
    const auto schema = parameters["properties"].find("schema");
    if (schema == parameters["properties"].end()) return;
    (*schema)["type"] = {"object", "boolean", "string"};
}

OrderedJson parameters_of(const EvaluatorDefinition& definition) {
    OrderedJson parameters = OrderedJson::parse(definition.parameters_schema);
    parameters["description"] = definition.summary;
    parameters.erase("additionalProperties");  // the common keys stand beside these
    allow_file_name(parameters);
    return parameters;
}

}  // namespace

OrderedJson published_experiment_schema() {
    OrderedJson schema = OrderedJson::parse(experiment_schema_text());
    OrderedJson& definitions = schema["$defs"];
    // A copy: adding a member to an ordered object moves the others.
    OrderedJson evaluator = definitions["evaluator"];
    OrderedJson& type = evaluator["properties"]["type"];
    type.erase("examples");
    type["enum"] = OrderedJson::array();
    OrderedJson conditions = OrderedJson::array();
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        const std::string name = "evaluator_" + std::string(definition->id);
        type["enum"].push_back(definition->id);
        definitions[name] = parameters_of(*definition);
        OrderedJson condition;
        condition["if"]["properties"]["type"]["const"] = definition->id;
        condition["if"]["required"] = {"type"};
        condition["then"]["$ref"] = "#/$defs/" + name;
        conditions.push_back(std::move(condition));
    }
    evaluator["allOf"] = std::move(conditions);
    evaluator["unevaluatedProperties"] = false;
    definitions["evaluator"] = std::move(evaluator);
    return schema;
}

}  // namespace assay
