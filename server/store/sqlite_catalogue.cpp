#include "server/store/sqlite_catalogue.hpp"

#include <fmt/format.h>

#include "server/store/document.hpp"
#include "server/store/row_values.hpp"
#include "server/store/run_document.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr const char* k_add_dataset =
    "INSERT INTO datasets(project, id, name, created_at) VALUES(?1, ?2, ?3, ?4) "
    "ON CONFLICT DO NOTHING";
constexpr const char* k_find_dataset =
    "SELECT dataset FROM datasets WHERE project = ?1 AND name = ?2";
constexpr const char* k_is_removed =
    "SELECT 1 FROM project_settings WHERE project = ?1 AND removed_at IS NOT NULL";
constexpr const char* k_add_run =
    "INSERT INTO runs(project, id, name, dataset, started_at, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
constexpr const char* k_update_run =
    "UPDATE runs SET dictionary = ?3, size = ?4, document = ?5 WHERE project = ?1 AND id = ?2";
constexpr const char* k_runs =
    "SELECT dictionary, size, document FROM runs WHERE project = ?1 "
    "ORDER BY started_at DESC, run DESC";
constexpr const char* k_find_run =
    "SELECT dictionary, size, document FROM runs WHERE project = ?1 AND id = ?2";
constexpr const char* k_add_dataset_run =
    "INSERT INTO dataset_runs(project, id, run, variant, dataset, name, created_at, metadata) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr const char* k_find_dataset_run =
    "SELECT dataset_run, created_at FROM dataset_runs WHERE project = ?1 AND id = ?2";
constexpr const char* k_find_item =
    "SELECT item FROM items WHERE project = ?1 AND id = ?2 AND dataset = ?3";
constexpr const char* k_add_item = "INSERT INTO items(project, id, dataset) VALUES(?1, ?2, ?3)";
constexpr const char* k_find_version =
    "SELECT item_version, content_hash FROM item_versions "
    "WHERE project = ?1 AND item = ?2 AND valid_from <= ?3 AND status IS NOT 'DELETED' "
    "ORDER BY valid_from DESC, item_version DESC LIMIT 1";
constexpr const char* k_add_version =
    "INSERT INTO item_versions(project, item, valid_from, content_hash, dictionary, size, "
    "document) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr const char* k_versions =
    "SELECT valid_from, content_hash, dictionary, size, document FROM item_versions "
    "WHERE project = ?1 AND item = ?2 ORDER BY valid_from, item_version";

/// How the tracing backend names a dataset run: after the run, and the variant when it has several.
std::string dataset_run_name(const RunRecord& run, const VariantRecord& variant) {
    if (run.variants.size() == 1) return run.name;
    return fmt::format("{} - {}", run.name, variant.name);
}

/// Of the columns dictionary, size and document.
Result<RunRecord> read_run_row(Session& session, const Rows& rows) {
    ASSAY_TRY(std::string bytes,
              session.codec().unpack({rows.integer(0), rows.integer(1), Blob{rows.bytes(2)}}));
    ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
    return read_run(document);
}

std::unexpected<Error> no_run(const RunId& id) {
    return failure(ErrorCode::not_found, fmt::format("there is no run {}", id.value()));
}

std::unexpected<Error> no_dataset(std::string_view name) {
    return failure(ErrorCode::not_found, fmt::format("there is no dataset \"{}\"", name));
}

}  // namespace

Result<void> SqliteCatalogue::create_run(const ProjectId& project, const RunRecord& run) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().ensure_project(project));
    ASSAY_TRY(const auto removed, connection.find_integer(k_is_removed, row));
    if (removed) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the project {} of this store was deleted, and its runs are "
                                   "being cleared; choose another folder",
                                   project.value()));
    }
    ASSAY_CHECK(connection.run(k_add_dataset, row, StoredId(run.dataset_id),
                               std::string_view(run.dataset_name), to_nanoseconds(run.started)));
    ASSAY_TRY(const auto dataset,
              connection.find_integer(k_find_dataset, row, std::string_view(run.dataset_name)));
    if (!dataset) {
        return failure(
            ErrorCode::already_exists,
            fmt::format("the id of dataset \"{}\" belongs to another dataset", run.dataset_name));
    }
    DocumentWriter document;
    write_run(run, document);
    ASSAY_TRY(const PackedDocument packed, database_.writer().codec().pack(document.bytes()));
    ASSAY_CHECK(connection.run(k_add_run, row, StoredId(run.id), std::string_view(run.name),
                               *dataset, to_nanoseconds(run.started), packed.dictionary,
                               packed.size, packed.bytes));
    if (connection.changes() == 0) {
        return failure(ErrorCode::already_exists,
                       fmt::format("run {} is stored already", run.id.value()));
    }
    const std::int64_t run_row = connection.last_row();
    const std::string metadata = to_text(run.metadata);
    for (const VariantRecord& variant : run.variants) {
        const std::string name = dataset_run_name(run, variant);
        ASSAY_CHECK(connection.run(k_add_dataset_run, row, StoredId(variant.dataset_run_id),
                                   run_row, std::string_view(variant.name), *dataset,
                                   std::string_view(name), to_nanoseconds(run.started),
                                   std::string_view(metadata)));
    }
    return {};
}

