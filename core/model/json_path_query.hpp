#pragma once

// The syntax tree of a JSONPath query: json_path_parser.cpp builds it, json_path.cpp evaluates it.
// Private to those two files. Words and rules are those of RFC 9535.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/json_path.hpp"
#include "core/model/regex.hpp"

namespace assay::json_path {

struct Condition;

struct NameSelector {
    std::string name;
};
struct WildcardSelector {};
struct IndexSelector {
    std::int64_t index = 0;  ///< negative counts from the end
};
struct SliceSelector {
    std::optional<std::int64_t> start;
    std::optional<std::int64_t> end;
    std::int64_t step = 1;
};
struct FilterSelector {
    std::shared_ptr<const Condition> condition;
};
using Selector =
    std::variant<NameSelector, IndexSelector, WildcardSelector, SliceSelector, FilterSelector>;

struct Segment {
    bool descendant = false;
    std::vector<Selector> selectors;
};

struct Path {
    bool relative = false;  ///< begins with @, the current node, instead of $
    bool singular = true;   ///< only names and indexes: selects one node or none
    std::vector<Segment> segments;
};

struct FunctionCall;

/// What a comparison or a function takes: a literal, a query or the result of a function.
using Operand = std::variant<Json, Path, std::shared_ptr<const FunctionCall>>;

enum class Function : std::uint8_t { length, count, match, search, value };

struct FunctionCall {
    Function function = Function::length;
    std::vector<Operand> arguments;
    std::optional<Regex> pattern;  ///< of match and search when the query spells it out
};

enum class Operator : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

struct Comparison {
    Operand left;
    Operator op = Operator::equal;
    Operand right;
};
struct AnyOf {
    std::vector<Condition> parts;
};
struct AllOf {
    std::vector<Condition> parts;
};
struct Negation {
    std::shared_ptr<const Condition> part;
};

/// A logical expression. A Path is true when it selects anything; a FunctionCall is match or
/// search.
struct Condition {
    std::variant<Comparison, Path, FunctionCall, Negation, AnyOf, AllOf> is;
};

/// The pattern as RE2 reads it: in an I-Regexp (RFC 9485) a dot matches neither line end.
[[nodiscard]] Result<Regex> compile_pattern(std::string_view pattern);

}  // namespace assay::json_path

namespace assay {

struct JsonPath::Query {
    std::string text;
    json_path::Path path;
};

}  // namespace assay
