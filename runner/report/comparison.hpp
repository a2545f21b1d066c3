#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stats/categorical.hpp"
#include "runner/report/estimate.hpp"
#include "runner/report/score_table.hpp"

namespace assay {

struct ScoreSummary;

/// The items of one slice; no path = all of them.
struct SliceValue {
    std::string path;
    std::string value;
};

/// Items of two tables that belong together, and those that have no partner.
struct PairedItems {
    std::vector<std::uint32_t> in_a;  ///< rows of the pairs
    std::vector<std::uint32_t> in_b;
    std::vector<DatasetItemId> unpaired;  ///< in one of the tables alone
    std::vector<DatasetItemId> changed;   ///< of one id but with other content: not the same item
};

/// Pairs items by id, in the order of `b`; of b only those in `slice`, a path that b has.
[[nodiscard]] PairedItems pair_items(const ScoreTable& a, const ScoreTable& b,
                                     const SliceValue& slice = {});

/// The items of a table that have a number of this score.
[[nodiscard]] Sample sample_of(const ScoreTable& table, const ScoreSeries& series);

/// One score, or the share of one of its categories, over pairs of items.
struct PairedScores {
    PairedSample sample;
    std::vector<DatasetItemId> items;         ///< of the pairs
    std::vector<DatasetItemId> newly_failed;  ///< a has a value, b failed or is unscored
    std::vector<DatasetItemId> unpaired;      ///< no partner, or no value on a side
};
/// @param category  "" = the mean of the score.
/// @error not_found when a side does not have the score; invalid_argument when the sides are of
///        different types, or CATEGORICAL without a category.
[[nodiscard]] Result<PairedScores> pair_scores(const ScoreTable& a, const ScoreTable& b,
                                               const PairedItems& pairs, const std::string& score,
                                               const std::string& category = {});

enum class ComparisonTest : std::uint8_t {
    automatic,
    mcnemar,
    sign_flip,
    paired_t,
    wilcoxon,
    mann_whitney,  ///< of items that are not in pairs
};
/// "auto", "mcnemar", "sign_flip", "paired_t", "wilcoxon", "mann_whitney".
[[nodiscard]] const std::vector<std::string>& comparison_tests();
[[nodiscard]] std::optional<ComparisonTest> parse_comparison_test(std::string_view text);

/// How large the changes of items are: counts by size, in equal steps up to the largest change.
/// Items that did not change are in none of them.
struct DifferenceBins {
    double largest = 0;                ///< without its sign; 0 = nothing changed
    std::vector<std::uint64_t> fell;   ///< step i: changes above i, up to i + 1 steps
    std::vector<std::uint64_t> risen;  ///< the same
};
inline constexpr std::size_t k_difference_bins = 10;  ///< on each side of 0

/// How one score differs between two variants; `difference` is b − a.
struct Comparison {
    std::string score;
    std::optional<ScoreDataType> data_type;
    std::string a;  ///< what it is: a baseline, a run, a variant
    std::string b;
    std::string variant;  ///< of b
    SliceValue slice;
    bool paired = true;  ///< else over different items, or a has no values of single items
    std::uint64_t pairs = 0;
    std::optional<double> mean_a;  ///< over the pairs
    std::optional<double> mean_b;
    std::optional<double> difference;
    std::optional<ReportedInterval> interval;
    std::optional<double> p_value;
    std::string test;    ///< "exact McNemar"
    std::string effect;  ///< name of the effect size: "Cohen's d_z"
    std::optional<double> effect_size;
    std::uint64_t improved = 0;  ///< items whose value is larger in b
    std::uint64_t regressed = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t newly_failed = 0;  ///< of `unpaired`
    std::uint64_t unpaired = 0;      ///< items without a partner, or without a value on a side
    /// Of pairs of numbers; not of rates, where each change is as large as the other.
    std::optional<DifferenceBins> difference_bins;
    // At most limits::k_listed_items_max of each.
    std::vector<DatasetItemId> improved_items;
    std::vector<DatasetItemId> regressed_items;
    std::vector<DatasetItemId> newly_failed_items;
    std::vector<DatasetItemId> unpaired_items;
    std::optional<TransitionTable> transitions;  ///< CATEGORICAL: label in a, label in b
    std::optional<double> symmetry_p_value;      ///< of them, Bowker's test
    std::string note;                            ///< why a number is missing, in a sentence; or ""
};

struct CompareOptions {
    std::string a;  ///< names of the sides
    std::string b;
    double confidence = 0.95;
    IntervalMethod method = IntervalMethod::automatic;
    ComparisonTest test = ComparisonTest::automatic;
    std::uint64_t seed = 0;
    std::vector<std::string> scores;  ///< only these; empty = all that one of them has
    SliceValue slice;                 ///< of b
};

/// Compares every score. What cannot be compared is there too, with a note.
///
/// Automatic tests: McNemar's exact one for rates, sign flips up to 10,000 pairs, above that the
/// paired t, which is the same there; labels by Stuart and Maxwell's. Without any pair: Fisher's
/// and Welch's.
[[nodiscard]] std::vector<Comparison> compare_tables(const ScoreTable& a, const ScoreTable& b,
                                                     const CompareOptions& options);

/// Against a summary, which has no values of single items: not in pairs.
[[nodiscard]] std::vector<Comparison> compare_with_summaries(const std::vector<ScoreSummary>& a,
                                                             const ScoreTable& b,
                                                             const CompareOptions& options);

}  // namespace assay
