#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace assay::test {

/// The rows of a CSV text, read as RFC 4180 says; fails the test where the text breaks the RFC.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

/// Checks a report against the published schema.
void check_report_schema(const Json& report);

/// Reads every .xml file of the folder with Python's parser and checks that the counts in the
/// opening tags are those of the elements. False, with a warning, where there is no python3.
bool check_junit_files(const std::filesystem::path& folder);

}  // namespace assay::test
