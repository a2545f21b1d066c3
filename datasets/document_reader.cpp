#include "datasets/document_reader.hpp"

#include <fmt/format.h>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "datasets/parse_row.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

/// Walks over an array's text and hands out its elements. It only finds where they end; the JSON
/// parser judges them.
class JsonArrayReader final : public RowReader {
  public:
    explicit JsonArrayReader(std::string text) : text_(std::move(text)) {}

    /// Goes past the opening bracket; false when there is none.
    bool open() {
        if (text_.starts_with("\xEF\xBB\xBF")) skip(3);
        skip_space();
        if (at_ == text_.size() || text_[at_] != '[') return false;
        skip(1);
        return true;
    }

    /// What stands where the array should begin, for a message.
    [[nodiscard]] std::string_view found() const {
        if (at_ == text_.size()) return "nothing";
        return text_[at_] == '{' ? "an object; if each line is a row, call the file .jsonl"
                                 : "something else";
    }

    Result<std::optional<Row>> next() override {
        if (at_end_) return std::nullopt;
        skip_space();
        if (!first_ && !after_separator_) return end_of_array();
        if (first_ && at_ < text_.size() && text_[at_] == ']') return end_of_array();
        first_ = false;
        const TextStart start{line_, at_ - line_begin_ + 1};
        const std::string_view element = take_element();
        after_separator_ = at_ < text_.size() && text_[at_] == ',';
        if (after_separator_) skip(1);
        if (element.size() > limits::k_dataset_row_bytes_max) return too_large_row(start.line);
        Row row = parse_row(element, start);
        at_end_ = row.value.is_discarded();  // the end of it was a guess
        return row;
    }

  private:
    /// Nothing, or the row that says how the array should have ended.
    std::optional<Row> end_of_array() {
        at_end_ = true;
        if (at_ == text_.size()) return problem_row(line_, "the array of rows is not closed by ]");
        skip(1);
        skip_space();
        if (at_ == text_.size()) return std::nullopt;
        return problem_row(line_,
                           "text follows the array of rows; put all rows into one array, "
                           "or one row on each line of a .jsonl file");
    }

    std::string_view take_element() {
        const std::size_t begin = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (depth == 0 && (c == ',' || c == ']')) break;
            if (c == '"') {
                skip_string();
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && depth > 0) --depth;
            skip(1);
        }
        return std::string_view(text_).substr(begin, at_ - begin);
    }

    void skip_string() {
        skip(1);
        while (at_ < text_.size() && text_[at_] != '"') skip(text_[at_] == '\\' ? 2 : 1);
        skip(1);
    }

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) skip(1);
    }

    void skip(std::size_t count) {
        for (; count > 0 && at_ < text_.size(); --count) {
            if (text_[at_++] != '\n') continue;
            ++line_;
            line_begin_ = at_;
        }
    }

    std::string text_;
    std::size_t at_ = 0;
    std::uint64_t line_ = 1;
    std::size_t line_begin_ = 0;
    bool first_ = true;
    bool after_separator_ = false;
    bool at_end_ = false;
};

class ParsedRowsReader final : public RowReader {
  public:
    explicit ParsedRowsReader(ParsedDocument document) : document_(std::move(document)) {}

    Result<std::optional<Row>> next() override {
        if (next_ == document_.value.size()) return std::nullopt;
        Row row;
        row.line = next_ < document_.lines.size() ? document_.lines[next_] : 0;
        row.value = std::move(document_.value[next_++]);
        row.problem = row_type_problem(row.value);
        return row;
    }

  private:
    ParsedDocument document_;
    std::size_t next_ = 0;
};

std::unexpected<Error> no_array(const fs::path& path, std::string_view found) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}: a dataset file must hold an array of rows, but this holds {}",
                               path.string(), found));
}

}  // namespace

Result<std::unique_ptr<RowReader>> open_json_rows(const fs::path& path) {
    ASSAY_TRY(std::string text, read_file(path, limits::k_dataset_document_bytes_max));
    auto reader = std::make_unique<JsonArrayReader>(std::move(text));
    if (reader->open()) return reader;
    return no_array(path, reader->found());
}

Result<std::unique_ptr<RowReader>> open_yaml_rows(const fs::path& path,
                                                  const DocumentParser& parse_yaml) {
    if (!parse_yaml) return failure(ErrorCode::internal, "YAML rows need a parser");
    ASSAY_TRY(const std::string text, read_file(path, limits::k_dataset_document_bytes_max));
    ASSAY_TRY(ParsedDocument document, parse_yaml(text, path.string()));
    if (!document.value.is_array()) return no_array(path, type_phrase(document.value));
    return std::make_unique<ParsedRowsReader>(std::move(document));
}

}  // namespace assay
