#include <fmt/format.h>

#include <set>
#include <tuple>

#include "server/store/row_values.hpp"
#include "server/store/score_rows.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "server/store/trace_rows.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

// A row whose parts are gone must be noticed, so the joins keep it.
constexpr const char* k_units =
    "SELECT r.position, r.repetition, r.unit_key, t.id, i.id, v.content_hash, "
    "v.dictionary, v.size, v.document, d.dictionary, d.size, d.document, r.trace "
    "FROM run_items r "
    "LEFT JOIN traces t ON t.trace = r.trace AND t.project = r.project "
    "LEFT JOIN trace_documents d ON d.trace = r.trace AND d.project = r.project "
    "LEFT JOIN item_versions v ON v.item_version = r.item_version AND v.project = r.project "
    "LEFT JOIN items i ON i.item = v.item AND i.project = r.project "
    "WHERE r.project = ?1 AND r.dataset_run = ?2 ORDER BY r.position, r.repetition";
constexpr const char* k_trace =
    "SELECT t.trace, t.timestamp, t.name, t.environment, d.dictionary, d.size, d.document, "
    "v.dictionary, v.size, v.document "
    "FROM traces t "
    "LEFT JOIN trace_documents d ON d.trace = t.trace AND d.project = t.project "
    "LEFT JOIN item_versions v ON v.item_version = t.item_version AND v.project = t.project "
    "WHERE t.project = ?1 AND t.id = ?2";
// The + keeps the planner from walking all of a project in the order of time.
constexpr const char* k_observations =
    "SELECT type, name, level, model, start_time, latency, cost, slot, prompt_name, prompt_version "
    "FROM observations "
    "WHERE +project = ?1 AND trace = ?2 ORDER BY start_time, observation";
constexpr const char* k_find_trace = "SELECT trace FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_find_unit =
    "SELECT trace FROM run_items "
    "WHERE project = ?1 AND dataset_run = ?2 AND position = ?3 AND repetition = ?4";
constexpr const char* k_run_items =
    "SELECT r.id, i.id, t.id, r.position, r.repetition FROM run_items r "
    "JOIN traces t ON t.trace = r.trace AND t.project = r.project "
    "JOIN item_versions v ON v.item_version = r.item_version AND v.project = r.project "
    "JOIN items i ON i.item = v.item AND i.project = r.project "
    "WHERE r.project = ?1 AND r.dataset_run = ?2 ORDER BY r.position, r.repetition";

constexpr const char* k_models =
    "SELECT DISTINCT o.type, o.name, o.level, o.model FROM run_items r "
    "JOIN observations o ON o.trace = r.trace AND +o.project = r.project "
    "WHERE r.project = ?1 AND r.dataset_run = ?2 AND o.model IS NOT NULL";

// The traces of judges are named so: a store without such a name has none.
constexpr const char* k_any_judge =
    "SELECT 1 FROM symbols WHERE text > 'judge:' AND text < 'judge;' LIMIT 1";
constexpr const char* k_judge_models =
    "SELECT name, level, model, slot FROM observations "
    "WHERE +project = ?1 AND trace = ?2 AND model IS NOT NULL";

/// The document whose three columns begin at `column`.
Result<Document> unpack(Session& session, const Rows& rows, int column) {
    ASSAY_TRY(std::string bytes,
              session.codec().unpack(
                  {rows.integer(column), rows.integer(column + 1), Blob{rows.bytes(column + 2)}}));
    return Document::parse(std::move(bytes));
}

Result<Observation> read_observation_row(Session& session, const Rows& rows) {
    Observation observation;
    ASSAY_TRY(const std::string type, session.symbol_text(rows.integer(0)));
    ASSAY_TRY(observation.type, parse_observation_type(type));
    ASSAY_TRY(observation.name, session.symbol_text(rows.integer(1)));
    ASSAY_TRY(const std::string level, session.symbol_text(rows.integer(2)));
    ASSAY_TRY(observation.level, parse_observation_level(level));
    if (!rows.is_null(3)) {
        ASSAY_TRY(observation.model, session.symbol_text(rows.integer(3)));
    }
    observation.start = time_at(rows, 4);
    observation.duration = std::chrono::nanoseconds(rows.integer(5));
    observation.cost = integer_at(rows, 6);
    if (!rows.is_null(8)) {
        observation.prompt_name = std::string(rows.bytes(8));
        observation.prompt_version = rows.integer(9);
    }
    return observation;
}

/// A trace as a row, with the documents that its observations are read from.
struct TraceRow {
    std::int64_t project;
    std::int64_t trace;
    const Document& document;
    const Document& item;
};

Result<std::vector<Observation>> read_observations(Session& session, const TraceRow& of) {
    std::vector<Observation> observations;
    ASSAY_TRY(Rows rows, session.connection().query(k_observations, of.project, of.trace));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return observations;
        ASSAY_TRY(Observation observation, read_observation_row(session, rows));
        ASSAY_CHECK(read_observation(of.document, &of.item,
                                     static_cast<std::size_t>(rows.integer(7)), observation));
        observations.push_back(std::move(observation));
    }
}

