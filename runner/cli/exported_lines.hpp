#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/files.hpp"
#include "runner/cli/console.hpp"
#include "runner/cli/progress_line.hpp"

namespace assay {

/// Lines that are exported to a file, which appears whole or not at all, or to stdout. People are
/// told on stderr how far it is when it takes long.
class ExportedLines {
  public:
    /// @param out   a file; "" = stdout.
    /// @param noun  what the lines are, in the plural: "traces".
    /// @error as write_file_atomically.
    static Result<ExportedLines> open(const std::string& out, std::string noun,
                                      const Console& console);

    /// One more was looked at, whether it was written or not.
    void looked_at();
    /// @param line  without its end. @error file errors
    [[nodiscard]] Result<void> write(const std::string& line);
    /// @error file errors
    [[nodiscard]] Result<void> finish();

  private:
    ExportedLines(std::string out, std::string noun, bool live);

    std::string out_;
    std::string noun_;
    std::optional<AtomicFileWriter> file_ = std::nullopt;
    std::uint64_t looked_at_ = 0;
    std::uint64_t written_ = 0;
    ProgressLine progress_;
};

}  // namespace assay
