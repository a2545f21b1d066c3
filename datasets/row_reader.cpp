#include "datasets/row_reader.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/diagnostic.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "datasets/csv_reader.hpp"
#include "datasets/document_reader.hpp"
#include "datasets/parse_row.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

class JsonLinesReader final : public RowReader {
  public:
    explicit JsonLinesReader(LineReader lines) : lines_(std::move(lines)) {}

    Result<std::optional<Row>> next() override {
        while (!at_end_) {
            auto line = lines_.next();
            if (!line && line.error().code == ErrorCode::resource_exhausted) {
                at_end_ = true;
                return too_large_row(number_ + 1);
            }
            if (!line) return std::unexpected(std::move(line.error()));
            if (!*line) return std::nullopt;
            number_ = (*line)->number;
            if (trim((*line)->text).empty()) continue;
            return parse_row((*line)->text, {number_, 1});
        }
        return std::nullopt;
    }

  private:
    LineReader lines_;
    std::uint64_t number_ = 0;
    bool at_end_ = false;
};

Result<void> check_regular_file(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
        return std::unexpected(file_error(error ? error.value() : ENOENT, "read", path));
    }
    if (fs::is_directory(status)) return std::unexpected(file_error(EISDIR, "read", path));
    if (fs::is_regular_file(status)) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("cannot read {}: a dataset is read twice, so it must be a regular "
                               "file; save the rows to one",
                               path.string()));
}

std::unexpected<Error> unknown_ending(const fs::path& path, const std::string& ending) {
    const std::vector<std::string> known = {".jsonl", ".ndjson", ".json", ".yaml",
                                            ".yml",   ".csv",    ".tsv"};
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("cannot read {}: {} is not a kind of dataset{}; known endings are "
                    "{}",
                    path.string(),
                    ending.empty() ? "a file without an ending" : fmt::format("\"{}\"", ending),
                    did_you_mean(ending, known), fmt::join(known, " ")));
}

}  // namespace

Result<std::unique_ptr<RowReader>> open_rows(const fs::path& path,
                                             const DocumentParser& parse_yaml) {
    const std::string ending = to_lower_ascii(path.extension().string());
    const auto is = [&ending](std::string_view a, std::string_view b) {
        return ending == a || ending == b;
    };
    const bool lines = is(".jsonl", ".ndjson");
    const bool cells = is(".csv", ".tsv");
    const bool document = ending == ".json" || is(".yaml", ".yml");
    if (!lines && !cells && !document) return unknown_ending(path, ending);
    ASSAY_CHECK(check_regular_file(path));
    if (ending == ".json") return open_json_rows(path);
    if (document) return open_yaml_rows(path, parse_yaml);
    ASSAY_TRY(LineReader reader, LineReader::open(path, limits::k_dataset_row_bytes_max));
    if (lines) return std::make_unique<JsonLinesReader>(std::move(reader));
    return make_csv_reader(std::move(reader), ending == ".tsv" ? '\t' : ',');
}

}  // namespace assay
