#include "core/model/filter.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

Json row() {
    return {{"metadata",
             {{"tier", "gold"},
              {"age", 42},
              {"ratio", 0.5},
              {"flag", true},
              {"off", false},
              {"nothing", nullptr},
              {"tags", {"a", "b", 3, true}},
              {"inner", {{"x", 1}}},
              {"in", "a keyword as a name"},
              {"first name", "Ada"}}},
            {"output", "it's sorry"},
            {"scores", {{"fact-check", 0.9}, {"a`b", 1}}},
            {"contains", 1},
            {"items", {{{"id", 7}}, {{"id", 8}}}}};
}

Filter filter(std::string_view text) {
    auto parsed = Filter::parse(text);
    if (!parsed) FAIL(parsed.error().message);
    return std::move(*parsed);
}

bool holds(std::string_view text) { return filter(text).matches(row()); }

std::string error_of(std::string_view text, const std::vector<std::string>& heads = {}) {
    const auto parsed = Filter::parse(text, heads);
    if (parsed) return "no error";
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
    return parsed.error().message;
}

struct Wrong {
    std::string_view text;
    std::string_view message;
};

void check_errors(const std::vector<Wrong>& list) {
    for (const Wrong& wrong : list) {
        CAPTURE(wrong.text);
        CHECK_THAT(error_of(wrong.text), Catch::Contains(std::string(wrong.message)));
    }
}

void check_all(bool expected, const std::vector<std::string_view>& conditions) {
    for (const std::string_view text : conditions) {
        CAPTURE(text);
        CHECK(holds(text) == expected);
    }
}

}  // namespace

TEST_CASE("filter: equality of texts and numbers and null", "[filter]") {
    check_all(true, {"metadata.tier = 'gold'", "metadata.tier != 'silver'", "metadata.age = 42",
                     "metadata.age = 42.0", "metadata.age = 4.2e1", "metadata.ratio = 0.5",
                     "metadata.nothing = null", "metadata.age != null", "output = 'it''s sorry'",
                     "metadata.age=42", "  metadata.age\n=\t42 "});
    check_all(false, {"metadata.tier = 'Gold'", "metadata.tier != 'gold'", "metadata.age = 41",
                      "metadata.nothing != null", "metadata.age = null", "metadata.tier = ''"});
}

TEST_CASE("filter: order of numbers and of texts by code point", "[filter]") {
    check_all(true, {"metadata.age > 41.5", "metadata.age >= 42", "metadata.age < 43",
                     "metadata.age <= 42", "metadata.age > -1", "metadata.tier > 'gol'",
                     "metadata.tier >= 'gold'", "metadata.tier < 'h'", "metadata.tier > 'Z'",
                     "metadata.tier < 'é'"});
    check_all(false, {"metadata.age > 42", "metadata.age < 42", "metadata.tier < 'gold'",
                      "metadata.tier > 'h'", "metadata.nothing <= 0", "metadata.nothing >= 0"});
}

TEST_CASE("filter: booleans are 1 and 0", "[filter]") {
    check_all(true,
              {"metadata.flag = true", "metadata.flag = 1", "metadata.off = false",
               "metadata.off = 0", "metadata.flag >= 1", "metadata.off < 0.5", "metadata.flag != 0",
               "metadata.flag in (1, 2)", "contains = true", "metadata.flag != false"});
    check_all(false, {"metadata.flag = 0", "metadata.flag = false", "metadata.off = 1",
                      "metadata.flag = 'true'", "metadata.age = true"});
}

TEST_CASE("filter: values of different types are never equal and have no order", "[filter]") {
    check_all(false, {"metadata.age = '42'", "metadata.age < 'a'", "metadata.age > 'a'",
                      "metadata.tier > 0", "metadata.tier <= 0", "metadata.tags = 3",
                      "metadata.inner = 1", "metadata.inner > 0", "metadata.tags > 0"});
    check_all(true, {"metadata.age != '42'", "metadata.tags != 'a'", "metadata.tier != null"});
}

TEST_CASE("filter: in and contains", "[filter]") {
    check_all(true, {"metadata.tier in ('silver', 'gold')", "metadata.age in (42)",
                     "metadata.nothing in (null)", "metadata.age in ( 1 , 'x' , 42 )",
                     "output contains 'sorry'", "output contains ''", "metadata.tags contains 'a'",
                     "metadata.tags contains 3", "metadata.tags contains true"});
    check_all(false,
              {"metadata.tier in ('silver')", "metadata.age in ('42')", "metadata.tags in ('a')",
               "output contains 'SORRY'", "output contains 5", "metadata.tags contains 'c'",
               "metadata.tags contains null", "metadata.age contains 4",
               "metadata.inner contains 'x'", "metadata.nothing contains ''"});
}

