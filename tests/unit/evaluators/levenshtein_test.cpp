#include <algorithm>
#include <chrono>
#include <numeric>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "evaluator_helpers.hpp"
#include "evaluators/edit_distance.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::outcome;

using Text = std::vector<char32_t>;

std::size_t distance(std::string_view a, std::string_view b) {
    return edit_distance(to_code_points(a), to_code_points(b));
}

/// The textbook's table (Wagner and Fischer, J. ACM 21(1), 1974), row by row.
std::size_t distance_by_table(const Text& a, const Text& b) {
    std::vector<std::size_t> above(b.size() + 1);
    std::iota(above.begin(), above.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::vector<std::size_t> row{i + 1};
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = above[j] + (a[i] == b[j] ? 0 : 1);
            row.push_back(std::min({above[j + 1] + 1, row[j] + 1, replaced}));
        }
        above = std::move(row);
    }
    return above.back();
}

TEST_CASE("levenshtein: published examples", "[levenshtein]") {
    CHECK(distance("kitten", "sitting") == 3);
    CHECK(distance("Saturday", "Sunday") == 3);
    CHECK(distance("gumbo", "gambol") == 2);
    CHECK(distance("intention", "execution") == 5);
    CHECK(distance("flaw", "lawn") == 2);
    CHECK(distance("rosettacode", "raisethysword") == 8);
    CHECK(distance("", "") == 0);
    CHECK(distance("", "abc") == 3);
    CHECK(distance("abc", "") == 3);
    CHECK(distance("ab", "ba") == 2);  // a swap is two edits
    CHECK(distance("Gr\u00fc\u00dfe", "Gruesse") == 4);
}

TEST_CASE("levenshtein: equal to the textbook's table on random texts", "[levenshtein]") {
    const std::uint64_t seed = test::seed_of_test();
    Rng rng(seed);
    const auto random_text = [&rng](std::size_t length_max, std::uint64_t letters) {
        Text text(rng.next_below(length_max + 1));
        for (char32_t& c : text) c = static_cast<char32_t>(0x4E00 + rng.next_below(letters));
        return text;
    };
    for (int round = 0; round < 2000; ++round) {
        const std::size_t length_max = round % 10 == 0 ? 300 : 70;
        const std::uint64_t letters = 1 + rng.next_below(30);
        const Text a = random_text(length_max, letters);
        Text b = random_text(length_max, letters);
        if (round % 3 == 0 && !a.empty()) {  // a few edits away instead of unrelated
            b = a;
            b.erase(b.begin() + static_cast<std::ptrdiff_t>(rng.next_below(b.size())));
            b.insert(b.begin() + static_cast<std::ptrdiff_t>(rng.next_below(b.size() + 1)), U'x');
        }
        INFO("ASSAY_SEED=" << seed << ", round " << round);
        REQUIRE(edit_distance(a, b) == distance_by_table(a, b));
    }
}

TEST_CASE("levenshtein: block borders", "[levenshtein]") {
    for (const std::size_t length : {63U, 64U, 65U, 127U, 128U, 129U}) {
        const Text a(length, U'a');
        Text changed = a;
        changed[length / 2] = U'b';
        changed.back() = U'c';
        CHECK(edit_distance(a, a) == 0);
        CHECK(edit_distance(a, changed) == 2);
        CHECK(edit_distance(a, Text(length, U'z')) == length);
        CHECK(edit_distance(a, Text(length + 1, U'a')) == 1);
    }
}

TEST_CASE("levenshtein: the score is the share that stays the same", "[levenshtein]") {
    const auto similarity = bound("levenshtein");
    CHECK(outcome(similarity, "kitten", "sitting").get<double>() == Approx(1 - 3.0 / 7));
    CHECK(comment_of(similarity, "kitten", "sitting") == "edit distance 3");
    CHECK(outcome(similarity, "", "") == 1.0);
    CHECK(outcome(similarity, "abc", "xyz") == 0.0);
    CHECK(outcome(similarity, "ABC", "abc") == 0.0);
    CHECK(outcome(bound("levenshtein", {{"ignore_case", true}}), "ABC", "abc") == 1.0);
    CHECK(outcome(similarity, 1234, "1235") == 0.75);
}

TEST_CASE("levenshtein: texts at the limit are compared and longer ones are an error",
          "[levenshtein]") {
    const auto similarity = bound("levenshtein");
    const auto text = [](std::size_t characters, const char* character) {
        std::string repeated;
        for (std::size_t i = 0; i < characters; ++i) repeated += character;
        return repeated;
    };
    const std::size_t most = limits::k_edit_distance_characters_max;
    const auto began = std::chrono::steady_clock::now();
    CHECK(outcome(similarity, text(most, "\u00e4"), text(most, "b")) == 0.0);
    // A table of 4 · 10⁸ cells would take seconds.
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
    CHECK(is_error(outcome(similarity, text(most + 1, "\u00e4"), "x")));
    const Json refused = outcome(similarity, "x", text(most + 1, "x"));
    CHECK(refused ==
          "error: the expected value has 20001 characters; the edit distance is "
          "computed for texts of up to 20000");
}

}  // namespace
}  // namespace assay
