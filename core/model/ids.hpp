#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/strong_id.hpp"

namespace assay {

using ProjectId = StrongId<struct ProjectTag>;
using RunId = StrongId<struct RunTag>;  ///< one execution of a spec
using DatasetId = StrongId<struct DatasetTag>;
using DatasetItemId = StrongId<struct DatasetItemTag>;
using DatasetRunId = StrongId<struct DatasetRunTag>;  ///< one variant of a run over its dataset
using RunItemId = StrongId<struct RunItemTag>;
using TraceId = StrongId<struct TraceTag>;              ///< 32 lower-case hex digits
using ObservationId = StrongId<struct ObservationTag>;  ///< 16 lower-case hex digits
using ScoreId = StrongId<struct ScoreTag>;
using UnitKey = StrongId<struct UnitKeyTag>;  ///< 64 hex digits: all that can change the answer

// Ids are derived, so that writing the same thing twice writes it once, here and on any server.
// Each is the start of a SHA-256 over its parts joined by a zero byte. Those that grow in number
// with the units begin with where they stand in their run instead, so that what is written together
// stands together in an index by id: a trace's with 8 digits of the run's hash and 8 of the item's
// position, those of things in a trace with digits of the trace's.

/// The project that the embedded backend uses when nobody named one.
[[nodiscard]] ProjectId default_project_id();
[[nodiscard]] DatasetId derive_dataset_id(const ProjectId& project, std::string_view name);
[[nodiscard]] DatasetRunId derive_dataset_run_id(const RunId& run, std::string_view variant);
/// The last 16 digits are a hash, as W3C Trace Context wants them to be random.
/// @param position  of the unit's item in its run, which a resume and all shards count alike.
[[nodiscard]] TraceId derive_trace_id(const RunId& run, std::uint64_t position,
                                      const UnitKey& unit);
/// The trace of a judge that looked at the unit of `trace`. @param evaluator  its name in the spec.
[[nodiscard]] TraceId derive_judge_trace_id(const TraceId& trace, std::string_view evaluator);
/// `name` tells the observations of a trace apart: a step's id or "evaluator:NAME". Two traces of
/// a very large store can share an observation's id.
[[nodiscard]] ObservationId derive_observation_id(const TraceId& trace, std::string_view name);
/// @param earlier  scores of the trace that have the same name and come before: a program may give
///                 one name twice.
[[nodiscard]] ScoreId derive_score_id(const TraceId& trace, std::string_view score_name,
                                      std::size_t earlier = 0);
/// The id of a run score, which belongs to a dataset run and to no trace.
[[nodiscard]] ScoreId derive_run_score_id(const DatasetRunId& run, std::string_view score_name);
[[nodiscard]] RunItemId derive_run_item_id(const DatasetRunId& run, const TraceId& trace);

}  // namespace assay
