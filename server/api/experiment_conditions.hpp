#pragma once

#include <functional>

#include "server/api/paging.hpp"
#include "server/query/experiments.hpp"

namespace assay {

enum class ExperimentList : std::uint8_t { experiments, items };

/// What `filter` and the parameters beside it say of the experiments or items that are wanted.
/// They are compared here and not by SQL: what experiments are called stands in documents.
/// @error invalid_argument, its message for the sender: see parse_filter() and check_filter().
[[nodiscard]] Result<std::function<bool(const ExperimentNames&)>> experiment_conditions(
    const QueryParameters& parameters, ExperimentList list);

}  // namespace assay
