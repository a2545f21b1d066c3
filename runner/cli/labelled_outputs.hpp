#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/unit.hpp"
#include "runner/cli/arguments.hpp"
#include "runner/cli/label_file.hpp"
#include "runner/cli/prepare_run.hpp"

namespace assay {

/// An output with its item and what somebody said of it.
struct LabelledItem {
    std::string row_id;  ///< the item's, with a number when it was labelled several times
    DatasetItem item;
    Json output;
    Json label;
    std::string place;  ///< "labels.csv:12"

    /// As a row of a dataset whose outputs are recorded.
    [[nodiscard]] Json row() const;
};

struct LabelledItems {
    std::vector<LabelledItem> items;
    std::uint64_t no_output = 0;  ///< labels of items that the run has no output for
};

/// Finds the items and outputs that labels are about: in the rows themselves, in the run of
/// `--run`, else in the spec's dataset, whose outputs a `recorded` task names.
///
/// @param whole  the spec with its dataset.
/// @error invalid_argument with file and line: an item that is not known, labelled twice with the
///        same output, or whose output nobody tells; not_found when there is no such run.
[[nodiscard]] Result<LabelledItems> find_labelled_items(const LabelFile& labels,
                                                        const JudgeArguments& arguments,
                                                        const PreparedRun& whole);

}  // namespace assay
