#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/json_path.hpp"
#include "evaluators/number.hpp"

namespace assay {

/// What a text holds as JSON (kept in `scratch`), any other value as it is.
/// @error invalid_argument when a text is not JSON.
[[nodiscard]] Result<const Json*> read_json(const Json& value, Json& scratch);

struct JsonComparisonOptions {
    std::vector<JsonPath> ignore;  ///< nodes that are left out on both sides
    bool any_order = false;        ///< the order of elements does not count, in any array
    bool allow_extra = false;      ///< members that only the output has do not count
    Tolerance tolerance;
};

/// How alike two values are, counted in leaves: values that are neither arrays nor objects, and
/// arrays and objects with nothing in them.
struct JsonComparison {
    std::size_t matched = 0;
    std::size_t leaves = 0;  ///< of both sides together; never 0
    /// The first few, e.g. `$.items[2].price: 3 instead of 4`. An element of an array has its index
    /// in the output.
    std::vector<std::string> differences;

    [[nodiscard]] bool is_equal() const { return matched == leaves; }
};

/// Compares by value: numbers as json_equal() does, or within the tolerance of the expected one.
///
/// Leaves are paired by their place: members by name, elements by index. A leaf that has no equal
/// opposite counts as one that does not match, whether it is different, missing or extra; where a
/// whole array or object stands against something else, the larger number of leaves counts.
///
/// In any order, equal elements are paired first and the rest so that most leaves match (the
/// assignment problem). Beyond limits::k_unordered_elements_max elements left in one array or
/// limits::k_json_pairings_max pairs tried the rest are paired in sorted order: equal values stay
/// equal, and `matched` may be less than the most possible.
///
/// @error resource_exhausted when a side has more than limits::k_json_comparison_nodes_max values,
///        or an ignored path visits too many.
[[nodiscard]] Result<JsonComparison> compare_json(const Json& output, const Json& expected,
                                                  const JsonComparisonOptions& options);

/// `$.a: 3 instead of 4; $.b is missing; and 2 more`; "" when nothing differs.
[[nodiscard]] std::string difference_comment(const JsonComparison& comparison);

}  // namespace assay
