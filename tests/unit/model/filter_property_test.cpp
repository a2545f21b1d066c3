// Random conditions, printed as a person might write them and read back, must say of random rows
// what a direct evaluation of the expression tree says.

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/model/filter.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

/// What a condition can meet: few values, so that they often do.
const std::vector<Json> k_values = {nullptr, true, false, 0, 1, 2, 1.5, "", "a", "b", "ab", "it's"};
const std::vector<std::string> k_names = {"a", "b", "in", "fact-check", "x`y"};
const std::vector<std::string> k_comparisons = {"=", "!=", "<", "<=", ">", ">="};

template <class T>
const T& pick(Rng& rng, const std::vector<T>& from) {
    return from[rng.next_below(from.size())];
}

Json random_value(Rng& rng) {
    if (rng.next_below(4) != 0) return pick(rng, k_values);
    Json list = Json::array();
    for (std::uint64_t i = rng.next_below(4); i > 0; --i) list.push_back(pick(rng, k_values));
    return list;
}

Json random_row(Rng& rng) {
    Json row = Json::object();
    for (const std::string& name : k_names) {
        if (rng.next_below(4) != 0) row[name] = random_value(rng);
    }
    return row;
}

// --- the direct evaluation: the rules of SPEC 1.3, one by one ---

std::optional<double> as_number(const Json& value) {
    if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
    if (value.is_number()) return value.get<double>();
    return std::nullopt;
}

bool equal(const Json& value, const Json& operand) {
    if (as_number(value) && as_number(operand)) return *as_number(value) == *as_number(operand);
    return value.type() == operand.type() && value == operand;
}

bool less(const Json& value, const Json& operand) {
    if (as_number(value) && as_number(operand)) return *as_number(value) < *as_number(operand);
    return value.is_string() && operand.is_string() &&
           value.get<std::string>() < operand.get<std::string>();
}

bool compare(const Json& value, const std::string& op, const Json& operand) {
    if (op == "=") return equal(value, operand);
    if (op == "!=") return !equal(value, operand);
    if (op == "<") return less(value, operand);
    if (op == ">") return less(operand, value);
    return (op == "<=" ? less(value, operand) : less(operand, value)) || equal(value, operand);
}

bool contains(const Json& value, const Json& operand) {
    if (value.is_string() && operand.is_string()) {
        return value.get<std::string>().find(operand.get<std::string>()) != std::string::npos;
    }
    if (!value.is_array()) return false;
    for (const Json& element : value) {
        if (equal(element, operand)) return true;
    }
    return false;
}

// --- random expressions: a text and what it means ---

struct Expression {
    std::string text;
    int binding = 3;  ///< 0 or, 1 and, 2 not, 3 a condition or parentheses
    std::function<bool(const Json& row)> holds;
};

std::string in_quotes(std::string_view text, char quote) {
    std::string written(1, quote);
    for (const char c : text) written.append(c == quote ? 2 : 1, c);
    return written + quote;
}

std::string literal(const Json& value) {
    return value.is_string() ? in_quotes(value.get<std::string>(), '\'') : to_text(value);
}

std::string blank(Rng& rng) { return pick<std::string>(rng, {" ", "  ", "\n", "\t "}); }
std::string maybe_blank(Rng& rng) { return rng.next_below(2) == 0 ? "" : blank(rng); }

std::string name_text(Rng& rng, const std::string& name) {
    const bool plain = name == "a" || name == "b";
    return plain && rng.next_below(4) != 0 ? name : in_quotes(name, '`');
}

/// A condition from its operator and operand; a missing path makes it false.
Expression condition(std::string name, std::string text,
                     std::function<bool(const Json& value)> holds) {
    return {.text = std::move(text),
            .binding = 3,
            .holds = [name = std::move(name), holds = std::move(holds)](const Json& row) {
                return row.contains(name) && holds(row.at(name));
            }};
}

