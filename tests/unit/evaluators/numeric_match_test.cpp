#include <cmath>

#include "evaluator_helpers.hpp"
#include "evaluators/number.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;

struct Case {
    const char* text;
    double value;
};

constexpr Case k_numbers[] = {
    {"18", 18},
    {" 18\n", 18},
    {"18.", 18},
    {"-18", -18},
    {"+18", 18},
    {"\u221218", -18},  // minus sign
    {"\u201318", -18},  // en dash
    {"0", 0},
    {"-0", 0},
    {"007", 7},
    {"0.30", 0.3},
    {".5", 0.5},
    {"-.5", -0.5},
    {"18.50", 18.5},
    // thousands
    {"1,234", 1234},
    {"1,234,567", 1234567},
    {"1,234,567.89", 1234567.89},
    {"1,234.", 1234},
    {"12,345", 12345},
    {"1.234.567", 1234567},
    {"1 234", 1234},
    {"1 234 567,8", 1234567.8},
    {"1'234.5", 1234.5},
    {"1\u2019234", 1234},
    {"1\u00a0234", 1234},  // no-break space
    {"1\u202f234", 1234},  // narrow no-break space
    {"1\u2009234", 1234},  // thin space
    {"-28,800", -28800},
    // decimal points and commas
    {"1.234", 1.234},
    {"1.234,5", 1234.5},
    {"1.234.567,8", 1234567.8},
    {"1,5", 1.5},
    {"0,234", 0.234},
    {"1234,567", 1234.567},
    {"12,3456", 12.3456},
    // currency
    {"$5", 5},
    {"$ 5", 5},
    {"-$5", -5},
    {"$-5", -5},
    {"5$", 5},
    {"5 \u20ac", 5},
    {"\u20ac1.234,50", 1234.5},
    {"\u00a31,234.50", 1234.5},
    {"\u00a5500", 500},
    {"\u20b9500", 500},
    {"$1,234.50.", 1234.5},
    // percent
    {"50%", 0.5},
    {"50 %", 0.5},
    {"-12.5%", -0.125},
    {"0.5%", 0.005},
    // fractions
    {"3/4", 0.75},
    {"-3/4", -0.75},
    {"3 / 4", 0.75},
    {"3\u20444", 0.75},
    {"1 1/2", 1.5},
    {"-1 1/2", -1.5},
    {"7/14", 0.5},
    {"6/3", 2},
    {"0/5", 0},
    {"$1/2", 0.5},
    // exponents
    {"1e3", 1000},
    {"1.5E-3", 0.0015},
    {"2e+2", 200},
    {"\u22121.5e\u22123", -0.0015},
};

TEST_CASE("number: what people write", "[numeric_match]") {
    for (const Case& c : k_numbers) {
        INFO(c.text);
        const auto number = parse_number(c.text);
        REQUIRE(number.has_value());
        CHECK(number->value == c.value);
    }
}

// clang-format off
constexpr const char* k_no_numbers[] = {
    // nothing, or only what stands around a number
    "", " ", ".", "-", "+", "$", "%", "-$", "$%", "e", ",5", "5,", "..5", "18..",
    // signs, currencies and percents twice
    "--5", "-+5", "- 5", "+$-5", "-$-5", "$$5", "$5$", "$5%", "5%%", "5%$",
    // words, units, calculations
    "eighteen", "18 dollars", "about 18", "5 cm", "18x", "x18", "-1.8 billion", "10+John's age",
    "5 * 3", "1-2", "5=5", "12:30", "1/2 cup", "(5)", "**18**", "0x12", "inf", "nan", "Infinity",
    // groups that are no thousands
    "1,23,456", "1,234,56", "12,34,567", "1234,567,890", "0,123,456", "1,,234", "1.2.3",
    "127.0.0.1", "2026.11.21", "1,234.567,8", "1.234,567.8", "1 23", "1  234", "1 234'567",
    "12 34", "1_000",
    // fractions and exponents
    "1/0", "1/", "/2", "1/2/3", "1.5/2", "-1/-2", "1 3/2", "1 1 1/2", "50/100%", "1234567890/2",
    "e5", "5e", "5e+", "5e1.5", "1e1234567890",
    // digits of other kinds, bytes that are not UTF-8
    "\u0665", "\u00bd", "5\u00b2", "\xff",
};
// clang-format on

TEST_CASE("number: what is none", "[numeric_match]") {
    for (const char* text : k_no_numbers) {
        INFO(text);
        CHECK_FALSE(parse_number(text).has_value());
    }
    CHECK(parse_number(std::string(4096, '1')).has_value());
    CHECK_FALSE(parse_number(std::string(4097, '1')).has_value());
}

