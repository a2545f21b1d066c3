#include "core/base/json.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/plain_json.hpp"
#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
    const auto parsed = parse_json(text, limits);
    if (parsed) return "no error";
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
    return parsed.error().message;
}

std::string round_trip(std::string_view text) {
    const auto parsed = parse_json(text);
    return parsed ? to_text(*parsed) : "error: " + parsed.error().message;
}

std::string nested(std::size_t levels, char open, char close) {
    return std::string(levels, open) + std::string(levels, close);
}

/// Text of all kinds: plain, to be escaped, beyond ASCII, and bytes that are no UTF-8.
std::string random_text(Rng& rng) {
    static const std::vector<std::string> k_pieces = {
        "plain text ", "\"",       "\\",   "\n\t\r\b\f", std::string(1, '\0'),
        "\x1f",        "\x7f",     "/",    "é",          "日本",
        "😀",          "\xC2\x80", "\xFF", "\xC0",       "\xED\xA0\x80"};
    std::string text;
    for (std::uint64_t left = rng.next_below(6); left > 0; --left) {
        text += k_pieces[rng.next_below(k_pieces.size())];
    }
    return text;
}

Json random_value(Rng& rng, int depth) {
    switch (rng.next_below(depth == 0 ? 6 : 8)) {
        case 0: return nullptr;
        case 1: return rng.next_below(2) == 0;
        case 2: return static_cast<std::int64_t>(rng.next());
        case 3: return rng.next() >> rng.next_below(64);
        case 4: return rng.next_unit() * static_cast<double>(rng.next() >> rng.next_below(64));
        case 5: return random_text(rng);
        case 6: {
            Json array = Json::array();
            while (rng.next_below(3) > 0) array.push_back(random_value(rng, depth - 1));
            return array;
        }
        default: {
            Json object = Json::object();
            while (rng.next_below(3) > 0) object[random_text(rng)] = random_value(rng, depth - 1);
            return object;
        }
    }
}

/// With one byte left out, doubled or put there that means something in JSON.
std::string with_an_edit(std::string text, Rng& rng) {
    constexpr std::string_view k_bytes = "\"\\{}[]:,0-+.eE \n\x1f\x80tfn";
    const std::size_t at = rng.next_below(text.size());
    switch (rng.next_below(3)) {
        case 0: return text.erase(at, 1);
        case 1: return text.insert(at, 1, text[at]);
        default: text[at] = k_bytes[rng.next_below(k_bytes.size())]; return text;
    }
}

bool is_escaped(const std::string& text, std::size_t at) {
    std::size_t backslashes = 0;
    while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
}

/// The library's own text, taken apart from its indentation: that is made of spaces and newlines
/// outside of quotes.
std::string without_indentation(const std::string& pretty) {
    std::string compact;
    bool quoted = false;
    for (std::size_t i = 0; i < pretty.size(); ++i) {
        const char c = pretty[i];
        if (c == '"' && !is_escaped(pretty, i)) quoted = !quoted;
        if (quoted || (c != ' ' && c != '\n')) compact += c;
    }
    return compact;
}

}  // namespace

TEST_CASE("json: values survive parsing and writing", "[json]") {
    for (const std::string_view text :
         {"null", "true", "false", "0", "-1", "1.5", "\"\"", "\"a\"", "[]", "{}", "[1,[2,[]]]",
          R"({"a":{"b":[null,true]},"c":"é"})", "18446744073709551615", "-9223372036854775808",
          R"("\u0000\n\"\\")"}) {
        CHECK(round_trip(text) == text);
    }
    CHECK(round_trip(" { \"b\" : 1 ,\n\"a\" : 2 } ") == R"({"a":2,"b":1})");
    CHECK(round_trip(R"("\uD83D\uDE00\/")") == "\"😀/\"");
    CHECK(round_trip("\xEF\xBB\xBF[1]") == "[1]");
}

TEST_CASE("json: a syntax error is placed by line and column", "[json]") {
    CHECK_THAT(error_of("{\n  \"a\": tru\n}"), Catch::StartsWith("line 2, column "));
    CHECK_THAT(error_of("[1, 2"), Catch::StartsWith("line 1, column "));
    CHECK_THAT(error_of("{\n\n,}"), Catch::StartsWith("line 3, column 1: "));
    for (const std::string_view text : {"",
                                        "   ",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "'a'",
                                        "[1] [2]",
                                        "nul",
                                        "01",
                                        "+1",
                                        ".5",
                                        "1.",
                                        "NaN",
                                        "Infinity",
                                        "\"a",
                                        "\"\x01\"",
                                        "// comment\n1",
                                        "[1 2]",
                                        R"("\x41")",
                                        R"("\uD83D")"}) {
        CAPTURE(text);
        CHECK(error_of(text) != "no error");
    }
}

