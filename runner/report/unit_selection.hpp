#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "core/model/run.hpp"

namespace assay {

/// Chooses which units of a long run are shown: first those that failed, then unscored ones, then
/// those with a false check, then those with a score below 1, the lowest mean first, then the rest
/// and at last those that were not run; else in the order of the plan. Keeps `units_max` small
/// entries and no unit.
class UnitSelection {
  public:
    /// `plan` must outlive the selection.
    UnitSelection(const ReportPlan& plan, std::size_t units_max);

    /// The units of the stream, one after the other.
    void look(const UnitResult& unit);
    /// Ends the looking. Call once.
    void settle();

    /// The place among the chosen ones, from 0, of the unit that was looked at as number
    /// `sequence`, from 0; nothing when it was not chosen.
    [[nodiscard]] std::optional<std::size_t> place_of(std::uint64_t sequence) const;
    /// Units looked at.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }

  private:
    /// Class, mean of the scores from 0 to 1, sequence: the smallest are chosen.
    using Rank = std::tuple<int, double, std::uint64_t>;
    [[nodiscard]] Rank rank_of(const UnitResult& unit) const;

    std::set<std::string> checks_;
    std::size_t units_max_;
    std::uint64_t seen_ = 0;
    std::set<Rank> best_;
    std::unordered_map<std::uint64_t, std::size_t> places_;
};

}  // namespace assay
