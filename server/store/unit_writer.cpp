#include <fmt/format.h>

#include <algorithm>

#include "server/store/metadata_tokens.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr std::string_view k_environment = "sdk-experiment";  // as experiments of the SDKs
constexpr std::string_view k_source = "EVAL";

constexpr const char* k_add_trace =
    "INSERT INTO traces(project, id, timestamp, name, environment, item_version) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
constexpr const char* k_find_trace = "SELECT trace FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_update_trace =
    "UPDATE traces SET timestamp = ?3, name = ?4, environment = ?5, item_version = ?6 "
    "WHERE project = ?1 AND trace = ?2";
constexpr const char* k_add_document =
    "INSERT INTO trace_documents(trace, project, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* k_find_document =
    "SELECT dictionary, size, document FROM trace_documents WHERE project = ?1 AND trace = ?2";
constexpr const char* k_add_observation =
    "INSERT INTO observations(project, id, trace, type, name, level, environment, model, "
    "start_time, latency, input_tokens, output_tokens, total_tokens, cost, slot) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
constexpr const char* k_find_observations =
    "SELECT observation, slot FROM observations WHERE project = ?1 AND trace = ?2";
constexpr const char* k_add_score =
    "INSERT INTO scores(project, subject_kind, subject, ordinal, id, name, data_type, source, "
    "environment, timestamp, value, string_value, comment) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
constexpr const char* k_next_ordinal =
    "SELECT coalesce(max(ordinal) + 1, 0) FROM scores "
    "WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3";
constexpr const char* k_delete_scores =
    "DELETE FROM scores WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3 AND source = ?4";
constexpr const char* k_add_run_item =
    "INSERT INTO run_items(project, dataset_run, position, repetition, id, item_version, trace, "
    "unit_key) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
constexpr const char* k_find_run_item =
    "SELECT trace FROM run_items "
    "WHERE project = ?1 AND dataset_run = ?2 AND position = ?3 AND repetition = ?4";
constexpr const char* k_delete_run_item =
    "DELETE FROM run_items "
    "WHERE project = ?1 AND dataset_run = ?2 AND position = ?3 AND repetition = ?4";
constexpr const char* k_delete_document =
    "DELETE FROM trace_documents WHERE project = ?1 AND trace = ?2";
constexpr const char* k_delete_observations =
    "DELETE FROM observations WHERE project = ?1 AND trace = ?2";
constexpr const char* k_index_trace = "INSERT INTO trace_metadata(rowid, tokens) VALUES(?1, ?2)";
constexpr const char* k_unindex_trace =
    "INSERT INTO trace_metadata(trace_metadata, rowid, tokens) VALUES('delete', ?1, ?2)";
constexpr const char* k_index_observation =
    "INSERT INTO observation_metadata(rowid, tokens) VALUES(?1, ?2)";
constexpr const char* k_unindex_observation =
    "INSERT INTO observation_metadata(observation_metadata, rowid, tokens) "
    "VALUES('delete', ?1, ?2)";

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

std::optional<std::int64_t> tokens_of(const UsageDetails& usage, const char* name) {
    const auto found = usage.find(name);
    if (found == usage.end()) return std::nullopt;
    return found->second;
}

/// Writes one unit. Holds what the steps share.
class UnitWriter {
  public:
    UnitWriter(Session& session, const ProjectId& project, std::int64_t project_row,
               const UnitPlace& place, const UnitResult& unit)
        : session_(session),
          connection_(session.connection()),
          project_(project),
          project_row_(project_row),
          place_(place),
          unit_(unit),
          position_(static_cast<std::int64_t>(unit.item.position)) {}

    Result<void> write(DocumentWriter& document) {
        ASSAY_TRY(environment_, session_.symbol(k_environment));
        ASSAY_CHECK(put_trace());
        ASSAY_CHECK(put_run_item());
        Json metadata = *place_.metadata;
        metadata["item_id"] = unit_.item.id.value();
        metadata["repetition"] = unit_.repetition;
        ASSAY_CHECK(index(k_index_trace, trace_, metadata));

        document.clear();
        const std::vector<std::size_t> slots = write_unit(unit_, metadata, document);
        ASSAY_TRY(const PackedDocument packed, session_.codec().pack(document.bytes()));
        ASSAY_CHECK(connection_.run(k_add_document, trace_, project_row_, packed.dictionary,
                                    packed.size, packed.bytes));
        for (std::size_t i = 0; i < slots.size(); ++i) {
            ASSAY_CHECK(put_observation(unit_.observations[i], slots[i]));
        }
        return put_scores();
    }

