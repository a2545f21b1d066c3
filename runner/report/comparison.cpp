#include "runner/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "core/base/limits.hpp"
#include "core/stats/paired.hpp"
#include "core/stats/sign_flip.hpp"
#include "core/stats/signed_rank.hpp"
#include "core/stats/summary.hpp"
#include "core/stats/unpaired.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

constexpr std::size_t k_sign_flip_pairs_max = 10'000;  // the mean of more is normal

struct NamedTest {
    std::string name;
    Result<double> p_value = 1.0;
};

NamedTest mcnemar_test(const PairedSample& sample) {
    const auto counts = count_pairs(sample.a, sample.b);
    return {.name = "exact McNemar",
            .p_value = counts ? mcnemar(*counts) : std::unexpected(counts.error())};
}

NamedTest sign_flip_test(const PairedSample& sample, const std::vector<double>& changes,
                         std::uint64_t seed) {
    const auto test = sign_flip(
        changes, {.resamples = limits::k_sign_flips, .seed = seed, .clusters = sample.clusters});
    const char* const units =
        sample.clusters.empty() ? "sign-flip permutation" : "sign-flip permutation of clusters";
    if (!test) return {.name = units, .p_value = std::unexpected(test.error())};
    return {.name = fmt::format("{}{}", test->exact ? "exact " : "", units), .p_value = test->p};
}

NamedTest mann_whitney_test(const std::vector<double>& a, const std::vector<double>& b) {
    const auto ranks = mann_whitney(a, b);
    return {.name = "Mann-Whitney",
            .p_value = ranks ? Result<double>(ranks->p) : std::unexpected(ranks.error())};
}

NamedTest run_test(const PairedSample& sample, const CompareOptions& options) {
    auto changes = differences(sample.a, sample.b);
    if (!changes) return {.name = "", .p_value = std::unexpected(changes.error())};
    ComparisonTest test = options.test;
    const bool clustered = !sample.clusters.empty();
    if (test == ComparisonTest::automatic) {
        test = is_rate(sample) && !clustered              ? ComparisonTest::mcnemar
               : changes->size() <= k_sign_flip_pairs_max ? ComparisonTest::sign_flip
                                                          : ComparisonTest::paired_t;
    }
    const char* const ignores = clustered ? ", which ignores the clusters" : "";
    switch (test) {
        case ComparisonTest::automatic:
        case ComparisonTest::mcnemar: {
            NamedTest named = mcnemar_test(sample);
            named.name += ignores;
            return named;
        }
        case ComparisonTest::sign_flip: return sign_flip_test(sample, *changes, options.seed);
        case ComparisonTest::paired_t: {
            const auto t = paired_t(*changes, options.confidence);
            return {.name = fmt::format("paired t{}", ignores),
                    .p_value = t ? Result<double>(t->p) : std::unexpected(t.error())};
        }
        case ComparisonTest::wilcoxon: {
            const auto ranks = signed_rank(*changes);
            return {.name = fmt::format("Wilcoxon signed-rank{}", ignores),
                    .p_value = ranks ? Result<double>(ranks->p) : std::unexpected(ranks.error())};
        }
        case ComparisonTest::mann_whitney: {
            NamedTest named = mann_whitney_test(sample.a, sample.b);
            named.name += ", which ignores the pairs";
            return named;
        }
    }
    std::unreachable();
}

void add_effect(const PairedSample& sample, Comparison& comparison) {
    if (is_rate(sample)) {
        const auto counts = count_pairs(sample.a, sample.b);
        if (!counts) return;
        comparison.effect = "odds ratio of the pairs that differ";
        comparison.effect_size = discordant_odds_ratio(*counts);
        return;
    }
    const auto changes = differences(sample.a, sample.b);
    const auto size = changes ? cohens_dz(*changes) : std::unexpected(changes.error());
    comparison.effect = "Cohen's d_z";
    if (size) comparison.effect_size = *size;
}

void add_note(Comparison& comparison, const std::string& why) {
    if (comparison.note.find(why) != std::string::npos) return;
    if (!comparison.note.empty()) comparison.note += "; ";
    comparison.note += why;
}

std::vector<DatasetItemId> beginning_of(const std::vector<DatasetItemId>& items) {
    const std::size_t count = std::min(items.size(), limits::k_listed_items_max);
    return {items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count)};
}

