#include "runner/report/writers.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "runner/report/write_formats.hpp"

namespace assay {
namespace {

struct Format {
    std::string_view ending;
    Result<void> (*write)(AtomicFileWriter& file, const Report& report, const UnitStream& units);
};

/// The first ending that fits counts.
constexpr Format k_formats[] = {{"codequality.json", &write_code_quality},
                                {".json", &write_report_json},
                                {".jsonl", &write_units_jsonl},
                                {".csv", &write_units_csv},
                                {".xml", &write_junit},
                                {".md", &write_report_markdown},
                                {".html", &write_report_html},
                                {".sarif", &write_sarif},
                                {".svg", &write_badge}};

Result<const Format*> find_format(const std::filesystem::path& path) {
    const std::string name = to_lower_ascii(path.filename().string());
    for (const Format& format : k_formats) {
        const bool nameless = name == format.ending && name.starts_with('.');
        if (name.ends_with(format.ending) && !nameless) return &format;
    }
    std::vector<std::string_view> endings;
    for (const Format& format : k_formats) endings.push_back(format.ending);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}: the ending names no report format; use one of {}",
                               path.string(), fmt::join(endings, " ")));
}

}  // namespace

Result<void> check_report_path(const std::filesystem::path& path) {
    ASSAY_CHECK(find_format(path));
    return {};
}

Result<void> write_report(const std::filesystem::path& path, const Report& report,
                          const UnitStream& units) {
    ASSAY_TRY(const Format* format, find_format(path));
    ASSAY_TRY(AtomicFileWriter file, AtomicFileWriter::create(path));
    ASSAY_CHECK(format->write(file, report, units));
    return file.commit();
}

}  // namespace assay
