#include "server/resources/dataset_items.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/base/random.hpp"
#include "datasets/dataset.hpp"
#include "server/resources/dataset_schemas.hpp"
#include "server/store/overwriting.hpp"
#include "server/store/row_values.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 16;
constexpr std::chrono::milliseconds k_version_step{1};

// When an item was made: what was deleted before is another one of the same id.
#define ASSAY_MADE_AT                                                       \
    "(SELECT min(w.valid_from) FROM item_versions w WHERE w.item = i.item " \
    "AND w.status IS NOT 'DELETED')"
// Ids are compared as texts, however they are stored.
#define ASSAY_ID_AS_TEXT "CASE typeof(i.id) WHEN 'blob' THEN lower(hex(i.id)) ELSE i.id END"
constexpr const char* k_newest_item_first = " ORDER BY " ASSAY_MADE_AT " DESC, " ASSAY_ID_AS_TEXT;
constexpr const char* k_oldest_item_first = " ORDER BY " ASSAY_MADE_AT ", " ASSAY_ID_AS_TEXT;

/// One version, whole.
constexpr const char* k_version =
    "SELECT i.id, i.dataset, d.id, d.name, v.status, v.source_trace, v.source_observation, "
    "v.valid_from, ifnull(" ASSAY_MADE_AT
    ", v.valid_from), v.dictionary, v.size, v.document "
    "FROM item_versions v JOIN items i ON i.item = v.item JOIN datasets d ON d.dataset = i.dataset "
    "WHERE v.item_version = ?1";
#undef ASSAY_MADE_AT
#undef ASSAY_ID_AS_TEXT
constexpr const char* k_find_item =
    "SELECT item FROM items WHERE project = ?1 AND id = ?2 AND dataset = ?3";
constexpr const char* k_add_item = "INSERT INTO items(project, id, dataset) VALUES(?1, ?2, ?3)";
constexpr const char* k_newest = "SELECT max(valid_from) FROM item_versions WHERE item = ?1";
constexpr const char* k_add_version =
    "INSERT INTO item_versions(project, item, valid_from, content_hash, dictionary, size, "
    "document, status, source_trace, source_observation) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
// The rows stay, as run items and traces point to them, and their hashes, by which reports tell
// whether two runs had the same items.
constexpr const char* k_wipe =
    "UPDATE item_versions SET status = 'DELETED', source_trace = NULL, source_observation = NULL, "
    "dictionary = ?3, size = ?4, document = ?5 "
    "WHERE item = (SELECT item FROM item_versions WHERE project = ?1 AND item_version = ?2)";

constexpr std::array k_status_names = {"ACTIVE", "ARCHIVED", "DELETED"};

Time whole_milliseconds(Time time) { return std::chrono::floor<std::chrono::milliseconds>(time); }

/// Versions of that instant began before this.
std::int64_t end_of(std::optional<Time> instant) {
    if (!instant) return std::numeric_limits<std::int64_t>::max();
    return to_nanoseconds(whole_milliseconds(*instant) + k_version_step);
}

/// A column of the version of item `i` that was valid before ?1: NULL when there was none. An
/// index has all of them but the sources.
std::string of_version(std::string_view column) {
    return fmt::format(
        "(SELECT {} FROM item_versions w WHERE w.item = i.item AND w.valid_from < ?1 "
        "ORDER BY w.valid_from DESC, w.item_version DESC LIMIT 1)",
        column);
}

/// The end of a statement as it is put together of what is here.
struct VersionQuery {
    void add(std::string_view more) { text += more; }
    void add(std::string_view more, SqlValue value) {
        text += more;
        values.push_back(std::move(value));
    }

    std::string text{};
    std::vector<SqlValue> values;
};

VersionQuery compose(const DatasetItemQuery& query) {
    VersionQuery composed{.values = {end_of(query.at), query.project}};
    // The plus keeps the query to the index by dataset, which has the fewest.
    composed.add(query.dataset ? " FROM items i WHERE +i.project = ?2"
                               : " FROM items i WHERE i.project = ?2");
    if (query.dataset) composed.add(" AND i.dataset = ?", std::to_underlying(*query.dataset));
    composed.add(" AND " + of_version("ifnull(w.status, 'ACTIVE')"));
    composed.add(query.with_archived ? " <> 'DELETED'" : " = 'ACTIVE'");
    if (query.source_trace) {
        composed.add(" AND " + of_version("w.source_trace") + " = ?",
                     StoredId(*query.source_trace));
    }
    if (query.source_observation) {
        composed.add(" AND " + of_version("w.source_observation") + " = ?",
                     StoredId(*query.source_observation));
    }
    return composed;
}

/// The items of that id that are there, the one that changed last first.
VersionQuery of_id(std::int64_t project, const DatasetItemId& id,
                   std::optional<Time> at = std::nullopt) {
    VersionQuery query = compose({.project = project, .at = at, .with_archived = true});
    query.add(" AND i.id = ?", StoredId(id));
    query.add(" ORDER BY " + of_version("w.valid_from") + " DESC, i.item DESC");
    return query;
}

struct FoundVersion {
    ItemVersionRow version;
    std::string item_id;
};

