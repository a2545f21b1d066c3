#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// GitHub's Markdown, in which foreign text stays text.

/// Foreign text as plain text: no HTML, no table cell, link, image or mention of its own.
[[nodiscard]] std::string markdown_text(std::string_view text);

enum class Within : std::uint8_t { paragraph, table };
/// Foreign text as a code span, where nothing is interpreted.
[[nodiscard]] std::string markdown_code(std::string_view text, Within within = Within::paragraph);

/// Builds a table row by row.
class MarkdownTable {
  public:
    enum class Cells : std::uint8_t {
        texts,
        numbers
    };  ///< numbers: behind a first column of texts
    explicit MarkdownTable(const std::vector<std::string>& header, Cells cells = Cells::numbers);

    void add(const std::vector<std::string>& cells);
    /// With an empty line behind it.
    [[nodiscard]] std::string text() const { return text_ + "\n"; }

  private:
    std::string text_;
};

/// Content that opens by a click on the summary, which is plain text.
[[nodiscard]] std::string markdown_folded(std::string_view summary, const std::string& content);

}  // namespace assay
