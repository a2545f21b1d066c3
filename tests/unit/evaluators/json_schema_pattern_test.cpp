#include <catch2/catch.hpp>
#include <string>

#include "evaluators/json_schema/pattern.hpp"

namespace assay::json_schema {
namespace {

bool found(std::string_view pattern, std::string_view text) {
    const auto regex = compile_pattern(pattern);
    INFO(pattern << (regex ? "" : ": " + regex.error().message));
    REQUIRE(regex.has_value());
    return regex->found_in(text);
}

std::string refusal(std::string_view pattern) {
    const auto regex = compile_pattern(pattern);
    if (regex) return "";
    CHECK(regex.error().code == ErrorCode::invalid_argument);
    return regex.error().message;
}

}  // namespace

TEST_CASE("json schema patterns: ECMA-262 escapes mean what they mean there") {
    CHECK(found("^\\cJ$", "\n"));
    CHECK(found("^\\x41\\u0042$", "AB"));
    CHECK(found("^\\uD83D\\uDE00$", "😀"));
    CHECK(found("^\\u{1F600}$", "😀"));
    CHECK(found("^\\/\\-\\_$", "/-_"));
    CHECK(found(std::string("^\\0$"), std::string_view("\0", 1)));
    CHECK(found("^[\\b]$", "\b"));
    CHECK(found("\\bcat\\b", "a cat sat"));
    CHECK_FALSE(found("\\bcat\\b", "concatenate"));
    CHECK(found("^\\v\\f\\t$", "\v\f\t"));
    CHECK(found("^\\é$", "é"));
}

TEST_CASE("json schema patterns: digits and words are ASCII and white space is Unicode") {
    CHECK_FALSE(found("^\\d$", "৪"));
    CHECK_FALSE(found("^\\w$", "é"));
    CHECK(found("^\\W$", "é"));
    for (const char* const space : {" ", "\t", "\v", "\u00a0", "\ufeff", "\u2029", "\u3000"}) {
        CHECK(found("^\\s$", space));
        CHECK(found("^[\\s]$", space));
        CHECK_FALSE(found("^\\S$", space));
        CHECK_FALSE(found("^[\\S]$", space));
        CHECK(found("^[^\\S]$", space));
    }
    for (const char* const other : {"x", "\u180e", "\u200b", "😀"}) {
        CHECK_FALSE(found("^\\s$", other));
        CHECK(found("^\\S$", other));
        CHECK(found("^[\\S]$", other));
    }
    CHECK(found("^[\\s\\S]+$", "a b\nc😀"));
}

TEST_CASE("json schema patterns: the dot stops at every line end") {
    CHECK(found("^.$", "é"));
    for (const char* const end : {"\n", "\r", "\u2028", "\u2029"}) CHECK_FALSE(found("^.$", end));
    CHECK(found("^[.]$", "."));
    CHECK_FALSE(found("^[.]$", "a"));
    CHECK_FALSE(found("^a$", "a\n"));
}

TEST_CASE("json schema patterns: classes are read as ECMA-262 reads them") {
    CHECK(found("^[^]$", "\n"));
    CHECK_FALSE(found("[]", "a"));
    CHECK(found("^[[:alpha:]]$", ":]"));
    CHECK_FALSE(found("^[[:alpha:]]$", "z"));
    CHECK(found("^[\\]]$", "]"));
    CHECK(found("^[^a\\d]$", "b"));
    CHECK(found("a[^]b", "a\nb"));
}

TEST_CASE("json schema patterns: Unicode properties by short and long name") {
    CHECK(found("^\\p{Letter}+$", "aé字"));
    CHECK(found("^\\p{L}\\p{Lu}$", "éÉ"));
    CHECK(found("^\\P{digit}$", "x"));
    CHECK_FALSE(found("^\\P{Nd}$", "৪"));
    CHECK(found("^\\p{Script=Greek}$", "λ"));
    CHECK(found("^[\\p{gc=Decimal_Number}]$", "৪"));
    CHECK(refusal("\\p{Nonsense}") != "");
    CHECK(refusal("\\pL") != "");
}

TEST_CASE("json schema patterns: what cannot be expressed is refused in words") {
    CHECK(refusal("(?=a)").find("look-around") != std::string::npos);
    CHECK(refusal("(?<!a)b").find("look-around") != std::string::npos);
    CHECK(refusal("(a)\\1").find("back-references") != std::string::npos);
    CHECK(refusal("(?<n>a)\\k<n>").find("back-references") != std::string::npos);
    CHECK(refusal("a\\") == "the pattern ends in a single \"\\\"");
    CHECK(refusal("\\Z") == "\"\\Z\" is no escape of ECMA-262");
    CHECK(refusal("\\a") == "\"\\a\" is no escape of ECMA-262");
    CHECK(refusal("\\Qa\\E") == "\"\\Q\" is no escape of ECMA-262");
    CHECK(refusal("\\c1") == "\"\\c\" needs a letter after it");
    CHECK(refusal("\\x1") == "\"\\x\" needs 2 hexadecimal digits");
    CHECK(refusal("\\u12g4") == "\"\\u\" needs 4 hexadecimal digits");
    CHECK(refusal("\\u{}") == "\"\\u{\" needs hexadecimal digits and \"}\"");
    CHECK(refusal("\\u{12") == "\"\\u{\" needs hexadecimal digits and \"}\"");
    CHECK(refusal("\\uD83D") == "\"\\ud83d\" is half of a character; write both halves");
    CHECK(refusal("\\uDE00") != "");
    CHECK(refusal("\\uD83D\\u0041") != "");
    CHECK(refusal("\\u{110000}") != "");
    CHECK(refusal("[a") != "");
    CHECK(refusal("(") != "");
    CHECK(refusal("\\p{L") != "");
}

}  // namespace assay::json_schema
