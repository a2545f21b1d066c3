#include "core/model/regex.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.hpp"

namespace assay {
namespace {

Regex regex(std::string_view pattern, Regex::Options options = {}) {
    auto compiled = Regex::compile(pattern, options);
    if (!compiled) FAIL(compiled.error().message);
    return std::move(*compiled);
}

std::string error_of(std::string_view pattern) {
    const auto compiled = Regex::compile(pattern);
    if (compiled) return "no error";
    CHECK(compiled.error().code == ErrorCode::invalid_argument);
    return compiled.error().message;
}

}  // namespace

TEST_CASE("regex: searching and matching", "[regex]") {
    CHECK(regex("b+").found_in("abbc"));
    CHECK_FALSE(regex("^b+").found_in("abbc"));
    CHECK(regex("ab*c").matches_all("abbc"));
    CHECK_FALSE(regex("b+").matches_all("abbc"));
    CHECK(regex("a|abbc").matches_all("abbc"));
    CHECK(regex("").found_in(""));
    CHECK(regex("").matches_all(""));
    CHECK_FALSE(regex("").matches_all("a"));
    CHECK_FALSE(regex("a.b").found_in("a\nb"));
    CHECK(regex("^é.$").found_in("é日"));
    CHECK(regex("b").pattern() == "b");
}

TEST_CASE("regex: case is ignored on demand", "[regex]") {
    CHECK_FALSE(regex("straße É").found_in("STRAßE é"));
    CHECK(regex("straße É", {.ignore_case = true}).found_in("STRAßE é"));
}

TEST_CASE("regex: extract gives the first group or the whole match", "[regex]") {
    CHECK(regex("A: (.+)$").extract("so\nA: 42") == "42");
    CHECK(regex("\\d+").extract("a 12 b 34") == "12");
    CHECK(regex("(?:x)(\\d)(\\d)").extract("x12") == "1");
    CHECK(regex("\\d").extract("none") == std::nullopt);
    CHECK(regex("a()b").extract("ab") == "");
    CHECK(regex("a(x)?b").extract("ab") == "");
    CHECK(regex("x*").extract("") == "");
}

TEST_CASE("regex: groups may be named in both spellings", "[regex]") {
    CHECK(regex("(?<answer>\\d+)").extract("= 42") == "42");
    CHECK(regex("(?P<answer>\\d+)").extract("= 42") == "42");
    CHECK(regex(R"(\(\?<a>)").found_in("(?<a>"));
    CHECK(regex(R"(\\(?<a>b))").extract(R"(\b)") == "b");
    CHECK(regex("[(?<]+").found_in("<"));
    for (const std::string_view letters : {"[(?<]", "[^]x(?<]", "[[:digit:](?<]", R"([\](?<])"}) {
        CAPTURE(letters);
        CHECK(regex(letters).found_in("P") == letters.starts_with("[^"));
    }
}

TEST_CASE("regex: look-around is named as what it is", "[regex]") {
    for (const std::string_view look : {"(?=", "(?!", "(?<=", "(?<!"}) {
        const std::string message = error_of("a" + std::string(look) + "b)");
        CHECK_THAT(message, Catch::Contains("look-around " + std::string(look.substr(0, 3))));
        CHECK_THAT(message, Catch::Contains("linear time"));
    }
}

TEST_CASE("regex: back-references are named as what they are", "[regex]") {
    CHECK_THAT(error_of(R"((a)\1)"), Catch::Contains("back-references are not available"));
    CHECK_THAT(error_of(R"((a)\9)"), Catch::Contains("back-references are not available"));
}

TEST_CASE("regex: other mistakes keep RE2's words and the pattern", "[regex]") {
    for (const std::string_view pattern : {"a(", "a)", "[a", "*", "a**", "(?<>a)", "\\", "[z-a]",
                                           "\\p{Klingon}", "(?<n a)", "[(?<]+(", "\\(?=a("}) {
        CAPTURE(pattern);
        const std::string message = error_of(pattern);
        CHECK_THAT(message, Catch::StartsWith("the regular expression \"" + std::string(pattern)));
        CHECK_THAT(message, !Catch::Contains("look-around"));
        CHECK_THAT(message, !Catch::Contains("back-reference"));
    }
}

TEST_CASE("regex: a pattern has at most 4096 bytes", "[regex][limits]") {
    CHECK(error_of(std::string(limits::k_regex_pattern_bytes_max, 'a')) == "no error");
    CHECK_THAT(error_of(std::string(limits::k_regex_pattern_bytes_max + 1, 'a')),
               Catch::Contains("longer than 4096 bytes"));
}

TEST_CASE("regex: a pattern that needs too much memory is refused", "[regex][limits]") {
    CHECK(error_of("a{1000}") == "no error");
    CHECK_THAT(error_of("a{1001}"), Catch::Contains("is not valid"));
    CHECK_THAT(error_of("((a{100}){100}){100}"), Catch::Contains("is not valid"));
}

TEST_CASE("regex: evil patterns take linear time on a megabyte", "[regex][limits]") {
    const std::string text(1'000'000, 'a');
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string_view pattern :
         {"(a*)*b", "(a+)+$b", "(a|aa)+b", "(.*)*x(.*)*", "(a|a?)+b", "(x+x+)+y", "a{0,500}b",
          "(?:a?){300}b", "[a-z]*[a-y]*[a-x]*b"}) {
        CAPTURE(pattern);
        const Regex evil = regex(pattern);
        CHECK_FALSE(evil.found_in(text));
        CHECK_FALSE(evil.matches_all(text));
        CHECK(evil.extract(text) == std::nullopt);
    }
    // A backtracking matcher would take longer than the universe; the bound is generous for
    // sanitizers and busy machines.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("regex: the last match is found without overlap", "[regex]") {
    const auto last = [](std::string_view pattern, std::string_view text) {
        return *regex(pattern).extract_last(text);
    };
    CHECK(last("A: (\\d+)", "A: 1 A: 2 A: 3") == "3");
    CHECK(last("\\d+", "12 34") == "34");
    CHECK(last("aa", "aaa") == "aa");
    CHECK(last("x", "none") == std::nullopt);
    CHECK(last("x", "") == std::nullopt);
    CHECK(last("\\d*", "12 ") == "12");
    CHECK(last("", "") == "");
}

TEST_CASE("regex: a series of matches is bounded", "[regex][limits]") {
    CHECK(regex("a").extract_last(std::string(10'000, 'a')));
    const auto refused = regex("a").extract_last(std::string(100'000, 'a'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("regex: copies share the compiled pattern and outlive the first", "[regex]") {
    std::vector<Regex> copies;
    {
        const Regex first = regex("b+");
        copies.assign(3, first);
    }
    for (const Regex& copy : copies) CHECK(copy.found_in("abb"));
}

}  // namespace assay
