#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/model/dataset_spec.hpp"
#include "core/model/unit.hpp"
#include "datasets/row_reader.hpp"

namespace assay {

/// Which of a dataset's items a run takes. It narrows the spec's own choice and never widens it: a
/// sample is taken out of the spec's sample, the smaller limit holds.
struct DatasetSelection {
    std::optional<std::uint64_t> limit;
    std::optional<SampleSpec> sample;
    std::optional<Filter> filter;
    std::optional<std::set<std::string>> item_ids;  ///< only these items; they were chosen by a run
};

/// Opens the rows of a stored dataset, {id, input, expected_output, metadata}, the same each time.
/// A port: this folder knows no store.
using StoredRows = std::function<Result<std::unique_ptr<RowReader>>(const DatasetSpec& spec)>;

struct DatasetOptions {
    DocumentParser parse_yaml;
    StoredRows open_stored = {};  ///< needed when the spec names a stored dataset
    /// Fill DatasetItem::row. Without it mapped values are moved out of the row, not copied.
    bool keep_row = true;
    /// Rows are items as `assay datasets export` writes them, read by a spec that says $.id: a row
    /// without an id has the one of its content, and an input can be null.
    bool as_exported = false;
};

/// What one pass over the dataset found.
struct DatasetFacts {
    std::uint64_t items = 0;  ///< selected: after where, filter, sample and limit
    std::uint64_t rows = 0;   ///< in the file
    std::string sha256;       ///< over the selected items' ids and content, in order
};

/// DatasetItem::content_hash of an item with this input, expected_output and metadata.
[[nodiscard]] std::string content_hash_of(const DatasetItem& item);
/// What an item adds to DatasetFacts::sha256.
[[nodiscard]] std::string dataset_hash_entry(const DatasetItem& item);

/// The items of a dataset: rows, mapped, filtered, sampled, each with its id. Streams; memory does
/// not grow with the file (duplicates are found by an external sort of fingerprints).
class Dataset {
  public:
    /// Called for each item of the validation pass, so that the caller can check what it needs
    /// (template variables, schema, expected values); returns "" or what is wrong with the item.
    using ItemCheck = std::function<std::string(const DatasetItem&)>;

    /// @error as open_rows.
    static Result<Dataset> open(const DatasetSpec& spec, const DatasetSelection& selection,
                                DatasetOptions options = {});

    /// Reads everything once: mapping, ids (duplicates refused), `check`. Bad rows are named with
    /// file and line, at most limits::k_diagnostics_max of them. `where` and the filter come first:
    /// a row they leave out must be readable and no more. No selected item is a diagnostic.
    /// Must be called before items().
    /// @error data_loss when the file changes meanwhile; unavailable or resource_exhausted when
    ///        reading or the temporary file of the duplicate search fails.
    [[nodiscard]] Result<DatasetFacts> validate(const ItemCheck& check, Diagnostics& diagnostics);

    /// Reads the same items again, in the file's order, positions from 0.
    /// `next` fails with data_loss when the file changed since validate().
    class Items {
      public:
        virtual ~Items() = default;
        [[nodiscard]] virtual Result<std::optional<DatasetItem>> next() = 0;
    };
    /// The Dataset must outlive what this returns.
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
