#pragma once

#include <memory>
#include <vector>

#include "configs/spec.hpp"
#include "runner/engine/unit_task.hpp"

namespace assay {

/// A task that is a graph: each step runs once all that it needs have an output, independent ones
/// beside each other. A step's templates see, and programs get as `steps`, the outputs of the steps
/// that it needs, directly or through others. The output is that of the last step.
///
/// A step that fails fails the unit: nothing more is started, what runs is awaited, and the
/// observations tell what happened until then. The unit's latency is that of the whole graph; what
/// was used is summed.
///
/// @param spec   of the form `steps`, as the loader sorts it.
/// @param tasks  one for each step, in its order.
[[nodiscard]] std::unique_ptr<UnitTask> make_steps_task(
    const TaskSpec& spec, std::vector<std::unique_ptr<UnitTask>> tasks);

}  // namespace assay
