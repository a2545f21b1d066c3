#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/unit.hpp"

namespace assay {

/// One score of one variant, item by item in the order of its table.
struct ScoreSeries {
    std::string name;
    std::optional<ScoreDataType> data_type;
    std::vector<std::uint32_t> counts;    ///< values of each item: repetitions that have the score
    std::vector<double> means;            ///< of each item's values, 0 without; not of categories
    std::vector<std::string> categories;  ///< CATEGORICAL: all that occur, in order of appearance
    std::vector<std::uint32_t> labels;    ///< CATEGORICAL: all values, item after item

    /// The share of each item's values that are in the category; 0 without a value.
    [[nodiscard]] std::vector<double> shares_of(const std::string& category) const;
};

/// A field by whose values items are told apart.
struct SliceColumn {
    std::string path;                    ///< "metadata.lang"
    std::vector<std::string> values;     ///< that occur, in order of appearance
    std::vector<std::uint32_t> of_item;  ///< indexes into `values`
};

/// What intervals and comparisons see of one variant: one number an item and score. The item is
/// what was sampled; its repetitions are folded into their mean (SPEC 1.8).
struct ScoreTable {
    std::string variant;
    std::vector<DatasetItemId> items;
    std::vector<std::uint64_t> contents;  ///< 16 digits of each content hash; 0 = not known
    std::vector<std::uint32_t> clusters;  ///< equal for items that belong together; empty = none do
    std::vector<std::uint32_t> broken;    ///< units of each item that are failed or unscored
    std::vector<SliceColumn> slices;
    std::vector<ScoreSeries> scores;

    /// nullptr when the variant does not have it.
    [[nodiscard]] const ScoreSeries* find(const std::string& score) const;
    [[nodiscard]] const SliceColumn* find_slice(const std::string& path) const;
};

/// Builds a table while units stream by, those of one item after each other.
class ScoreTableBuilder {
  public:
    /// @param slices  paths into the item: "metadata.lang".
    ScoreTableBuilder(std::string variant, std::vector<std::string> slices);

    /// Begins the next item.
    void begin_item(const DatasetItem& item);
    /// Adds a value of the current item: a text for a CATEGORICAL, else a number or a truth.
    void add(const std::string& score, ScoreDataType type, const ScoreValue& value);
    /// Notes a unit of the current item that is failed or unscored.
    void add_broken();
    /// Call once.
    [[nodiscard]] ScoreTable finish();

  private:
    struct OpenSeries {
        ScoreSeries series;
        std::map<std::string, std::uint32_t> label_of;
        double sum = 0;            ///< of the current item
        std::uint32_t values = 0;  ///< of it
    };

    void end_item();
    void add_cluster(const DatasetItem& item);
    [[nodiscard]] OpenSeries& open_series(const std::string& score, ScoreDataType type);

    ScoreTable table_;
    std::vector<OpenSeries> series_;
    std::map<std::string, std::uint32_t> cluster_of_;
    std::vector<std::map<std::string, std::uint32_t>> slice_value_of_;
    bool clustered_ = false;
};

/// The value of a path into an item's input, expected_output or metadata, as slices are named:
/// text as it is, anything else as compact JSON, "(none)" where there is nothing.
[[nodiscard]] std::string slice_value(const DatasetItem& item, const std::string& path);

}  // namespace assay
