#include "datasets/csv_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "datasets/parse_row.hpp"

namespace assay {
namespace {

/// The cells of one record, which takes one line or, inside quotes, several.
class RecordParser {
  public:
    explicit RecordParser(char separator) : separator_(separator) {}

    void begin() {
        cells_.clear();
        problem_.clear();
        bytes_ = 0;
    }

    /// Takes one more line; true when the record is complete or broken.
    bool feed(std::string_view line) {
        rest_ = line;
        bytes_ += line.size() + 1;
        bool more = true;
        if (inside_quotes_) {
            cell_.push_back('\n');
            more = take_until_quote();
        }
        while (more) more = rest_.starts_with('"') ? take_quoted() : take_plain();
        return !inside_quotes_;
    }

    /// Gives a record up whose quotes are still open.
    void abandon() { inside_quotes_ = false; }

    [[nodiscard]] std::vector<std::string>& cells() { return cells_; }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] bool is_too_large() const { return bytes_ > limits::k_dataset_row_bytes_max; }

  private:
    // Each take_... eats a part of rest_ and says whether another cell follows.

    bool take_plain() {
        const std::size_t end = std::min(rest_.find(separator_), rest_.size());
        const std::string_view cell = rest_.substr(0, end);
        if (cell.find('\r') != std::string_view::npos) {
            return fail(
                "a carriage return stands outside quotes; save the file with LF or CRLF "
                "line ends");
        }
        cells_.emplace_back(cell);
        return take_separator(end);
    }

    bool take_quoted() {
        rest_.remove_prefix(1);
        cell_.clear();
        return take_until_quote();
    }

    bool take_until_quote() {
        while (true) {
            const std::size_t quote = rest_.find('"');
            inside_quotes_ = quote == std::string_view::npos;
            cell_ += rest_.substr(0, quote);
            if (inside_quotes_) return false;
            rest_.remove_prefix(quote + 1);
            if (!rest_.starts_with('"')) break;
            cell_.push_back('"');
            rest_.remove_prefix(1);
        }
        cells_.push_back(std::move(cell_));
        if (rest_.empty() || rest_.front() == separator_) return take_separator(0);
        return fail(
            fmt::format("text follows the closing quote of cell {}; inside a quoted cell "
                        "write a quote as two",
                        cells_.size()));
    }

    bool take_separator(std::size_t at) {
        if (at >= rest_.size()) return false;
        rest_.remove_prefix(at + 1);
        return true;
    }

    bool fail(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    char separator_;
    std::vector<std::string> cells_;
    std::string cell_;  ///< the quoted cell that is being read
    std::string problem_;
    std::string_view rest_;
    std::size_t bytes_ = 0;
    bool inside_quotes_ = false;
};

class CsvReader final : public RowReader {
  public:
    CsvReader(LineReader lines, char separator)
        : lines_(std::move(lines)), parser_(separator), separator_(separator) {}

    Result<std::optional<Row>> next() override {
        if (columns_.empty()) {
            ASSAY_TRY(std::optional<Row> header, next_record());
            if (!header) return std::nullopt;
            if (header->problem.empty()) header->problem = name_columns();
            if (!header->problem.empty()) return last(std::move(*header));
        }
        ASSAY_TRY(std::optional<Row> row, next_record());
        if (row && row->problem.empty()) fill(*row);
        return row;
    }

  private:
    /// Reads a record into the parser; the row returned has its line and maybe a problem.
    Result<std::optional<Row>> next_record() {
        Row row;
        parser_.begin();
        while (!at_end_) {
            auto line = lines_.next();
            if (!line && line.error().code == ErrorCode::resource_exhausted) {
                return last(too_large_row(row.line == 0 ? number_ + 1 : row.line));
            }
            if (!line) return std::unexpected(std::move(line.error()));
            if (!*line && row.line == 0) return std::nullopt;
            if (!*line) return last(unclosed(row.line));
            number_ = (*line)->number;
            if (row.line == 0 && (*line)->text.empty()) continue;
            if (row.line == 0) row.line = number_;
            row.problem = encoding_problem((*line)->text);
            if (!row.problem.empty()) {
                row.problem_line = number_;
                parser_.abandon();
                return row;
            }
            const bool complete = parser_.feed((*line)->text);
            if (parser_.is_too_large()) {
                return last(complete ? too_large_row(row.line) : unclosed(row.line));
            }
            if (!complete) continue;
            row.problem = parser_.problem();
            return row;
        }
        return std::nullopt;
    }

    static Row unclosed(std::uint64_t line) {
        return problem_row(line,
                           "a quote that opens in this row is never closed; close it, or put the "
                           "cell in quotes and write the quotes inside as two");
    }

    /// After this row there is nothing to rely on.
    Row last(Row row) {
        at_end_ = true;
        return row;
    }

    /// "" or what is wrong with the header.
    std::string name_columns() {
        std::set<std::string_view> seen;
        for (std::string& cell : parser_.cells()) {
            std::string name(trim(cell));
            if (name.empty()) {
                return fmt::format("column {} of the header has no name", columns_.size() + 1);
            }
            columns_.push_back(std::move(name));
        }
        for (const std::string& name : columns_) {
            if (seen.insert(name).second) continue;
            return fmt::format("the header names the column \"{}\" twice", name);
        }
        return {};
    }

    void fill(Row& row) {
        std::vector<std::string>& cells = parser_.cells();
        if (cells.size() != columns_.size()) {
            row.problem = fmt::format("cells in the row: {}, columns in the header: {}; {}",
                                      cells.size(), columns_.size(), ragged_hint(cells.size()));
            return;
        }
        row.value = Json::object();
        auto& object = row.value.get_ref<Json::object_t&>();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            object.emplace(columns_[i], std::move(cells[i]));
        }
    }

    [[nodiscard]] std::string_view ragged_hint(std::size_t cells) const {
        if (cells < columns_.size()) return "write an empty cell where there is no value";
        return separator_ == ',' ? "a cell that holds a comma must be in double quotes"
                                 : "a cell that holds a tab must be in double quotes";
    }

    LineReader lines_;
    RecordParser parser_;
    char separator_;
    std::vector<std::string> columns_;
    std::uint64_t number_ = 0;
    bool at_end_ = false;
};

}  // namespace

std::unique_ptr<RowReader> make_csv_reader(LineReader lines, char separator) {
    return std::make_unique<CsvReader>(std::move(lines), separator);
}

}  // namespace assay
