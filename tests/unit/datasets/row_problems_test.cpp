#include "datasets/row_problems.hpp"

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"

namespace assay::test {

TEST_CASE("row problems: a repeated mistake is shown three times and then counted") {
    RowProblems problems("f");
    CHECK(problems.empty());
    for (std::uint64_t line = 1; line <= 10; ++line) problems.add({line}, "wrong");
    problems.add({20, 5}, "other");
    CHECK_FALSE(problems.empty());
    CHECK(to_string(std::move(problems).take()) ==
          "f:1: wrong\nf:2: wrong\nf:3: wrong\nf:4: wrong (and so in 6 more rows)\nf:20:5: other");
}

TEST_CASE("row problems: a fourth one alone is shown as it is") {
    RowProblems problems("f");
    for (std::uint64_t line = 1; line <= 4; ++line) problems.add({line}, "wrong");
    CHECK(to_string(std::move(problems).take()) ==
          "f:1: wrong\nf:2: wrong\nf:3: wrong\nf:4: wrong");
}

TEST_CASE("row problems: never more than the limit and every one is counted") {
    for (const std::uint64_t count : {40U, 97U, 98U, 99U, 100U, 101U, 1000U, 100'000U}) {
        CAPTURE(count);
        RowProblems problems("f");
        for (std::uint64_t line = 1; line <= count; ++line) {
            problems.add({line}, "mistake " + std::to_string(line / 2));
        }
        const Diagnostics diagnostics = std::move(problems).take();
        CHECK(diagnostics.size() <= limits::k_diagnostics_max);
        std::uint64_t counted = 0;
        for (const Diagnostic& diagnostic : diagnostics) {
            std::uint64_t more = 0;
            const bool is_count =
                std::sscanf(diagnostic.message.c_str(), "... and %lu more", &more) == 1;
            counted += is_count ? more : 1;
        }
        CHECK(counted == count);
    }
}

}  // namespace assay::test
