#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runner/report/report.hpp"

namespace assay {

/// The scores of all variants, in the order of the spec. Variants have the same ones unless a
/// program gives scores that the spec does not announce.
[[nodiscard]] std::vector<std::string> score_names(const Report& report);
/// nullptr when the variant does not have it.
[[nodiscard]] const ScoreSummary* find_score(const VariantSummary& variant,
                                             const std::string& name);

/// The variant of a reference that answers to one of the run: of its name, or the only one. At most
/// one of the two is there.
struct Counterpart {
    const ScoreTable* table = nullptr;
    const VariantSummary* summary = nullptr;  ///< of a report file
};
[[nodiscard]] Counterpart find_counterpart(const ReferenceRun& reference,
                                           const std::string& variant);

/// The score that a unit has under this name; nullptr when no evaluation gave one.
[[nodiscard]] const Score* find_score(const UnitResult& unit, const std::string& name);

/// Share of the score's values that are in the category; nothing without values.
[[nodiscard]] std::optional<double> share_of(const ScoreSummary& score,
                                             const std::string& category);
/// The categories of a score over all variants, most frequent first.
[[nodiscard]] std::vector<std::string> categories_of(const Report& report,
                                                     const std::string& score);
/// What must be said beside the run scores, a line each: which ones cannot be computed and why,
/// and which leave units out.
[[nodiscard]] std::vector<std::string> run_score_notes(const Report& report);
/// What a comparison over this dataset can show, a sentence for each basis it rests on.
[[nodiscard]] std::vector<std::string> detectable_notes(const Report& report);
/// The items that gates do not count, a sentence each: until when, why and who says so.
[[nodiscard]] std::vector<std::string> quarantine_notes(const Report& report);
/// " (half of that takes 1,050 items)"; "" when it is not known.
[[nodiscard]] std::string half_text(const Detectable& detectable);
/// What differs between the run and what it is compared with besides the scores, and what there is
/// nothing to compare with; a line for each.
[[nodiscard]] std::vector<std::string> reference_notes(const Report& report);
/// How many categories are shown to people; files for programs have them all.
inline constexpr std::size_t k_categories_shown = 8;

}  // namespace assay
