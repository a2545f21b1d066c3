// The rules of Validation for one value and its members.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/base/text.hpp"
#include "evaluators/json_schema/validation.hpp"
#include "evaluators/json_schema/wording.hpp"

namespace assay::json_schema {
namespace {

constexpr std::size_t k_all_items = std::numeric_limits<std::size_t>::max();
constexpr std::size_t k_listed_values_max = 20;

std::string list_of_values(const std::vector<const Json*>& values) {
    std::vector<std::string> texts;
    for (const Json* value : values) {
        if (texts.size() == k_listed_values_max) break;
        texts.push_back(shown_whole(*value));
    }
    std::string list = fmt::format("{}", fmt::join(texts, ", "));
    const std::size_t left = values.size() - texts.size();
    return left == 0 ? list : fmt::format("{} and {} more", list, left);
}

std::vector<std::string> names_of(const std::vector<Property>& properties) {
    std::vector<std::string> names;
    names.reserve(properties.size());
    for (const Property& property : properties) names.push_back(property.name);
    return names;
}

}  // namespace

bool Validation::check_type(const Node& node, const Subject& subject) {
    if (node.types == k_any_type || (node.types & types_of(subject.value)) != 0) return true;
    return fail(subject.path, "type", [&] {
        const bool fraction = subject.value.is_number() && (node.types & k_integer) != 0;
        return fmt::format("must be {}, not {}", type_names(node.types),
                           fraction ? shown(subject.value) : type_phrase(subject.value));
    });
}

bool Validation::check_allowed(const AllowedValues& allowed, const Subject& subject) {
    if ((allowed.types & types_of(subject.value)) != 0) {
        const std::optional<std::string> text = canonical(subject.value);
        if (text && std::ranges::binary_search(allowed.texts, *text)) return true;
    }
    return fail(subject.path, allowed.keyword, [&] {
        if (allowed.values.empty()) return std::string("is not allowed: the \"enum\" is empty");
        const std::string_view how = allowed.values.size() == 1 ? "must be" : "must be one of";
        return fmt::format("{} {}, not {}", how, list_of_values(allowed.values),
                           shown(subject.value));
    });
}

/// Nothing when that exhausts the pass.
std::optional<std::string> Validation::canonical(const Json& value) {
    std::optional<std::string> text = canonical_text(value);
    if (!text) exhausted_ = true;
    if (text) spend_on_bytes(text->size());
    return text;
}

bool Validation::check_number(const NumberRules& rules, const Subject& subject) {
    const auto refuse = [&](std::string_view keyword, std::string_view what, const Json& bound) {
        return fail(subject.path, keyword, [&] {
            return fmt::format("must be {} {}, not {}", what, shown(bound), shown(subject.value));
        });
    };
    const auto order = [&](const Json& bound) { return compare_numbers(subject.value, bound); };
    bool valid = true;
    if (rules.minimum != nullptr && !(order(*rules.minimum) >= 0)) {
        valid = refuse("minimum", "at least", *rules.minimum);
    }
    if (rules.exclusive_minimum != nullptr && !(order(*rules.exclusive_minimum) > 0)) {
        valid = refuse("exclusiveMinimum", "more than", *rules.exclusive_minimum);
    }
    if (rules.maximum != nullptr && !(order(*rules.maximum) <= 0)) {
        valid = refuse("maximum", "at most", *rules.maximum);
    }
    if (rules.exclusive_maximum != nullptr && !(order(*rules.exclusive_maximum) < 0)) {
        valid = refuse("exclusiveMaximum", "less than", *rules.exclusive_maximum);
    }
    if (rules.multiple_of != nullptr && !is_multiple_of(subject.value, *rules.multiple_of)) {
        valid = refuse("multipleOf", "a multiple of", *rules.multiple_of);
    }
    return valid;
}

bool Validation::check_string(const StringRules& rules, const Subject& subject) {
    const auto& text = subject.value.get_ref<const std::string&>();
    spend_on_bytes(text.size());
    const bool counts = rules.length_min.has_value() || rules.length_max.has_value();
    const std::size_t length = counts ? count_code_points(text) : 0;
    bool valid = true;
    if (rules.length_min && length < *rules.length_min) {
        valid = fail(subject.path, "minLength", [&] {
            return fmt::format("must be at least {} long", counted(*rules.length_min, "character"));
        });
    }
    if (rules.length_max && length > *rules.length_max) {
        valid = fail(subject.path, "maxLength", [&] {
            return fmt::format("must be at most {} long", counted(*rules.length_max, "character"));
        });
    }
    if (rules.pattern && !rules.pattern->found_in(text)) {
        valid = fail(subject.path, "pattern", [&] {
            return fmt::format("must match the pattern \"{}\"", rules.pattern_text);
        });
    }
    return valid;
}

bool Validation::check_array(const ArrayRules& rules, const Subject& subject) {
    const std::size_t size = subject.value.size();
    bool valid = true;
    if (rules.items_min && size < *rules.items_min) {
        valid = fail(subject.path, "minItems", [&] {
            return fmt::format("must have at least {}, not {}", counted(*rules.items_min, "item"),
                               size);
        });
    }
    if (rules.items_max && size > *rules.items_max) {
        valid = fail(subject.path, "maxItems", [&] {
            return fmt::format("must have at most {}, not {}", counted(*rules.items_max, "item"),
                               size);
        });
    }
    if (rules.unique) also(valid, [&] { return check_unique(subject); });
    also(valid, [&] { return check_items(rules, subject); });
    if (rules.contains != nullptr) also(valid, [&] { return check_contains(rules, subject); });
    return valid;
}

bool Validation::check_items(const ArrayRules& rules, const Subject& subject) {
    const Json& array = subject.value;
    const std::size_t in_prefix = std::min(rules.prefix.size(), array.size());
    const std::size_t end = rules.rest == nullptr ? in_prefix : array.size();
    if (subject.evaluated != nullptr) {
        const std::size_t seen = rules.rest == nullptr ? in_prefix : k_all_items;
        subject.evaluated->items = std::max(subject.evaluated->items, seen);
    }
    bool valid = true;
    for (std::size_t i = 0; i < end && (valid || collecting()); ++i) {
        if (i == in_prefix && rules.rest->always == false) {
            return fail(subject.path, rules.rest_keyword, [&] {
                return fmt::format("must have at most {}, not {}", counted(in_prefix, "item"),
                                   array.size());
            });
        }
        const Node& node = i < in_prefix ? *rules.prefix[i] : *rules.rest;
        const InstancePath path{&subject.path, nullptr, i};
        valid = check(node, {array[i], path, nullptr}) && valid;
    }
    return valid;
}

bool Validation::check_unique(const Subject& subject) {
    // Sorting keeps large arrays out of quadratic time whatever they hold.
    std::vector<std::pair<std::string, std::size_t>> texts;
    texts.reserve(subject.value.size());
    for (std::size_t i = 0; i < subject.value.size(); ++i) {
        std::optional<std::string> text = canonical(subject.value[i]);
        if (!text) return false;
        texts.emplace_back(std::move(*text), i);
    }
    std::ranges::sort(texts);
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    const auto found = std::ranges::adjacent_find(texts, same);
    if (found == texts.end()) return true;
    return fail(subject.path, "uniqueItems", [&] {
        return fmt::format("must not repeat an item, but items {} and {} are equal", found->second,
                           std::next(found)->second);
    });
}

bool Validation::check_contains(const ArrayRules& rules, const Subject& subject) {
    const bool to_the_end = rules.contains_max.has_value() || subject.evaluated != nullptr;
    std::size_t count = 0;
    for (std::size_t i = 0; i < subject.value.size(); ++i) {
        if (count >= rules.contains_min && !to_the_end) return true;
        const InstancePath path{&subject.path, nullptr, i};
        if (!matches(*rules.contains, {subject.value[i], path, nullptr})) continue;
        ++count;
        if (subject.evaluated != nullptr) subject.evaluated->further_items.insert(i);
    }
    if (count < rules.contains_min) {
        return fail(subject.path, rules.contains_min == 1 ? "contains" : "minContains", [&] {
            return fmt::format("must have at least {} that \"contains\" describes, not {}",
                               counted(rules.contains_min, "item"), count);
        });
    }
    if (rules.contains_max && count > *rules.contains_max) {
        return fail(subject.path, "maxContains", [&] {
            return fmt::format("must have at most {} that \"contains\" describes, not {}",
                               counted(*rules.contains_max, "item"), count);
        });
    }
    return true;
}

bool Validation::check_unevaluated_items(const Node& node, const Subject& subject) {
    Evaluated& evaluated = *subject.evaluated;
    bool valid = true;
    for (std::size_t i = evaluated.items; i < subject.value.size(); ++i) {
        if (!valid && !collecting()) return false;
        if (evaluated.further_items.contains(i)) continue;
        const InstancePath path{&subject.path, nullptr, i};
        valid = check(*node.unevaluated_items, {subject.value[i], path, nullptr}) && valid;
    }
    evaluated.items = k_all_items;
    return valid;
}

bool Validation::check_object(const ObjectRules& rules, const Subject& subject) {
    const std::size_t size = subject.value.size();
    bool valid = true;
    if (rules.properties_min && size < *rules.properties_min) {
        valid = fail(subject.path, "minProperties", [&] {
            return fmt::format("must have at least {}, not {}",
                               counted(*rules.properties_min, "property"), size);
        });
    }
    if (rules.properties_max && size > *rules.properties_max) {
        valid = fail(subject.path, "maxProperties", [&] {
            return fmt::format("must have at most {}, not {}",
                               counted(*rules.properties_max, "property"), size);
        });
    }
    also(valid, [&] { return check_required(rules.required, subject); });
    also(valid, [&] { return check_properties(rules, subject); });
    for (const Dependency& dependency : rules.dependencies) {
        if (!subject.value.contains(dependency.property)) continue;
        also(valid, [&] { return check_dependency(dependency, subject); });
    }
    return valid;
}

bool Validation::check_required(const std::vector<std::string>& names, const Subject& subject) {
    bool valid = true;
    for (const std::string& name : names) {
        if (subject.value.contains(name)) continue;
        valid = false;
        if (!collecting()) return false;
        add({pointer_to(subject.path),
             "required",
             fmt::format("must have the property \"{}\"", name),
             name,
             {}});
    }
    return valid;
}

bool Validation::check_properties(const ObjectRules& rules, const Subject& subject) {
    const bool any = !rules.properties.empty() || !rules.patterns.empty() ||
                     rules.additional != nullptr || rules.names != nullptr;
    if (!any) return true;
    bool valid = true;
    auto known = rules.properties.begin();
    const auto end = rules.properties.end();
    for (const auto& [name, value] : subject.value.get_ref<const Json::object_t&>()) {
        if (!valid && !collecting()) return false;
        // Both are sorted by name, so the search goes on from where the last one ended.
        known = std::lower_bound(known, end, name, [](const Property& property, const auto& key) {
            return property.name < key;
        });
        const bool match = known != end && known->name == name;
        const InstancePath path{&subject.path, &name, 0};
        const Subject member{value, path, subject.evaluated};
        also(valid, [&] { return check_property(rules, match ? &*known : nullptr, name, member); });
        if (rules.names != nullptr) {
            also(valid, [&] { return check_name(*rules.names, name, subject); });
        }
    }
    return valid;
}

bool Validation::check_property(const ObjectRules& rules, const Property* property,
                                const std::string& name, const Subject& subject) {
    const Subject member{subject.value, subject.path, nullptr};
    bool valid = true;
    bool described = property != nullptr;
    if (property != nullptr) also(valid, [&] { return check(*property->node, member); });
    for (const PatternProperty& pattern : rules.patterns) {
        spend(1 + name.size() / k_bytes_per_step);
        if (exhausted_ || !pattern.pattern.found_in(name)) continue;
        described = true;
        also(valid, [&] { return check(*pattern.node, member); });
    }
    const bool additional = !described && rules.additional != nullptr;
    if (subject.evaluated != nullptr && (described || additional)) {
        subject.evaluated->properties.insert(&name);
    }
    if (!additional) return valid;
    if (rules.additional->always != false) return check(*rules.additional, member);
    if (collecting()) {
        add({pointer_to(*subject.path.parent), "additionalProperties",
             fmt::format("has the unknown property \"{}\"", name), name,
             names_of(rules.properties)});
    }
    return false;
}

bool Validation::check_name(const Node& node, const std::string& name, const Subject& subject) {
    const Json value = name;
    std::vector<Violation> violations;
    std::vector<Violation>* const outer = sink_;
    if (collecting()) sink_ = &violations;
    const bool valid = check(node, {value, subject.path, nullptr});
    sink_ = outer;
    for (const Violation& violation : violations) {
        if (!collecting()) break;
        add({pointer_to(subject.path),
             "propertyNames",
             fmt::format("has the property \"{}\", whose name {}", name, violation.message),
             name,
             {}});
    }
    return valid;
}

bool Validation::check_dependency(const Dependency& dependency, const Subject& subject) {
    if (dependency.schema != nullptr) return check(*dependency.schema, subject);
    bool valid = true;
    for (const std::string& name : dependency.required) {
        if (subject.value.contains(name)) continue;
        valid = false;
        if (!collecting()) return false;
        add({pointer_to(subject.path),
             std::string(dependency.keyword),
             fmt::format("must have the property \"{}\" because it has \"{}\"", name,
                         dependency.property),
             name,
             {}});
    }
    return valid;
}

bool Validation::check_unevaluated_properties(const Node& node, const Subject& subject) {
    Evaluated& evaluated = *subject.evaluated;
    bool valid = true;
    for (const auto& [name, value] : subject.value.get_ref<const Json::object_t&>()) {
        if (!valid && !collecting()) return false;
        if (evaluated.all_properties || evaluated.properties.contains(&name)) continue;
        if (node.unevaluated_properties->always != false) {
            const InstancePath path{&subject.path, &name, 0};
            valid = check(*node.unevaluated_properties, {value, path, nullptr}) && valid;
            continue;
        }
        valid = false;
        if (!collecting()) return false;
        add({pointer_to(subject.path), "unevaluatedProperties",
             fmt::format("has the unknown property \"{}\"", name), name, known_properties(node)});
    }
    evaluated.all_properties = true;
    return valid;
}

/// The names that the schema and the schemas it applies to the same value describe.
std::vector<std::string> Validation::known_properties(const Node& node) const {
    std::vector<std::string> names;
    std::unordered_set<const Node*> seen;
    std::vector<const Node*> pending = {&node};
    const auto visit = [&](const Node* next) {
        if (next != nullptr && seen.insert(next).second) pending.push_back(next);
    };
    while (!pending.empty()) {
        const Node& at = *pending.back();
        pending.pop_back();
        if (at.objects != nullptr) {
            for (const Property& property : at.objects->properties) names.push_back(property.name);
            for (const Dependency& dependency : at.objects->dependencies) visit(dependency.schema);
        }
        if (at.in_place == nullptr) continue;
        const InPlaceRules& rules = *at.in_place;
        for (const auto* branches : {&rules.all_of, &rules.any_of, &rules.one_of}) {
            std::ranges::for_each(*branches, visit);
        }
        for (const Node* next : {rules.reference, rules.dynamic_reference, rules.condition,
                                 rules.consequence, rules.alternative}) {
            visit(next);
        }
    }
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

}  // namespace assay::json_schema