TEST_CASE("number: decimals are exact beyond what a double holds", "[numeric_match]") {
    const auto same = [](std::string_view a, std::string_view b) {
        return *parse_number(a) == *parse_number(b);
    };
    CHECK(same("0.3", "0.30"));
    CHECK(same("1200", "1.2e3"));
    CHECK(same("-0", "0.00"));
    CHECK(same("0%", "0"));
    CHECK(same("9007199254740993", "9,007,199,254,740,993.0"));
    CHECK_FALSE(same("9007199254740993", "9007199254740992"));
    CHECK_FALSE(same("0.1", "0.10000000000000000001"));
    CHECK_FALSE(same("5", "-5"));
    CHECK(same("1e400", "10e399"));
    CHECK_FALSE(same("1e400", "2e400"));
    CHECK_FALSE(same("1e-400", "0"));
    CHECK(same("1/3", "2/6"));
    CHECK(same("1 1/3", "4/3"));
    CHECK(same("1/5", "0.2"));
    CHECK(same("1/8", "12.5%"));
    CHECK_FALSE(same("1/3", "0.333"));
    CHECK(same("0/3", "-0"));
    CHECK(std::isinf(parse_number("1e400")->value));
    CHECK(std::isinf(parse_number("1" + std::string(400, '0') + "1.5")->value));
    CHECK(parse_number("1e-400")->value == 0);
}

TEST_CASE("number: JSON numbers count and other values do not", "[numeric_match]") {
    CHECK(to_number(json("18"))->value == 18);
    CHECK(to_number(json("-1.5e20"))->value == -1.5e20);
    CHECK(to_number(json("18446744073709551615"))->digits == "18446744073709551615");
    CHECK(to_number(Json("1,000"))->value == 1000);
    for (const char* value : {"true", "null", "[1]", "{}"}) {
        CHECK_FALSE(to_number(json(value)).has_value());
    }
    CHECK_FALSE(to_number(Json(std::nan(""))).has_value());
}

TEST_CASE("numeric_match: without a tolerance numbers must be equal", "[numeric_match]") {
    const auto match = bound("numeric_match");
    CHECK(outcome(match, "$1,234.50", "1234.5") == true);
    CHECK(outcome(match, 18, "18.0") == true);
    CHECK(outcome(match, "18", 18.5) == false);
    CHECK(outcome(match, "0.30000000000000004", "0.3") == false);
    CHECK(outcome(match, "0.333", "1/3") == false);
    CHECK(comment_of(match, "26", "18") == R"(expected "18", got "26")");
    CHECK(comment_of(match, 26, 18) == "expected 18, got 26");
}

TEST_CASE("numeric_match: within either tolerance is a match", "[numeric_match]") {
    const auto absolute = bound("numeric_match", {{"absolute_tolerance", 0.1}});
    CHECK(outcome(absolute, "1.1", "1.0") == true);  // 1.1 - 1.0 > 0.1 in doubles
    CHECK(outcome(absolute, "0.9", "1.0") == true);
    CHECK(outcome(absolute, "1.1001", "1.0") == false);
    CHECK(outcome(absolute, "1e999", "1e998") == false);
    const auto relative = bound("numeric_match", {{"relative_tolerance", 0.01}});
    CHECK(outcome(relative, "1010", "1000") == true);
    CHECK(outcome(relative, "990", "1000") == true);
    CHECK(outcome(relative, "1010.001", "1000") == false);
    CHECK(outcome(relative, "-1000", "1000") == false);
    CHECK(outcome(relative, "0.0001", "0") == false);  // a share of nothing
    CHECK(outcome(relative, "0.00", "0") == true);
    const auto both =
        bound("numeric_match", {{"relative_tolerance", 0.01}, {"absolute_tolerance", 0.5}});
    CHECK(outcome(both, "0.4", "0") == true);
    CHECK(outcome(both, "1009", "1000") == true);
    CHECK(outcome(both, "1011", "1000") == false);
    CHECK(outcome(bound("numeric_match", {{"absolute_tolerance", 0}}), "1.0000000000000001", "1") ==
          false);
}

TEST_CASE("numeric_match: an output that is no number is wrong and an expected one an error",
          "[numeric_match]") {
    const auto match = bound("numeric_match");
    CHECK(outcome(match, "18 dollars", "18") == false);
    CHECK(comment_of(match, "18 dollars", "18") == R"("18 dollars" is not a number)");
    CHECK(comment_of(match, json("[18]"), "18") == "[18] is not a number");
    CHECK(outcome(match, nullptr, "18") == false);
    CHECK(outcome(match, true, 1) == false);
    const Json refused = outcome(match, "18", "18 dollars");
    CHECK(refused ==
          "error: the expected value \"18 dollars\" is not a number; "
          "`expected_extract` can cut a number out of a text");
    CHECK(is_error(outcome(match, "18", json("[18]"))));
}

}  // namespace
}  // namespace assay
