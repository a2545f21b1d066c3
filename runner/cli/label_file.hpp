#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

/// What somebody said of an output: a row of a label file.
struct LabelRow {
    std::uint64_t line = 0;
    std::string item_id;         ///< "" = the row says `input` itself
    std::optional<Json> output;  ///< nothing = that of a run, or of the dataset
    std::optional<Json> input;
    Json expected_output;
    Json metadata;
    Json label;
};

struct LabelFile {
    std::string name;  ///< as given
    std::string sha256;
    std::vector<LabelRow> rows;
    std::uint64_t unlabelled = 0;  ///< rows whose `label` is empty
};

/// Reads `label`, `id` (or `item_id`), `output`, `input`, `expected_output` and `metadata` of each
/// row; other columns are not looked at.
/// @error invalid_argument with the file and the line: a row that cannot be read, has neither `id`
///        nor `input` and `output`, or no column `label`; nothing labelled at all; more than
///        limits::k_labels_max. As open_rows.
[[nodiscard]] Result<LabelFile> read_label_file(const std::string& name);

/// A label as a value of a score: true, "yes", "1" of a BOOLEAN; 3 and "3" of a NUMERIC.
/// @error invalid_argument, as the end of "the label ...".
[[nodiscard]] Result<ScoreValue> label_value(const Json& label, ScoreDataType type);

}  // namespace assay
