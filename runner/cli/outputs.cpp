#include "runner/cli/outputs.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "runner/cli/console.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

constexpr std::string_view k_run_file_ending = ".assayrun";

bool is_run_file(const std::filesystem::path& path) {
    return to_lower_ascii(path.extension().string()) == k_run_file_ending;
}

}  // namespace

Result<void> check_output(const std::filesystem::path& path) {
    if (is_run_file(path)) return {};
    Result<void> report = check_report_path(path);
    if (!report)
        report.error().message += fmt::format(", or {} for the run itself", k_run_file_ending);
    return report;
}

Result<void> write_output(const std::filesystem::path& path, const Report& report,
                          const Store& store) {
    if (is_run_file(path)) return store.export_run(report.run, path);
    return write_report(path, report, [&](const UnitVisitor& visit) {
        return store.for_each_unit(report.run, visit);
    });
}

void announce_output(const std::filesystem::path& path) {
    print_out(fmt::format("{}: {}\n", is_run_file(path) ? "Run" : "Report", path.string()));
}

}  // namespace assay
