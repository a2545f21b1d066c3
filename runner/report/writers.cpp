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

constexpr Format k_formats[] = {{".json", &write_report_json},   {".jsonl", &write_units_jsonl},
                                {".csv", &write_units_csv},      {".xml", &write_junit},
                                {".md", &write_report_markdown}, {".html", &write_report_html}};

Result<const Format*> find_format(const std::filesystem::path& path) {
    const std::string ending = to_lower_ascii(path.extension().string());
    for (const Format& format : k_formats) {
        if (format.ending == ending) return &format;
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

Result<void> write_report_markdown(AtomicFileWriter& file, const Report& report,
                                   const UnitStream&) {
    return file.write(report_to_markdown(report));
}

}  // namespace assay
