#include <fmt/format.h>

#include <algorithm>

#include "server/store/metadata_tokens.hpp"
#include "server/store/score_rows.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr std::string_view k_environment = "sdk-experiment";  // as experiments of the SDKs

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
constexpr const char* k_count_others =
    "SELECT count(*) FROM observations WHERE project = ?1 AND trace = ?2 AND type <> ?3";
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

/// The scores of a trace with their ids. A program may give one name twice; both are kept.
std::vector<IdentifiedScore> identify(const TraceId& trace,
                                      const std::vector<Evaluation>& evaluations) {
    std::vector<IdentifiedScore> scores;
    for (const Evaluation& evaluation : evaluations) {
        for (const Score& score : evaluation.scores) {
            const auto earlier = std::ranges::count_if(scores, [&](const IdentifiedScore& other) {
                return other.score->name == score.name;
            });
            scores.push_back({derive_score_id(trace, score.name, static_cast<std::size_t>(earlier)),
                              evaluation.evaluator, &score});
        }
    }
    return scores;
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
        scores_ = identify(unit_.trace_id, unit_.evaluations);
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
        return put_scores(session_, subject(),
                          {.environment = k_environment,
                           .timestamp = unit_.started + unit_.latency,
                           .is_first = is_new_},
                          scores_);
    }

  private:
    Result<void> put_trace() {
        ASSAY_TRY(const std::int64_t name, session_.symbol(place_.trace_name));
        const auto version = std::to_underlying(place_.item_version);
        const StoredId id(unit_.trace_id);
        ASSAY_CHECK(connection_.run(k_add_trace, project_row_, id, nanoseconds(unit_.started), name,
                                    environment_, version));
        is_new_ = connection_.changes() == 1;
        if (is_new_) {
            trace_ = connection_.last_row();
            return place_.replacement == nullptr ? Result<void>() : not_stored();
        }
        ASSAY_TRY(const auto known, connection_.find_integer(k_find_trace, project_row_, id));
        trace_ = known.value_or(0);
        ASSAY_CHECK(clear_trace());
        return connection_.run(k_update_trace, project_row_, trace_, nanoseconds(unit_.started),
                               name, environment_, version);
    }

    /// Removes what an earlier writing of this unit left, but for its scores.
    Result<void> clear_trace() {
        const auto dataset_run = std::to_underlying(place_.dataset_run);
        ASSAY_TRY(const auto holder,
                  connection_.find_integer(k_find_run_item, project_row_, dataset_run, position_,
                                           unit_.repetition));
        if (holder != trace_) return taken();
        ASSAY_TRY(const Document before, read_document());
        if (place_.replacement != nullptr) ASSAY_CHECK(keep_history(before));
        ASSAY_CHECK(clear_index(before));
        ASSAY_CHECK(connection_.run(k_delete_run_item, project_row_, dataset_run, position_,
                                    unit_.repetition));
        ASSAY_CHECK(connection_.run(k_delete_document, project_row_, trace_));
        return connection_.run(k_delete_observations, project_row_, trace_);
    }

    Result<Document> read_document() {
        ASSAY_TRY(Rows packed, connection_.query(k_find_document, project_row_, trace_));
        ASSAY_TRY(const bool found, packed.next());
        if (!found) return std::unexpected(connection_.error(SQLITE_CORRUPT));
        ASSAY_TRY(std::string bytes, session_.codec().unpack({packed.integer(0), packed.integer(1),
                                                              Blob{packed.bytes(2)}}));
        return Document::parse(std::move(bytes));
    }

    /// Keeps the values that other evaluations replace, and refuses to change anything else: a
    /// unit that was read without its observations would lose them.
    Result<void> keep_history(const Document& document) {
        UnitResult before;
        ASSAY_CHECK(read_trace(document, before));
        ASSAY_TRY(const std::int64_t type, session_.symbol(to_string(ObservationType::evaluator)));
        ASSAY_TRY(const auto others,
                  connection_.find_integer(k_count_others, project_row_, trace_, type));
        const auto given = std::ranges::count_if(unit_.observations, [](const auto& observation) {
            return observation.type != ObservationType::evaluator;
        });
        if (others != given || to_text(before.output) != to_text(unit_.output)) return changed();

        return keep_past_scores(session_, project_row_,
                                {.before = identify(unit_.trace_id, before.evaluations),
                                 .after = scores_,
                                 .replacement = *place_.replacement});
    }

    /// The index keeps no content, so taking a row out of it needs the tokens that went in.
    Result<void> clear_index(const Document& document) {
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

    ScoreSubject subject() const { return {"trace", project_row_, trace_}; }

    std::unexpected<Error> taken() const {
        return failure(
            ErrorCode::already_exists,
            fmt::format("item {} (position {}, repetition {}, variant {}) cannot be "
                        "stored: its trace or its place belongs to another unit",
                        unit_.item.id.value(), position_, unit_.repetition, unit_.variant));
    }

    std::unexpected<Error> not_stored() const {
        return failure(ErrorCode::not_found,
                       fmt::format("item {} (repetition {}, variant {}) cannot be scored again: it "
                                   "is not stored",
                                   unit_.item.id.value(), unit_.repetition, unit_.variant));
    }

    std::unexpected<Error> changed() const {
        return failure(
            ErrorCode::internal,
            fmt::format("item {} (repetition {}, variant {}) cannot be scored again: its "
                        "output or its steps are not those that are stored",
                        unit_.item.id.value(), unit_.repetition, unit_.variant));
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
    bool is_new_ = false;
    std::vector<IdentifiedScore> scores_;
};

}  // namespace

Result<void> SqliteTraceStore::put_unit(const ProjectId& project, const UnitPlace& place,
                                        const UnitResult& unit) {
    ASSAY_TRY(const std::int64_t row, database_.writer().ensure_project(project));
    return UnitWriter(database_.writer(), project, row, place, unit).write(document_);
}

Result<void> SqliteTraceStore::put_run_scores(const ProjectId& project, const RunScores& of) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    const ScoreSubject subject{"dataset_run", row, std::to_underlying(of.dataset_run)};
    std::vector<IdentifiedScore> scores;
    for (const Score& score : *of.scores) {
        scores.push_back({derive_run_score_id(of.dataset_run_id, score.name), "", &score});
    }
    if (of.replacement != nullptr) {
        ASSAY_TRY(const std::vector<StoredScore> stored, read_scores(session, subject));
        std::vector<IdentifiedScore> before;
        for (const StoredScore& past : stored) before.push_back({past.id, "", &past.score});
        ASSAY_CHECK(keep_past_scores(
            session, row, {.before = before, .after = scores, .replacement = *of.replacement}));
    }
    return put_scores(session, subject, {.environment = k_environment, .timestamp = of.timestamp},
                      scores);
}

}  // namespace assay
