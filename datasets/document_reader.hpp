#pragma once

#include <filesystem>
#include <memory>

#include "datasets/row_reader.hpp"

namespace assay {

/// Files that are one array of rows. They are held as text or as values while they are read,
/// so their size is limited (limits::k_dataset_document_bytes_max).

/// Rows of a .json file, parsed one by one out of the text, so that each has its line.
/// @error as read_file; invalid_argument when the text is no array.
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_json_rows(const std::filesystem::path& path);

/// Rows of a .yaml file.
/// @error as open_json_rows; internal without a parser.
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_yaml_rows(const std::filesystem::path& path,
                                                                const DocumentParser& parse_yaml);

}  // namespace assay
