#include "core/base/limits.hpp"
#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

TEST_CASE("contains_any: one of the texts is enough", "[contains_any]") {
    const auto any = bound("contains_any");
    CHECK(outcome(any, "It is Lyon.", json(R"(["Paris", "Lyon"])")) == true);
    CHECK(outcome(any, "It is Rome.", json(R"(["Paris", "Lyon"])")) == false);
    CHECK(outcome(any, "It is Rome.", "Rome") == true);
    CHECK(outcome(any, "", json(R"(["a"])")) == false);
    CHECK(outcome(any, "abc", json(R"(["A", "B"])")) == false);
    CHECK(outcome(bound("contains_any", {{"ignore_case", true}}), "GR\u00d6SSE",
                  json(R"(["gr\u00f6"])")) == true);
}

TEST_CASE("contains_any: values that are not text are looked for as compact JSON",
          "[contains_any]") {
    CHECK(outcome(bound("contains_any"), json(R"({"a": [1, 2]})"), json("[[1, 2], 9]")) == true);
    CHECK(outcome(bound("contains_any"), "42 km", 42) == true);
}

TEST_CASE("contains_any: a list may be written as the text of a JSON array", "[contains_any]") {
    CHECK(outcome(bound("contains_any"), "b", R"( ["a", "b"] )") == true);
    CHECK(outcome(bound("contains_any"), "[x", "[x") == true);  // no JSON: a text
    CHECK(outcome(bound("contains_any"), "[x]", "[x]") == true);
}

TEST_CASE("contains_any: nothing to look for is an error and found in the spec", "[contains_any]") {
    for (const char* expected : {R"([])", R"("")", R"(["a", ""])", R"("[]")"}) {
        INFO(expected);
        CHECK(is_error(outcome(bound("contains_any"), "anything", json(expected))));
        CHECK(mistakes_in("contains_any", {{"value", json(expected)}}).size() == 1);
    }
}

TEST_CASE("contains_any: the comment names the first few", "[contains_any]") {
    CHECK(comment_of(bound("contains_any"), "x", json(R"(["a", "b", "c", "d", "e"])")) ==
          "not in the output: \"a\", \"b\", \"c\" and 2 more");
}

TEST_CASE("contains_any: very many texts in a very large output are refused", "[contains_any]") {
    Json texts = Json::array();
    for (int i = 0; i < 1000; ++i) texts.push_back("text " + std::to_string(i));
    const std::string large(limits::k_text_search_bytes_max / 1000 + 1, 'x');
    CHECK(is_error(outcome(bound("contains_any"), large, texts)));
    CHECK(outcome(bound("contains_any"), large.substr(1), texts) == false);
}

}  // namespace
}  // namespace assay
