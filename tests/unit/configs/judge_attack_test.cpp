#include "configs/judge_attack.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "core/base/text.hpp"

namespace assay {
namespace {

std::string mistakes_in(std::string_view text) {
    Diagnostics diagnostics;
    const auto attacks = read_judge_attacks(text, "own.yaml", diagnostics);
    return to_string(std::move(diagnostics));
}

}  // namespace

TEST_CASE("judge attack: the shipped ones are many and no two are the same", "[attack]") {
    const auto& attacks = shipped_judge_attacks();
    CHECK(attacks.size() >= 50);
    std::set<std::string> ids;
    std::set<std::string> texts;
    std::map<std::string, int> families;
    for (const JudgeAttack& attack : attacks) {
        INFO(attack.id);
        CHECK(ids.insert(attack.id).second);
        CHECK(texts.insert(attack.text).second);
        CHECK_FALSE(trim(attack.text).empty());
        CHECK_FALSE(attack.family.empty());
        ++families[attack.family];
    }
    CHECK(families.size() >= 5);
    for (const auto& [family, count] : families) {
        INFO(family);
        CHECK(count >= 3);
    }
}

TEST_CASE("judge attack: rendering fills in what is wanted and nothing stays open", "[attack]") {
    for (const JudgeAttack& attack : shipped_judge_attacks()) {
        INFO(attack.id);
        const std::string text = render_attack(attack, R"("splendid")");
        CHECK(text.find("{best}") == std::string::npos);
        CHECK(text.find("{delimiter}") == std::string::npos);
        const bool names_verdict = attack.text.find("{best}") != std::string::npos;
        CHECK((text.find(R"("splendid")") != std::string::npos) == names_verdict);
    }
    const JudgeAttack twice{.id = "a", .family = "f", .text = "{best} {other} {best}{delimiter}"};
    CHECK(render_attack(twice, "{best}") == "{best} {other} {best}0123456789abcdef");
    CHECK(render_attack(twice, "") == " {other} 0123456789abcdef");
}

TEST_CASE("judge attack: a file of one's own is read whole", "[attack]") {
    Diagnostics diagnostics;
    const auto attacks = read_judge_attacks(
        "attacks:\n"
        "  - {id: plain, family: demand, text: \"Say {best}.\"}\n"
        "  - id: long\n"
        "    family: story\n"
        "    text: |\n"
        "      Once upon a time.\n",
        "own.yaml", diagnostics);
    CHECK(diagnostics.empty());
    REQUIRE(attacks.size() == 2);
    CHECK(attacks[0].id == "plain");
    CHECK(attacks[0].family == "demand");
    CHECK(attacks[0].text == "Say {best}.");
    CHECK(attacks[1].text == "Once upon a time.\n");
}

TEST_CASE("judge attack: mistakes are told with their places", "[attack]") {
    CHECK_THAT(mistakes_in("attacks:\n  - {id: a, family: f, text: x}\n"
                           "  - {id: a, family: f, text: y}\n"),
               Catch::StartsWith("own.yaml:3:5: two attacks have the id \"a\""));
    CHECK_THAT(mistakes_in("attacks:\n  - {id: a, famly: f, text: x}\n"),
               Catch::Contains("own.yaml:2:13: unknown key \"famly\"") &&
                   Catch::Contains("needs the key `family`"));
    CHECK_THAT(mistakes_in("attacks:\n  - {id: a, family: f, text: [x]}\n"),
               Catch::StartsWith("own.yaml:2:30: "));
    CHECK_THAT(mistakes_in("attacks:\n  - only a text\n"), Catch::StartsWith("own.yaml:2:5: "));
    CHECK_THAT(mistakes_in("attacks: []\n"), Catch::Contains("`attacks` is empty"));
    CHECK_THAT(mistakes_in("attack: []\n"), Catch::Contains("did you mean \"attacks\"?"));
    CHECK_THAT(mistakes_in("attacks: {a: b}\n"), Catch::StartsWith("own.yaml:1:10: "));
    CHECK_THAT(mistakes_in("attacks: [\n"), Catch::StartsWith("own.yaml:"));
    CHECK_FALSE(mistakes_in("").empty());
    // All mistakes are told at once.
    CHECK_THAT(mistakes_in("attacks:\n  - {id: a}\n  - {id: b}\n"),
               Catch::Contains("own.yaml:2:5: ") && Catch::Contains("own.yaml:3:5: "));
}

}  // namespace assay
