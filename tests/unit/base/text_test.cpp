#include "core/base/text.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace assay {
namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("text: valid UTF-8 is accepted up to the last code point", "[text]") {
    for (const std::string_view text :
         {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
          "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        CHECK(find_invalid_utf8(text) == std::string_view::npos);
        CHECK(to_valid_utf8(text) == text);
    }
    CHECK(find_invalid_utf8(std::string_view("a\0b", 3)) == std::string_view::npos);
}

TEST_CASE("text: each kind of invalid UTF-8 is found", "[text]") {
    struct Invalid {
        std::string_view text;
        std::size_t at;
    };
    for (const Invalid& invalid : std::vector<Invalid>{
             {"\x80", 0},          // a continuation byte alone
             {"ab\xC3", 2},        // cut after the first byte
             {"ab\xE2\x82", 2},    // cut after the second
             {"\xF0\x9F\x98", 0},  // cut after the third
             {"\xC0\x80", 0},      // overlong, two bytes
             {"\xC1\xBF", 0},
             {"\xE0\x9F\xBF", 0},      // overlong, three bytes
             {"\xF0\x8F\xBF\xBF", 0},  // overlong, four bytes
             {"\xED\xA0\x80", 0},      // a surrogate
             {"\xED\xBF\xBF", 0},
             {"\xF4\x90\x80\x80", 0},  // beyond U+10FFFF
             {"\xF5\x80\x80\x80", 0},
             {"\xFE", 0},
             {"\xFF", 0},
             {"é\xC3(", 2},  // a lead byte without its continuation
         }) {
        CAPTURE(invalid.text);
        CHECK(find_invalid_utf8(invalid.text) == invalid.at);
        for (std::size_t before = 7; before <= 9; ++before) {  // ASCII goes by in eights
            const std::string text = fmt::format("{:x>{}}{}after it", "", before, invalid.text);
            CHECK(find_invalid_utf8(text) == before + invalid.at);
        }
        CHECK(find_invalid_utf8(to_valid_utf8(invalid.text)) == std::string_view::npos);
    }
}

TEST_CASE("text: every invalid byte is replaced by one mark", "[text]") {
    const std::string mark(k_replacement);
    CHECK(to_valid_utf8("a\xFFz") == "a" + mark + "z");
    CHECK(to_valid_utf8("\xED\xA0\x80") == mark + mark + mark);
    CHECK(to_valid_utf8("\xC3(") == mark + "(");
    CHECK(to_code_points("\xFF\xC3\xA9") == std::vector<char32_t>{0xFFFD, 0xE9});
}

TEST_CASE("text: code points convert to UTF-8 and back", "[text]") {
    for (const char32_t point : {U'\0', U'a', char32_t{0x7F}, char32_t{0x80}, char32_t{0x7FF},
                                 char32_t{0x800}, char32_t{0xD7FF}, char32_t{0xE000},
                                 char32_t{0xFFFF}, char32_t{0x10000}, char32_t{0x10FFFF}}) {
        std::string encoded;
        append_utf8(encoded, point);
        CHECK(to_code_points(encoded) == std::vector<char32_t>{point});
        CHECK(count_code_points(encoded) == 1);
    }
    CHECK(count_code_points("") == 0);
    CHECK(count_code_points("aé日😀") == 4);
    CHECK(count_code_points("a\xFF\xFF") == 3);
}

TEST_CASE("text: trim takes ASCII white space from both ends", "[text]") {
    CHECK(trim(" \t\r\n\f\va b \n") == "a b");
    CHECK(trim("") == "");
    CHECK(trim(" \n ") == "");
    CHECK(trim("\xC2\xA0x") == "\xC2\xA0x");
}

TEST_CASE("text: split keeps empty parts", "[text]") {
    using Parts = std::vector<std::string_view>;
    CHECK(split("a,b,,c", ',') == Parts{"a", "b", "", "c"});
    CHECK(split("", ',') == Parts{""});
    CHECK(split(",", ',') == Parts{"", ""});
    CHECK(split("abc", ',') == Parts{"abc"});
}

TEST_CASE("text: lower case touches ASCII letters only", "[text]") {
    CHECK(to_lower_ascii("AbZ019_ÄÉ") == "abz019_ÄÉ");
}

TEST_CASE("text: case folding knows Latin and Greek and Cyrillic", "[text]") {
    CHECK(fold_case("ABCxyz 123") == "abcxyz 123");
    CHECK(fold_case("ÄÖÜ ÉÈ ÑÞ") == "äöü éè ñþ");
    CHECK(fold_case("ĀŁŽŸ ẞẤ") == fold_case("āłžÿ ẞấ"));
    CHECK(fold_case("ΑΒΓΩ ΟΔΟΣ") == fold_case("αβγω οδος"));
    CHECK(fold_case("Άλφα ΈΉΊΌΎΏ ΪΫ") == "άλφα έήίόύώ ϊϋ");
    CHECK(fold_case("МОСКВА ЁЖ ҐЄІЇ") == "москва ёж ґєії");
    CHECK(fold_case("ȘȚ ƯƠ ǍǛ") == "șț ươ ǎǜ");
    // Without a simple folding: the dotted I would need two letters.
    CHECK(fold_case("İ ŉ") == "İ ŉ");
    CHECK(fold_case("×÷ 日本 😀") == "×÷ 日本 😀");
    CHECK(fold_case("A\xFF"
                    "B") ==
          "a\xFF"
          "b");
}

TEST_CASE("text: folding twice changes nothing more", "[text]") {
    for (char32_t point = 1; point < 0x2000; ++point) {
        std::string text;
        append_utf8(text, point);
        const std::string once = fold_case(text);
        INFO("code point " << static_cast<unsigned>(point));
        REQUIRE(fold_case(once) == once);
    }
}

TEST_CASE("text: display width counts wide and combining characters", "[text]") {
    CHECK(display_width("abc") == 3);
    CHECK(display_width("é") == 1);
    CHECK(display_width("e\xCC\x81") == 1);
    CHECK(display_width("日本") == 4);
    CHECK(display_width("😀") == 2);
    CHECK(display_width("") == 0);
}

TEST_CASE("text: fit width cuts on a character and says so", "[text]") {
    CHECK(fit_width("abcdef", 6) == "abcdef");
    CHECK(fit_width("abcdefg", 6) == "abcde…");
    CHECK(fit_width("日本語", 6) == "日本語");
    CHECK(fit_width("日本語", 5) == "日本…");
    CHECK(fit_width("日本語", 4) == "日…");
    CHECK(fit_width("abc", 1) == "…");
    CHECK(fit_width("abc", 0) == "");
    for (std::size_t columns = 0; columns < 12; ++columns) {
        CHECK(display_width(fit_width("a日b本c語d", columns)) <= columns);
    }
}

TEST_CASE("text: terminal safe shows control characters instead of obeying them", "[text]") {
    CHECK(terminal_safe("plain é 日") == "plain é 日");
    CHECK(terminal_safe("a\nb\tc") == "a⏎b c");
    CHECK(terminal_safe("\x1B[31mred\x1B]0;title\x07") == "\\x1b[31mred\\x1b]0;title\\x07");
    CHECK(terminal_safe("\r\x7F\xC2\x9B") == "\\x0d\\x7f\\x9b");
    CHECK(terminal_safe("a\xE2\x80\xAE"
                        "b") == "a\\u202eb");
    CHECK(terminal_safe("\xFF") == k_replacement);
    CHECK(terminal_safe(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("text: every byte but the unreserved ones is percent-encoded", "[text]") {
    const std::string unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    CHECK(percent_encode(unreserved) == unreserved);
    CHECK(percent_encode("a/b?c=d&e#f%20 g") == "a%2Fb%3Fc%3Dd%26e%23f%2520%20g");
    CHECK(percent_encode("\xE2\x82\xAC\xFF\n") == "%E2%82%AC%FF%0A");
    CHECK(percent_encode(std::string_view("\0", 1)) == "%00");
    std::size_t unchanged = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(1, static_cast<char>(byte));
        if (percent_encode(text) == text) ++unchanged;
    }
    CHECK(unchanged == unreserved.size());
}

}  // namespace assay
