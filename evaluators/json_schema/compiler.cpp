#include "evaluators/json_schema/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "core/base/diagnostic.hpp"
#include "evaluators/json_schema/pattern.hpp"
#include "evaluators/json_schema/schema_index.hpp"
#include "evaluators/json_schema/uri.hpp"

namespace assay::json_schema {
namespace {

/// Makes nodes for schemas; a schema is compiled once however many references lead to it.
class Compiler {
  public:
    Result<CompiledSchema> run(const Json& document) {
        ASSAY_CHECK(index_.add_document(document));
        compiled_.root = node_for(document);
        ASSAY_CHECK(compile_pending());
        return std::move(compiled_);
    }

    const Node* node_for(const Json& schema) {
        Node*& node = by_schema_[&schema];
        if (node == nullptr) {
            compiled_.nodes.push_back(std::make_unique<Node>());
            node = compiled_.nodes.back().get();
            pending_.push_back(&schema);
        }
        return node;
    }

    SchemaIndex& index() { return index_; }

  private:
    Result<void> compile_pending();
    Result<void> compile_schema(const Json& schema);
    void add_dynamic_anchors();

    SchemaIndex index_;
    CompiledSchema compiled_;
    std::unordered_map<const Json*, Node*> by_schema_;
    std::vector<const Json*> pending_;
};

/// One keyword in a schema.
struct Use {
    Compiler& compiler;
    Node& node;
    const Json& schema;
    const Json& value;
    std::string_view keyword;
    const Site& site;  ///< of the schema

