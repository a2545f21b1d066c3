#include "core/model/json_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_path_query.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace json_path {
namespace {

using Nodes = std::vector<const Json*>;

/// The element that a possibly negative index means, or nullptr.
const Json* element_at(const Json& array, std::int64_t index) {
    const auto size = static_cast<std::int64_t>(array.size());
    const std::int64_t at = index < 0 ? size + index : index;
    return at >= 0 && at < size ? &array[static_cast<std::size_t>(at)] : nullptr;
}

/// The one step of a singular query.
const Json* select_one(const Selector& selector, const Json& node) {
    if (const auto* by_name = std::get_if<NameSelector>(&selector)) {
        if (!node.is_object()) return nullptr;
        const auto found = node.find(by_name->name);
        return found == node.end() ? nullptr : &*found;
    }
    return node.is_array() ? element_at(node, std::get<IndexSelector>(selector).index) : nullptr;
}

const Json* walk(const Path& path, const Json& from) {
    const Json* node = &from;
    for (const Segment& segment : path.segments) {
        node = select_one(segment.selectors.front(), *node);
        if (node == nullptr) return nullptr;
    }
    return node;
}

/// A slice of an array of `size` elements: from `lower` (inclusive for a positive step), as in the
/// pseudo-code of RFC 9535 section 2.3.4.2.2.
struct Bounds {
    std::int64_t lower = 0;
    std::int64_t upper = 0;
};

Bounds bounds_of(const SliceSelector& slice, std::int64_t size) {
    const auto normalized = [size](std::int64_t i) { return i >= 0 ? i : size + i; };
    if (slice.step >= 0) {
        const std::int64_t start = normalized(slice.start.value_or(0));
        const std::int64_t end = normalized(slice.end.value_or(size));
        return {std::clamp<std::int64_t>(start, 0, size), std::clamp<std::int64_t>(end, 0, size)};
    }
    const std::int64_t start = normalized(slice.start.value_or(size - 1));
    const std::int64_t end = slice.end ? normalized(*slice.end) : -1;
    return {std::clamp<std::int64_t>(end, -1, size - 1),
            std::clamp<std::int64_t>(start, -1, size - 1)};
}

bool is_less(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) < 0;
    // Bytes of UTF-8 sort as their code points do, which is the order the RFC asks for.
    return a.is_string() && b.is_string() &&
           a.get_ref<const std::string&>() < b.get_ref<const std::string&>();
}

/// A null pointer is the RFC's Nothing, which equals itself only.
bool is_equal(const Json* a, const Json* b) {
    if (a == nullptr || b == nullptr) return a == b;
    return json_equal(*a, *b);
}

bool is_less(const Json* a, const Json* b) {
    return a != nullptr && b != nullptr && is_less(*a, *b);
}

bool compare(const Json* a, Operator op, const Json* b) {
    switch (op) {
        case Operator::equal: return is_equal(a, b);
        case Operator::not_equal: return !is_equal(a, b);
        case Operator::less: return is_less(a, b);
        case Operator::less_equal: return is_less(a, b) || is_equal(a, b);
        case Operator::greater: return is_less(b, a);
        case Operator::greater_equal: return is_less(b, a) || is_equal(a, b);
    }
    std::unreachable();
}

bool is_match(Function function, const Regex& regex, const std::string& text) {
    return function == Function::match ? regex.matches_all(text) : regex.found_in(text);
}

/// One evaluation of one query. Every node that a segment looks at is counted, those of nested
/// queries too: `$..*[?@..*[?@..*]]` is short and would visit the cube of the document.
class Evaluation {
  public:
    explicit Evaluation(const Json& root) : root_(root) {}

    Nodes select(const Path& path, const Json& current) {
        Nodes nodes{path.relative ? &current : &root_};
        for (const Segment& segment : path.segments) {
            Nodes selected;
            for (const Json* node : nodes) {
                if (segment.descendant) {
                    apply_below(segment, *node, selected);
                } else {
                    apply(segment, *node, selected);
                }
            }
            nodes = std::move(selected);
        }
        return nodes;
    }

    [[nodiscard]] bool exhausted() const { return visited_ > limits::k_json_path_nodes_max; }

  private:
    void add(const Json& node, Nodes& out) {
        ++visited_;
        if (!exhausted()) out.push_back(&node);
    }

    void apply(const Segment& segment, const Json& node, Nodes& out) {
        for (const Selector& selector : segment.selectors) {
            if (exhausted()) return;
            ++visited_;
            std::visit([&](const auto& kind) { select_by(kind, node, out); }, selector);
        }
    }