TEST_CASE("filter: matches searches with a regular expression", "[filter]") {
    check_all(true, {"output matches 'sor+y$'", "output matches '(?i)IT''S'", "output matches ''",
                     "metadata.tier matches '^gold$'"});
    check_all(false, {"output matches '^sorry'", "metadata.age matches '4'",
                      "metadata.tags matches 'a'", "metadata.nothing matches 'null'"});
}

TEST_CASE("filter: a missing path makes a comparison false except exists", "[filter]") {
    check_all(false, {"absent = 1", "absent != 1", "absent < 1", "absent >= 1", "absent in (1)",
                      "absent contains 'a'", "absent matches ''", "absent = null", "absent exists",
                      "metadata.tier.x exists", "metadata.absent exists", "items.2 exists",
                      "output.0 exists"});
    check_all(true, {"not absent = 1", "not absent exists", "metadata exists",
                     "metadata.nothing exists", "metadata.inner.x exists", "items.1.id exists"});
}

TEST_CASE("filter: not binds tighter than and and and than or", "[filter]") {
    // T and F stand for conditions that hold and that do not.
    const auto value = [](std::string text) {
        for (std::size_t at = 0; (at = text.find_first_of("TF", at)) != std::string::npos;) {
            const std::string condition = text[at] == 'T' ? "contains = 1" : "contains = 0";
            text.replace(at, 1, condition);
            at += condition.size();
        }
        return holds(text);
    };
    CHECK(value("T or F and F"));
    CHECK_FALSE(value("(T or F) and F"));
    CHECK(value("F and F or T"));
    CHECK_FALSE(value("F and (F or T)"));
    CHECK_FALSE(value("not T and F"));
    CHECK(value("not (T and F)"));
    CHECK(value("not F or F"));
    CHECK(value("not T or T"));
    CHECK_FALSE(value("not (T or T)"));
    CHECK(value("not not T"));
    CHECK(value("T and not F"));
    CHECK(value("F or F or T"));
    CHECK_FALSE(value("T and T and F"));
    CHECK(value("((((T))))"));
}

TEST_CASE("filter: names may be quoted and may look like keywords", "[filter]") {
    check_all(true, {"scores.`fact-check` > 0.8", "scores.`a``b` = 1", "metadata.in exists",
                     "metadata.`first name` = 'Ada'", "`metadata`.`age` = 42", "`output` exists",
                     "contains = 1", "contains exists", "items.0.id = 7", "items.1.id = 8"});
    CHECK(filter("`and` = 1").matches(Json{{"and", 1}}));
    CHECK(filter("größe = 1").matches(Json{{"größe", 1}}));
    CHECK(filter("notes = 1 and order = 2").matches(Json{{"notes", 1}, {"order", 2}}));
}

TEST_CASE("filter: integers keep all their digits", "[filter]") {
    const Json big{{"id", 9007199254740993}};
    CHECK(filter("id = 9007199254740993").matches(big));
    CHECK_FALSE(filter("id = 9007199254740992").matches(big));
    CHECK(filter("id > 9007199254740992").matches(big));
    CHECK_FALSE(filter("id = -1").matches(Json{{"id", 18446744073709551615U}}));
}

TEST_CASE("filter: mistakes are named with their column", "[filter]") {
    check_errors(
        {{"", "column 1: expected a name"},
         {"   ", "column 4: expected a name"},
         {"a", "column 2: expected one of = != < <= > >= in contains matches exists"},
         {"a =", "column 4: expected a value: 'text', a number, true, false or null"},
         {"a = b", "column 5: expected a value"},
         {"a == 1", "column 3: equality is written ="},
         {"a <> 1", "column 3: inequality is written !="},
         {"a = \"b\"", "column 5: a text stands in single quotes"},
         {"a = 'b", "column 5: the closing quote is missing"},
         {"`a = 1", "column 1: the closing quote is missing"},
         {"a = 1 b = 2", "column 7: expected \"and\", \"or\" or the end"},
         {"a = 1 and", "column 10: expected a name"},
         {"a = 1 or or b = 2", "column 10: expected a path; a name like \"or\" stands in"},
         {"and = 1", "column 1: expected a path; a name like \"and\" stands in backquotes"},
         {"(a = 1", "column 7: expected \")\", \"and\" or \"or\""},
         {"a = 1)", "column 6: expected \"and\", \"or\" or the end"},
         {"a.", "column 3: expected a name"},
         {"a. b = 1", "column 3: expected a name"},
         {"a..b = 1", "column 3: expected a name"},
         {"a.fact-check = 1", "column 7: a name with other characters"},
         {"'a' = b", "column 1: a condition begins with a path"},
         {"5 < a", "column 1: a condition begins with a path"},
         {"exists a", "column 8: expected one of"},
         {"a not in (1)", "column 3: \"not\" stands before the condition"},
         {"a containz 'b'", "did you mean \"contains\"?"},
         {"a = 1 AND b = 2", "column 7: expected \"and\""},
         {"a = 007", "column 5: \"007\" is no number"},
         {"a = 1.", "column 5: \"1.\" is no number"},
         {"a = 5kg", "column 5: \"5kg\" is no number"},
         {"a = 1and b = 2", "column 5: \"1and\" is no number"},
         {"a = -", "column 5: \"-\" is no number"},
         {"a = 99999999999999999999", "is no number"},
         {"größe = x", "column 9: expected a value"},
         {"a = '\xFF'", "the text is not UTF-8"}});
}

