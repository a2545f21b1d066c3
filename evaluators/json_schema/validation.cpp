#include "evaluators/json_schema/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "evaluators/json_schema/wording.hpp"

namespace assay::json_schema {
namespace {

/// How far an attempt got, best first.
struct Rank {
    bool wrong_from_the_start = false;  ///< its type, enum or const refuses the value itself
    std::size_t wrong_constants = 0;    ///< e.g. in {"kind": {"const": "circle"}}
    std::size_t violations = 0;
    std::ptrdiff_t shallowness = 0;

    auto operator<=>(const Rank&) const = default;
};

Rank rank_of(const std::vector<Violation>& violations, const std::string& here) {
    Rank rank{.violations = violations.size()};
    for (const Violation& violation : violations) {
        const bool constant = violation.keyword == "const" || violation.keyword == "enum";
        const bool fatal = constant || violation.keyword == "type" || violation.keyword == "false";
        if (fatal && violation.pointer == here) rank.wrong_from_the_start = true;
        if (constant) ++rank.wrong_constants;
        const std::ptrdiff_t depth = std::ranges::count(violation.pointer, '/');
        rank.shallowness = std::min(rank.shallowness, -depth);
    }
    return rank;
}

}  // namespace

std::string pointer_to(const InstancePath& path) {
    std::vector<const InstancePath*> steps;
    for (const InstancePath* at = &path; at->parent != nullptr; at = at->parent) {
        steps.push_back(at);
    }
    std::string pointer;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        pointer += '/';
        if ((*step)->name == nullptr) {
            pointer += std::to_string((*step)->index);
            continue;
        }
        for (const char c : *(*step)->name) {
            pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
    }
    return pointer;
}

void Evaluated::merge(const Evaluated& other) {
    items = std::max(items, other.items);
    further_items.insert(other.further_items.begin(), other.further_items.end());
    all_properties = all_properties || other.all_properties;
    properties.insert(other.properties.begin(), other.properties.end());
}

bool Validation::is_valid(const Json& instance) {
    return check(*schema_.root, {instance, InstancePath{}, nullptr});
}

std::vector<Violation> Validation::violations(const Json& instance, std::size_t violations_max) {
    std::vector<Violation> found;
    sink_ = &found;
    violations_max_ = std::max<std::size_t>(violations_max, 1);
    check(*schema_.root, {instance, InstancePath{}, nullptr});
    sink_ = nullptr;
    // The attempts of an "anyOf" can use up the bytes of the report before any is told.
    if (found.empty()) found.push_back({"", "", "does not obey the schema", {}, {}});
    return found;
}

void Validation::add(Violation violation) {
    reported_bytes_ += violation.pointer.size() + violation.message.size();
    for (const std::string& name : violation.known) reported_bytes_ += name.size();
    sink_->push_back(std::move(violation));
}

bool Validation::check(const Node& node, const Subject& subject) {
    spend(1);
    if (depth_ >= limits::k_json_schema_depth_max) exhausted_ = true;
    if (exhausted_) return false;
    ++depth_;
    const DynamicScope* const outer = scope_;
    const DynamicScope entered{outer, node.resource};
    if (outer == nullptr || outer->resource != node.resource) scope_ = &entered;
    const bool tracked =
        node.unevaluated_items != nullptr || node.unevaluated_properties != nullptr;
    const bool valid = tracked ? check_tracked(node, subject) : check_rules(node, subject);
    scope_ = outer;
    --depth_;
    return valid;
}

bool Validation::check_tracked(const Node& node, const Subject& subject) {
    Evaluated evaluated;
    const Subject tracked{subject.value, subject.path, &evaluated};
    bool valid = check_rules(node, tracked);
    if (subject.value.is_array() && node.unevaluated_items != nullptr) {
        also(valid, [&] { return check_unevaluated_items(node, tracked); });
    }
    if (subject.value.is_object() && node.unevaluated_properties != nullptr) {
        also(valid, [&] { return check_unevaluated_properties(node, tracked); });
    }
    if (subject.evaluated != nullptr) subject.evaluated->merge(evaluated);
    return valid;
}

bool Validation::check_rules(const Node& node, const Subject& subject) {
    if (node.always.has_value()) {
        return *node.always || fail(subject.path, "false", [] { return "is not allowed"; });
    }
    if (!check_type(node, subject)) return false;
    const Json& value = subject.value;
    bool valid = true;
    for (const AllowedValues& allowed : node.allowed) {
        also(valid, [&] { return check_allowed(allowed, subject); });
    }
    if (node.numbers != nullptr && value.is_number()) {
        also(valid, [&] { return check_number(*node.numbers, subject); });
    }
    if (node.strings != nullptr && value.is_string()) {
        also(valid, [&] { return check_string(*node.strings, subject); });
    }
    if (node.arrays != nullptr && value.is_array()) {
        also(valid, [&] { return check_array(*node.arrays, subject); });
    }
    if (node.objects != nullptr && value.is_object()) {
        also(valid, [&] { return check_object(*node.objects, subject); });
    }
    if (node.in_place != nullptr) {
        also(valid, [&] { return check_in_place(*node.in_place, subject); });
    }
    return valid;
}

bool Validation::check_in_place(const InPlaceRules& rules, const Subject& subject) {
    bool valid = true;
    if (rules.reference != nullptr) {
        also(valid, [&] { return check(*rules.reference, subject); });
    }
    if (rules.dynamic_reference != nullptr) {
        also(valid, [&] { return check(dynamic_target(rules), subject); });
    }
    for (const Node* branch : rules.all_of) {
        also(valid, [&] { return check(*branch, subject); });
    }
    also(valid, [&] { return check_branches(rules, subject); });
    return valid;
}

bool Validation::check_branches(const InPlaceRules& rules, const Subject& subject) {
    bool valid = true;
    if (!rules.any_of.empty()) also(valid, [&] { return check_any_of(rules, subject); });
    if (!rules.one_of.empty()) also(valid, [&] { return check_one_of(rules, subject); });
    if (rules.condition != nullptr) also(valid, [&] { return check_condition(rules, subject); });
    if (rules.negated != nullptr) {
        also(valid, [&] {
            const bool matched = matches(*rules.negated, {subject.value, subject.path, nullptr});
            return !matched || fail(subject.path, "not",
                                    [] { return "must not match the schema under \"not\""; });
        });
    }
    return valid;
}

bool Validation::check_any_of(const InPlaceRules& rules, const Subject& subject) {
    if (!collecting() && subject.evaluated == nullptr) {
        return std::ranges::any_of(rules.any_of,
                                   [&](const Node* branch) { return check(*branch, subject); });
    }
    std::vector<Attempt> attempts = attempt(rules.any_of, subject);
    return std::ranges::any_of(attempts, &Attempt::valid) ||
           fail_nearest("anyOf", std::move(attempts), subject);
}

bool Validation::check_one_of(const InPlaceRules& rules, const Subject& subject) {
    std::vector<Attempt> attempts = attempt(rules.one_of, subject);
    const auto count = std::ranges::count(attempts, true, &Attempt::valid);
    if (count == 1) return true;
    if (count == 0) return fail_nearest("oneOf", std::move(attempts), subject);
    return fail(subject.path, "oneOf", [&] {
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < attempts.size(); ++i) {
            if (attempts[i].valid) numbers.push_back(i + 1);
        }
        return fmt::format("must match exactly one of {} alternatives, but matches numbers {}",
                           attempts.size(), fmt::join(numbers, " and "));
    });
}

