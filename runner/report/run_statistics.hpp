#pragma once

#include "runner/report/report.hpp"

namespace assay {

// What a report says about its numbers once all units are tallied: how sure they are, what they
// are compared with, and what they could show.

/// The interval of every mean.
void add_intervals(Report& report);

/// What every score could show of another run over the same items.
void add_detectable(const ReportInputs& inputs, Report& report);

/// What the run is compared with, and what differs between their manifests.
void add_references(const ReportInputs& inputs, Report& report);

/// Every variant against the baseline that the report was asked for and those that gates name;
/// the other variants against the first one.
void add_comparisons(const ReportInputs& inputs, Report& report);

/// The level of the intervals that no gate decides by.
inline constexpr double k_report_confidence = 0.95;
inline constexpr double k_report_power = 0.8;

}  // namespace assay