Expression random_comparison(Rng& rng, const std::string& name, const std::string& path) {
    const std::string& op = pick(rng, k_comparisons);
    Json operand = pick(rng, k_values);
    const bool ordering = op != "=" && op != "!=";
    while (ordering && (operand.is_null() || operand.is_boolean())) operand = pick(rng, k_values);
    return condition(name, path + maybe_blank(rng) + op + maybe_blank(rng) + literal(operand),
                     [=](const Json& value) { return compare(value, op, operand); });
}

Expression random_membership(Rng& rng, const std::string& name, const std::string& path) {
    std::vector<Json> list;
    std::string text;
    for (std::uint64_t left = rng.next_below(3) + 1; left > 0; --left) {
        text += list.empty() ? "" : ",";
        list.push_back(pick(rng, k_values));
        text += maybe_blank(rng) + literal(list.back()) + maybe_blank(rng);
    }
    return condition(name, path + blank(rng) + "in" + maybe_blank(rng) + "(" + text + ")",
                     [=](const Json& value) { return contains(Json(list), value); });
}

Expression random_condition(Rng& rng) {
    const std::string& name = pick(rng, k_names);
    const std::string path = name_text(rng, name);
    switch (rng.next_below(6)) {
        case 0:
            return condition(name, path + blank(rng) + "exists", [](const Json&) { return true; });
        case 1: return random_membership(rng, name, path);
        case 2: {
            const Json operand = pick(rng, k_values);
            return condition(name, path + blank(rng) + "contains" + blank(rng) + literal(operand),
                             [=](const Json& value) { return contains(value, operand); });
        }
        case 3:
            return condition(name, path + blank(rng) + "matches '^a'", [](const Json& value) {
                return value.is_string() && value.get<std::string>().starts_with('a');
            });
        default: return random_comparison(rng, name, path);
    }
}

/// In parentheses where the context needs them, and sometimes where it does not.
std::string embedded(Rng& rng, const Expression& part, int binding) {
    if (part.binding >= binding && rng.next_below(4) != 0) return part.text;
    return "(" + maybe_blank(rng) + part.text + maybe_blank(rng) + ")";
}

Expression random_expression(Rng& rng, int depth) {
    const std::uint64_t kind = depth == 0 ? 3 : rng.next_below(4);
    if (kind == 3) return random_condition(rng);
    Expression left = random_expression(rng, depth - 1);
    if (kind == 2) {
        return {.text = "not" + blank(rng) + embedded(rng, left, 2),
                .binding = 2,
                .holds = [part = left.holds](const Json& row) { return !part(row); }};
    }
    Expression right = random_expression(rng, depth - 1);
    const int binding = static_cast<int>(kind);
    const std::string word = kind == 0 ? "or" : "and";
    const std::string text = embedded(rng, left, binding) + blank(rng) + word + blank(rng) +
                             embedded(rng, right, binding);
    return {.text = text, .binding = binding, .holds = [=](const Json& row) {
                return kind == 0 ? left.holds(row) || right.holds(row)
                                 : left.holds(row) && right.holds(row);
            }};
}

}  // namespace

TEST_CASE("filter: random conditions mean what their expression trees mean", "[filter][property]") {
    const std::uint64_t seed = test::seed_of_test();
    Rng rng(seed);
    int held = 0;
    int failed = 0;
    for (int i = 0; i < 3000; ++i) {
        const Expression expression = random_expression(rng, static_cast<int>(rng.next_below(5)));
        INFO("ASSAY_SEED=" << seed << " condition: " << expression.text);
        const auto filter = Filter::parse(expression.text);
        if (!filter) FAIL(filter.error().message);
        for (int j = 0; j < 10; ++j) {
            const Json row = random_row(rng);
            INFO("row: " << to_text(row));
            const bool expected = expression.holds(row);
            REQUIRE(filter->matches(row) == expected);
            ++(expected ? held : failed);
        }
    }
    // Both outcomes must be common, or the comparison above says little.
    CHECK(held > 5000);
    CHECK(failed > 5000);
}

}  // namespace assay
