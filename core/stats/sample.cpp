#include "core/stats/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay {

Result<void> check_sample(std::span<const double> values, std::size_t least) {
    if (values.size() < least) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} value{} needed, got {}", least, least == 1 ? " is" : "s are",
                                   values.size()));
    }
    if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
        return failure(ErrorCode::invalid_argument, "a value is not a finite number");
    }
    return {};
}

Result<void> check_pairs(std::span<const double> a, std::span<const double> b, std::size_t least) {
    if (a.size() != b.size()) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("a pair has two values, got {} and {} values", a.size(), b.size()));
    }
    ASSAY_CHECK(check_sample(a, least));
    return check_sample(b, least);
}

Result<void> check_confidence(double confidence) {
    if (confidence > 0 && confidence < 1) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a confidence lies between 0 and 1, not {}", confidence));
}

}  // namespace assay
