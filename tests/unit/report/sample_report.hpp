#pragma once

#include "runner/report/report.hpp"

namespace assay::test {

/// A report of two variants compared with a baseline that has something of everything: intervals,
/// comparisons, gates of every tier and verdict, a slice, newly failed items. Its numbers are made
/// up; the writers only have to show them.
Report sample_report();

/// The verdict of a gate that is decided by an interval.
GateVerdict sample_verdict(const char* gate, const char* variant, GateStatus status,
                           const char* reason);

}  // namespace assay::test
