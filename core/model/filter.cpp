#include "core/model/filter.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/model/filter_node.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace {

using Node = Filter::Node;
using Operator = Filter::Node::Operator;

bool is_number_like(const Json& value) { return value.is_number() || value.is_boolean(); }

/// BOOLEAN scores are 1 and 0 in conditions (SPEC 1.3).
Json number_of(const Json& value) {
    return value.is_boolean() ? Json(value.get<bool>() ? 1 : 0) : value;
}

/// Values of different types are never equal and have no order.
std::partial_ordering compare(const Json& value, const Json& operand) {
    if (is_number_like(value) && is_number_like(operand)) {
        return compare_numbers(number_of(value), number_of(operand));
    }
    if (value.is_string() && operand.is_string()) {
        // Bytes of UTF-8 sort as their code points do.
        return value.get_ref<const std::string&>() <=> operand.get_ref<const std::string&>();
    }
    return value.is_null() && operand.is_null() ? std::partial_ordering::equivalent
                                                : std::partial_ordering::unordered;
}

bool equals(const Json& value, const Json& operand) { return compare(value, operand) == 0; }

bool contains(const Json& value, const Json& operand) {
    if (value.is_array()) {
        return std::ranges::any_of(value, [&](const Json& e) { return equals(e, operand); });
    }
    return value.is_string() && operand.is_string() &&
           value.get_ref<const std::string&>().contains(operand.get_ref<const std::string&>());
}

bool is_in(const Json& value, const std::vector<Json>& list) {
    return std::ranges::any_of(list, [&](const Json& entry) { return equals(value, entry); });
}

bool condition_holds(const Node& node, const Json& value) {
    switch (node.op) {
        case Operator::equal: return equals(value, node.operands.front());
        case Operator::not_equal: return !equals(value, node.operands.front());
        case Operator::less: return compare(value, node.operands.front()) < 0;
        case Operator::less_equal: return compare(value, node.operands.front()) <= 0;
        case Operator::greater: return compare(value, node.operands.front()) > 0;
        case Operator::greater_equal: return compare(value, node.operands.front()) >= 0;
        case Operator::in: return is_in(value, node.operands);
        case Operator::contains: return contains(value, node.operands.front());
        case Operator::matches:
            return value.is_string() && node.pattern->found_in(value.get_ref<const std::string&>());
        case Operator::exists: return true;
    }
    std::unreachable();
}

bool holds(const Node& node, const FilterLookup& lookup) {
    const auto part_holds = [&](const Node& part) { return holds(part, lookup); };
    switch (node.kind) {
        case Node::Kind::negation: return !part_holds(node.parts.front());
        case Node::Kind::all_of: return std::ranges::all_of(node.parts, part_holds);
        case Node::Kind::any_of: return std::ranges::any_of(node.parts, part_holds);
        case Node::Kind::condition: break;
    }
    const Json* const value = lookup(node.path);
    return value != nullptr && condition_holds(node, *value);
}

void collect_paths(const Node& node, std::vector<std::vector<std::string>>& paths) {
    if (node.kind == Node::Kind::condition) paths.push_back(node.path);
    for (const Node& part : node.parts) collect_paths(part, paths);
}

}  // namespace

bool Filter::matches(const FilterLookup& lookup) const { return holds(*root_, lookup); }

bool Filter::matches(const Json& object) const {
    return matches(
        [&object](const std::vector<std::string>& path) { return find_path(object, path); });
}

std::vector<std::vector<std::string>> Filter::paths() const {
    std::vector<std::vector<std::string>> paths;
    collect_paths(*root_, paths);
    return paths;
}

const std::string& Filter::text() const { return text_; }

std::vector<Filter> Filter::conjuncts() const {
    if (root_->kind != Node::Kind::all_of) return {*this};
    std::vector<Filter> conjuncts;
    for (const Node& part : root_->parts) {
        const Filter filter(std::shared_ptr<const Node>(root_, &part), text_);
        std::ranges::move(filter.conjuncts(), std::back_inserter(conjuncts));
    }
    return conjuncts;
}

}  // namespace assay