bool Validation::check_condition(const InPlaceRules& rules, const Subject& subject) {
    Evaluated evaluated;
    const bool tracked = subject.evaluated != nullptr;
    const bool holds =
        matches(*rules.condition, {subject.value, subject.path, tracked ? &evaluated : nullptr});
    if (holds && tracked) subject.evaluated->merge(evaluated);
    const Node* const next = holds ? rules.consequence : rules.alternative;
    return next == nullptr || check(*next, subject);
}

/// The outermost resource on the way that has the anchor decides (2020-12 core, 8.2.3.2).
const Node& Validation::dynamic_target(const InPlaceRules& rules) const {
    const Node* target = rules.dynamic_reference;
    if (rules.dynamic_anchor.empty()) return *target;
    for (const DynamicScope* scope = scope_; scope != nullptr; scope = scope->outer) {
        const AnchoredNodes& anchors = schema_.dynamic_anchors[scope->resource];
        const auto found = anchors.find(rules.dynamic_anchor);
        if (found != anchors.end()) target = found->second;
    }
    return *target;
}

bool Validation::matches(const Node& node, const Subject& subject) {
    std::vector<Violation>* const outer = std::exchange(sink_, nullptr);
    const bool matched = check(node, subject);
    sink_ = outer;
    return matched;
}

std::vector<Validation::Attempt> Validation::attempt(const std::vector<const Node*>& branches,
                                                     const Subject& subject) {
    std::vector<Attempt> attempts(branches.size());
    std::vector<Violation>* const outer = sink_;
    const bool collect = collecting();
    for (std::size_t i = 0; i < branches.size(); ++i) {
        Evaluated* const evaluated =
            subject.evaluated == nullptr ? nullptr : &attempts[i].evaluated;
        sink_ = collect ? &attempts[i].violations : nullptr;
        attempts[i].valid = check(*branches[i], {subject.value, subject.path, evaluated});
        if (attempts[i].valid && evaluated != nullptr) subject.evaluated->merge(*evaluated);
    }
    sink_ = outer;
    return attempts;
}

bool Validation::fail_nearest(std::string_view keyword, std::vector<Attempt> attempts,
                              const Subject& subject) {
    if (!collecting()) return false;
    const std::string here = pointer_to(subject.path);
    const auto rank = [&](const Attempt& attempt) { return rank_of(attempt.violations, here); };
    Attempt& nearest = *std::ranges::min_element(attempts, {}, rank);
    // Members it knew are not to be reported as unknown on top of what it reports.
    if (subject.evaluated != nullptr) subject.evaluated->merge(nearest.evaluated);
    if (!rank(nearest).wrong_from_the_start) {
        for (Violation& violation : nearest.violations) {
            if (collecting()) add(std::move(violation));
        }
        return false;
    }
    std::vector<std::string> reasons;
    for (const Attempt& attempt : attempts) {
        if (attempt.violations.empty()) continue;
        const std::string& reason = attempt.violations.front().message;
        if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
    }
    if (reasons.size() == 1) return fail(subject.path, keyword, [&] { return reasons.front(); });
    return fail(subject.path, keyword, [&] {
        return fmt::format("matches none of {} alternatives: {}", attempts.size(),
                           fmt::join(reasons, ", or "));
    });
}

}  // namespace assay::json_schema
