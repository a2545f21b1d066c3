#pragma once

#include <string_view>

#include "core/model/unit.hpp"

namespace assay {

/// Adds a part of an execution that asks several things at a time to the record of the whole, which
/// began no later (start_judge_record()). Parts are added in a fixed order, whenever they ended.
/// @param prefix  the part's observations are named "PREFIX:NAME"; "" = as they are.
void absorb(JudgeRecord& record, JudgeRecord part, std::string_view prefix);

}  // namespace assay
