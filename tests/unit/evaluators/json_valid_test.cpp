#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

TEST_CASE("json_valid: text must be one JSON value as a whole", "[json_valid]") {
    const auto valid = bound("json_valid");
    for (const char* text : {R"({"a": [1, 2.5e3, null, true, "x"]})", "[]", " 1 ", "\"text\"",
                             "null", "-0", R"("\u00e4")", "12345678901234567890123"}) {
        INFO(text);
        CHECK(outcome(valid, text) == true);
    }
    for (const char* text :
         {"", " ", "{", "{'a': 1}", "{\"a\": 1,}", "[1] [2]", "01", "1.", "+1", "NaN", "nul",
          "// no\n1", "```json\n{}\n```", "\"\t\"", "\"\xff\"", R"("\ud800")"}) {
        INFO(text);
        CHECK(outcome(valid, text) == false);
    }
}

TEST_CASE("json_valid: an output that is no text is JSON already", "[json_valid]") {
    for (const char* value : {"null", "1", "true", "[]", "{}"}) {
        CHECK(outcome(bound("json_valid"), json(value)) == true);
    }
}

TEST_CASE("json_valid: the comment holds the place", "[json_valid]") {
    const std::string comment = comment_of(bound("json_valid"), "{\n  \"a\": x}");
    INFO(comment);
    CHECK(comment.starts_with("no JSON: line 2, column 8"));
}

TEST_CASE("json_valid: nesting without end is judged and not followed", "[json_valid]") {
    const std::size_t depth = 200'000;
    CHECK(outcome(bound("json_valid"), std::string(depth, '[') + std::string(depth, ']')) == true);
    CHECK(outcome(bound("json_valid"), std::string(depth, '[')) == false);
}

}  // namespace
}  // namespace assay
