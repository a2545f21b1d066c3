#include "core/stats/categorical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>

#include "core/stats/distributions.hpp"

namespace assay {
namespace {

using Matrix = std::vector<std::vector<double>>;

Result<void> check(const TransitionTable& table) {
    const std::size_t labels = table.counts.size();
    for (const auto& row : table.counts) {
        if (row.size() == labels) continue;
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("a transition table is square, not {} by {}", labels, row.size()));
    }
    return {};
}

std::unexpected<Error> nothing_changed() {
    return failure(ErrorCode::invalid_argument,
                   "no item changed its label, so there is nothing to test");
}

/// How often labels changed between one and the other, in both directions.
double changes(const TransitionTable& table, std::size_t one, std::size_t other) {
    return static_cast<double>(table.counts[one][other]) +
           static_cast<double>(table.counts[other][one]);
}

/// The labels without one of each group that changes connect. Their part of the covariance can be
/// inverted, that of all labels never.
std::vector<std::size_t> free_labels(const TransitionTable& table) {
    std::vector<std::size_t> group(table.counts.size());
    std::iota(group.begin(), group.end(), std::size_t{0});
    std::vector<std::size_t> free;
    for (std::size_t label = 0; label < group.size(); ++label) {
        for (std::size_t other = 0; other < label; ++other) {
            if (group[other] == group[label] || changes(table, label, other) == 0) continue;
            std::ranges::replace(group, group[label], group[other]);
        }
    }
    for (std::size_t label = 0; label < group.size(); ++label) {
        if (std::ranges::find(group, group[label]) - group.begin() !=
            static_cast<std::ptrdiff_t>(label))
            free.push_back(label);
    }
    return free;
}

/// xᵀ S⁻¹ x for a symmetric positive definite S: the sum of squares of what elimination leaves.
double quadratic_form(Matrix s, std::vector<double> x) {
    double form = 0;
    for (std::size_t pivot = 0; pivot < x.size(); ++pivot) {
        form += x[pivot] * x[pivot] / s[pivot][pivot];
        for (std::size_t row = pivot + 1; row < x.size(); ++row) {
            const double factor = s[row][pivot] / s[pivot][pivot];
            x[row] -= factor * x[pivot];
            for (std::size_t column = pivot; column < x.size(); ++column)
                s[row][column] -= factor * s[pivot][column];
        }
    }
    return form;
}

std::size_t place(const std::vector<std::string>& labels, const std::string& label) {
    return static_cast<std::size_t>(std::ranges::lower_bound(labels, label) - labels.begin());
}

}  // namespace

Result<TransitionTable> transition_table(std::span<const std::string> a,
                                         std::span<const std::string> b, std::size_t labels_max) {
    if (a.size() != b.size() || a.size() < 2) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("2 pairs of labels are needed, got {} and {} labels", a.size(), b.size()));
    }
    std::set<std::string_view> labels;
    for (std::size_t i = 0; i < a.size() && labels.size() <= labels_max; ++i) {
        labels.insert(a[i]);
        labels.insert(b[i]);
    }
    if (labels.size() > labels_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("there are more than {} different labels", labels_max));
    }
    TransitionTable table{.labels = {labels.begin(), labels.end()}, .counts = {}};
    table.counts.assign(labels.size(), std::vector<std::uint64_t>(labels.size()));
    for (std::size_t i = 0; i < a.size(); ++i) {
        ++table.counts[place(table.labels, a[i])][place(table.labels, b[i])];
    }
    return table;
}

Result<ChiSquareTest> stuart_maxwell(const TransitionTable& table) {
    ASSAY_CHECK(check(table));
    const std::vector<std::size_t> labels = free_labels(table);
    if (labels.empty()) return nothing_changed();
    Matrix covariance(labels.size(), std::vector<double>(labels.size()));
    std::vector<double> gains(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        for (std::size_t other = 0; other < table.counts.size(); ++other) {
            if (other == labels[i]) continue;
            gains[i] += static_cast<double>(table.counts[other][labels[i]]) -
                        static_cast<double>(table.counts[labels[i]][other]);
            covariance[i][i] += changes(table, labels[i], other);
        }
        for (std::size_t j = 0; j < labels.size(); ++j) {
            if (i != j) covariance[i][j] = -changes(table, labels[i], labels[j]);
        }
    }
    const double statistic = quadratic_form(std::move(covariance), std::move(gains));
    return ChiSquareTest{.statistic = statistic,
                         .degrees = labels.size(),
                         .p = chi_square_upper(statistic, static_cast<double>(labels.size()))};
}

Result<ChiSquareTest> bowker(const TransitionTable& table) {
    ASSAY_CHECK(check(table));
    ChiSquareTest test;
    for (std::size_t label = 0; label < table.counts.size(); ++label) {
        for (std::size_t other = 0; other < label; ++other) {
            const double both = changes(table, label, other);
            if (both == 0) continue;
            const double excess = 2 * static_cast<double>(table.counts[label][other]) - both;
            test.statistic += excess * excess / both;
            ++test.degrees;
        }
    }
    if (test.degrees == 0) return nothing_changed();
    test.p = chi_square_upper(test.statistic, static_cast<double>(test.degrees));
    return test;
}

}  // namespace assay
