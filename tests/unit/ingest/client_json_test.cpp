#include "server/ingest/client_json.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace assay {
namespace {

std::string nested(std::size_t levels, const std::string& inside) {
    return std::string(levels, '[') + inside + std::string(levels, ']');
}

TEST_CASE("client json: what is JSON is read as it is", "[ingest]") {
    for (const char* const text :
         {"{}", R"({"a":[1,-2,0.5,1e3,"x\"\\\u00e9\ud83d\ude00",null,true]})",
          "[18446744073709551615,-9223372036854775808]", "\"\\u0000\""}) {
        CAPTURE(text);
        CHECK(*parse_client_json(text) == *parse_json(text));
    }
}

TEST_CASE("client json: what cannot be taken is mended and costs nothing else", "[ingest]") {
    struct Row {
        std::string sent;
        std::string same_as;
    };
    for (const Row& row : {
             Row{R"(["\ud83d","ok"])", R"(["�","ok"])"},
             Row{R"(["a\ude00b"])", R"(["a�b"])"},
             Row{R"(["\ud83d\ud83d\ude00"])", R"(["�😀"])"},
             Row{R"(["\ud83dx\n","\\ud83d"])", R"(["�x\n","\\ud83d"])"},
             Row{"[\"\xff\xfe\",\"\\ud800\"]", R"(["��","�"])"},
             Row{"[\"\xed\xa0\x80\"]", R"(["���"])"},
             Row{"[18446744073709551616,-9223372036854775809,1]",
                 R"(["18446744073709551616","-9223372036854775809",1])"},
             Row{"[1e400,-1e400,1e5]", R"(["1e400","-1e400",1e5])"},
             Row{R"({"123456789012345678901234567890":123456789012345678901234567890})",
                 R"({"123456789012345678901234567890":"123456789012345678901234567890"})"},
         }) {
        CAPTURE(row.sent);
        const auto parsed = parse_client_json(row.sent);
        REQUIRE(parsed);
        CHECK(to_text(*parsed) == to_text(*parse_json(row.same_as)));
    }
}

TEST_CASE("client json: what is nested too deeply becomes the text of it", "[ingest]") {
    const std::string fits = nested(128, "1");
    CHECK(*parse_client_json(fits) == *parse_json(fits));

    const auto parsed = parse_client_json(nested(130, R"({"a]":"\"]"})"));
    REQUIRE(parsed);
    const Json* value = &*parsed;
    for (int i = 0; i < 128; ++i) {
        REQUIRE(value->is_array());
        REQUIRE(value->size() == 1);
        value = &value->front();
    }
    CHECK(*value == R"([[{"a]":"\"]"}]])");

    // What follows is not lost, and not deeper than before.
    const auto both = parse_client_json("[" + nested(128, "1") + ",{\"a\":2}]");
    REQUIRE(both);
    CHECK(both->at(1) == Json{{"a", 2}});

    const std::string abyss = nested(200'000, "");
    const auto kept = parse_client_json(abyss);
    REQUIRE(kept);
    CHECK(to_text(*kept).size() < abyss.size() + 10);
}

TEST_CASE("client json: what is no JSON is refused with its place", "[ingest]") {
    for (const std::string& text : {std::string(),
                                    std::string("{"),
                                    std::string("[1,]"),
                                    std::string("{\"a\":nope}"),
                                    std::string("\"\\ud83d"),
                                    std::string("[\"\\u12"),
                                    std::string("[\"\\"),
                                    std::string("[\"\\ud83d\\u"),
                                    std::string("[--1]"),
                                    std::string("[1e400e]"),
                                    std::string("[01e400]"),
                                    std::string("[1.e400]"),
                                    std::string("[000099999999999999999999]"),
                                    std::string("[1e+]"),
                                    std::string("[-]"),
                                    std::string(200'000, '['),
                                    std::string(200, '[') + "\"",
                                    std::string(200, '[') + std::string(199, ']'),
                                    std::string("]]]]"),
                                    std::string("[\"a\0b\"]", 7)}) {
        CAPTURE(text.substr(0, 40));
        const auto parsed = parse_client_json(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::invalid_argument);
    }
    CHECK(parse_client_json("[1,]").error().message == parse_json("[1,]").error().message);
}

}  // namespace
}  // namespace assay
