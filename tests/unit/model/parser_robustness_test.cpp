// Whatever text comes in, a parser gives a value that can be used or says what is wrong.

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/model/filter.hpp"
#include "core/model/json_path.hpp"
#include "core/model/template.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

const Json k_document = {{"a", {1, "x", nullptr, {{"b", 2.5}}}},
                         {"b", {{"a", "it's"}, {"e", true}}}};

/// Joins up to `length_max` random pieces, so that many texts are nearly right.
std::string random_text(Rng& rng, const std::vector<std::string>& pieces, std::size_t length_max) {
    std::string text;
    for (std::uint64_t i = rng.next_below(length_max + 1); i > 0; --i) {
        text += pieces[rng.next_below(pieces.size())];
    }
    return text;
}

/// @param use  parses a text and uses what comes out; the error, or nothing.
void check_parser(const std::vector<std::string>& pieces, const std::string& prefix,
                  const std::function<Result<void>(const std::string& text)>& use) {
    const std::uint64_t seed = test::seed_of_test();
    Rng rng(seed);
    int accepted = 0;
    // How many of the texts are right is chance, and a test of none would be worth nothing.
    for (int i = 0; i < 20'000 || (accepted <= 20 && i < 500'000); ++i) {
        const std::string text = prefix + random_text(rng, pieces, 10);
        INFO("ASSAY_SEED=" << seed << " text: " << text);
        const Result<void> used = use(text);
        if (used) {
            ++accepted;
            continue;
        }
        REQUIRE(used.error().code == ErrorCode::invalid_argument);
        REQUIRE_FALSE(used.error().message.empty());
    }
    CHECK(accepted > 20);
}

const std::string k_zero_byte(1, '\0');

}  // namespace

TEST_CASE("json path: any text is a query or an error", "[json_path][property]") {
    check_parser(
        {"$",       "@",      ".", "..", "[",       "]", "*",    "'a'", "a",    "b",  "0",
         "-1",      ":",      ",", "?",  "(",       ")", "!",    "==",  "<",    "&&", "||",
         "length(", "match(", "'", "\\", "\\u00e9", " ", "true", "1e5", "\xC3", "é",  k_zero_byte},
        "$", [](const std::string& text) -> Result<void> {
            ASSAY_TRY(const JsonPath path, JsonPath::parse(text));
            ASSAY_TRY(const auto nodes, path.select(k_document));
            CHECK((!path.is_singular() || nodes.size() <= 1));
            return {};
        });
}

TEST_CASE("filter: any text is a condition or an error", "[filter][property]") {
    check_parser(
        {"a",         "`",          "'",     "(",    ")",       " ", "=",  "!",        "<", ">",
         "in",        "not ",       " and ", " or ", " exists", "1", ".",  ",",        "-", "e",
         " matches ", " contains ", "null",  "'x'",  "\xC3",    "é", "\"", k_zero_byte},
        "", [](const std::string& text) -> Result<void> {
            ASSAY_TRY(const Filter filter, Filter::parse(text));
            const bool negated = Filter::parse("not (" + text + ")")->matches(k_document);
            CHECK(filter.matches(k_document) != negated);
            return {};
        });
}

TEST_CASE("template: any text is a template or an error", "[template][property]") {
    check_parser({"{{", "}}", "{", "}",       "\\", "a", "b",    ".",  "0",    "[", "]",        "'",
                  "\"", " ",  "|", "default", "(",  ")", "('')", "\n", "\xC3", "é", k_zero_byte},
                 "", [](const std::string& text) -> Result<void> {
                     ASSAY_TRY(const TextTemplate made, TextTemplate::parse(text));
                     const auto rendered = made.render({.input = &k_document});
                     CHECK((rendered || made.has_variables()));
                     return {};
                 });
}

}  // namespace assay