    void apply_below(const Segment& segment, const Json& node, Nodes& out) {
        apply(segment, node, out);
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (exhausted()) return;
            apply_below(segment, child, out);
        }
    }

    void select_by(const NameSelector& selector, const Json& node, Nodes& out) {
        if (!node.is_object()) return;
        const auto found = node.find(selector.name);
        if (found != node.end()) add(*found, out);
    }

    void select_by(const IndexSelector& selector, const Json& node, Nodes& out) {
        const Json* const element = node.is_array() ? element_at(node, selector.index) : nullptr;
        if (element != nullptr) add(*element, out);
    }

    void select_by(const WildcardSelector& /*selector*/, const Json& node, Nodes& out) {
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (exhausted()) return;
            add(child, out);
        }
    }

    void select_by(const SliceSelector& selector, const Json& node, Nodes& out) {
        if (!node.is_array() || selector.step == 0) return;
        const auto [lower, upper] = bounds_of(selector, static_cast<std::int64_t>(node.size()));
        const bool forward = selector.step > 0;
        for (std::int64_t i = forward ? lower : upper; forward ? i < upper : i > lower;
             i += selector.step) {
            if (exhausted()) return;
            add(node[static_cast<std::size_t>(i)], out);
        }
    }

    void select_by(const FilterSelector& selector, const Json& node, Nodes& out) {
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (exhausted()) return;
            ++visited_;
            if (holds(*selector.condition, child)) add(child, out);
        }
    }

    bool holds(const Condition& condition, const Json& current) {
        return std::visit([&](const auto& kind) { return holds_as(kind, current); }, condition.is);
    }

    bool holds_as(const Comparison& comparison, const Json& current) {
        Json left;
        Json right;
        return compare(value_of(comparison.left, current, left), comparison.op,
                       value_of(comparison.right, current, right));
    }
    bool holds_as(const Path& path, const Json& current) {
        if (path.singular) return walk(path, path.relative ? current : root_) != nullptr;
        return !select(path, current).empty();
    }
    bool holds_as(const FunctionCall& call, const Json& current) {
        Json subject_result;
        Json pattern_result;
        const Json* const subject = value_of(call.arguments[0], current, subject_result);
        const Json* const pattern = value_of(call.arguments[1], current, pattern_result);
        if (subject == nullptr || !subject->is_string()) return false;
        if (pattern == nullptr || !pattern->is_string()) return false;
        const std::string& text = subject->get_ref<const std::string&>();
        if (call.pattern) return is_match(call.function, *call.pattern, text);
        const auto compiled = compile_pattern(pattern->get_ref<const std::string&>());
        // RFC 9535 section 2.4.6: a text that is no I-Regexp matches nothing.
        return compiled && is_match(call.function, *compiled, text);
    }
    bool holds_as(const Negation& negation, const Json& current) {
        return !holds(*negation.part, current);
    }
    bool holds_as(const AnyOf& any, const Json& current) {
        return std::ranges::any_of(any.parts, [&](const auto& p) { return holds(p, current); });
    }
    bool holds_as(const AllOf& all, const Json& current) {
        return std::ranges::all_of(all.parts, [&](const auto& p) { return holds(p, current); });
    }

    /// nullptr is Nothing. A value that no document holds is kept in `scratch`.
    const Json* value_of(const Operand& operand, const Json& current, Json& scratch) {
        if (const Json* literal = std::get_if<Json>(&operand)) return literal;
        if (const Path* path = std::get_if<Path>(&operand)) {
            return walk(*path, path->relative ? current : root_);
        }
        const FunctionCall& call = *std::get<std::shared_ptr<const FunctionCall>>(operand);
        if (call.function == Function::length) {
            Json inner;
            return length_of(value_of(call.arguments.front(), current, inner), scratch);
        }
        const Nodes nodes = select(std::get<Path>(call.arguments.front()), current);
        if (call.function == Function::value) return nodes.size() == 1 ? nodes.front() : nullptr;
        scratch = nodes.size();
        return &scratch;
    }

    static const Json* length_of(const Json* value, Json& scratch) {
        if (value == nullptr) return nullptr;
        if (value->is_string()) {
            scratch = count_code_points(value->get_ref<const std::string&>());
        } else if (value->is_structured()) {
            scratch = value->size();
        } else {
            return nullptr;
        }
        return &scratch;
    }

    const Json& root_;
    std::size_t visited_ = 0;
};

}  // namespace

Result<Regex> compile_pattern(std::string_view pattern) {
    std::string translated;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '.' && !in_class) {
            translated += "[^\\n\\r]";
            continue;
        }
        translated.push_back(c);
        if (c == '\\' && i + 1 < pattern.size()) translated.push_back(pattern[++i]);
        if (c == '[') in_class = true;
        if (c == ']') in_class = false;
    }
    return Regex::compile(translated);
}

}  // namespace json_path

Result<std::vector<const Json*>> JsonPath::select(const Json& root) const {
    if (is_singular()) {
        const Json* const node = json_path::walk(query_->path, root);
        return node == nullptr ? json_path::Nodes{} : json_path::Nodes{node};
    }
    json_path::Evaluation evaluation(root);
    json_path::Nodes nodes = evaluation.select(query_->path, root);
    if (evaluation.exhausted()) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("the JSONPath {} visits more than {} values of one document; "
                                   "make it more specific",
                                   text(), limits::k_json_path_nodes_max));
    }
    return nodes;
}

Result<const Json*> JsonPath::value(const Json& root, Json& scratch) const {
    if (is_singular()) return json_path::walk(query_->path, root);
    ASSAY_TRY(const json_path::Nodes nodes, select(root));
    if (nodes.empty()) return nullptr;
    scratch = Json::array();
    for (const Json* node : nodes) scratch.push_back(*node);
    return &scratch;
}

bool JsonPath::is_singular() const { return query_->path.singular; }

const std::string& JsonPath::text() const { return query_->text; }

}  // namespace assay
