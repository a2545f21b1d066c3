#pragma once

#include <cstdint>

#include "core/stats/interval.hpp"

namespace assay {

// What a test of a difference answers. Every p-value is two-sided.

/// A t-test of a difference of means, in score units.
struct TTest {
    double difference = 0;  ///< mean of b minus mean of a
    double t = 0;
    double degrees = 0;
    double p = 1;
    Interval interval;  ///< of the difference, at the confidence asked for
};

struct RankTest {
    double statistic = 0;
    double p = 1;
    bool exact = false;  ///< from the distribution of the ranks itself; else its normal limit
};

struct ChiSquareTest {
    double statistic = 0;
    std::uint64_t degrees = 0;
    double p = 1;
};

}  // namespace assay
