#pragma once

#include <string_view>

namespace assay::test {

/// Reads all rows of a file with that ending and content, ".csv".
void read_rows(std::string_view ending, std::string_view content);

}  // namespace assay::test
