#include "server/query/filter.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "server/query/limits.hpp"

namespace assay::test {
namespace {

std::string message_of(const std::string& filter) {
    const auto parsed = parse_filter(filter);
    if (parsed) return "accepted";
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
    return parsed.error().message;
}

/// An element with the parts given as JSON.
std::string element(const std::string& type, const std::string& op, const std::string& value,
                    const std::string& rest = "") {
    return R"([{"type":")" + type + R"(","column":"c","operator":")" + op + R"(","value":)" +
           value + rest + "}]";
}

}  // namespace

TEST_CASE("filter: every type takes each of its operators and no other", "[query]") {
    struct Row {
        const char* type;
        const char* value;
        const char* rest;
        std::vector<std::string> operators;
    };
    const std::vector<std::string> texts = {"=",           "contains",  "does not contain",
                                            "starts with", "ends with", "matches"};
    const std::vector<std::string> numbers = {"=", ">", "<", ">=", "<="};
    const std::vector<Row> rows = {
        {"datetime", R"("2026-01-01T00:00:00Z")", "", {">", "<", ">=", "<="}},
        {"string", R"("x")", "", texts},
        {"stringOptions", R"(["x"])", "", {"any of", "none of"}},
        {"categoryOptions", R"(["x"])", R"(,"key":"k")", {"any of", "none of"}},
        {"arrayOptions", R"(["x"])", "", {"any of", "none of", "all of"}},
        {"number", "1.5", "", numbers},
        {"stringObject", R"("x")", R"(,"key":"k")", texts},
        {"numberObject", "2", R"(,"key":"k")", numbers},
        {"booleanObject", "true", R"(,"key":"k")", {"=", "<>"}},
        {"boolean", "false", "", {"=", "<>"}},
        {"null", R"("")", "", {"is null", "is not null"}},
        {"positionInTrace", "2", R"(,"key":"nthFromEnd")", {"="}},
    };
    const std::vector<std::string> all = {
        "=",           "<>",        "<",        "<=",
        ">",           ">=",        "contains", "does not contain",
        "starts with", "ends with", "matches",  "any of",
        "none of",     "all of",    "is null",  "is not null"};
    for (const Row& row : rows) {
        for (const std::string& op : all) {
            CAPTURE(row.type, op);
            const bool is_known = std::ranges::find(row.operators, op) != row.operators.end();
            const std::string message = message_of(element(row.type, op, row.value, row.rest));
            if (is_known) {
                CHECK(message == "accepted");
            } else {
                CHECK(message.starts_with("filter[0]: unknown operator \"" + op + "\""));
            }
        }
    }
}

TEST_CASE("filter: what is read is what was written", "[query]") {
    const auto parsed = parse_filter(
        R"([{"type":"stringObject","column":"metadata","operator":"starts with","key":"a",
           "value":"b"},
            {"type":"datetime","column":"Timestamp","operator":"<","value":"2026-01-02"},
            {"type":"arrayOptions","column":"tags","operator":"all of","value":[]},
            {"type":"positionInTrace","column":"positionInTrace","operator":"=","key":"root"}])");
    REQUIRE(parsed);
    REQUIRE(parsed->size() == 4);
    CHECK(parsed->at(0).type == FilterType::string_object);
    CHECK(parsed->at(0).op == FilterOperator::starts_with);
    CHECK(parsed->at(0).key == "a");
    CHECK(std::get<std::string>(parsed->at(0).value) == "b");
    CHECK(std::get<Time>(parsed->at(1).value) == *parse_rfc3339("2026-01-02T00:00:00Z"));
    CHECK(std::get<std::vector<std::string>>(parsed->at(2).value).empty());
    CHECK(std::holds_alternative<std::monostate>(parsed->at(3).value));
    CHECK(parse_filter("[]")->empty());
}

TEST_CASE("filter: what is wrong is named with its element", "[query]") {
    CHECK(message_of("{").starts_with("filter is not valid JSON: "));
    CHECK(message_of("{}") == "filter must be an array, not an object");
    CHECK(message_of("[1]") == "filter[0]: an element must be an object");
    CHECK(message_of("[{}]") == "filter[0]: type must be a string, not null");
    CHECK(message_of(R"([{"type":"strings"}])")
              .starts_with("filter[0]: unknown type \"strings\"; did you mean \"string\"?"));
    CHECK(message_of(R"([{"type":"string","operator":"=","value":"x"}])") ==
          "filter[0]: column must be a string, not null");
    CHECK(message_of(element("string", "=", "5")) ==
          "filter[0]: value must be a string, not an integer");
    CHECK(message_of(element("number", ">", R"("5")")) ==
          "filter[0]: value must be a number, not a string");
    CHECK(message_of(element("numberObject", ">", "5")) ==
          "filter[0]: key must be a string, not null");
    CHECK(message_of(element("boolean", "=", "1")) == "filter[0]: value must be true or false");
    CHECK(message_of(element("datetime", ">", R"("yesterday")")) ==
          "filter[0]: value must be a time such as 2026-01-31T12:00:00Z");
    CHECK(message_of(element("stringOptions", "any of", R"("x")")) ==
          "filter[0]: value must be an array of strings, not a string");
    CHECK(message_of(element("stringOptions", "any of", "[1]")) ==
          "filter[0]: each of the values must be a string, not an integer");
    CHECK(message_of(element("stringOptions", "any of", "[]")) ==
          "filter[0]: value must not be empty");
    CHECK(message_of(element("null", "is null", R"("x")")) == "filter[0]: value must be \"\"");
    CHECK(message_of(element("positionInTrace", "=", "1", R"(,"key":"middle")")) ==
          "filter[0]: key must be one of root, first, last, nthFromEnd, nthFromStart");
    CHECK(message_of(element("positionInTrace", "=", "0", R"(,"key":"nthFromEnd")")) ==
          "filter[0]: value must be a whole number from 1");
    CHECK(message_of(R"([{"type":"null","column":"c","operator":"is null","value":""},7])") ==
          "filter[1]: an element must be an object");
}

TEST_CASE("filter: limits hold on both sides", "[query]") {
    const std::string one = R"({"type":"boolean","column":"c","operator":"=","value":true})";
    const auto of = [&](std::size_t count) {
        std::string filter = "[" + one;
        for (std::size_t i = 1; i < count; ++i) filter += "," + one;
        return filter + "]";
    };
    CHECK(message_of(of(limits::k_filter_elements_max)) == "accepted");
    CHECK(message_of(of(limits::k_filter_elements_max + 1)) == "filter has more than 50 elements");

    const auto options = [&](std::size_t count) {
        std::string list = "[\"x\"";
        for (std::size_t i = 1; i < count; ++i) list += ",\"x\"";
        return element("stringOptions", "any of", list + "]");
    };
    CHECK(message_of(options(limits::k_filter_options_max)) == "accepted");
    CHECK(message_of(options(limits::k_filter_options_max + 1)) ==
          "filter[0]: value has more than 500 strings");

    const auto text = [](std::size_t bytes) {
        return element("string", "=", "\"" + std::string(bytes, 'x') + "\"");
    };
    CHECK(message_of(text(limits::k_filter_text_bytes_max)) == "accepted");
    CHECK(message_of(text(limits::k_filter_text_bytes_max + 1)) ==
          "filter[0]: value is longer than 8192 bytes");
    const std::string spaces(limits::k_filter_bytes_max - 2, ' ');
    CHECK(message_of("[" + spaces + "]") == "accepted");
    CHECK(message_of("[ " + spaces + "]") == "filter is longer than 262144 bytes");
}

}  // namespace assay::test
