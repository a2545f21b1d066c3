#pragma once

#include <cstddef>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// How much of a run an HTML report holds, so that a browser can open any of them. Figures over all
/// units are complete whatever the limits.
struct HtmlLimits {
    std::size_t units_max = limits::k_html_units_max;
    /// Of a longer value only the beginning is written, and the page says so.
    std::size_t value_bytes_max = limits::k_html_value_bytes_max;
    /// When the units have filled so much, values are cut to `late_value_bytes_max`.
    std::size_t full_bytes_max = limits::k_html_full_bytes_max;
    std::size_t late_value_bytes_max = limits::k_html_late_value_bytes_max;
};

/// Writes the report as one page that needs nothing else: its style, its scripts and its data are
/// in the file, which may load nothing (a content security policy with the hashes of the two).
/// Reads the units twice and keeps none.
[[nodiscard]] Result<void> write_html(AtomicFileWriter& file, const Report& report,
                                      const UnitStream& units, const HtmlLimits& limits);

}  // namespace assay