/// What the judge's own trace holds of its execution.
Result<void> read_judge_calls(Session& session, std::int64_t project, JudgeRecord& judge) {
    ASSAY_TRY(const auto trace, find_trace(session, project, judge.trace_id));
    if (!trace) {
        return failure(ErrorCode::data_loss,
                       fmt::format("the trace {} of a judge is not there", judge.trace_id.value()));
    }
    ASSAY_TRY(const Document document, read_document(session, project, *trace));
    ASSAY_TRY(judge.observations,
              read_observations(session, {project, *trace, document, document}));
    return {};
}

/// Which models answered judges. Documents are only read for calls of a kind that is new.
class JudgeModels {
  public:
    JudgeModels(Session& session, std::int64_t project) : session_(session), project_(project) {}

    Result<void> add(const UnitResult& unit) {
        for (const Evaluation& evaluation : unit.evaluations) {
            if (!evaluation.judge) continue;
            ASSAY_TRY(const auto trace, find_trace(session_, project_, evaluation.judge->trace_id));
            if (trace) ASSAY_CHECK(add_calls(evaluation.evaluator, *trace));
        }
        return {};
    }

    void move_to(std::vector<ModelAnswered>& models) {
        for (const auto& [asked, model] : answered_) {
            models.push_back({.variant = {}, .observation = {}, .model = model, .asked = asked});
        }
    }

  private:
    Result<void> add_calls(const std::string& judge, std::int64_t trace) {
        ASSAY_TRY(Rows rows, session_.connection().query(k_judge_models, project_, trace));
        while (true) {
            ASSAY_TRY(const bool more, rows.next());
            if (!more) return {};
            const bool is_new =
                known_.emplace(judge, rows.integer(0), rows.integer(1), rows.integer(2)).second;
            if (!is_new) continue;
            ASSAY_TRY(const std::string level, session_.symbol_text(rows.integer(1)));
            if (level == to_string(ObservationLevel::error)) continue;
            ASSAY_TRY(const Document document, read_document(session_, project_, trace));
            Observation call;
            ASSAY_CHECK(read_observation(document, &document,
                                         static_cast<std::size_t>(rows.integer(3)), call));
            ASSAY_TRY(std::string model, session_.symbol_text(rows.integer(2)));
            const auto asked = call.metadata.find(k_asked_model);
            const bool is_named = asked != call.metadata.end() && asked->is_string();
            if (is_named) answered_.emplace(asked->get<std::string>(), std::move(model));
        }
    }

    Session& session_;
    std::int64_t project_;
    /// Evaluator and the symbols of a call's name, level and model.
    std::set<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>> known_;
    std::set<std::pair<std::string, std::string>> answered_;  ///< asked, what it calls itself
};

/// What the documents of a row of k_units hold of the unit.
Result<void> read_documents(Session& session, const Rows& rows, std::int64_t project,
                            UnitParts parts, UnitResult& unit) {
    ASSAY_TRY(const Document item, unpack(session, rows, 6));
    ASSAY_TRY(const Document document, unpack(session, rows, 9));
    ASSAY_CHECK(read_unit(document, item, unit));
    if (parts != UnitParts::all) return {};
    ASSAY_TRY(unit.observations,
              read_observations(session, {project, rows.integer(12), document, item}));
    for (Evaluation& evaluation : unit.evaluations) {
        if (!evaluation.judge) continue;
        ASSAY_CHECK(read_judge_calls(session, project, *evaluation.judge));
    }
    return {};
}

}  // namespace

Result<void> SqliteTraceStore::for_each_unit(const ProjectId& project, DatasetRunRow dataset_run,
                                             std::string_view variant, UnitParts parts,
                                             const UnitVisitor& visit) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_units, row, std::to_underlying(dataset_run)));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return {};
        UnitResult unit;
        unit.variant = variant;
        unit.item.position = static_cast<std::uint64_t>(rows.integer(0));
        unit.repetition = static_cast<int>(rows.integer(1));
        unit.key = UnitKey(rows.id(2));
        unit.trace_id = TraceId(rows.id(3));
        unit.item.id = DatasetItemId(rows.id(4));
        unit.item.content_hash = rows.id(5);
        Result<void> read = read_documents(session, rows, row, parts, unit);
        if (!read) {
            read.error().message += fmt::format(" (the unit of item {}, repetition {})",
                                                unit.item.id.value(), unit.repetition + 1);
            return read;
        }
        ASSAY_CHECK(visit(unit));
    }
}