DifferenceBins bins_of(const std::vector<double>& changes) {
    DifferenceBins bins;
    for (const double change : changes) bins.largest = std::max(bins.largest, std::abs(change));
    bins.fell.resize(k_difference_bins);
    bins.risen.resize(k_difference_bins);
    for (const double change : changes) {
        if (change == 0) continue;
        const double steps = std::abs(change) / bins.largest * k_difference_bins;
        const double step = std::clamp(std::ceil(steps), 1.0, 1.0 * k_difference_bins);
        ++(change > 0 ? bins.risen : bins.fell)[static_cast<std::size_t>(step) - 1];
    }
    return bins;
}

void count_changes(const PairedScores& paired, Comparison& comparison) {
    const auto changes = differences(paired.sample.a, paired.sample.b);
    for (std::size_t i = 0; i < paired.items.size(); ++i) {
        const double change = changes ? (*changes)[i] : paired.sample.b[i] - paired.sample.a[i];
        if (change == 0) {
            ++comparison.unchanged;
            continue;
        }
        ++(change > 0 ? comparison.improved : comparison.regressed);
        auto& listed = change > 0 ? comparison.improved_items : comparison.regressed_items;
        if (listed.size() < limits::k_listed_items_max) listed.push_back(paired.items[i]);
    }
    if (changes && !is_rate(paired.sample)) comparison.difference_bins = bins_of(*changes);
    comparison.pairs = paired.items.size();
    comparison.newly_failed = paired.newly_failed.size();
    comparison.newly_failed_items = beginning_of(paired.newly_failed);
    comparison.unpaired = paired.unpaired.size();
    comparison.unpaired_items = beginning_of(paired.unpaired);
}

std::optional<double> mean_of(const std::vector<double>& values) {
    const auto value = mean(values);
    return value ? std::optional(*value) : std::nullopt;
}

/// One side of a comparison that has no pairs.
struct Side {
    SampleSummary summary;
    std::optional<Proportion> rate;  ///< when every item was right or wrong
};

Side side_of(const Sample& sample) {
    Side side;
    side.summary = {.count = sample.values.size(),
                    .mean = mean(sample.values).value_or(0),
                    .stddev = sample_stddev(sample.values).value_or(0)};
    if (is_rate(sample)) {
        const auto successes = std::ranges::count(sample.values, 1.0);
        side.rate = Proportion{.successes = static_cast<std::uint64_t>(successes),
                               .trials = sample.values.size()};
    }
    return side;
}

void compare_sides(const Side& a, const Side& b, double confidence, Comparison& comparison) {
    comparison.paired = false;
    comparison.mean_a = a.summary.mean;
    comparison.mean_b = b.summary.mean;
    comparison.difference = b.summary.mean - a.summary.mean;
    comparison.unpaired = a.summary.count + b.summary.count;
    add_note(comparison, "not in pairs: it takes a larger difference to be seen");
    const auto take = [&](const Result<Interval>& interval, const char* method) {
        if (!interval) return add_note(comparison, interval.error().message);
        comparison.interval = {interval->low, interval->high, confidence, method};
    };
    if (a.rate && b.rate) {
        take(newcombe(*a.rate, *b.rate, confidence), "Newcombe");
        comparison.test = "Fisher exact";
        const auto p = fisher(*a.rate, *b.rate);
        if (p) comparison.p_value = *p;
        return;
    }
    comparison.test = "Welch's t";
    const auto difference = welch(a.summary, b.summary);
    const auto test = difference ? t_test(*difference, confidence)
                                 : Result<TTest>(std::unexpected(difference.error()));
    take(test ? Result<Interval>(test->interval) : std::unexpected(test.error()), "Welch's t");
    if (test) comparison.p_value = test->p;
}

/// The label that most of an item's values have; of several the first by name.
std::string label_of(const ScoreSeries& series, std::size_t first, std::size_t count) {
    std::map<std::string, std::size_t> votes;
    for (std::size_t i = first; i < first + count; ++i) {
        ++votes[series.categories[series.labels[i]]];
    }
    const auto more = [](const auto& x, const auto& y) { return x.second < y.second; };
    return std::ranges::max_element(votes, more)->first;
}

std::vector<std::size_t> offsets_of(const ScoreSeries& series) {
    std::vector<std::size_t> offsets;
    std::size_t next = 0;
    for (const std::uint32_t count : series.counts) {
        offsets.push_back(next);
        next += count;
    }
    return offsets;
}