  private:
    Result<void> put_trace() {
        ASSAY_TRY(const std::int64_t name, session_.symbol(place_.trace_name));
        const auto version = std::to_underlying(place_.item_version);
        const StoredId id(unit_.trace_id);
        ASSAY_CHECK(connection_.run(k_add_trace, project_row_, id, nanoseconds(unit_.started), name,
                                    environment_, version));
        if (connection_.changes() == 1) {
            trace_ = connection_.last_row();
            return {};
        }
        ASSAY_TRY(const auto known, connection_.find_integer(k_find_trace, project_row_, id));
        trace_ = known.value_or(0);
        ASSAY_CHECK(clear_trace());
        return connection_.run(k_update_trace, project_row_, trace_, nanoseconds(unit_.started),
                               name, environment_, version);
    }

    /// Removes what an earlier writing of this unit left. Scores from others stay.
    Result<void> clear_trace() {
        const auto dataset_run = std::to_underlying(place_.dataset_run);
        ASSAY_TRY(const auto holder,
                  connection_.find_integer(k_find_run_item, project_row_, dataset_run, position_,
                                           unit_.repetition));
        if (holder != trace_) return taken();
        ASSAY_CHECK(clear_index());
        ASSAY_CHECK(connection_.run(k_delete_run_item, project_row_, dataset_run, position_,
                                    unit_.repetition));
        ASSAY_CHECK(connection_.run(k_delete_document, project_row_, trace_));
        ASSAY_CHECK(connection_.run(k_delete_observations, project_row_, trace_));
        ASSAY_TRY(const std::int64_t source, session_.symbol(k_source));
        ASSAY_TRY(const std::int64_t kind, session_.symbol("trace"));
        ASSAY_CHECK(connection_.run(k_delete_scores, project_row_, kind, trace_, source));
        ASSAY_TRY(const auto next,
                  connection_.find_integer(k_next_ordinal, project_row_, kind, trace_));
        ordinal_ = next.value_or(0);
        return {};
    }

    /// The index keeps no content, so taking a row out of it needs the tokens that went in.
    Result<void> clear_index() {
        ASSAY_TRY(Rows packed, connection_.query(k_find_document, project_row_, trace_));
        ASSAY_TRY(const bool found, packed.next());
        if (!found) return std::unexpected(connection_.error(SQLITE_CORRUPT));
        ASSAY_TRY(std::string bytes, session_.codec().unpack({packed.integer(0), packed.integer(1),
                                                              Blob{packed.bytes(2)}}));
        ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
        DocumentReader of_trace(document, nullptr, k_trace_metadata_slot);
        const Json metadata = of_trace.json();
        ASSAY_CHECK(of_trace.finish());
        ASSAY_CHECK(index(k_unindex_trace, trace_, metadata));
        ASSAY_TRY(Rows rows, connection_.query(k_find_observations, project_row_, trace_));
        while (true) {
            ASSAY_TRY(const bool more, rows.next());
            if (!more) return {};
            DocumentReader reader(
                document, nullptr,
                static_cast<std::size_t>(rows.integer(1)) + k_observation_metadata_slot);
            const Json written = reader.json();
            ASSAY_CHECK(reader.finish());
            ASSAY_CHECK(index(k_unindex_observation, rows.integer(0), written));
        }
    }

    Result<void> put_run_item() {
        const StoredId id(derive_run_item_id(place_.dataset_run_id, unit_.trace_id));
        ASSAY_CHECK(connection_.run(k_add_run_item, project_row_,
                                    std::to_underlying(place_.dataset_run), position_,
                                    unit_.repetition, id, std::to_underlying(place_.item_version),
                                    trace_, StoredId(unit_.key)));
        if (connection_.changes() == 1) return {};
        return taken();
    }

    Result<void> put_observation(const Observation& observation, std::size_t slot) {
        const StoredId id(derive_observation_id(unit_.trace_id, observation.name));
        ASSAY_TRY(const std::int64_t type, session_.symbol(to_string(observation.type)));
        ASSAY_TRY(const std::int64_t name, session_.symbol(observation.name));
        ASSAY_TRY(const std::int64_t level, session_.symbol(to_string(observation.level)));
        std::optional<std::int64_t> model;
        if (!observation.model.empty()) {
            ASSAY_TRY(model, session_.symbol(observation.model));
        }
        ASSAY_CHECK(connection_.run(
            k_add_observation, project_row_, id, trace_, type, name, level, environment_, model,
            nanoseconds(observation.start), observation.duration.count(),
            tokens_of(observation.usage, "input"), tokens_of(observation.usage, "output"),
            tokens_of(observation.usage, "total"), observation.cost, slot));
        return index(k_index_observation, connection_.last_row(), observation.metadata);
    }