Result<std::optional<Json>> SqliteTraceStore::output(const ProjectId& project,
                                                     DatasetRunRow dataset_run,
                                                     std::uint64_t position, int repetition) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(const auto trace,
              session.connection().find_integer(k_find_unit, row, std::to_underlying(dataset_run),
                                                static_cast<std::int64_t>(position), repetition));
    if (!trace) return std::nullopt;
    ASSAY_TRY(const Document document, read_document(session, row, *trace));
    UnitResult unit;
    ASSAY_CHECK(read_trace(document, unit));
    return std::move(unit.output);
}

Result<std::vector<Score>> SqliteTraceStore::run_scores(const ProjectId& project,
                                                        DatasetRunRow dataset_run) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(const std::vector<StoredScore> stored,
              read_scores(session, {"dataset_run", row, std::to_underlying(dataset_run)}));
    std::vector<Score> scores;
    for (const StoredScore& score : stored) scores.push_back(score.score);
    return scores;
}

Result<Trace> SqliteTraceStore::trace(const ProjectId& project, const TraceId& id) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_trace, row, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found)
        return failure(ErrorCode::not_found, fmt::format("there is no trace {}", id.value()));
    Trace trace{.id = id, .timestamp = time_at(rows, 1)};
    ASSAY_TRY(trace.name, session.symbol_text(rows.integer(2)));
    ASSAY_TRY(trace.environment, session.symbol_text(rows.integer(3)));
    ASSAY_TRY(const Document document, unpack(session, rows, 4));
    ASSAY_TRY(const Document item, unpack(session, rows, 7));
    DocumentReader reader(document, &item);
    trace.input = reader.json();
    trace.output = reader.json();
    trace.metadata = reader.json();
    ASSAY_CHECK(reader.finish());
    return trace;
}

Result<std::vector<ModelAnswered>> SqliteTraceStore::models_that_answered(
    const ProjectId& project, DatasetRunRow dataset_run, std::string_view variant) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows,
              session.connection().query(k_models, row, std::to_underlying(dataset_run)));
    std::vector<ModelAnswered> models;
    for (bool more = true; more;) {
        ASSAY_TRY(more, rows.next());
        if (!more) break;
        ASSAY_TRY(const std::string type, session.symbol_text(rows.integer(0)));
        ASSAY_TRY(const std::string level, session.symbol_text(rows.integer(2)));
        const bool answered = type == to_string(ObservationType::generation) &&
                              level != to_string(ObservationLevel::error);
        if (!answered) continue;
        ModelAnswered model{.variant = std::string(variant), .observation = {}, .model = {}};
        ASSAY_TRY(model.observation, session.symbol_text(rows.integer(1)));
        ASSAY_TRY(model.model, session.symbol_text(rows.integer(3)));
        models.push_back(std::move(model));
    }
    ASSAY_TRY(const auto any_judge, session.connection().find_integer(k_any_judge));
    if (!any_judge) return models;
    JudgeModels judges(session, row);
    ASSAY_CHECK(for_each_unit(project, dataset_run, variant, UnitParts::of_report,
                              [&](const UnitResult& unit) { return judges.add(unit); }));
    judges.move_to(models);
    return models;
}

Result<std::vector<Observation>> SqliteTraceStore::observations(const ProjectId& project,
                                                                const TraceId& trace) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_trace, row, StoredId(trace)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::vector<Observation>();
    ASSAY_TRY(const Document document, unpack(session, rows, 4));
    ASSAY_TRY(const Document item, unpack(session, rows, 7));
    return read_observations(session, {row, rows.integer(0), document, item});
}

Result<std::vector<StoredScore>> SqliteTraceStore::scores(const ProjectId& project,
                                                          const TraceId& trace) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(const auto found,
              session.connection().find_integer(k_find_trace, row, StoredId(trace)));
    if (!found) return std::vector<StoredScore>();
    return read_scores(session, {"trace", row, *found});
}

Result<std::vector<PastScore>> SqliteTraceStore::score_history(const ProjectId& project,
                                                               const TraceId& trace) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(const auto found,
              session.connection().find_integer(k_find_trace, row, StoredId(trace)));
    if (!found) return std::vector<PastScore>();
    return read_past_scores(session, {"trace", row, *found});
}

Result<std::vector<PastScore>> SqliteTraceStore::run_score_history(
    const ProjectId& project, DatasetRunRow dataset_run) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    return read_past_scores(session, {"dataset_run", row, std::to_underlying(dataset_run)});
}

Result<std::vector<RunItem>> SqliteTraceStore::run_items(const ProjectId& project,
                                                         DatasetRunRow dataset_run) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows,
              session.connection().query(k_run_items, row, std::to_underlying(dataset_run)));
    std::vector<RunItem> items;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return items;
        items.push_back({.id = RunItemId(rows.id(0)),
                         .item_id = DatasetItemId(rows.id(1)),
                         .trace_id = TraceId(rows.id(2)),
                         .position = static_cast<std::uint64_t>(rows.integer(3)),
                         .repetition = static_cast<int>(rows.integer(4))});
    }
}

}  // namespace assay