    [[nodiscard]] std::unexpected<Error> refuse(std::string_view message) const {
        return schema_failure(site.place(keyword), message);
    }
    /// The same for a part of the value.
    [[nodiscard]] std::unexpected<Error> refuse(std::string_view part,
                                                std::string_view message) const {
        return schema_failure(site.place(keyword) + pointer_step(part), message);
    }
    [[nodiscard]] const Node* child(const Json& inner) const { return compiler.node_for(inner); }
    [[nodiscard]] std::unexpected<Error> must_be(std::string_view what) const {
        return refuse(fmt::format("must be {}, not {}", what, type_phrase(value)));
    }
};

template <class Rules>
Rules& rules(std::unique_ptr<Rules>& group) {
    if (group == nullptr) group = std::make_unique<Rules>();
    return *group;
}

// Values of keywords.

Result<std::size_t> read_count(const Use& use) {
    if ((types_of(use.value) & k_integer) == 0 || compare_numbers(use.value, 0) < 0) {
        return use.refuse("must be an integer of at least 0");
    }
    constexpr std::uint64_t k_huge = std::uint64_t{1} << 62U;
    if (compare_numbers(use.value, k_huge) > 0) return std::size_t{k_huge};
    return use.value.get<std::size_t>();
}

Result<const Json*> read_number(const Use& use) {
    if (!use.value.is_number()) return use.must_be("a number");
    return &use.value;
}

Result<bool> read_flag(const Use& use) {
    if (!use.value.is_boolean()) return use.must_be("true or false");
    return use.value.get<bool>();
}

std::optional<std::vector<std::string>> read_names(const Json& value) {
    const auto is_string = [](const Json& entry) { return entry.is_string(); };
    if (!value.is_array() || !std::ranges::all_of(value, is_string)) return std::nullopt;
    return value.get<std::vector<std::string>>();
}
constexpr std::string_view k_no_names = "must be a list of property names";

Result<std::vector<const Node*>> read_schemas(const Use& use) {
    if (use.value.empty()) return use.refuse("must hold at least one schema");
    std::vector<const Node*> nodes;
    for (const Json& schema : use.value) nodes.push_back(use.child(schema));
    return nodes;
}

// Keywords for any type.

constexpr std::array<std::pair<std::string_view, TypeSet>, 7> k_types = {{
    {"array", k_array},
    {"boolean", k_boolean},
    {"integer", k_integer},
    {"null", k_null},
    {"number", k_number},
    {"object", k_object},
    {"string", k_string},
}};

/// 0 when there is none of that name.
TypeSet type_named(const Json& name) {
    const auto known = std::ranges::find_if(
        k_types, [&](const auto& entry) { return name == std::string(entry.first); });
    return known == k_types.end() ? TypeSet{0} : known->second;
}

std::string no_type(const Json& name) {
    std::vector<std::string> known;
    known.reserve(k_types.size());
    for (const auto& [type, bit] : k_types) known.emplace_back(type);
    const std::string near = name.is_string() ? did_you_mean(as_text(name), known) : "";
    return fmt::format("{} is not a type{}", to_text(name), near);
}

Result<void> compile_type(const Use& use) {
    if (!use.value.is_array()) {
        use.node.types = type_named(use.value);
        if (use.node.types == 0) return use.refuse(no_type(use.value));
        return {};
    }
    if (use.value.empty()) return use.refuse("must name at least one type");
    use.node.types = 0;
    for (std::size_t i = 0; i < use.value.size(); ++i) {
        const TypeSet type = type_named(use.value[i]);
        if (type == 0) return use.refuse(std::to_string(i), no_type(use.value[i]));
        use.node.types |= type;
    }
    return {};
}

Result<void> add_allowed(const Use& use, std::vector<const Json*> values) {
    AllowedValues allowed{.keyword = use.keyword, .values = std::move(values)};
    for (const Json* value : allowed.values) {
        std::optional<std::string> text = canonical_text(*value);
        ASSAY_ASSERT(text.has_value(), "the depth of a schema is bounded");
        allowed.texts.push_back(std::move(*text));
        allowed.types |= types_of(*value);
    }
    std::ranges::sort(allowed.texts);
    use.node.allowed.push_back(std::move(allowed));
    return {};
}

Result<void> compile_const(const Use& use) { return add_allowed(use, {&use.value}); }

Result<void> compile_enum(const Use& use) {
    if (!use.value.is_array()) return use.must_be("a list of values");
    std::vector<const Json*> values;
    for (const Json& value : use.value) values.push_back(&value);
    return add_allowed(use, std::move(values));
}

// Numbers.

template <const Json* NumberRules::* member>
Result<void> compile_bound(const Use& use) {
    ASSAY_TRY(rules(use.node.numbers).*member, read_number(use));
    return {};
}

Result<void> compile_multiple_of(const Use& use) {
    ASSAY_TRY(const Json* const divisor, read_number(use));
    const bool finite = std::isfinite(divisor->get<double>());  // YAML has .inf
    if (!finite || !(compare_numbers(*divisor, 0) > 0)) return use.refuse("must be more than 0");
    rules(use.node.numbers).multiple_of = divisor;
    return {};
}

// Strings.

template <std::optional<std::size_t> StringRules::* member>
Result<void> compile_length(const Use& use) {
    ASSAY_TRY(rules(use.node.strings).*member, read_count(use));
    return {};
}

Result<void> compile_pattern_keyword(const Use& use) {
    if (!use.value.is_string()) return use.must_be("a string");
    StringRules& strings = rules(use.node.strings);
    strings.pattern_text = use.value.get<std::string>();
    Result<Regex> pattern = compile_pattern(strings.pattern_text);
    if (!pattern) return use.refuse(pattern.error().message);
    strings.pattern = std::move(*pattern);
    return {};
}

// Arrays.

template <std::optional<std::size_t> ArrayRules::* member>
Result<void> compile_items_count(const Use& use) {
    ASSAY_TRY(rules(use.node.arrays).*member, read_count(use));
    return {};
}

Result<void> compile_unique_items(const Use& use) {
    ASSAY_TRY(rules(use.node.arrays).unique, read_flag(use));
    return {};
}

Result<void> compile_prefix_items(const Use& use) {
    ASSAY_TRY(rules(use.node.arrays).prefix, read_schemas(use));
    return {};
}

Result<void> compile_items(const Use& use) {
    ArrayRules& arrays = rules(use.node.arrays);
    if (use.value.is_array()) {  // draft 7; an empty list is allowed there
        for (const Json& schema : use.value) arrays.prefix.push_back(use.child(schema));
        return {};
    }
    arrays.rest = use.child(use.value);
    arrays.rest_keyword = use.keyword;
    return {};
}

Result<void> compile_additional_items(const Use& use) {
    const auto items = use.schema.find("items");
    if (items == use.schema.end() || !items->is_array()) return {};
    ArrayRules& arrays = rules(use.node.arrays);
    arrays.rest = use.child(use.value);
    arrays.rest_keyword = use.keyword;
    return {};
}

Result<void> compile_contains(const Use& use) {
    rules(use.node.arrays).contains = use.child(use.value);
    return {};
}

Result<void> compile_min_contains(const Use& use) {
    ASSAY_TRY(rules(use.node.arrays).contains_min, read_count(use));
    return {};
}

// Objects.

template <std::optional<std::size_t> ObjectRules::* member>
Result<void> compile_properties_count(const Use& use) {
    ASSAY_TRY(rules(use.node.objects).*member, read_count(use));
    return {};
}

Result<void> compile_required(const Use& use) {
    auto names = read_names(use.value);
    if (!names) return use.refuse(k_no_names);
    rules(use.node.objects).required = std::move(*names);
    return {};
}

Result<void> compile_properties(const Use& use) {
    for (const auto& [name, schema] : use.value.items()) {
        rules(use.node.objects).properties.push_back({name, use.child(schema)});
    }
    return {};
}

Result<void> compile_pattern_properties(const Use& use) {
    for (const auto& [pattern, schema] : use.value.items()) {
        Result<Regex> regex = compile_pattern(pattern);
        if (!regex) return use.refuse(pattern, regex.error().message);
        rules(use.node.objects).patterns.push_back({std::move(*regex), use.child(schema)});
    }
    return {};
}

template <const Node* ObjectRules::* member>
Result<void> compile_object_schema(const Use& use) {
    rules(use.node.objects).*member = use.child(use.value);
    return {};
}

/// `dependentRequired`, `dependentSchemas` and draft 7's `dependencies`, which is both.
Result<void> compile_dependencies(const Use& use) {
    if (!use.value.is_object()) return use.must_be("an object");
    for (const auto& [property, value] : use.value.items()) {
        Dependency dependency{.property = property, .keyword = use.keyword};
        const bool names = use.keyword == "dependentRequired" || value.is_array();
        if (names) {
            auto required = read_names(value);
            if (!required) return use.refuse(property, k_no_names);
            dependency.required = std::move(*required);
        } else {
            dependency.schema = use.child(value);
        }
        rules(use.node.objects).dependencies.push_back(std::move(dependency));
    }
    return {};
}

// Schemas for the same value.

template <std::vector<const Node*> InPlaceRules::* member>
Result<void> compile_branches(const Use& use) {
    ASSAY_TRY(rules(use.node.in_place).*member, read_schemas(use));
    return {};
}

template <const Node* InPlaceRules::* member>
Result<void> compile_in_place(const Use& use) {
    rules(use.node.in_place).*member = use.child(use.value);
    return {};
}

Result<const Json*> resolve(const Use& use) {
    if (!use.value.is_string()) return use.must_be("a string");
    return use.compiler.index().resolve(use.value.get_ref<const std::string&>(), use.schema,
                                        use.keyword);
}

Result<void> compile_reference(const Use& use) {
    ASSAY_TRY(const Json* const target, resolve(use));
    rules(use.node.in_place).reference = use.child(*target);
    return {};
}

Result<void> compile_dynamic_reference(const Use& use) {
    ASSAY_TRY(const Json* const target, resolve(use));
    InPlaceRules& in_place = rules(use.node.in_place);
    in_place.dynamic_reference = use.child(*target);
    const std::string_view reference = use.value.get_ref<const std::string&>();
    const std::string name = percent_decoded(split_fragment(reference).fragment);
    const auto anchor = target->find("$dynamicAnchor");
    if (target->is_object() && anchor != target->end() && *anchor == name) {
        in_place.dynamic_anchor = name;
    }
    return {};
}

template <const Node* Node::* member>
Result<void> compile_unevaluated(const Use& use) {
    use.node.*member = use.child(use.value);
    return {};
}

struct Keyword {
    std::string_view name;
    Result<void> (*compile)(const Use&);
    bool in_draft_7 = true;
    bool in_draft_2020_12 = true;
};
constexpr std::array k_keywords = {
    Keyword{"$dynamicRef", compile_dynamic_reference, false},
    Keyword{"$ref", compile_reference},
    Keyword{"additionalItems", compile_additional_items, true, false},
    Keyword{"additionalProperties", compile_object_schema<&ObjectRules::additional>},
    Keyword{"allOf", compile_branches<&InPlaceRules::all_of>},
    Keyword{"anyOf", compile_branches<&InPlaceRules::any_of>},
    Keyword{"const", compile_const},
    Keyword{"contains", compile_contains},
    Keyword{"dependencies", compile_dependencies},
    Keyword{"dependentRequired", compile_dependencies, false},
    Keyword{"dependentSchemas", compile_dependencies, false},
    Keyword{"else", compile_in_place<&InPlaceRules::alternative>},
    Keyword{"enum", compile_enum},
    Keyword{"exclusiveMaximum", compile_bound<&NumberRules::exclusive_maximum>},
    Keyword{"exclusiveMinimum", compile_bound<&NumberRules::exclusive_minimum>},
    Keyword{"if", compile_in_place<&InPlaceRules::condition>},
    Keyword{"items", compile_items},
    Keyword{"maxContains", compile_items_count<&ArrayRules::contains_max>, false},
    Keyword{"maxItems", compile_items_count<&ArrayRules::items_max>},
    Keyword{"maxLength", compile_length<&StringRules::length_max>},
    Keyword{"maxProperties", compile_properties_count<&ObjectRules::properties_max>},
    Keyword{"maximum", compile_bound<&NumberRules::maximum>},
    Keyword{"minContains", compile_min_contains, false},
    Keyword{"minItems", compile_items_count<&ArrayRules::items_min>},
    Keyword{"minLength", compile_length<&StringRules::length_min>},
    Keyword{"minProperties", compile_properties_count<&ObjectRules::properties_min>},
    Keyword{"minimum", compile_bound<&NumberRules::minimum>},
    Keyword{"multipleOf", compile_multiple_of},
    Keyword{"not", compile_in_place<&InPlaceRules::negated>},
    Keyword{"oneOf", compile_branches<&InPlaceRules::one_of>},
    Keyword{"pattern", compile_pattern_keyword},
    Keyword{"patternProperties", compile_pattern_properties},
    Keyword{"prefixItems", compile_prefix_items, false},
    Keyword{"properties", compile_properties},
    Keyword{"propertyNames", compile_object_schema<&ObjectRules::names>},
    Keyword{"required", compile_required},
    Keyword{"then", compile_in_place<&InPlaceRules::consequence>},
    Keyword{"type", compile_type},
    Keyword{"unevaluatedItems", compile_unevaluated<&Node::unevaluated_items>, false},
    Keyword{"unevaluatedProperties", compile_unevaluated<&Node::unevaluated_properties>, false},
    Keyword{"uniqueItems", compile_unique_items},
};

const Keyword* find_keyword(std::string_view name, Draft draft) {
    const auto found = std::ranges::find(k_keywords, name, &Keyword::name);
    if (found == k_keywords.end()) return nullptr;
    const bool known = draft == Draft::draft_7 ? found->in_draft_7 : found->in_draft_2020_12;
    return known ? &*found : nullptr;
}

Result<void> Compiler::compile_pending() {
    while (!pending_.empty()) {
        const Json* const schema = pending_.back();
        pending_.pop_back();
        ASSAY_CHECK(compile_schema(*schema));
        if (pending_.empty()) add_dynamic_anchors();
    }
    return {};
}

Result<void> Compiler::compile_schema(const Json& schema) {
    Node& node = *by_schema_.at(&schema);
    const Site& site = index_.site(schema);
    node.resource = site.resource;
    if (schema.is_boolean()) {
        node.always = schema.get<bool>();
        return {};
    }
    const Draft draft = index_.resources()[site.resource].draft;
    const bool reference_alone = draft == Draft::draft_7 && schema.contains("$ref");
    for (const auto& [name, value] : schema.items()) {
        const Keyword* const keyword = find_keyword(name, draft);
        if (keyword == nullptr || (reference_alone && name != "$ref")) continue;
        ASSAY_CHECK(keyword->compile({*this, node, schema, value, keyword->name, site}));
    }
    return {};
}

/// Which of them a `$dynamicRef` means is known only while validating, so all are compiled.
void Compiler::add_dynamic_anchors() {
    const auto& resources = index_.resources();
    compiled_.dynamic_anchors.resize(resources.size());
    for (std::size_t i = 0; i < resources.size(); ++i) {
        for (const auto& [name, schema] : resources[i].dynamic_anchors) {
            compiled_.dynamic_anchors[i][name] = node_for(*schema);
        }
    }
}

}  // namespace

Result<CompiledSchema> compile(const Json& document) { return Compiler().run(document); }

}  // namespace assay::json_schema
