#pragma once

#include "core/base/clock.hpp"
#include "core/model/run.hpp"
#include "runner/report/noise.hpp"
#include "server/store/store.hpp"

namespace assay {

// What the store knows of chance: measured noise, and items in quarantine. A run notes at its
// start what of it is about it, so that its reports say the same at any later time.

/// Notes in `run.manifest` the noise that was measured of its scores: with the same experiment,
/// dataset, evaluators and repetitions.
[[nodiscard]] Result<void> pin_noise(RunRecord& run, const Store& store);
/// The same, and the items that are in quarantine at the start of the run.
[[nodiscard]] Result<void> pin_ledger(RunRecord& run, const Store& store);

/// What is kept of a measurement.
/// @param run  one of those that were measured.
[[nodiscard]] std::vector<MeasuredNoise> to_records(const Noise& noise, const RunRecord& run,
                                                    Time now);

}  // namespace assay
