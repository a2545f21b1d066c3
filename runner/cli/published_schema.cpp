#include "runner/cli/published_schema.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "configs/load_spec.hpp"
#include "judges/judges.hpp"
#include "judges/provider.hpp"

namespace assay {
namespace {

/// Where the spec names a schema, it may be a file's name as well.
void allow_file_name(OrderedJson& parameters) {
    const auto schema = parameters["properties"].find("schema");
    if (schema == parameters["properties"].end()) return;
    (*schema)["type"] = {"object", "boolean", "string"};
}

/// What an entry of one type may hold besides the keys of all types.
struct TypeKeys {
    std::string_view id;
    OrderedJson schema;
};

std::vector<TypeKeys> evaluator_types() {
    std::vector<TypeKeys> types;
    for (const EvaluatorDefinition* const definition : known_evaluators()) {
        OrderedJson parameters = OrderedJson::parse(definition->parameters_schema);
        parameters["description"] = definition->summary;
        allow_file_name(parameters);
        types.push_back({definition->id, std::move(parameters)});
    }
    return types;
}

std::vector<TypeKeys> provider_types() {
    std::vector<TypeKeys> types;
    for (const ProviderDefinition* const definition : builtin_providers()) {
        if (!definition->is_model) continue;
        OrderedJson settings = definition->settings_schema.empty()
                                   ? OrderedJson::object()
                                   : OrderedJson::parse(definition->settings_schema);
        settings["description"] = definition->summary;
        types.push_back({definition->id, std::move(settings)});
    }
    return types;
}

/// Makes the keys of an entry depend on its `type`.
void add_types(OrderedJson& definitions, const std::string& entry, std::vector<TypeKeys> types) {
    // A copy: adding a member to an ordered object moves the others.
    OrderedJson schema = definitions[entry];
    OrderedJson& type = schema["properties"]["type"];
    type.erase("examples");
    type["enum"] = OrderedJson::array();
    OrderedJson conditions = OrderedJson::array();
    for (TypeKeys& keys : types) {
        const std::string name = fmt::format("{}_{}", entry, keys.id);
        type["enum"].push_back(keys.id);
        keys.schema.erase("additionalProperties");  // the common keys stand beside these
        definitions[name] = std::move(keys.schema);
        OrderedJson condition;
        condition["if"]["properties"]["type"]["const"] = keys.id;
        condition["if"]["required"] = {"type"};
        condition["then"]["$ref"] = "#/$defs/" + name;
        conditions.push_back(std::move(condition));
    }
    schema["allOf"] = std::move(conditions);
    schema["unevaluatedProperties"] = false;
    definitions[entry] = std::move(schema);
}

}  // namespace

OrderedJson published_experiment_schema() {
    OrderedJson schema = OrderedJson::parse(experiment_schema_text());
    add_types(schema["$defs"], "evaluator", evaluator_types());
    add_types(schema["$defs"], "provider", provider_types());
    return schema;
}

}  // namespace assay
