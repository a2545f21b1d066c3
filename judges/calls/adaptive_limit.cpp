#include "judges/calls/adaptive_limit.hpp"

#include <algorithm>

namespace assay {
namespace {

/// Trying what was too much costs about half a round trip when it still is, so this loses some 4 %.
constexpr double k_probe_rounds = 16;
/// For small limits: at most one call in so many is refused by a provider that bears no more.
constexpr double k_probe_successes_min = 40;

}  // namespace

void AdaptiveLimit::succeeded(std::uint64_t epoch, int under_way) {
    const bool is_used = 2 * under_way >= calls();
    if (epoch != epoch_ || !is_used) return;
    double successes = limit_;  // until there is one more
    if (calls() + 1 < too_much_) successes = 1;
    if (calls() + 1 == too_much_) {
        successes = std::max(k_probe_rounds * calls(), k_probe_successes_min);
    }
    limit_ = std::min(limit_ + 1 / successes, static_cast<double>(range_.ceiling));
}

bool AdaptiveLimit::overloaded(std::uint64_t epoch, int under_way) {
    if (epoch != epoch_) return false;
    ++epoch_;
    // A limit that is not used up is not what was too much.
    too_much_ = std::min(calls(), std::max(under_way, 1));
    limit_ = std::max(too_much_ / 2, range_.floor);
    return true;
}

}  // namespace assay
