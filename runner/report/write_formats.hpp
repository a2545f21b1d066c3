#pragma once

#include <optional>

#include "core/base/files.hpp"
#include "core/model/run.hpp"
#include "runner/report/report.hpp"

namespace assay {

// One function a format, all of one shape, for the table in writers.cpp. They write in pieces, so
// that memory does not grow with the number of units.

[[nodiscard]] Result<void> write_report_json(AtomicFileWriter& file, const Report& report,
                                             const UnitStream& units);
[[nodiscard]] Result<void> write_units_jsonl(AtomicFileWriter& file, const Report& report,
                                             const UnitStream& units);
[[nodiscard]] Result<void> write_units_csv(AtomicFileWriter& file, const Report& report,
                                           const UnitStream& units);
[[nodiscard]] Result<void> write_junit(AtomicFileWriter& file, const Report& report,
                                       const UnitStream& units);
[[nodiscard]] Result<void> write_report_markdown(AtomicFileWriter& file, const Report& report,
                                                 const UnitStream& units);
/// SARIF 2.1.0: the gates that do not hold.
[[nodiscard]] Result<void> write_sarif(AtomicFileWriter& file, const Report& report,
                                       const UnitStream& units);
/// The same as GitLab's code quality report.
[[nodiscard]] Result<void> write_code_quality(AtomicFileWriter& file, const Report& report,
                                              const UnitStream& units);
/// An SVG image: how many gates hold.
[[nodiscard]] Result<void> write_badge(AtomicFileWriter& file, const Report& report,
                                       const UnitStream& units);
[[nodiscard]] Result<void> write_report_html(AtomicFileWriter& file, const Report& report,
                                             const UnitStream& units);

/// Nothing for a unit whose task has no latency of its own: a recorded output, or one never run.
[[nodiscard]] inline std::optional<double> measured_latency_ms(const UnitResult& unit) {
    return unit.latency.count() > 0 ? std::optional(to_ms(unit.latency)) : std::nullopt;
}

}  // namespace assay
