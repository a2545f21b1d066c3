#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "server/store/document.hpp"
#include "server/store/row_values.hpp"
#include "server/store/sqlite_catalogue.hpp"

namespace assay {
namespace {

constexpr const char* k_find_document =
    "SELECT baseline_document FROM baseline_documents WHERE project = ?1 AND sha256 = ?2";
constexpr const char* k_add_document =
    "INSERT INTO baseline_documents(project, sha256, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* k_document =
    "SELECT dictionary, size, document FROM baseline_documents WHERE project = ?1 AND sha256 = ?2";
constexpr const char* k_add_baseline =
    "INSERT INTO baselines(project, name, baseline_document, run, created_at, created_by, reason) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
constexpr const char* k_remove_baseline =
    "UPDATE baselines SET removed_at = ?3, removed_by = ?4 "
    "WHERE project = ?1 AND name = ?2 AND removed_at IS NULL";
constexpr const char* k_baselines =
    "SELECT name, sha256, run, created_at, created_by, reason, removed_at, removed_by "
    "FROM baselines JOIN baseline_documents USING(baseline_document) "
    "WHERE baselines.project = ?1 ORDER BY baseline DESC";

std::unexpected<Error> no_document(std::string_view sha256) {
    return failure(ErrorCode::not_found,
                   fmt::format("the store has no baseline document {}", sha256));
}

Baseline read_baseline(const Rows& rows) {
    return {.name = std::string(rows.bytes(0)),
            .sha256 = rows.id(1),
            .run = RunId(rows.id(2)),
            .created = time_at(rows, 3),
            .created_by = std::string(rows.bytes(4)),
            .reason = std::string(rows.bytes(5)),
            .removed = optional_time_at(rows, 6),
            .removed_by = std::string(rows.bytes(7))};
}

}  // namespace

Result<std::string> SqliteCatalogue::put_baseline_document(const ProjectId& project,
                                                           std::string_view document) {
    if (document.size() > limits::k_baseline_bytes_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("the baseline has more than {} MB, the most that is kept",
                                   limits::k_baseline_bytes_max >> 20U));
    }
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    std::string sha256 = sha256_hex(document);
    const StoredId id{std::string_view(sha256)};
    ASSAY_TRY(const auto known, session.connection().find_integer(k_find_document, row, id));
    if (known) return sha256;
    DocumentWriter slots;
    slots.add_text(document);
    ASSAY_TRY(const PackedDocument packed, session.codec().pack(slots.bytes()));
    ASSAY_CHECK(session.connection().run(k_add_document, row, id, packed.dictionary, packed.size,
                                         packed.bytes));
    return sha256;
}

Result<std::string> SqliteCatalogue::baseline_document(const ProjectId& project,
                                                       std::string_view sha256) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_document, row, StoredId(sha256)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return no_document(sha256);
    ASSAY_TRY(std::string bytes,
              session.codec().unpack({rows.integer(0), rows.integer(1), Blob{rows.bytes(2)}}));
    ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
    DocumentReader reader(document);
    std::string text = reader.text();
    ASSAY_CHECK(reader.finish());
    if (sha256_hex(text) == sha256) return text;
    return failure(ErrorCode::data_loss,
                   fmt::format("{}: the baseline document {} is not what was stored; restore the "
                               "store from a backup",
                               session.connection().path().string(), sha256));
}

Result<void> SqliteCatalogue::add_baseline(const ProjectId& project, const Baseline& baseline) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().find_project(project));
    ASSAY_TRY(
        const auto document,
        connection.find_integer(k_find_document, row, StoredId(std::string_view(baseline.sha256))));
    if (!document) return no_document(baseline.sha256);
    ASSAY_CHECK(connection.run(k_add_baseline, row, std::string_view(baseline.name), *document,
                               StoredId(baseline.run), to_nanoseconds(baseline.created),
                               std::string_view(baseline.created_by),
                               std::string_view(baseline.reason)));
    if (connection.changes() == 1) return {};
    return failure(ErrorCode::already_exists,
                   fmt::format("there is a baseline \"{}\" already", baseline.name));
}

Result<void> SqliteCatalogue::remove_baseline(const ProjectId& project, std::string_view name,
                                              Time at, std::string_view by) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().find_project(project));
    ASSAY_CHECK(connection.run(k_remove_baseline, row, name, to_nanoseconds(at), by));
    if (connection.changes() == 1) return {};
    return failure(ErrorCode::not_found, fmt::format("there is no baseline \"{}\"", name));
}

Result<std::vector<Baseline>> SqliteCatalogue::baselines(const ProjectId& project) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_baselines, row));
    std::vector<Baseline> baselines;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return baselines;
        baselines.push_back(read_baseline(rows));
    }
}

}  // namespace assay
