#include "runner/cli/exported_lines.hpp"

#include <fmt/format.h>

#include <utility>

#include "runner/report/numbers.hpp"

namespace assay {

Result<ExportedLines> ExportedLines::open(const std::string& out, std::string noun,
                                          const Console& console) {
    const bool shares_terminal = out.empty() && console.out_is_terminal;
    ExportedLines lines(out, std::move(noun), console.error_is_terminal && !shares_terminal);
    if (!out.empty()) {
        ASSAY_TRY(lines.file_, AtomicFileWriter::create(out));
    }
    return lines;
}

ExportedLines::ExportedLines(std::string out, std::string noun, bool live)
    : out_(std::move(out)), noun_(std::move(noun)), progress_(live) {}

void ExportedLines::looked_at() {
    ++looked_at_;
    progress_.tell([this] {
        return fmt::format("{} {} read, {} written", format_count(looked_at_), noun_,
                           format_count(written_));
    });
}

Result<void> ExportedLines::write(const std::string& line) {
    ++written_;
    if (file_) return file_->write(line + "\n");
    print_out(line + "\n");
    return {};
}

Result<void> ExportedLines::finish() {
    progress_.close();
    if (!file_) return {};
    ASSAY_CHECK(file_->commit());
    print_error(fmt::format("Wrote {}\n", out_));
    return {};
}

}  // namespace assay
