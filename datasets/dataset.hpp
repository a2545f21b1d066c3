#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "configs/spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// The raw rows of a file, one at a time.
class RowReader {
  public:
    struct Row {
        Json value;
        std::uint64_t line = 0;  ///< where it begins, from 1; 0 = unknown
    };
    virtual ~RowReader() = default;
    /// The next row, or nothing at the end.
    /// @error invalid_argument with file and line for a row that cannot be read.
    [[nodiscard]] virtual Result<std::optional<Row>> next() = 0;
};

/// Opens a file by its ending: .jsonl (.ndjson), .csv, .tsv are streamed; .json and .yaml (.yml)
/// hold an array of rows and are read whole.
/// @error not_found, permission_denied, invalid_argument (unknown ending, with the known ones).
[[nodiscard]] Result<std::unique_ptr<RowReader>> open_rows(const std::filesystem::path& path);

/// Which of a dataset's items a run takes. Narrower than the spec when the command line says so.
struct DatasetSelection {
    std::optional<std::uint64_t> limit;
    std::optional<SampleSpec> sample;
    std::optional<Filter> filter;
};

/// What one pass over the dataset found.
struct DatasetFacts {
    std::uint64_t items = 0;   ///< selected: after where, filter, sample and limit
    std::uint64_t rows = 0;    ///< in the file
    std::string sha256;        ///< over the selected items' ids and content, in order
};

/// The items of a dataset: rows, mapped, filtered, sampled, each with its id. Streams; memory does
/// not grow with the file (duplicates are found by an external sort of fingerprints).
class Dataset {
  public:
    /// Called for each item of the validation pass, so that the caller can check what it needs
    /// (template variables, expected values); returns "" or what is wrong with the item.
    using ItemCheck = std::function<std::string(const DatasetItem&)>;

    /// @error as open_rows.
    static Result<Dataset> open(const DatasetSpec& spec, const DatasetSelection& selection);

    /// Reads everything once: mapping, ids (duplicates refused), schema, `check`. Bad rows are
    /// named with file and line, at most limits::k_diagnostics_max of them.
    /// An empty dataset is a diagnostic. Must be called before items().
    [[nodiscard]] Result<DatasetFacts> validate(const ItemCheck& check, Diagnostics& diagnostics);

    /// Reads the same items again, in the file's order, positions from 0.
    /// `next` fails with data_loss when the file changed since validate().
    class Items {
      public:
        virtual ~Items() = default;
        [[nodiscard]] virtual Result<std::optional<DatasetItem>> next() = 0;
    };
    [[nodiscard]] Result<std::unique_ptr<Items>> items() const;

    Dataset(Dataset&&) noexcept;
    Dataset& operator=(Dataset&&) noexcept;
    ~Dataset();

  private:
    struct State;
    explicit Dataset(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace assay
