#include <fmt/format.h>

#include <string>

#include "tests/support/null_rejection.hpp"

// How often tests reject a hypothesis that is true, as the table of docs/statistics.md:
//
//   null_bench

namespace assay {
namespace {

constexpr std::size_t k_rounds = 100'000;

void print_row(const std::string& name, const std::string& data, double at_5, double at_1) {
    fmt::print("| {} | {} | {:.2f} % | {:.2f} % |\n", name, data, 100 * at_5, 100 * at_1);
}

void print_exact() {
    for (const std::uint64_t differing : {10U, 30U, 100U, 1000U}) {
        print_row("McNemar, exact", fmt::format("{} pairs that differ", differing),
                  test::mcnemar_rejects(differing, 0.05), test::mcnemar_rejects(differing, 0.01));
    }
    for (const std::uint64_t trials : {10U, 30U, 100U}) {
        print_row("Fisher, exact", fmt::format("twice {} answers, the worst rate", trials),
                  test::fisher_rejects(trials, trials, 0.05),
                  test::fisher_rejects(trials, trials, 0.01));
    }
    const std::vector<double> sizes = {0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.5, 0.7, 0.9, 1, 4};
    const test::PValue flips = [](const auto& differences) {
        return test::p_of(sign_flip(differences, {}));
    };
    print_row("sign flip, exact", "12 sizes, ties and one outlier",
              test::rejects_over_signs(sizes, flips, 0.05),
              test::rejects_over_signs(sizes, flips, 0.01));
    std::vector<double> counting(12);
    std::iota(counting.begin(), counting.end(), 1.0);
    const test::PValue ranks = [](const auto& differences) {
        return test::p_of(signed_rank(differences));
    };
    print_row("signed rank, exact", "12 differences",
              test::rejects_over_signs(counting, ranks, 0.05),
              test::rejects_over_signs(counting, ranks, 0.01));
    print_row("Mann–Whitney, exact", "twice 6 values", test::mann_whitney_rejects(6, 12, 0.05),
              test::mann_whitney_rejects(6, 12, 0.01));
}

}  // namespace
}  // namespace assay

int main() {
    fmt::print("| test | nothing differs in | rejects at 5 % | at 1 % |\n|---|---|---|---|\n");
    assay::print_exact();
    for (const auto& null : assay::test::null_cases()) {
        const auto rejections = assay::test::simulate(null, assay::k_rounds);
        assay::print_row(null.test, null.data, rejections.at_5, rejections.at_1);
    }
    return 0;
}
