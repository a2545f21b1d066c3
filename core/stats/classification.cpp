#include "core/stats/classification.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace assay {
namespace {

/// The decisions about one label.
struct LabelCounts {
    std::uint64_t hits = 0;
    std::uint64_t expected = 0;
    std::uint64_t predicted = 0;
};

double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

ClassificationScores scores_of(const LabelCounts& label) {
    // 2PR / (P + R), written in counts so that one rounding is all there is.
    return {.precision = ratio(label.hits, label.predicted),
            .recall = ratio(label.hits, label.expected),
            .f1 = ratio(2 * label.hits, label.expected + label.predicted)};
}

LabelCounts counts_of(const ConfusionMatrix& matrix, std::size_t label) {
    LabelCounts counts{.hits = matrix.counts[label][label]};
    for (std::size_t other = 0; other < matrix.labels.size(); ++other) {
        counts.expected += matrix.counts[label][other];
        counts.predicted += matrix.counts[other][label];
    }
    return counts;
}

/// All decisions in one pool.
LabelCounts pooled(const ConfusionMatrix& matrix) {
    LabelCounts all;
    for (std::size_t label = 0; label < matrix.labels.size(); ++label) {
        const LabelCounts counts = counts_of(matrix, label);
        all.hits += counts.hits;
        all.expected += counts.expected;
        all.predicted += counts.predicted;
    }
    return all;
}

Result<void> check_counted(const LabelCounts& all) {
    if (all.expected > 0) return {};
    return failure(ErrorCode::invalid_argument, "nothing was counted");
}

}  // namespace

Result<double> accuracy(const ConfusionMatrix& matrix) {
    const LabelCounts all = pooled(matrix);
    ASSAY_CHECK(check_counted(all));
    return ratio(all.hits, all.expected);
}

Result<ClassificationScores> classification_scores(const ConfusionMatrix& matrix,
                                                   ClassAverage average) {
    const LabelCounts all = pooled(matrix);
    ASSAY_CHECK(check_counted(all));
    if (average == ClassAverage::micro) return scores_of(all);
    ClassificationScores sum;
    double weights = 0;  // divided by at the end, so that perfect scores are exactly 1
    for (std::size_t label = 0; label < matrix.labels.size(); ++label) {
        const LabelCounts counts = counts_of(matrix, label);
        const ClassificationScores scores = scores_of(counts);
        const double weight =
            average == ClassAverage::weighted ? static_cast<double>(counts.expected) : 1;
        weights += weight;
        sum.precision += weight * scores.precision;
        sum.recall += weight * scores.recall;
        sum.f1 += weight * scores.f1;
    }
    return ClassificationScores{.precision = sum.precision / weights,
                                .recall = sum.recall / weights,
                                .f1 = sum.f1 / weights};
}

Result<ClassificationScores> classification_scores(const ConfusionMatrix& matrix,
                                                   std::string_view positive) {
    ASSAY_CHECK(check_counted(pooled(matrix)));
    const auto found = std::ranges::find(matrix.labels, positive);
    if (found == matrix.labels.end()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("no unit expects or predicts \"{}\"", positive));
    }
    return scores_of(counts_of(matrix, static_cast<std::size_t>(found - matrix.labels.begin())));
}

}  // namespace assay
