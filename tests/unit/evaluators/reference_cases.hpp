#pragma once

#include <cmath>

#include "evaluator_helpers.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

inline Json reference_figures(const std::string& name) {
    return json(read_text(std::string(ASSAY_SOURCE_DIR) + "/tests/unit/evaluators/reference/" +
                          name + ".json"));
}

/// Holds a metric against the figures of reference/metrics.py; two ctests check these in turn.
inline void check_reference_cases(const std::string& metric) {
    const Json cases = reference_figures(metric);
    REQUIRE(cases.size() >= 200);
    for (const Json& one : cases) {
        INFO(to_text(one));
        const auto evaluator = bound(metric, one.at("parameters"));
        const Json score = outcome(evaluator, one.at("output"), one.at("expected"));
        REQUIRE(score.is_number());
        CHECK(std::abs(score.get<double>() - one.at("score").get<double>()) <= 1e-9);
    }
}

inline double score_of(const BoundEvaluator& evaluator, const Json& output, Json expected) {
    const Json score = outcome(evaluator, output, std::move(expected));
    INFO(to_text(score));
    REQUIRE(score.is_number());
    return score.get<double>();
}

/// Equal to the decimals that were published.
inline Approx published(double value, double precision) {
    return Approx(value).epsilon(0).margin(precision);
}

}  // namespace assay::test
