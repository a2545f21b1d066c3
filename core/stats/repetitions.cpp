#include "core/stats/repetitions.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

Result<void> check(const Trials& trials, std::uint64_t k) {
    ASSAY_ASSERT(trials.passed <= trials.count, "no more trials pass than there are");
    if (k >= 1 && k <= trials.count) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("k is {}, and there are {} trials", k, trials.count));
}

/// C(part, k) / C(all, k): the share of the subsets of k of `all` that lie in `part`.
double share_of_subsets(std::uint64_t part, std::uint64_t all, std::uint64_t k) {
    double share = 1;
    for (std::uint64_t i = 0; i < k; ++i) {
        if (part <= i) return 0;
        share *= static_cast<double>(part - i) / static_cast<double>(all - i);
    }
    return share;
}

}  // namespace

Result<double> pass_at_k(Trials trials, std::uint64_t k) {
    ASSAY_CHECK(check(trials, k));
    return 1 - share_of_subsets(trials.count - trials.passed, trials.count, k);
}

Result<double> pass_hat_k(Trials trials, std::uint64_t k) {
    ASSAY_CHECK(check(trials, k));
    return share_of_subsets(trials.passed, trials.count, k);
}

}  // namespace assay
