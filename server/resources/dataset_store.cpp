#include "server/resources/dataset_store.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_schemas.hpp"
#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr std::size_t k_faulty_items_told_max = 10;
constexpr std::chrono::seconds k_schema_check_time{3};  // everybody who writes waits for it

constexpr const char* k_dataset =
    "SELECT id, name, description, metadata, input_schema, expected_schema, created_at, "
    "ifnull(updated_at, created_at) FROM datasets WHERE dataset = ?1";
constexpr const char* k_by_name = "SELECT dataset FROM datasets WHERE project = ?1 AND name = ?2";
constexpr const char* k_by_id = "SELECT dataset FROM datasets WHERE project = ?1 AND id = ?2";
constexpr const char* k_list =
    "SELECT dataset FROM datasets WHERE project = ?1 "
    "ORDER BY created_at DESC, dataset DESC LIMIT ?2 OFFSET ?3";
constexpr const char* k_count = "SELECT count(*) FROM datasets WHERE project = ?1";
constexpr const char* k_add =
    "INSERT INTO datasets(project, id, name, description, metadata, input_schema, "
    "expected_schema, created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr const char* k_update =
    "UPDATE datasets SET description = ?3, metadata = ?4, input_schema = ?5, "
    "expected_schema = ?6, updated_at = ?7 WHERE project = ?1 AND dataset = ?2";

Result<DatasetRecord> read_dataset(Session& session, DatasetRow dataset) {
    ASSAY_TRY(Rows rows, session.connection().query(k_dataset, std::to_underlying(dataset)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return failure(ErrorCode::data_loss, "a dataset is missing");
    DatasetRecord record{.row = dataset,
                         .id = DatasetId(rows.id(0)),
                         .name = std::string(rows.bytes(1)),
                         .description = text_at(rows, 2),
                         .created = time_at(rows, 6),
                         .updated = time_at(rows, 7)};
    ASSAY_TRY(record.metadata, json_at(rows, 3));
    ASSAY_TRY(record.input_schema, json_at(rows, 4));
    ASSAY_TRY(record.expected_schema, json_at(rows, 5));
    return record;
}

Result<std::optional<DatasetRecord>> read_if(Session& session, std::optional<std::int64_t> row) {
    if (!row) return std::nullopt;
    return read_dataset(session, DatasetRow(*row));
}

/// Holds the stored items against schemas that are about to be theirs.
Result<void> check_items(Session& session, std::int64_t project, const DatasetRecord& dataset,
                         const Clock& clock) {
    ASSAY_TRY(const auto schemas,
              DatasetSchemas::compile(dataset.input_schema, dataset.expected_schema));
    if (schemas.is_empty()) return {};
    std::string faults;
    std::size_t faulty = 0;
    const MonotonicTime deadline = clock.monotonic() + k_schema_check_time;
    const auto check = [&](const DatasetItemRecord& item) -> Result<void> {
        if (clock.monotonic() > deadline) {
            return failure(ErrorCode::invalid_argument,
                           "The items of the dataset take too long to be held against this schema; "
                           "a simpler one, or a new dataset, would do");
        }
        const std::string fault = schemas.find_faults(item.input, item.expected_output);
        if (fault.empty()) return {};
        if (++faulty <= k_faulty_items_told_max) {
            faults += fmt::format("; item \"{}\": {}", item.id.value(), fault);
        }
        return {};
    };
    ASSAY_CHECK(for_each_dataset_item(
        session, {.project = project, .dataset = dataset.row, .with_archived = true},
        ItemOrder::newest_first, check));
    if (faulty == 0) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("Schema validation failed for {} items of the dataset{}{}", faulty,
                               faults, faulty > k_faulty_items_told_max ? "; ..." : ""));
}

template <class Value>
void apply(const std::optional<Value>& change, Value& value) {
    if (change) value = *change;
}

}  // namespace

Result<DatasetRecord> put_dataset(Session& writer, const ProjectId& project,
                                  const DatasetChange& change, const Clock& clock) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t row, writer.ensure_project(project));
    ASSAY_TRY(const auto known, find_dataset(writer, row, change.name));
    DatasetRecord dataset = known.value_or(DatasetRecord{});
    apply(change.description, dataset.description);
    apply(change.metadata, dataset.metadata);
    apply(change.input_schema, dataset.input_schema);
    apply(change.expected_schema, dataset.expected_schema);
    if (change.input_schema || change.expected_schema) {
        ASSAY_CHECK(check_items(writer, row, dataset, clock));
    }
    dataset.updated = clock.now();
    const auto metadata = stored_json(dataset.metadata);
    const auto input_schema = stored_json(dataset.input_schema);
    const auto expected_schema = stored_json(dataset.expected_schema);
    if (known) {
        ASSAY_CHECK(connection.run(k_update, row, std::to_underlying(dataset.row),
                                   dataset.description, metadata, input_schema, expected_schema,
                                   to_nanoseconds(dataset.updated)));
        return dataset;
    }
    dataset.id = derive_dataset_id(project, change.name);
    dataset.name = change.name;
    dataset.created = dataset.updated;
    ASSAY_CHECK(connection.run(k_add, row, StoredId(dataset.id), std::string_view(dataset.name),
                               dataset.description, metadata, input_schema, expected_schema,
                               to_nanoseconds(dataset.created), to_nanoseconds(dataset.updated)));
    dataset.row = DatasetRow(connection.last_row());
    return dataset;
}

Result<std::optional<DatasetRecord>> find_dataset(Session& session, std::int64_t project,
                                                  std::string_view name) {
    ASSAY_TRY(const auto row, session.connection().find_integer(k_by_name, project, name));
    return read_if(session, row);
}

Result<std::optional<DatasetRecord>> find_dataset(Session& session, std::int64_t project,
                                                  const DatasetId& id) {
    ASSAY_TRY(const auto row, session.connection().find_integer(k_by_id, project, StoredId(id)));
    return read_if(session, row);
}

Result<ListedRecords<DatasetRecord>> list_datasets(Session& session, std::int64_t project,
                                                   ListRange range) {
    Connection& connection = session.connection();
    ListedRecords<DatasetRecord> list;
    ASSAY_TRY(const auto total, connection.find_integer(k_count, project));
    list.total = total.value_or(0);
    ASSAY_TRY(Rows rows, connection.query(k_list, project, range.limit, range.offset));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return list;
        ASSAY_TRY(DatasetRecord record, read_dataset(session, DatasetRow(rows.integer(0))));
        list.records.push_back(std::move(record));
    }
}

}  // namespace assay