Result<std::vector<FoundVersion>> find_versions(Session& session, const VersionQuery& query) {
    std::vector<FoundVersion> found;
    const std::string select = "SELECT " + of_version("w.item_version") + ", i.id";
    ASSAY_TRY(Rows rows, session.connection().query_composed(select + query.text, query.values));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        found.push_back({ItemVersionRow(rows.integer(0)), rows.id(1)});
    }
}

Result<std::int64_t> count_versions(Session& session, const VersionQuery& query) {
    ASSAY_TRY(Rows rows,
              session.connection().query_composed("SELECT count(*)" + query.text, query.values));
    ASSAY_CHECK(rows.next());
    return rows.integer(0);
}

/// What runs write has no status.
Result<ItemStatus> status_at(const Rows& rows, int column) {
    if (rows.is_null(column)) return ItemStatus::active;
    const auto name = std::ranges::find(k_status_names, rows.bytes(column));
    if (name != k_status_names.end()) return ItemStatus(name - k_status_names.begin());
    return failure(ErrorCode::data_loss, "a dataset item has an unknown status");
}

/// Adds a version of the record's item and sets its times and rows.
Result<void> add_version(Session& writer, std::int64_t project, DatasetItemRecord& record,
                         Time now) {
    Connection& connection = writer.connection();
    const StoredId id(record.id);
    const auto dataset = std::to_underlying(record.dataset);
    ASSAY_TRY(auto item, connection.find_integer(k_find_item, project, id, dataset));
    record.updated = now;
    if (item) {
        ASSAY_TRY(const auto newest, connection.find_integer(k_newest, *item));
        const Time before(std::chrono::nanoseconds(newest.value_or(0)));
        record.updated = std::max(now, Time(whole_milliseconds(before) + k_version_step));
    } else {
        ASSAY_CHECK(connection.run(k_add_item, project, id, dataset));
        item = connection.last_row();
    }
    if (record.version == ItemVersionRow{}) record.created = record.updated;
    DatasetItem content;
    content.input = record.input;
    content.expected_output = record.expected_output;
    content.metadata = record.metadata;
    DocumentWriter document;
    write_item(content, document);
    ASSAY_TRY(const PackedDocument packed, writer.codec().pack(document.bytes()));
    const auto stored = [](const std::optional<std::string>& text) {
        return text ? std::optional(StoredId(*text)) : std::nullopt;
    };
    ASSAY_CHECK(connection.run(k_add_version, project, *item, to_nanoseconds(record.updated),
                               StoredId(content_hash_of(content)), packed.dictionary, packed.size,
                               packed.bytes, std::string_view(to_string(record.status)),
                               stored(record.source_trace), stored(record.source_observation)));
    record.version = ItemVersionRow(connection.last_row());
    return {};
}

std::unexpected<Error> no_dataset() { return failure(ErrorCode::not_found, "Dataset not found"); }

/// The item as it is before the change: stored, or new and empty.
Result<DatasetItemRecord> item_to_change(Session& writer, std::int64_t project,
                                         const DatasetItemChange& change) {
    std::optional<DatasetRecord> dataset;
    if (change.dataset_name) {
        ASSAY_TRY(dataset, find_dataset(writer, project, *change.dataset_name));
        if (!dataset) return no_dataset();
    }
    if (change.id) {
        ASSAY_TRY(const auto found, find_versions(writer, of_id(project, *change.id)));
        std::optional<DatasetId> other;
        for (const FoundVersion& each : found) {
            ASSAY_TRY(DatasetItemRecord item, read_item_version(writer, each.version));
            if (!dataset || item.dataset == dataset->row) return item;
            other = std::move(item.dataset_id);
        }
        if (other) {
            return failure(
                ErrorCode::already_exists,
                fmt::format("Dataset item id {} already exists in another dataset (id {})",
                            change.id->value(), other->value()));
        }
    }
    if (!dataset) {
        return failure(ErrorCode::invalid_argument,
                       "datasetName is missing, and there is no item of that id");
    }
    return DatasetItemRecord{.id = change.id.value_or(DatasetItemId(random_hex(k_id_bytes))),
                             .dataset = dataset->row,
                             .dataset_id = std::move(dataset->id),
                             .dataset_name = std::move(dataset->name)};
}

template <class Value>
void apply(const std::optional<Value>& change, Value& value) {
    if (change) value = *change;
}

Result<void> check_schemas(Session& writer, std::int64_t project, const DatasetItemRecord& item) {
    ASSAY_TRY(const auto dataset, find_dataset(writer, project, item.dataset_name));
    if (!dataset) return no_dataset();
    ASSAY_TRY(const auto schemas,
              DatasetSchemas::compile(dataset->input_schema, dataset->expected_schema));
    const std::string faults = schemas.find_faults(item.input, item.expected_output);
    if (faults.empty()) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("Dataset item validation failed: {}", faults));
}

}  // namespace

