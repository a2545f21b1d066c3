#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runner/report/report.hpp"

namespace assay {

/// Finds, while the units of a run stream by, those whose outputs people have labelled.
class LabelledUnits {
  public:
    /// @param calibrations  must outlive this; only those of NUMERIC scores are looked at.
    explicit LabelledUnits(const std::vector<PinnedCalibration>& calibrations);

    void add(const UnitResult& unit);

    /// What people say of an item: the mean over its repetitions, and how many of these have a
    /// label.
    struct ItemLabel {
        double sum = 0;
        std::uint32_t count = 0;
    };
    using ItemLabels = std::map<std::string, ItemLabel>;  ///< by item
    /// nullptr when none of the variant's outputs has a label.
    [[nodiscard]] const ItemLabels* find(const PinnedCalibration& calibration,
                                         const std::string& variant) const;

  private:
    struct Known {
        const PinnedCalibration* calibration;
        std::map<std::pair<std::string, std::string>, double> labels;  ///< by item and output
        std::map<std::string, ItemLabels> found;                       ///< by variant
    };
    std::vector<Known> known_;
};

/// Puts what people would say beside what the judges said: for every score with a calibration of
/// the evaluator that gave it. BOOLEAN: by the calibration's sensitivity and specificity (Rogan and
/// Gladen); NUMERIC: by the labelled outputs that are part of the run (prediction-powered). See
/// docs/calibration.md.
void add_corrected(const ReportInputs& inputs, const LabelledUnits& labelled, Report& report);

/// Why scores that have a calibration are not corrected, a sentence each.
[[nodiscard]] std::vector<std::string> corrected_notes(const Report& report);

}  // namespace assay
