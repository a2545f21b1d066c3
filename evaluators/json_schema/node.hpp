#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/regex.hpp"
#include "evaluators/json_schema/values.hpp"

namespace assay::json_schema {

struct Node;

/// `enum` and `const`.
struct AllowedValues {
    std::string_view keyword;
    std::vector<const Json*> values;  ///< as they are written, for messages
    std::vector<std::string> texts;   ///< canonical, sorted
    TypeSet types = 0;
};

struct NumberRules {
    const Json* minimum = nullptr;
    const Json* exclusive_minimum = nullptr;
    const Json* maximum = nullptr;
    const Json* exclusive_maximum = nullptr;
    const Json* multiple_of = nullptr;
};

struct StringRules {
    std::optional<std::size_t> length_min;
    std::optional<std::size_t> length_max;
    std::optional<Regex> pattern;
    std::string pattern_text;  ///< as it is written
};

struct ArrayRules {
    std::optional<std::size_t> items_min;
    std::optional<std::size_t> items_max;
    bool unique = false;
    std::vector<const Node*> prefix;
    const Node* rest = nullptr;     ///< for the items after `prefix`
    std::string_view rest_keyword;  ///< "items" or "additionalItems"
    const Node* contains = nullptr;
    std::size_t contains_min = 1;
    std::optional<std::size_t> contains_max;
};

struct Property {
    std::string name;
    const Node* node = nullptr;
};
struct PatternProperty {
    Regex pattern;
    const Node* node = nullptr;
};
/// What a property's presence asks for.
struct Dependency {
    std::string property;
    std::string_view keyword;
    std::vector<std::string> required;
    const Node* schema = nullptr;
};

struct ObjectRules {
    std::optional<std::size_t> properties_min;
    std::optional<std::size_t> properties_max;
    std::vector<std::string> required;
    std::vector<Property> properties;  ///< sorted by name, as an instance's are
    std::vector<PatternProperty> patterns;
    const Node* additional = nullptr;
    const Node* names = nullptr;
    std::vector<Dependency> dependencies;
};

/// The keywords that apply other schemas to the same value.
struct InPlaceRules {
    const Node* reference = nullptr;
    std::string dynamic_anchor;  ///< `$dynamicRef` by name: looked up in the dynamic scope first
    const Node* dynamic_reference = nullptr;
    std::vector<const Node*> all_of;
    std::vector<const Node*> any_of;
    std::vector<const Node*> one_of;
    const Node* negated = nullptr;
    const Node* condition = nullptr;
    const Node* consequence = nullptr;
    const Node* alternative = nullptr;
};

/// One compiled schema. Rules are kept by the type they apply to, so that a value meets only its
/// own; a group no keyword asks for is absent.
struct Node {
    std::size_t resource = 0;
    std::optional<bool> always;  ///< the schemas `true` and `false`
    TypeSet types = k_any_type;
    std::vector<AllowedValues> allowed;
    std::unique_ptr<NumberRules> numbers;
    std::unique_ptr<StringRules> strings;
    std::unique_ptr<ArrayRules> arrays;
    std::unique_ptr<ObjectRules> objects;
    std::unique_ptr<InPlaceRules> in_place;
    const Node* unevaluated_items = nullptr;
    const Node* unevaluated_properties = nullptr;
};

using AnchoredNodes = std::map<std::string, const Node*, std::less<>>;

/// A schema ready for use. It points into the documents it was compiled from.
struct CompiledSchema {
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<AnchoredNodes> dynamic_anchors;  ///< by resource
    const Node* root = nullptr;
};

}  // namespace assay::json_schema
