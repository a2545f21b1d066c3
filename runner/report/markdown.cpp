#include "runner/report/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/xml.hpp"

namespace assay {
namespace {

std::string in_one_line(std::string_view text) {
    std::string line = to_valid_utf8(text);
    std::ranges::replace_if(line, [](char c) { return c >= 0 && c < ' '; }, ' ');
    return line;
}

std::string row(const std::vector<std::string>& cells) {
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

}  // namespace

std::string markdown_text(std::string_view text) {
    std::string safe;
    for (const char c : in_one_line(text)) {
        if (c == '&') {
            safe += "&amp;";
        } else if (c == '<') {
            safe += "&lt;";
        } else if (c == '>') {
            safe += "&gt;";
        } else {
            if (std::string_view("\\`*_{}[]()#!|~$@").find(c) != std::string_view::npos)
                safe += '\\';
            safe += c;
        }
    }
    return safe;
}

// Fenced by more backticks than it holds in a row. A table also needs its bars escaped.
std::string markdown_code(std::string_view text, Within within) {
    const std::string line = in_one_line(text);
    std::size_t longest = 0;
    std::size_t current = 0;
    std::string content;
    for (const char c : line) {
        current = c == '`' ? current + 1 : 0;
        longest = std::max(longest, current);
        if (c == '|' && within == Within::table) content += '\\';
        content += c;
    }
    const std::string fence(longest + 1, '`');
    const bool padded = content.empty() || content.front() == '`' || content.back() == '`';
    return padded ? fmt::format("{0} {1} {0}", fence, content) : fence + content + fence;
}

MarkdownTable::MarkdownTable(const std::vector<std::string>& header, Cells cells) {
    std::vector<std::string> rules(header.size(), cells == Cells::numbers ? "---:" : ":---");
    rules.front() = ":---";
    text_ = row(header) + row(rules);
}

void MarkdownTable::add(const std::vector<std::string>& cells) { text_ += row(cells); }

std::string markdown_folded(std::string_view summary, const std::string& content) {
    return fmt::format("<details><summary>{}</summary>\n\n{}</details>\n\n", xml_text(summary),
                       content);
}

}  // namespace assay