Result<void> SqliteCatalogue::update_run(const ProjectId& project, const RunRecord& run) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().find_project(project));
    DocumentWriter document;
    write_run(run, document);
    ASSAY_TRY(const PackedDocument packed, database_.writer().codec().pack(document.bytes()));
    ASSAY_CHECK(connection.run(k_update_run, row, StoredId(run.id), packed.dictionary, packed.size,
                               packed.bytes));
    if (connection.changes() == 1) return {};
    return no_run(run.id);
}

Result<RunRecord> SqliteCatalogue::run(const ProjectId& project, const RunId& id) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_find_run, row, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return no_run(id);
    return read_run_row(session, rows);
}

Result<std::vector<RunRecord>> SqliteCatalogue::runs(const ProjectId& project) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_runs, row));
    std::vector<RunRecord> runs;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return runs;
        ASSAY_TRY(RunRecord run, read_run_row(session, rows));
        runs.push_back(std::move(run));
    }
}

Result<DatasetRunPlace> SqliteCatalogue::dataset_run(const ProjectId& project,
                                                     const DatasetRunId& id) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_find_dataset_run, row, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) {
        return failure(ErrorCode::not_found, fmt::format("there is no dataset run {}", id.value()));
    }
    return DatasetRunPlace{DatasetRunRow(rows.integer(0)), time_at(rows, 1)};
}

Result<std::int64_t> SqliteCatalogue::ensure_item(std::int64_t project,
                                                  std::string_view dataset_name,
                                                  const DatasetItem& item) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const auto dataset, connection.find_integer(k_find_dataset, project, dataset_name));
    if (!dataset) return no_dataset(dataset_name);
    const StoredId id(item.id);
    ASSAY_TRY(const auto known, connection.find_integer(k_find_item, project, id, *dataset));
    if (known) return *known;
    ASSAY_CHECK(connection.run(k_add_item, project, id, *dataset));
    return connection.last_row();
}

Result<ItemVersionRow> SqliteCatalogue::put_item(const ProjectId& project,
                                                 std::string_view dataset_name,
                                                 const DatasetItem& item, Time at) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().ensure_project(project));
    ASSAY_TRY(const std::int64_t item_row, ensure_item(row, dataset_name, item));
    const StoredId hash(item.content_hash);
    {
        ASSAY_TRY(Rows rows, connection.query(k_find_version, row, item_row, to_nanoseconds(at)));
        ASSAY_TRY(const bool found, rows.next());
        if (found && rows.bytes(1) == hash.bytes()) return ItemVersionRow(rows.integer(0));
    }
    DocumentWriter document;
    write_item(item, document);
    ASSAY_TRY(const PackedDocument packed, database_.writer().codec().pack(document.bytes()));
    ASSAY_CHECK(connection.run(k_add_version, row, item_row, to_nanoseconds(at), hash,
                               packed.dictionary, packed.size, packed.bytes));
    return ItemVersionRow(connection.last_row());
}

Result<std::vector<ItemVersion>> SqliteCatalogue::item_versions(const ProjectId& project,
                                                                std::string_view dataset_name,
                                                                const DatasetItemId& item) const {
    Session& session = database_.reader();
    Connection& connection = session.connection();
    std::vector<ItemVersion> versions;
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(const auto dataset, connection.find_integer(k_find_dataset, row, dataset_name));
    if (!dataset) return no_dataset(dataset_name);
    ASSAY_TRY(const auto item_row,
              connection.find_integer(k_find_item, row, StoredId(item), *dataset));
    if (!item_row) return versions;
    ASSAY_TRY(Rows rows, connection.query(k_versions, row, *item_row));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return versions;
        ASSAY_TRY(std::string bytes,
                  session.codec().unpack({rows.integer(2), rows.integer(3), Blob{rows.bytes(4)}}));
        ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
        ItemVersion version;
        version.valid_from = time_at(rows, 0);
        version.item.id = item;
        version.item.content_hash = rows.id(1);
        ASSAY_CHECK(read_item(document, version.item));
        versions.push_back(std::move(version));
    }
}

}  // namespace assay
