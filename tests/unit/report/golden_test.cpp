#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "core/base/files.hpp"
#include "parsing.hpp"
#include "runner/report/writers.hpp"
#include "stored_run.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

using test::StoredRun;

const std::filesystem::path k_cases = ASSAY_SOURCE_DIR "/tests/golden/reports";

void check_file(const std::filesystem::path& expected, const std::string& actual) {
    CAPTURE(expected.string());
    if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) {
        REQUIRE(write_file_atomically(expected, actual).has_value());
    }
    CHECK(actual == test::read_text(expected));
}

void check_case(const std::filesystem::path& folder) {
    const StoredRun stored = test::read_stored_run(folder);
    const Report report = stored.report();
    const test::TemporaryFolder out;
    for (const char* name : {"report.json", "units.jsonl", "units.csv", "junit.xml", "summary.md",
                             "gates.sarif", "codequality.json", "badge.svg"}) {
        const auto written = write_report(out.path() / name, report, stored.stream());
        if (!written) FAIL(written.error().message);
        check_file(folder / "expected" / name, test::read_text(out.path() / name));
    }
    const auto json = parse_json(test::read_text(out.path() / "report.json"));
    REQUIRE(json.has_value());
    test::check_report_schema(*json);
    check_file(folder / "expected" / "table_80.txt", report_to_table(report, {.columns = 80}));
    check_file(folder / "expected" / "table_160.txt", report_to_table(report, {.columns = 160}));
}

TEST_CASE("golden reports: every format of every case is as expected", "[golden]") {
    std::size_t cases = 0;
    for (const auto& entry : std::filesystem::directory_iterator(k_cases)) {
        if (!entry.is_directory()) continue;
        ++cases;
        check_case(entry.path());
    }
    CHECK(cases >= 5);
}

}  // namespace
}  // namespace assay
