#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/dataset_spec.hpp"
#include "core/model/unit.hpp"
#include "datasets/duplicate_finder.hpp"

namespace assay {

struct ItemMapperOptions {
    std::optional<Filter> filter;  ///< the run's own, on top of the spec's `where`
    bool keep_row = true;
    bool as_exported = false;  ///< as DatasetOptions says
};

/// Turns rows into items as the spec says: mapping, id, cluster, `where` and the run's filter.
class ItemMapper {
  public:
    ItemMapper(const DatasetSpec& spec, ItemMapperOptions options);

    struct Mapped {
        DatasetItem item;         ///< position is left to the caller
        Fingerprint fingerprint;  ///< of the id
        bool left_out = false;    ///< by `where` or the filter; nothing else counts then
        std::string problem;      ///< why the row makes no item; "" = it does
    };
    /// @param row  an object, read at `line`.
    [[nodiscard]] Mapped map(Json row, std::uint64_t line);

    /// One sentence for each path of the spec that led nowhere in any row that was mapped.
    [[nodiscard]] std::vector<std::string> unused_paths() const;

  private:
    /// One path of the spec and what it is for.
    struct Source {
        std::string name;   ///< "input", "metadata.tier"
        std::string field;  ///< the member of the object that the mapping builds, or ""
        JsonPath path;
        std::string member;     ///< when the path is a plain $.member, else ""
        bool written = false;   ///< in the spec; else it is the default
        bool selected = false;  ///< something, in any row so far
    };
    using Sources = std::vector<Source>;

    static Source make_source(std::string name, std::string field, JsonPath path);
    static Sources make_sources(const std::string& name, const std::optional<MappingSpec>& mapping);
    static std::optional<Source> make_source(std::string name, const std::optional<JsonPath>& path);
    [[nodiscard]] bool members_are_distinct() const;

    static Result<const Json*> find(Source& source, const Json& row, Json& scratch);
    [[nodiscard]] Result<Json> take(Source& source, Json& row) const;
    [[nodiscard]] Result<Json> take(Sources& sources, Json& row) const;
    [[nodiscard]] Result<std::string> read_id(const Json& row);
    [[nodiscard]] bool has_id(const Json& row) const;
    [[nodiscard]] Result<void> fill(DatasetItem& item, Json& row);
    [[nodiscard]] bool passes(const Filter& filter, const Json& row, const DatasetItem& item) const;
    [[nodiscard]] std::string missing_input(const Json& row) const;

    std::optional<Filter> where_;
    ItemMapperOptions options_;
    Sources input_;
    Sources expected_output_;
    Sources metadata_;
    std::optional<Source> id_;
    std::optional<Source> cluster_;
    bool move_members_ = false;
    std::vector<std::string> members_;  ///< of the first row, for messages
};

}  // namespace assay