void compare_labels(const ScoreSeries& in_a, const ScoreSeries& in_b, const PairedItems& pairs,
                    Comparison& comparison) {
    const std::vector<std::size_t> offsets_a = offsets_of(in_a);
    const std::vector<std::size_t> offsets_b = offsets_of(in_b);
    std::vector<std::string> a;
    std::vector<std::string> b;
    comparison.unpaired = pairs.unpaired.size() + pairs.changed.size();
    for (std::size_t i = 0; i < pairs.in_a.size(); ++i) {
        const std::uint32_t row_a = pairs.in_a[i];
        const std::uint32_t row_b = pairs.in_b[i];
        if (in_a.counts[row_a] == 0 || in_b.counts[row_b] == 0) {
            ++comparison.unpaired;
            continue;
        }
        a.push_back(label_of(in_a, offsets_a[row_a], in_a.counts[row_a]));
        b.push_back(label_of(in_b, offsets_b[row_b], in_b.counts[row_b]));
        if (a.back() == b.back()) ++comparison.unchanged;
    }
    comparison.pairs = a.size();
    auto table = transition_table(a, b, limits::k_transition_labels_max);
    if (!table) return add_note(comparison, table.error().message);
    const auto margins = stuart_maxwell(*table);
    const auto symmetry = bowker(*table);
    comparison.test = "Stuart-Maxwell";
    if (margins) comparison.p_value = margins->p;
    if (!margins) add_note(comparison, margins.error().message);
    if (symmetry) comparison.symmetry_p_value = symmetry->p;
    comparison.transitions = std::move(*table);
}

std::vector<std::string> names_of(const ScoreTable& a, const ScoreTable& b,
                                  const std::vector<std::string>& wanted) {
    if (!wanted.empty()) return wanted;
    std::vector<std::string> names;
    for (const ScoreTable* table : {&b, &a}) {
        for (const ScoreSeries& series : table->scores) {
            if (std::ranges::find(names, series.name) == names.end()) names.push_back(series.name);
        }
    }
    return names;
}

Comparison begin_comparison(const std::string& score, const ScoreTable& b,
                            const CompareOptions& options) {
    Comparison comparison;
    comparison.score = score;
    comparison.a = options.a;
    comparison.b = options.b;
    comparison.variant = b.variant;
    comparison.slice = options.slice;
    if (const ScoreSeries* const series = b.find(score)) comparison.data_type = series->data_type;
    return comparison;
}

/// Compares the numbers of several scores at once: their bootstraps share resamples.
class NumberComparisons {
  public:
    explicit NumberComparisons(const CompareOptions& options) : options_(options) {}

    void add(Comparison& comparison, PairedScores paired) {
        count_changes(paired, comparison);
        comparison.mean_a = mean_of(paired.sample.a);
        comparison.mean_b = mean_of(paired.sample.b);
        comparison_.push_back(&comparison);
        samples_.push_back(std::move(paired.sample));
    }

    void run() {
        const auto estimates =
            difference_estimates(samples_, {.method = options_.method, .seed = options_.seed});
        for (std::size_t i = 0; i < estimates.size(); ++i) {
            conclude(estimates[i], samples_[i], *comparison_[i]);
        }
    }

  private:
    void conclude(const Result<Estimate>& estimate, const PairedSample& sample,
                  Comparison& comparison) const {
        if (sample.a.size() < 2) {
            return add_note(comparison,
                            fmt::format("{} pairs are too few to compare", sample.a.size()));
        }
        comparison.difference = *comparison.mean_b - *comparison.mean_a;
        const auto interval =
            estimate ? estimate->interval(options_.confidence) : std::unexpected(estimate.error());
        if (estimate) comparison.difference = estimate->value;
        if (interval) comparison.interval = *interval;
        if (!interval && comparison.improved + comparison.regressed == 0) {
            return add_note(comparison,
                            "no item changed, which says nothing of how far others "
                            "would: there is no interval");
        }
        if (!interval) add_note(comparison, interval.error().message);
        const NamedTest test = run_test(sample, options_);
        comparison.test = test.name;
        if (test.p_value) comparison.p_value = *test.p_value;
        if (!test.p_value) add_note(comparison, test.p_value.error().message);
        add_effect(sample, comparison);
    }

    const CompareOptions& options_;
    std::vector<Comparison*> comparison_;
    std::vector<PairedSample> samples_;
};

