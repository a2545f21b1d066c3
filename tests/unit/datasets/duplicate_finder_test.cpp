#include "datasets/duplicate_finder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay::test {
namespace {

using Found = DuplicateFinder::Duplicates;

Found find(const std::vector<std::uint64_t>& values, std::size_t held_max) {
    DuplicateFinder finder(held_max);
    std::uint64_t line = 0;
    for (const std::uint64_t value : values) REQUIRE(finder.add({value, 7}, ++line));
    auto found = finder.finish(1000);
    if (!found) FAIL(found.error().message);
    return std::move(*found);
}

std::map<std::uint64_t, std::uint64_t> pairs(const Found& found) {
    std::map<std::uint64_t, std::uint64_t> by_line;
    for (const auto& duplicate : found.listed) by_line[duplicate.line] = duplicate.first_line;
    return by_line;
}

}  // namespace

TEST_CASE("duplicate finder: each later row points to the first one") {
    const Found found = find({5, 6, 5, 7, 5, 6}, 100);
    CHECK(found.count == 3);
    CHECK(pairs(found) == std::map<std::uint64_t, std::uint64_t>{{3, 1}, {5, 1}, {6, 2}});
}

TEST_CASE("duplicate finder: nothing is found among different rows or none") {
    CHECK(find({}, 1).count == 0);
    CHECK(find({1, 2, 3}, 100).count == 0);
    CHECK(find({1, 2, 3}, 1).count == 0);
}

TEST_CASE("duplicate finder: both halves of a fingerprint count") {
    DuplicateFinder finder;
    REQUIRE(finder.add({1, 2}, 1));
    REQUIRE(finder.add({1, 3}, 2));
    REQUIRE(finder.add({2, 2}, 3));
    CHECK(finder.finish(10)->count == 0);
}

TEST_CASE("duplicate finder: spilling changes nothing at any block size") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    std::vector<std::uint64_t> values;
    std::map<std::uint64_t, std::uint64_t> first;
    std::map<std::uint64_t, std::uint64_t> expected;
    for (std::uint64_t line = 1; line <= 20'000; ++line) {
        values.push_back(rng.next_below(400'000));
        const auto [seen, is_new] = first.emplace(values.back(), line);
        if (!is_new) expected[line] = seen->second;
    }
    REQUIRE(expected.size() > 100);
    REQUIRE(expected.size() < 1000);
    for (const std::size_t held_max : {7U, 4096U, 9999U, 19'999U, 20'000U, 20'001U}) {
        const Found found = find(values, held_max);
        CAPTURE(held_max);
        CHECK(found.count == expected.size());
        CHECK(pairs(found) == expected);
    }
}

TEST_CASE("duplicate finder: the list is bounded and the count is not") {
    DuplicateFinder finder(16);
    for (std::uint64_t line = 1; line <= 500; ++line) REQUIRE(finder.add({1, 1}, line));
    const auto found = finder.finish(10);
    REQUIRE(found.has_value());
    CHECK(found->listed.size() == 10);
    CHECK(found->count == 499);
}

TEST_CASE("duplicate finder: a temporary folder that is not there is an error") {
    const char* const before = std::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("TMPDIR", "/nonexistent-folder", 1);
    DuplicateFinder finder(1);
    REQUIRE(finder.add({1, 1}, 1));
    const auto added = finder.add({2, 1}, 2);
    before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
    REQUIRE_FALSE(added.has_value());
    CHECK_THAT(added.error().message, Catch::Contains("TMPDIR"));
}

}  // namespace assay::test