TEST_CASE("filter: a comparison whose type can never match is refused", "[filter]") {
    check_errors({{"a in 5", "column 6: \"in\" needs a list"},
                  {"a in 'b'", "column 6: \"in\" needs a list"},
                  {"a in ()", "column 7: an empty list can never match"},
                  {"a in (1", "column 8: expected \",\" or \")\""},
                  {"a in (1,)", "column 9: expected a value"},
                  {"a in ((1))", "column 7: expected a value"},
                  {"a contains ('b', 'c')", "column 12: a list can only follow \"in\""},
                  {"a = (1, 2)", "column 5: a list can only follow \"in\""},
                  {"a matches 5", "column 11: \"matches\" needs a regular expression"},
                  {"a matches ('a')", "column 11: \"matches\" needs a regular expression"},
                  {"a matches 'a('", "column 11: the regular expression \"a(\" is not valid"},
                  {"a matches '(?=a)'", "look-around"},
                  {"a < true", "column 5: true has no order, so this can never match"},
                  {"a >= null", "column 6: null has no order, so this can never match"}});
}

TEST_CASE("filter: unknown names are refused where the names are known", "[filter]") {
    const std::vector<std::string> heads = {"input", "metadata", "fact-check"};
    CHECK(error_of("metadata.anything = 1 and input exists", heads) == "no error");
    CHECK(error_of("`fact-check` = 1", heads) == "no error");
    CHECK(error_of("not metdata.tier = 'gold'", heads) ==
          "condition \"not metdata.tier = 'gold'\", column 5: unknown name \"metdata\"; did you "
          "mean \"metadata\"?; known here: input, metadata, fact-check");
}

TEST_CASE("filter: paths lists every path that is read", "[filter]") {
    const Filter made = filter("a.b = 1 and (not c exists or a.`x y`.0 in (1))");
    CHECK(made.paths() ==
          std::vector<std::vector<std::string>>{{"a", "b"}, {"c"}, {"a", "x y", "0"}});
    CHECK(made.text() == "a.b = 1 and (not c exists or a.`x y`.0 in (1))");
}

TEST_CASE("filter: a lookup sees whole paths and only those it needs", "[filter]") {
    const Json one = 1;
    std::vector<std::string> asked;
    const auto lookup = [&](const std::vector<std::string>& path) -> const Json* {
        asked.push_back(path.back());
        return path.front() == "a" ? &one : nullptr;
    };
    CHECK(filter("a.x = 1 or b.y = 1").matches(lookup));
    CHECK(asked == std::vector<std::string>{"x"});
}

TEST_CASE("filter: nesting is bounded", "[filter][limits]") {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '(') + "contains = 1" + std::string(levels, ')');
    };
    CHECK(holds(nested(limits::k_filter_depth_max - 1)));
    CHECK_THAT(error_of(nested(limits::k_filter_depth_max)), Catch::Contains("nested deeper than"));
    CHECK_THAT(error_of(std::string(1'000'000, '(')), Catch::Contains("nested deeper than"));

    std::string nots = "contains = 1";
    for (int i = 0; i < 10'000; ++i) nots = "not " + std::move(nots);
    CHECK_THAT(error_of(nots), Catch::Contains("nested deeper than"));

    std::string chain = "contains = 0";
    for (int i = 0; i < 10'000; ++i) chain += " or contains = 0";
    CHECK(holds(chain + " or contains = 1"));
}

TEST_CASE("filter: its conjuncts hold together exactly when it does", "[model]") {
    const auto conjuncts_of = [](const char* text) {
        const auto filter = Filter::parse(text);
        REQUIRE(filter);
        return filter->conjuncts();
    };
    CHECK(conjuncts_of("a = 1").size() == 1);
    CHECK(conjuncts_of("a = 1 or b = 2").size() == 1);
    CHECK(conjuncts_of("not (a = 1 and b = 2)").size() == 1);
    const auto three = conjuncts_of("(a = 1 and b = 2) and (b = 3 or c = 1)");
    REQUIRE(three.size() == 3);
    const Json value = {{"a", 1}, {"b", 3}};
    CHECK(three[0].matches(value));
    CHECK_FALSE(three[1].matches(value));
    CHECK(three[2].matches(value));
}

}  // namespace assay
