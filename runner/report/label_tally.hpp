#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/model/report_plan.hpp"
#include "core/model/unit.hpp"
#include "core/stats/classification.hpp"

namespace assay {

/// Which labels are compared, and how. The expected one is always the item's expected output.
struct LabelRule {
    std::string predicted = "output";  ///< "output" = the output as text; else a score
    bool ignore_case = false;
    bool strip = false;

    /// The label that a text stands for. One that is too long to be a label is cut and told apart
    /// by its hash, so that memory stays bounded and different texts stay different.
    [[nodiscard]] std::string label_of(std::string_view text) const;

    friend bool operator==(const LabelRule&, const LabelRule&) = default;
};

[[nodiscard]] LabelRule label_rule_of(const RunEvaluator& evaluator);

/// Counts the predicted and expected labels of a variant's units as they stream by. Bounded: past
/// limits::k_run_labels_max different labels on a side it gives up and says so.
class LabelTally {
  public:
    explicit LabelTally(LabelRule rule) : rule_(std::move(rule)) {}

    void add(const UnitResult& unit);
    [[nodiscard]] const LabelRule& rule() const { return rule_; }
    /// @error invalid_argument when no unit has both labels; resource_exhausted when there are too
    ///        many different ones.
    [[nodiscard]] Result<ConfusionMatrix> matrix(std::uint64_t planned) const;
    /// "over 190 of 200 units: 8 failed, 2 without an expected output", or "" when all count.
    [[nodiscard]] std::string left_out(std::uint64_t planned) const;

  private:
    [[nodiscard]] std::optional<std::string> predicted_of(const UnitResult& unit);
    void count(std::string expected, std::string predicted);
    void give_up(ErrorCode code, std::string why);
    [[nodiscard]] std::string causes(std::uint64_t planned) const;

    LabelRule rule_;
    std::map<std::string, std::map<std::string, std::uint64_t>> counts_;  ///< [expected][predicted]
    std::set<std::string> predicted_;
    std::optional<Error> failure_;
    std::uint64_t counted_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t without_score_ = 0;
    std::uint64_t without_expected_ = 0;
};

}  // namespace assay
