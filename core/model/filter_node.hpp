#pragma once

// The syntax tree of a filter: filter_parser.cpp builds it, filter.cpp evaluates it, and whoever
// asks another system for what passes reads it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/filter.hpp"
#include "core/model/regex.hpp"

namespace assay {

struct Filter::Node {
    enum class Kind : std::uint8_t { condition, negation, all_of, any_of };
    enum class Operator : std::uint8_t {
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
        in,
        contains,
        matches,
        exists,
    };

    Kind kind = Kind::condition;
    std::vector<Node> parts;  ///< one for a negation, several for all_of and any_of

    // A condition: path op operands.
    std::vector<std::string> path;
    Operator op = Operator::exists;
    std::vector<Json> operands;    ///< scalars: the list of `in`, none for `exists`, else one
    std::optional<Regex> pattern;  ///< of `matches`
};

}  // namespace assay
