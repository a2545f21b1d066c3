#include <fmt/format.h>

#include <chrono>

#include "core/base/text.hpp"
#include "core/model/regex.hpp"
#include "evaluators/tokens.hpp"
#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;
using test::score_of;

constexpr const char* k_metrics[] = {"bleu",   "chrf",    "gleu",    "jaro_winkler",
                                     "meteor", "rouge_l", "rouge_n", "token_f1"};

std::size_t bytes_max(std::string_view metric) {
    return metric == "rouge_l" ? limits::k_subsequence_bytes_max : limits::k_text_metric_bytes_max;
}

std::string repeated(std::string_view text, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) all += text;
    all.resize(bytes);
    return all;
}

TEST_CASE("text metrics: equal texts get the most and different ones nothing", "[text_metric]") {
    const std::string text = "It is a guide to action, is it not? \u65e5\u672c 3.14";
    for (const char* metric : k_metrics) {
        INFO(metric);
        CHECK(score_of(bound(metric), text, text) > 0.999);
        CHECK(score_of(bound(metric), text, text) <= 1);
        CHECK(score_of(bound(metric), "xyz", "Qw") == 0);
    }
}

TEST_CASE("text metrics: a list of expected texts is a list of references", "[text_metric]") {
    for (const char* metric : k_metrics) {
        INFO(metric);
        const auto evaluator = bound(metric);
        const double close = score_of(evaluator, "the cat sat down", "the cat sits down");
        CHECK(score_of(evaluator, "the cat sat down", json(R"(["the cat sits down"])")) == close);
        CHECK(score_of(evaluator, "the cat sat down",
                       json(R"(["dogs", "the cat sits down", ""])")) >= close - 1e-12);
        CHECK(score_of(evaluator, "12 monkeys", json(R"(["x", "12 monkeys"])")) ==
              score_of(evaluator, "12 monkeys", "12 monkeys"));
        CHECK(score_of(evaluator, "12", json(R"([12, true])")) == score_of(evaluator, "12", "12"));
    }
}

TEST_CASE("text metrics: a list that holds no texts is an error", "[text_metric]") {
    for (const char* metric : k_metrics) {
        INFO(metric);
        const auto evaluator = bound(metric);
        CHECK(outcome(evaluator, "x", json("[]")) ==
              "error: the expected list has 0 texts; it must have 1 to 1000");
        CHECK(outcome(evaluator, "x", json(R"(["x", {"text": "x"}])")) ==
              "error: number 2 of the expected list is an object, not a text");
        CHECK(is_error(outcome(evaluator, "x", json(R"([null])"))));
        CHECK(is_error(outcome(evaluator, "x", json(R"([["x"]])"))));
        Json many = Json::array();
        for (std::size_t i = 0; i < limits::k_references_max; ++i) many.push_back("x");
        CHECK_FALSE(is_error(outcome(evaluator, "x", many)));
        many.push_back("x");
        CHECK(is_error(outcome(evaluator, "x", many)));
    }
}

TEST_CASE("text metrics: an expected list is refused where there is no output to judge",
          "[text_metric]") {
    const auto evaluator = bound("rouge_l", {{"extract", "answer: (.*)"}});
    CHECK(outcome(evaluator, "nothing", "x") == 0.0);
    CHECK(is_error(outcome(evaluator, "nothing", json("[]"))));
}

TEST_CASE("text metrics: texts at the limit are judged and longer ones are an error",
          "[text_metric]") {
    for (const char* metric : k_metrics) {
        INFO(metric);
        const auto evaluator = bound(metric);
        const std::size_t most = bytes_max(metric);
        const Json output = repeated("the cat sat, 3.14 times \u00e4\u65e5. ", most);
        const auto began = std::chrono::steady_clock::now();
        CHECK_FALSE(is_error(outcome(evaluator, output, output)));
        // Without optimisation; with it no metric takes more than 0.3 s.
        CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
        const Json refused = outcome(evaluator, repeated("a", most + 1), "a");
        CHECK(refused == fmt::format("error: the output has {} bytes; this metric reads up to {}; "
                                     "`extract` can cut out the part that counts",
                                     most + 1, most));
        CHECK(is_error(outcome(evaluator, "a", repeated("a", most + 1))));
        CHECK(is_error(outcome(evaluator, "a", Json{"a", repeated("a", most)})));
        CHECK(is_error(outcome(evaluator, repeated("a", most / 2 + 1), Json{"a", "b"})));
        CHECK_FALSE(is_error(outcome(evaluator, repeated("a", most / 2), Json{"a", "b"})));
    }
}

TEST_CASE("word characters: letters and digits and marks as RE2 knows them", "[tokens]") {
    const auto letter_or_digit = Regex::compile(R"([\pL\pN])");
    const auto mark = Regex::compile(R"(\pM)");
    const auto other = Regex::compile(R"([\pP\pS\pZ\p{Cc}\p{Cf}\p{Co}])");
    REQUIRE((letter_or_digit && mark && other));
    const auto is_wrong = [&](char32_t c) {
        std::string text;
        append_utf8(text, c);
        const bool of_symbol = (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x20D0 && c <= 0x20FF) ||
                               (c >= 0xE0100 && c <= 0xE01EF);
        const bool word = is_word_character(c);
        return (letter_or_digit->found_in(text) && !word) || (other->found_in(text) && word) ||
               (mark->found_in(text) && word == of_symbol);
    };
    std::vector<unsigned> wrong;
    for (char32_t c = 0; c < 0x110000; c += c < 0x20000 ? 1 : 97) {
        const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (!surrogate && is_wrong(c)) wrong.push_back(c);
    }
    CHECK(wrong == std::vector<unsigned>());
}

TEST_CASE("words: runs of word characters and unspaced scripts one by one", "[tokens]") {
    const auto words = [](std::string_view text) {
        std::string joined;
        for (const std::string& word : words_of(text)) joined += word + "|";
        return joined;
    };
    CHECK(words("Don't PANIC_42!") == "don|t|panic|42|");
    CHECK(words("\u00c9cole na\u00efve cafe\u0301") == "\u00e9cole|na\u00efve|cafe\u0301|");
    CHECK(words("abc\u65e5\u672cdef\u304b") == "abc|\u65e5|\u672c|def|\u304b|");
    CHECK(words("\ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22") ==
          "\ud55c\uad6d\uc5b4|\u0e44\u0e17\u0e22|");
    CHECK(words("\u0928\u092e\u0938\u094d\u0924\u0947") == "\u0928\u092e\u0938\u094d\u0924\u0947|");
    CHECK(words("\u202e\u05e9\u05dc\u05d5\u05dd\u202c") == "\u05e9\u05dc\u05d5\u05dd|");
    CHECK(words("\u2764\ufe0f\U0001f469\u200d\U0001f4bb\U0001f1e9\U0001f1ea") == "");
    CHECK(words("\xff\xfe") == "");
}

}  // namespace
}  // namespace assay
