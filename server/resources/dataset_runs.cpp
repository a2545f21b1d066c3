#include "server/resources/dataset_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/random.hpp"
#include "server/store/row_values.hpp"
#include "server/store/run_document.hpp"
#include "server/store/run_lock.hpp"

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 16;

// Runs of clients belong to no run of a spec: their `run` is 0.
constexpr const char* k_dataset_run =
    "SELECT r.id, r.name, r.description, r.metadata, r.dataset, d.id, d.name, r.created_at, "
    "ifnull(r.updated_at, r.created_at) FROM dataset_runs r JOIN datasets d "
    "ON d.dataset = r.dataset WHERE r.dataset_run = ?1";
constexpr const char* k_find_own =
    "SELECT dataset_run FROM dataset_runs "
    "WHERE project = ?1 AND dataset = ?2 AND name = ?3 AND run = 0";
constexpr const char* k_find =
    "SELECT dataset_run FROM dataset_runs WHERE project = ?1 AND dataset = ?2 AND name = ?3 "
    "ORDER BY run = 0 DESC, created_at DESC, dataset_run DESC LIMIT 1";
constexpr const char* k_add =
    "INSERT INTO dataset_runs(project, id, run, variant, dataset, name, created_at, metadata, "
    "description, updated_at) VALUES(?1, ?2, 0, '', ?3, ?4, ?5, ?6, ?7, ?5)";
constexpr const char* k_count =
    "SELECT count(*) FROM dataset_runs WHERE project = ?1 AND dataset = ?2";
constexpr const char* k_list =
    "SELECT dataset_run FROM dataset_runs WHERE project = ?1 AND dataset = ?2 "
    "ORDER BY created_at DESC, dataset_run DESC LIMIT ?3 OFFSET ?4";

constexpr const char* k_spec_run =
    "SELECT s.run, s.id, s.dictionary, s.size, s.document FROM dataset_runs r "
    "JOIN runs s ON s.run = r.run WHERE r.dataset_run = ?1";
constexpr const char* k_update_spec_run =
    "UPDATE runs SET dictionary = ?2, size = ?3, document = ?4 WHERE run = ?1";
constexpr const char* k_remove_spec_run = "DELETE FROM runs WHERE run = ?1";
constexpr const char* k_remove_items =
    "DELETE FROM run_items WHERE project = ?1 AND dataset_run = ?2";
constexpr const char* k_remove_scores =
    "DELETE FROM scores WHERE project = ?1 AND subject = ?2 "
    "AND subject_kind = (SELECT symbol FROM symbols WHERE text = 'dataset_run')";
constexpr const char* k_remove_past_scores =
    "DELETE FROM score_history WHERE project = ?1 AND subject = ?2 "
    "AND subject_kind = (SELECT symbol FROM symbols WHERE text = 'dataset_run')";
constexpr const char* k_remove = "DELETE FROM dataset_runs WHERE project = ?1 AND dataset_run = ?2";

constexpr const char* k_last_position =
    "SELECT max(position) FROM run_items WHERE project = ?1 AND dataset_run = ?2";
constexpr const char* k_add_item =
    "INSERT INTO run_items(project, dataset_run, position, repetition, id, item_version, trace, "
    "unit_key, observation_id, created_at) VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, NULL, ?7, ?8)";
// When an item was added: those of specs with their traces.
#define ASSAY_RUN_ITEMS                                                         \
    "FROM run_items r JOIN item_versions v ON v.item_version = r.item_version " \
    "JOIN items i ON i.item = v.item JOIN traces t ON t.trace = r.trace "       \
    "WHERE r.project = ?1 AND r.dataset_run = ?2 "                              \
    "AND (?3 IS NULL OR ifnull(r.created_at, t.timestamp) >= ?3) "              \
    "AND (?4 IS NULL OR ifnull(r.created_at, t.timestamp) < ?4) "
#define ASSAY_RUN_ITEM \
    "SELECT r.id, i.id, t.id, r.observation_id, ifnull(r.created_at, t.timestamp) "
constexpr const char* k_count_items = "SELECT count(*) " ASSAY_RUN_ITEMS;
constexpr const char* k_items_as_added =
    ASSAY_RUN_ITEM ASSAY_RUN_ITEMS "ORDER BY r.position, r.repetition LIMIT ?5 OFFSET ?6";
constexpr const char* k_items_newest_first =
    ASSAY_RUN_ITEM ASSAY_RUN_ITEMS "ORDER BY r.position DESC, r.repetition DESC LIMIT ?5 OFFSET ?6";
#undef ASSAY_RUN_ITEM
#undef ASSAY_RUN_ITEMS

