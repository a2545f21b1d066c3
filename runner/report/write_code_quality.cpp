#include "runner/report/findings.hpp"
#include "runner/report/write_formats.hpp"

#include <algorithm>
#include <filesystem>

namespace assay {
namespace {

const char* severity_word(Severity severity) {
    switch (severity) {
        case Severity::none:
        case Severity::note: return "info";
        case Severity::warning: return "minor";
        case Severity::error: return "major";
    }
    std::unreachable();
}

}  // namespace

Result<void> write_code_quality(AtomicFileWriter& file, const Report& report, const UnitStream&) {
    OrderedJson issues = OrderedJson::array();
    for (const Finding& finding : findings_of(report)) {
        const std::filesystem::path path = finding.place.file;
        issues.push_back({{"description", finding.message},
                          {"check_name", finding.rule},
                          {"fingerprint", finding.fingerprint},
                          {"severity", severity_word(finding.severity)},
                          {"location",
                           {{"path", path.lexically_normal().generic_string()},
                            {"lines", {{"begin", std::max(finding.place.line, 1)}}}}}});
    }
    return file.write(to_pretty_text(issues));
}

}  // namespace assay