/// Items of which not one is in both.
void compare_apart(const ScoreTable& a, const ScoreTable& b, const CompareOptions& options,
                   Comparison& comparison) {
    const ScoreSeries* const in_a = a.find(comparison.score);
    const ScoreSeries* const in_b = b.find(comparison.score);
    if (comparison.data_type == ScoreDataType::categorical || in_a == nullptr || in_b == nullptr) {
        return add_note(comparison, "the sides have no item in common");
    }
    const Sample values_a = sample_of(a, *in_a);
    const Sample values_b = sample_of(b, *in_b);
    compare_sides(side_of(values_a), side_of(values_b), options.confidence, comparison);
    if (options.test != ComparisonTest::mann_whitney) return;
    const NamedTest test = mann_whitney_test(values_a.values, values_b.values);
    comparison.test = test.name;
    comparison.p_value = test.p_value ? std::optional(*test.p_value) : std::nullopt;
    if (!test.p_value) add_note(comparison, test.p_value.error().message);
}

constexpr std::array<std::pair<const char*, ComparisonTest>, 6> k_tests = {
    {{"auto", ComparisonTest::automatic},
     {"mcnemar", ComparisonTest::mcnemar},
     {"sign_flip", ComparisonTest::sign_flip},
     {"paired_t", ComparisonTest::paired_t},
     {"wilcoxon", ComparisonTest::wilcoxon},
     {"mann_whitney", ComparisonTest::mann_whitney}}};

}  // namespace

const std::vector<std::string>& comparison_tests() {
    static const std::vector<std::string> k_words = [] {
        std::vector<std::string> words;
        for (const auto& [word, test] : k_tests) words.emplace_back(word);
        return words;
    }();
    return k_words;
}

std::optional<ComparisonTest> parse_comparison_test(std::string_view text) {
    for (const auto& [word, test] : k_tests) {
        if (text == word) return test;
    }
    return std::nullopt;
}

std::vector<Comparison> compare_tables(const ScoreTable& a, const ScoreTable& b,
                                       const CompareOptions& options) {
    const std::vector<std::string> names = names_of(a, b, options.scores);
    const PairedItems pairs = pair_items(a, b, options.slice);
    std::vector<Comparison> comparisons;
    comparisons.reserve(names.size());  // NumberComparisons points into it
    NumberComparisons numbers(options);
    for (const std::string& name : names) {
        Comparison& comparison = comparisons.emplace_back(begin_comparison(name, b, options));
        const ScoreSeries* const in_a = a.find(name);
        const ScoreSeries* const in_b = b.find(name);
        const bool labels = in_a != nullptr && in_b != nullptr &&
                            in_a->data_type == ScoreDataType::categorical &&
                            in_b->data_type == ScoreDataType::categorical;
        if (pairs.in_a.empty() && options.slice.path.empty()) {
            compare_apart(a, b, options, comparison);
        } else if (labels) {
            compare_labels(*in_a, *in_b, pairs, comparison);
        } else if (auto paired = pair_scores(a, b, pairs, name)) {
            numbers.add(comparison, std::move(*paired));
        } else {
            add_note(comparison, paired.error().message);
        }
    }
    numbers.run();
    return comparisons;
}

std::vector<Comparison> compare_with_summaries(const std::vector<ScoreSummary>& a,
                                               const ScoreTable& b, const CompareOptions& options) {
    std::vector<Comparison> comparisons;
    for (const ScoreSeries& series : b.scores) {
        const bool wanted = options.scores.empty() ||
                            std::ranges::find(options.scores, series.name) != options.scores.end();
        if (!wanted) continue;
        Comparison& comparison =
            comparisons.emplace_back(begin_comparison(series.name, b, options));
        const auto found = std::ranges::find(a, series.name, &ScoreSummary::name);
        if (found == a.end() || !found->mean || series.data_type == ScoreDataType::categorical) {
            comparison.paired = false;
            add_note(comparison, fmt::format("{} has no mean of {}", options.a, series.name));
            continue;
        }
        Side side;
        side.summary = {
            .count = found->items, .mean = *found->mean, .stddev = found->stddev.value_or(0)};
        if (found->data_type == ScoreDataType::boolean && found->count == found->items) {
            const double passed = *found->mean * static_cast<double>(found->items);
            side.rate = Proportion{.successes = static_cast<std::uint64_t>(std::llround(passed)),
                                   .trials = found->items};
        }
        compare_sides(side, side_of(sample_of(b, series)), options.confidence, comparison);
    }
    return comparisons;
}

}  // namespace assay
