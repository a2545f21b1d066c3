#include "configs/located_document.hpp"

#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>

#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

Json value_of(std::string_view text) {
    const LocatedDocument document = parse_located(text, "a.yaml");
    INFO(text);
    CHECK(to_string(document.diagnostics).empty());
    return document.value;
}

std::string mistakes_of(std::string_view text, std::string_view name = "a.yaml") {
    return to_string(parse_located(text, name).diagnostics);
}

std::string place_of(const LocatedDocument& document, std::string_view pointer) {
    const Place value = document.places.find(pointer);
    const Place key = document.places.find_key(pointer);
    return fmt::format("{}:{} {}:{}", key.line, key.column, value.line, value.column);
}

TEST_CASE("located document: quoted text is never a number or a boolean") {
    const Json value = value_of("a: \"1\"\nb: 'no'\nc: \"null\"\nd: !!str 017\ne: |\n  12\n");
    CHECK(to_text(value) == R"({"a":"1","b":"no","c":"null","d":"017","e":"12\n"})");
}

TEST_CASE("located document: keys are text whatever they look like") {
    CHECK(to_text(value_of("{on: 1, no: 2, 017: 3, 1.5: 4, true: 5}")) ==
          R"({"017":3,"1.5":4,"no":2,"on":1,"true":5})");
}

TEST_CASE("located document: merges give way to what is written and to merges before them") {
    const Json value = value_of(R"(
base: &base {a: 1, b: 1, c: 1}
more: &more {b: 2, c: 2, d: 2}
one: {<<: *base, a: 9}
late: {a: 9, <<: *base}
many: {<<: [*more, *base], d: 9}
inline: {<<: {a: 7}, b: 8}
chain: &chain {<<: *base, e: 5}
chained: {<<: *chain}
quoted: {"<<": 1}
)");
    CHECK(to_text(value["one"]) == R"({"a":9,"b":1,"c":1})");
    CHECK(value["late"] == value["one"]);
    CHECK(to_text(value["many"]) == R"({"a":1,"b":2,"c":2,"d":9})");
    CHECK(to_text(value["inline"]) == R"({"a":7,"b":8})");
    CHECK(to_text(value["chained"]) == R"({"a":1,"b":1,"c":1,"e":5})");
    CHECK(to_text(value["quoted"]) == R"({"<<":1})");
}

TEST_CASE("located document: keys and values have places that count from 1") {
    const LocatedDocument document = parse_located(
        "a: 1\nb:\n  - x\n  - {k: v}\nü: \"ä\" # two bytes each\nn:\nm: ~\nl: [é, , "
        "z]\nnext:\nname: 1\n",
        "a.yaml");
    CHECK(document.diagnostics.empty());
    CHECK(place_of(document, "") == "1:1 1:1");
    CHECK(place_of(document, "/a") == "1:1 1:4");
    CHECK(place_of(document, "/b") == "2:1 3:3");
    CHECK(place_of(document, "/b/1/k") == "4:6 4:9");
    CHECK(place_of(document, "/ü") == "5:1 5:4");
    CHECK(place_of(document, "/n") == "6:1 6:1");
    CHECK(place_of(document, "/m") == "7:1 7:4");
    CHECK(place_of(document, "/l/1") == "8:6 8:6");
    CHECK(place_of(document, "/l/2") == "8:10 8:10");
    CHECK(place_of(document, "/next") == "9:1 9:1");
}

TEST_CASE("located document: what an alias repeats is placed where it is written") {
    const LocatedDocument document =
        parse_located("x-a: &a\n  t: 1\nuse: *a\nmerged:\n  <<: *a\n  u: 2\n", "a.yaml");
    CHECK(place_of(document, "/use") == "3:1 3:6");
    CHECK(place_of(document, "/use/t") == "2:3 2:6");
    CHECK(place_of(document, "/merged/t") == "2:3 2:6");
    CHECK(place_of(document, "/merged/u") == "6:3 6:6");
}

TEST_CASE("located document: JSON has places too") {
    const LocatedDocument document = parse_located(
        "{\n  \"a\": [1, {\"b/c\": \"}],\\\"\"}, -2.5e3 , true],\n\t\"ü\": {}, \"e\": []}",
        "a.json");
    CHECK(document.diagnostics.empty());
    CHECK(to_text(document.value) == R"({"a":[1,{"b/c":"}],\""},-2500.0,true],"e":[],"ü":{}})");
    CHECK(place_of(document, "/a") == "2:3 2:8");
    CHECK(place_of(document, "/a/1/b~1c") == "2:13 2:20");
    CHECK(place_of(document, "/a/2") == "2:30 2:30");
    CHECK(place_of(document, "/ü") == "3:2 3:7");
    CHECK(place_of(document, "/e") == "3:11 3:16");
    CHECK(parse_located("3", "a.json").value == Json(3));
}

TEST_CASE("located document: JSON is not read as YAML") {
    CHECK_FALSE(mistakes_of("{a: 1}", "a.json").empty());
    CHECK_FALSE(mistakes_of("{\"a\": 1,}", "a.json").empty());
    CHECK_FALSE(mistakes_of("", "a.json").empty());
    CHECK_THAT(mistakes_of("{\n \"a\": 1,\n \"a\": 2}", "a.json"),
               Catch::StartsWith("a.json:3:2: "));
    CHECK_THAT(mistakes_of("{\"a\": 123456789012345678901}", "a.json"), Catch::Contains("64 bits"));
}