    Result<void> index(const char* sql, std::int64_t row, const Json& metadata) {
        const std::string tokens = metadata_tokens(project_, metadata);
        if (tokens.empty()) return {};
        return connection_.run(sql, row, std::string_view(tokens));
    }

    Result<void> put_scores() {
        ASSAY_TRY(const std::int64_t kind, session_.symbol("trace"));
        std::vector<std::string_view> names;
        for (const Evaluation& evaluation : unit_.evaluations) {
            for (const Score& score : evaluation.scores) {
                ASSAY_CHECK(put_score(kind, score, std::ranges::count(names, score.name)));
                names.push_back(score.name);
            }
        }
        return {};
    }

    Result<void> put_score(std::int64_t kind, const Score& score, std::ptrdiff_t earlier);

    std::unexpected<Error> taken() const {
        return failure(
            ErrorCode::already_exists,
            fmt::format("item {} (position {}, repetition {}, variant {}) cannot be "
                        "stored: its trace or its place belongs to another unit",
                        unit_.item.id.value(), position_, unit_.repetition, unit_.variant));
    }

    Session& session_;
    Connection& connection_;
    const ProjectId& project_;
    std::int64_t project_row_;
    const UnitPlace& place_;
    const UnitResult& unit_;
    std::int64_t position_;
    std::int64_t environment_ = 0;
    std::int64_t trace_ = 0;
    std::int64_t ordinal_ = 0;
};

/// Everything of a score row but its value.
struct ScoreRow {
    std::int64_t project;
    std::int64_t subject_kind;
    std::int64_t subject;
    std::int64_t ordinal;
    ScoreId id;
    std::int64_t environment;
    Time timestamp;
};

Result<void> add_score(Session& session, const ScoreRow& row, const Score& score) {
    ASSAY_TRY(const std::int64_t name, session.symbol(score.name));
    ASSAY_TRY(const std::int64_t type, session.symbol(to_string(data_type_of(score.value))));
    ASSAY_TRY(const std::int64_t source, session.symbol(k_source));
    std::optional<double> number;
    std::optional<std::string_view> text;
    if (const std::string* category = std::get_if<std::string>(&score.value)) {
        text = *category;
    } else {
        number = as_number(score.value);
    }
    std::optional<std::string_view> comment;
    if (!score.comment.empty()) comment = score.comment;
    return session.connection().run(
        k_add_score, row.project, row.subject_kind, row.subject, row.ordinal, StoredId(row.id),
        name, type, source, row.environment, nanoseconds(row.timestamp), number, text, comment);
}

Result<void> UnitWriter::put_score(std::int64_t kind, const Score& score, std::ptrdiff_t earlier) {
    // A program may give one name twice; both are kept, under ids of their own.
    std::string name = score.name;
    if (earlier > 0) name.append(1, '\0').append(std::to_string(earlier));
    return add_score(session_,
                     {.project = project_row_,
                      .subject_kind = kind,
                      .subject = trace_,
                      .ordinal = ordinal_++,
                      .id = derive_score_id(unit_.trace_id, name),
                      .environment = environment_,
                      .timestamp = unit_.started + unit_.latency},
                     score);
}

}  // namespace

Result<void> SqliteTraceStore::put_unit(const ProjectId& project, const UnitPlace& place,
                                        const UnitResult& unit) {
    ASSAY_TRY(const std::int64_t row, database_.writer().ensure_project(project));
    return UnitWriter(database_.writer(), project, row, place, unit).write(document_);
}

Result<void> SqliteTraceStore::put_run_scores(const ProjectId& project, DatasetRunRow dataset_run,
                                              const DatasetRunId& id,
                                              const std::vector<Score>& scores, Time timestamp) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    ASSAY_TRY(const std::int64_t kind, session.symbol("dataset_run"));
    ASSAY_TRY(const std::int64_t source, session.symbol(k_source));
    ASSAY_TRY(const std::int64_t environment, session.symbol(k_environment));
    const auto subject = std::to_underlying(dataset_run);
    ASSAY_CHECK(session.connection().run(k_delete_scores, row, kind, subject, source));
    ASSAY_TRY(auto ordinal, session.connection().find_integer(k_next_ordinal, row, kind, subject));
    for (const Score& score : scores) {
        ASSAY_CHECK(add_score(session,
                              {.project = row,
                               .subject_kind = kind,
                               .subject = subject,
                               .ordinal = (*ordinal)++,
                               .id = derive_run_score_id(id, score.name),
                               .environment = environment,
                               .timestamp = timestamp},
                              score));
    }
    return {};
}

}  // namespace assay