Result<DatasetRunRecord> read_dataset_run(Session& session, DatasetRunRow run) {
    ASSAY_TRY(Rows rows, session.connection().query(k_dataset_run, std::to_underlying(run)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return failure(ErrorCode::data_loss, "a dataset run is missing");
    DatasetRunRecord record{.row = run,
                            .id = DatasetRunId(rows.id(0)),
                            .name = std::string(rows.bytes(1)),
                            .description = text_at(rows, 2),
                            .dataset = DatasetRow(rows.integer(4)),
                            .dataset_id = DatasetId(rows.id(5)),
                            .dataset_name = std::string(rows.bytes(6)),
                            .created = time_at(rows, 7),
                            .updated = time_at(rows, 8)};
    ASSAY_TRY(record.metadata, json_at(rows, 3));
    return record;
}

std::optional<std::int64_t> stored_time(std::optional<Time> time) {
    return time ? std::optional(to_nanoseconds(*time)) : std::nullopt;
}

/// Takes a variant out of the run of its spec.
Result<void> remove_variant(Session& writer, const ProjectId& project,
                            const DatasetRunRecord& variant) {
    Connection& connection = writer.connection();
    std::int64_t row = 0;
    std::optional<RunRecord> run;
    {
        ASSAY_TRY(Rows rows, connection.query(k_spec_run, std::to_underlying(variant.row)));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return {};
        row = rows.integer(0);
        ASSAY_TRY(std::string bytes,
                  writer.codec().unpack({rows.integer(2), rows.integer(3), Blob{rows.bytes(4)}}));
        ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
        ASSAY_TRY(run, read_run(document));
    }
    const std::filesystem::path folder = connection.path().parent_path();
    if (RunLock::is_held({.store = folder, .project = project, .run = run->id})) {
        return failure(ErrorCode::already_exists,
                       fmt::format("Run \"{}\" is being executed; end it first", run->name));
    }
    std::erase_if(run->variants,
                  [&](const VariantRecord& other) { return other.dataset_run_id == variant.id; });
    if (run->variants.empty()) return connection.run(k_remove_spec_run, row);
    DocumentWriter document;
    write_run(*run, document);
    ASSAY_TRY(const PackedDocument packed, writer.codec().pack(document.bytes()));
    return connection.run(k_update_spec_run, row, packed.dictionary, packed.size, packed.bytes);
}

}  // namespace

Result<DatasetRunRecord> ensure_dataset_run(Session& writer, std::int64_t project,
                                            const NewDatasetRun& run, Time now) {
    Connection& connection = writer.connection();
    const auto dataset = std::to_underlying(run.dataset);
    const std::string_view name = run.name;
    ASSAY_TRY(const auto known, connection.find_integer(k_find_own, project, dataset, name));
    if (known) return read_dataset_run(writer, DatasetRunRow(*known));
    ASSAY_CHECK(connection.run(k_add, project, StoredId(random_hex(k_id_bytes)), dataset, name,
                               to_nanoseconds(now), std::string_view(to_text(run.metadata)),
                               run.description));
    return read_dataset_run(writer, DatasetRunRow(connection.last_row()));
}

Result<std::optional<DatasetRunRecord>> find_dataset_run(Session& session, std::int64_t project,
                                                         DatasetRow dataset,
                                                         std::string_view name) {
    ASSAY_TRY(const auto row, session.connection().find_integer(k_find, project,
                                                                std::to_underlying(dataset), name));
    if (!row) return std::nullopt;
    return read_dataset_run(session, DatasetRunRow(*row));
}

Result<ListedRecords<DatasetRunRecord>> list_dataset_runs(Session& session, std::int64_t project,
                                                          DatasetRow dataset, ListRange range) {
    Connection& connection = session.connection();
    ListedRecords<DatasetRunRecord> list;
    ASSAY_TRY(const auto total,
              connection.find_integer(k_count, project, std::to_underlying(dataset)));
    list.total = total.value_or(0);
    ASSAY_TRY(Rows rows, connection.query(k_list, project, std::to_underlying(dataset), range.limit,
                                          range.offset));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return list;
        ASSAY_TRY(auto record, read_dataset_run(session, DatasetRunRow(rows.integer(0))));
        list.records.push_back(std::move(record));
    }
}

Result<void> remove_dataset_run(Session& writer, const ProjectId& project,
                                const DatasetRunRecord& run) {
    ASSAY_TRY(const std::int64_t owner, writer.find_project(project));
    ASSAY_CHECK(remove_variant(writer, project, run));
    Connection& connection = writer.connection();
    const auto row = std::to_underlying(run.row);
    ASSAY_CHECK(connection.run(k_remove_items, owner, row));
    ASSAY_CHECK(connection.run(k_remove_scores, owner, row));
    ASSAY_CHECK(connection.run(k_remove_past_scores, owner, row));
    return connection.run(k_remove, owner, row);
}

Result<RunItemId> add_run_item(Session& writer, std::int64_t project, const NewRunItem& item,
                               Time created) {
    Connection& connection = writer.connection();
    const auto run = std::to_underlying(item.run);
    std::int64_t position = 0;
    {
        ASSAY_TRY(Rows rows, connection.query(k_last_position, project, run));
        ASSAY_CHECK(rows.next());
        if (!rows.is_null(0)) position = rows.integer(0) + 1;
    }
    RunItemId id(random_hex(k_id_bytes));
    const auto observation =
        item.observation_id ? std::optional(StoredId(*item.observation_id)) : std::nullopt;
    ASSAY_CHECK(connection.run(k_add_item, project, run, position, StoredId(id),
                               std::to_underlying(item.item_version), item.trace, observation,
                               to_nanoseconds(created)));
    return id;
}

Result<ListedRecords<RunItemRecord>> list_run_items(Session& session, std::int64_t project,
                                                    DatasetRunRow run, RunItemOrder order,
                                                    ListRange range, const RunItemPeriod& period) {
    Connection& connection = session.connection();
    const auto row = std::to_underlying(run);
    const auto from = stored_time(period.from);
    const auto to = stored_time(period.to);
    ListedRecords<RunItemRecord> list;
    ASSAY_TRY(const auto total, connection.find_integer(k_count_items, project, row, from, to));
    list.total = total.value_or(0);
    const char* const statement =
        order == RunItemOrder::as_added ? k_items_as_added : k_items_newest_first;
    ASSAY_TRY(Rows rows,
              connection.query(statement, project, row, from, to, range.limit, range.offset));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return list;
        list.records.push_back({.id = RunItemId(rows.id(0)),
                                .item = DatasetItemId(rows.id(1)),
                                .trace = TraceId(rows.id(2)),
                                .observation_id = id_at(rows, 3),
                                .created = time_at(rows, 4)});
    }
}

}  // namespace assay