TEST_CASE("located document: a byte-order mark and Windows line ends change nothing") {
    const LocatedDocument document = parse_located(
        "\xEF\xBB\xBF"
        "a: 1\r\nb: x\r\n",
        "a.yaml");
    CHECK(document.diagnostics.empty());
    CHECK(to_text(document.value) == R"({"a":1,"b":"x"})");
    CHECK(place_of(document, "/b") == "2:1 2:4");
}

TEST_CASE("located document: a file of comments is null without a mistake") {
    for (const char* text : {"", "# nothing\n", "---\n", "\n\n"}) {
        const LocatedDocument document = parse_located(text, "a.yaml");
        INFO(text);
        CHECK(document.value.is_null());
        CHECK(document.diagnostics.empty());
    }
}

TEST_CASE("located document: depth is bounded on both sides of the limit") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + "1" + std::string(depth, ']');
    };
    for (const char* name : {"a.yaml", "a.json"}) {
        CHECK(mistakes_of(nested(limits::k_yaml_depth_max), name).empty());
        CHECK_THAT(mistakes_of(nested(limits::k_yaml_depth_max + 1), name),
                   Catch::Contains("nesting is deeper than 128 levels"));
        CHECK_FALSE(mistakes_of(nested(200'000), name).empty());
    }
}

TEST_CASE("located document: the number of values is bounded on both sides of the limit") {
    const auto list = [](std::size_t items) {
        std::string text = "[";
        for (std::size_t i = 0; i < items; ++i) text += i == 0 ? "1" : ",1";
        return text + "]";
    };
    for (const char* name : {"a.yaml", "a.json"}) {
        CHECK(mistakes_of(list(limits::k_yaml_nodes_max - 1), name).empty());
        const LocatedDocument document = parse_located(list(limits::k_yaml_nodes_max), name);
        CHECK(document.value.is_null());
        CHECK_THAT(to_string(document.diagnostics), Catch::Contains("100000 values"));
    }
}

TEST_CASE("located document: aliases that multiply a large text are refused") {
    const std::string megabyte(1U << 20U, 'x');
    std::string text = "a: &a " + megabyte + "\nb: [";
    for (int i = 0; i < 20; ++i) text += "*a, ";
    CHECK(mistakes_of(text + "]").empty());
    for (int i = 0; i < 20; ++i) text += "*a, ";
    CHECK_THAT(mistakes_of(text + "]"), Catch::Contains("32 MB"));
}

TEST_CASE("located document: bombs are refused in time") {
    std::string aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    std::string merges = "a0: &a0 {k: 1}\n";
    for (int i = 1; i < 30; ++i) {
        const std::string below = fmt::format("*a{}", i - 1);
        const std::string ten = fmt::format("{0},{0},{0},{0},{0},{0},{0},{0},{0},{0}", below);
        aliases += fmt::format("a{0}: &a{0} [{1}]\n", i, ten);
        merges += fmt::format("a{0}: &a{0} {{<<: [{1}]}}\n", i, ten);
    }
    std::string long_keys;
    for (int i = 0; i < 100; ++i) long_keys += "{\"" + std::string(20'000, 'k') + "\":";
    long_keys += "[";
    for (int i = 0; i < 50'000; ++i) long_keys += "1,";
    long_keys += "1]" + std::string(100, '}');
    std::string blocks;
    for (int i = 0; i < 500'000; ++i) blocks += "- ";
    const std::pair<const char*, std::string> bombs[] = {
        {"a.yaml", aliases},
        {"a.yaml", merges},
        {"a.json", long_keys},
        {"a.yaml", "a: &a [" + std::string(1000, ' ') + "*a]"},
        {"a.yaml", std::string(1'000'000, '[')},
        {"a.yaml", blocks},
        {"a.json", std::string(1'000'000, '[')}};
    for (const auto& [name, text] : bombs) {
        const auto begin = std::chrono::steady_clock::now();
        CHECK_FALSE(mistakes_of(text, name).empty());
        INFO(text.substr(0, 40));
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
    }
}

TEST_CASE("located document: a stray comma at the top is one mistake and not an endless file") {
    CHECK_THAT(mistakes_of(","), Catch::StartsWith("a.yaml:1:1: this is not valid YAML"));
    CHECK_FALSE(mistakes_of("&a,").empty());
    CHECK_THAT(mistakes_of("a: 1\n---\nb: 2\n"), Catch::Contains("a second YAML document"));
    CHECK(to_text(value_of("a: 1\n...\n")) == R"({"a":1})");
}

TEST_CASE("located document: no text whatever makes it fail without a sentence") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    constexpr std::array<std::string_view, 40> k_pieces = {
        "a: ",  "b: ", "a",     " ",   "\n", "\n  ", "\n- ", "- ",  "? ",     ": ",
        "{",    "}",   "[",     "]",   ", ", "{{",   "}}",   "&x ", "*x",     "<<: *x",
        "<<: ", "'",   "\"",    "|\n", ">",  "#",    " # c", "!t ", "!!str ", "%",
        "@",    "`",   "---\n", "...", "\t", "017",  "no",   "~",   "\\",     "\xC3\xBC"};
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        for (int i = 0; i < 15; ++i) text += k_pieces[rng.next_below(k_pieces.size())];
        INFO(text);
        const LocatedDocument document = parse_located(text, "a.yaml");
        for (const Diagnostic& diagnostic : document.diagnostics) {
            CHECK(diagnostic.place.line >= 1);
            CHECK(diagnostic.place.column >= 1);
            CHECK_FALSE(diagnostic.message.empty());
        }
        (void)to_text(document.value);
    }
}

}  // namespace
}  // namespace assay
