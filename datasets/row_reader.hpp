#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

/// The raw rows of a file, one at a time.
class RowReader {
  public:
    /// A row, or why there is none: a bad row is data, so that all of them can be reported at once.
    struct Row {
        Json value;                        ///< always an object when there is no problem
        std::uint64_t line = 0;            ///< where it begins, from 1; 0 = unknown
        std::string problem;               ///< what is wrong with it and what to do; "" = nothing
        std::uint64_t problem_line = 0;    ///< 0 = `line`
        std::uint64_t problem_column = 0;  ///< from 1; 0 = unknown
    };
    virtual ~RowReader() = default;
    /// The next row, or nothing at the end.
    /// @error unavailable when reading fails.
    [[nodiscard]] virtual Result<std::optional<Row>> next() = 0;
};

/// A document and the line of each of its elements (fewer lines = unknown).
struct ParsedDocument {
    Json value;
    std::vector<std::uint64_t> lines;
};

/// Reads the text of a YAML file; `name` is how it is called in messages. A port: the one YAML
/// reader of the program belongs to configs, which this folder may not include.
using DocumentParser =
    std::function<Result<ParsedDocument>(std::string_view text, std::string_view name)>;

/// Opens a file by its ending: .jsonl (.ndjson), .csv and .tsv are streamed; .json and .yaml (.yml)
/// hold an array of rows and are read whole.
/// @param parse_yaml  needed for .yaml only.
/// @error not_found, permission_denied, resource_exhausted (a .json or .yaml file over the limit),
///        invalid_argument (an unknown ending, no regular file, no array).
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_rows(const std::filesystem::path& path,
                                                           const DocumentParser& parse_yaml = {});

}  // namespace assay