Result<DatasetItemRecord> read_item_version(Session& session, ItemVersionRow version) {
    ASSAY_TRY(Rows rows, session.connection().query(k_version, std::to_underlying(version)));
    ASSAY_TRY(const bool is_there, rows.next());
    if (!is_there) return failure(ErrorCode::data_loss, "a version of a dataset item is missing");
    DatasetItemRecord record{.version = version,
                             .id = DatasetItemId(rows.id(0)),
                             .dataset = DatasetRow(rows.integer(1)),
                             .dataset_id = DatasetId(rows.id(2)),
                             .dataset_name = std::string(rows.bytes(3)),
                             .source_trace = id_at(rows, 5),
                             .source_observation = id_at(rows, 6),
                             .created = time_at(rows, 8),
                             .updated = time_at(rows, 7)};
    ASSAY_TRY(record.status, status_at(rows, 4));
    ASSAY_TRY(std::string bytes,
              session.codec().unpack({rows.integer(9), rows.integer(10), Blob{rows.bytes(11)}}));
    ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
    DatasetItem item;
    ASSAY_CHECK(read_item(document, item));
    record.input = std::move(item.input);
    record.expected_output = std::move(item.expected_output);
    record.metadata = std::move(item.metadata);
    return record;
}

const char* to_string(ItemStatus status) { return k_status_names[std::to_underlying(status)]; }

Result<DatasetItemRecord> put_dataset_item(Session& writer, const ProjectId& project,
                                           const DatasetItemChange& change, Time now) {
    ASSAY_TRY(const std::int64_t row, writer.find_project(project));
    ASSAY_TRY(DatasetItemRecord item, item_to_change(writer, row, change));
    const bool is_new = item.version == ItemVersionRow{};
    apply(change.input, item.input);
    apply(change.expected_output, item.expected_output);
    apply(change.metadata, item.metadata);
    apply(change.source_trace, item.source_trace);
    apply(change.source_observation, item.source_observation);
    apply(change.status, item.status);
    // What runs wrote can be archived though no schema was asked then.
    if (is_new || change.input || change.expected_output) {
        ASSAY_CHECK(check_schemas(writer, row, item));
    }
    ASSAY_CHECK(add_version(writer, row, item, now));
    return item;
}

Result<bool> remove_dataset_item(Session& writer, std::int64_t project, const DatasetItemId& id) {
    ASSAY_TRY(const auto found, find_versions(writer, of_id(project, id)));
    if (found.empty()) return false;
    // Traces of runs refer to these texts instead of repeating them.
    DocumentWriter nothing;
    for (int slot = 0; slot < 3; ++slot) nothing.add_text("null");
    ASSAY_TRY(const PackedDocument packed, writer.codec().pack(nothing.bytes()));
    const Overwriting overwriting(writer);
    ASSAY_CHECK(writer.connection().run(k_wipe, project, std::to_underlying(found.front().version),
                                        packed.dictionary, packed.size, packed.bytes));
    return true;
}

Result<std::optional<DatasetItemRecord>> find_dataset_item(Session& session, std::int64_t project,
                                                           const DatasetItemId& id,
                                                           std::optional<Time> at) {
    ASSAY_TRY(const auto found, find_versions(session, of_id(project, id, at)));
    if (found.empty()) return std::nullopt;
    return read_item_version(session, found.front().version);
}

Result<ListedRecords<ItemVersionRow>> list_dataset_items(Session& session,
                                                         const DatasetItemQuery& query,
                                                         ListRange range) {
    VersionQuery composed = compose(query);
    ListedRecords<ItemVersionRow> list;
    ASSAY_TRY(list.total, count_versions(session, composed));
    composed.add(k_newest_item_first);
    composed.add(" LIMIT ?", range.limit);
    composed.add(" OFFSET ?", range.offset);
    ASSAY_TRY(const auto found, find_versions(session, composed));
    for (const FoundVersion& item : found) list.records.push_back(item.version);
    return list;
}

Result<std::vector<ItemVersionRow>> dataset_item_versions(Session& session,
                                                          const DatasetItemQuery& query,
                                                          ItemOrder order) {
    VersionQuery composed = compose(query);
    composed.add(order == ItemOrder::newest_first ? k_newest_item_first : k_oldest_item_first);
    ASSAY_TRY(const auto found, find_versions(session, composed));
    std::vector<ItemVersionRow> versions;
    for (const FoundVersion& item : found) versions.push_back(item.version);
    return versions;
}

Result<void> for_each_dataset_item(Session& session, const DatasetItemQuery& query, ItemOrder order,
                                   const DatasetItemVisitor& visit) {
    ASSAY_TRY(const auto versions, dataset_item_versions(session, query, order));
    for (const ItemVersionRow version : versions) {
        ASSAY_TRY(const DatasetItemRecord record, read_item_version(session, version));
        ASSAY_CHECK(visit(record));
    }
    return {};
}

Result<std::vector<std::string>> dataset_item_ids(Session& session, const DatasetItemQuery& query) {
    VersionQuery composed = compose(query);
    composed.add(k_newest_item_first);
    ASSAY_TRY(auto found, find_versions(session, composed));
    std::vector<std::string> ids;
    for (FoundVersion& item : found) ids.push_back(std::move(item.item_id));
    return ids;
}

}  // namespace assay