TEST_CASE("json: a zero byte does not end a text", "[json]") {
    using std::string_literals::operator""s;
    CHECK(error_of("{\"a\": 1}\n\0{\"a\": 2}"s) == "line 2, column 1: a zero byte is not JSON");
    for (const std::string& text : {"1\0"s, "\0"s, "\0 1"s, "[1,\0]"s, "\"a\0b\""s}) {
        CAPTURE(text);
        CHECK(error_of(text) != "no error");
    }
}

TEST_CASE("json: a message never repeats a long document", "[json]") {
    const std::string message = error_of("[\"" + std::string(100'000, 'x') + "\n\"]");
    CHECK(message.size() < 500);
}

TEST_CASE("json: bytes that are not UTF-8 are refused when read and replaced when written",
          "[json]") {
    for (const std::string_view text :
         {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xE2\x82\""}) {
        CHECK(error_of(text) != "no error");
    }
    CHECK(to_text(Json("a\xFFz")) == "\"a\xEF\xBF\xBDz\"");
    CHECK(to_pretty_text(Json({"\xFF"})) == "[\n  \"\xEF\xBF\xBD\"\n]\n");
}

TEST_CASE("json: nesting is limited on both sides of 128 levels", "[json][limits]") {
    CHECK(error_of(nested(limits::k_json_depth_max, '[', ']')) == "no error");
    CHECK(error_of(nested(limits::k_json_depth_max + 1, '[', ']')) ==
          "nesting is deeper than 128 levels");
    // Closed or not, far beyond the stack of a recursive reader.
    CHECK_THAT(error_of(nested(200'000, '[', ']')), Catch::Contains("nesting is deeper"));
    CHECK_THAT(error_of(std::string(200'000, '[')), Catch::Contains("nesting is deeper"));
    std::string objects;
    for (std::size_t i = 0; i <= limits::k_json_depth_max; ++i) objects += "{\"a\":";
    CHECK_THAT(error_of(objects), Catch::Contains("nesting is deeper"));
    CHECK(error_of("[[1]]", {.depth_max = 2}) == "no error");
    CHECK(error_of("[[[1]]]", {.depth_max = 2}) == "nesting is deeper than 2 levels");
}

TEST_CASE("json: an integer beyond 64 bits is refused instead of rounded", "[json][limits]") {
    CHECK(round_trip("18446744073709551615") == "18446744073709551615");
    CHECK_THAT(error_of("18446744073709551616"), Catch::Contains("does not fit in 64 bits"));
    CHECK(round_trip("-9223372036854775808") == "-9223372036854775808");
    CHECK_THAT(error_of("{\"id\": -9223372036854775809}"),
               Catch::Contains("-9223372036854775809 does not fit in 64 bits"));
    CHECK(error_of(std::string(10'000, '9')).size() < 200);
    CHECK(round_trip("1e300") == "1e+300");
    CHECK_THAT(error_of("1e400"), Catch::Contains("too large"));
    CHECK_THAT(error_of("[-1e400]"), Catch::Contains("too large"));
}

TEST_CASE("json: of duplicate keys the last wins unless they are refused", "[json]") {
    constexpr std::string_view k_text = R"({"a": 1, "b": {"a": 2}, "a": 3})";
    CHECK(round_trip(k_text) == R"({"a":3,"b":{"a":2}})");
    CHECK(error_of(k_text, {.allow_duplicate_keys = false}) ==
          "the key \"a\" stands twice in one object");
    CHECK(error_of(R"({"a": {"a": 1}})", {.allow_duplicate_keys = false}) == "no error");
    // The first value must not shine through a second one of another type.
    CHECK(round_trip(R"({"a": {"x": 1}, "a": [2]})") == R"({"a":[2]})");
}

TEST_CASE("json: parts report their place apart from the message", "[json]") {
    const auto broken = parse_json_part("[1,\n  x]");
    REQUIRE_FALSE(broken);
    CHECK(broken.error().line == 2);
    CHECK(broken.error().column == 3);
    CHECK_FALSE(broken.error().message.empty());
    CHECK(*parse_json_part("[1]") == Json({1}));
}

TEST_CASE("json: numbers that JSON does not have become null", "[json]") {
    CHECK(to_text(Json(std::numeric_limits<double>::quiet_NaN())) == "null");
    CHECK(to_text(Json(std::numeric_limits<double>::infinity())) == "null");
}

TEST_CASE("json: doubles are written so that they read back the same", "[json]") {
    for (const double value : {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 100.0}) {
        CHECK(parse_json(to_text(Json(value)))->get<double>() == value);
    }
    CHECK(to_text(Json(100.0)) == "100.0");
}

TEST_CASE("json: compact text is to the byte what the library writes", "[json]") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng rng(seed);
    for (int i = 0; i < 5'000; ++i) {
        const Json value = random_value(rng, 4);
        const std::string expected = without_indentation(to_pretty_text(value));
        if (to_text(value) != expected) CHECK(to_text(value) == expected);
    }
    CHECK(to_text(Json::binary({1})) == without_indentation(to_pretty_text(Json::binary({1}))));
}

TEST_CASE("json: a byte to escape is found wherever it stands in a long text", "[json]") {
    const std::string plain = "plain text, \x7f and \xc3\xa4 !#[]";
    for (int byte = 0; byte < 0x80; ++byte) {
        for (std::size_t at = 0; at <= 12; ++at) {
            std::string text = plain;
            text.insert(at, 1, static_cast<char>(byte));
            const Json value(text);
            const std::string expected = without_indentation(to_pretty_text(value));
            if (to_text(value) != expected) CHECK(to_text(value) == expected);
        }
    }
}

TEST_CASE("json: the quick reader gives what the thorough one gives or nothing", "[json]") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng rng(seed);
    std::size_t read = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string text = to_text(random_value(rng, 4));
        if (rng.next_below(2) == 0) text = with_an_edit(std::move(text), rng);
        const auto quick = read_plain_json(text, limits::k_json_depth_max);
        if (!quick) continue;
        ++read;
        const Json thorough = Json::parse(text, nullptr, false);
        const bool same = *quick == thorough && to_text(*quick) == to_text(thorough);
        if (!same) CHECK(text == "read the same by both");
    }
    CHECK(read > 5'000);
}

TEST_CASE("json: the quick reader takes numbers and texts as they usually are", "[json]") {
    for (const std::string_view text :
         {"0", "-0", "-1", "123456789012345678", "-0.5", "1.25e-3", "2E+5", "[]", " { } ",
          R"({"a":[1,{"b":null}],"c":"line\nbreak \"quoted\" \\ é 日本 😀"})"}) {
        CAPTURE(text);
        const auto quick = read_plain_json(text, 8);
        REQUIRE(quick);
        CHECK(*quick == Json::parse(text));
        CHECK(quick->type() == Json::parse(text).type());
    }
    for (const std::string_view text : {"",
                                        "-",
                                        "01",
                                        "1.",
                                        ".5",
                                        "1e",
                                        "+1",
                                        "1 2",
                                        "[1,]",
                                        "[,1]",
                                        "{\"a\":1,}",
                                        "{\"a\"}",
                                        "{a:1}",
                                        "nul",
                                        "truely",
                                        "\"a",
                                        "\"\\",
                                        "\"\\x\"",
                                        "\"\n\"",
                                        "\"\xFF\"",
                                        "[",
                                        "{\"a\":",
                                        "1e400",
                                        "1234567890123456789",
                                        "\"\\u0041\"",
                                        R"({"a":1,"a":2})",
                                        "[[[[[[[[[1]]]]]]]]]"}) {
        CAPTURE(text);
        CHECK_FALSE(read_plain_json(text, 8));
    }
}

TEST_CASE("json: pretty text keeps the order it was written in", "[json]") {
    const OrderedJson value = {{"b", 1}, {"a", OrderedJson::array({2})}};
    CHECK(to_text(value) == R"({"b":1,"a":[2]})");
    CHECK(to_pretty_text(value) == "{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}\n");
}

TEST_CASE("json: as text gives strings bare and everything else compact", "[json]") {
    CHECK(as_text(Json("a \"b\"")) == "a \"b\"");
    CHECK(as_text(Json(nullptr)) == "null");
    CHECK(as_text(Json({{"b", 1}, {"a", {true, 0.5}}})) == R"({"a":[true,0.5],"b":1})");
    std::string scratch;
    const Json text = "held by the value";
    CHECK(as_text(text, scratch).data() == text.get_ref<const std::string&>().data());
    CHECK(as_text(Json(5), scratch) == "5");
    CHECK(scratch == "5");
}

TEST_CASE("json: types are named in words", "[json]") {
    CHECK(type_phrase(Json(nullptr)) == "null");
    CHECK(type_phrase(Json(true)) == "a boolean");
    CHECK(type_phrase(Json("a")) == "a string");
    CHECK(type_phrase(Json::object()) == "an object");
    CHECK(type_phrase(Json::array()) == "an array");
    CHECK(type_phrase(Json(-1)) == "an integer");
    CHECK(type_phrase(Json(1U)) == "an integer");
    CHECK(type_phrase(Json(1.5)) == "a number");
}

}  // namespace assay
