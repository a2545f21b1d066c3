#include "server/query/experiments.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <ranges>
#include <tuple>
#include <utility>

#include "server/store/row_values.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

// Of the items that observations are. Without statistics SQLite takes the index of all times for
// the better one, though few observations are items.
constexpr const char* k_observed =
    "SELECT experiment, min(start_time), max(start_time), "
    "max(start_time + coalesce(latency, 0)), count(*), max(observation) "
    "FROM observations INDEXED BY observations_by_experiment "
    "WHERE project = ?1 AND experiment_item IS NOT NULL AND start_time >= ?2 AND start_time < ?3 "
    "GROUP BY experiment";
constexpr const char* k_any_observation =
    "SELECT max(observation) FROM observations "
    "WHERE project = ?1 AND experiment = ?2 AND experiment_item IS NOT NULL";
constexpr const char* k_runs =
    "SELECT dataset_run, id, created_at FROM dataset_runs WHERE project = ?1";
constexpr const char* k_find_run =
    "SELECT dataset_run FROM dataset_runs WHERE project = ?1 AND id = ?2";
constexpr const char* k_run_head =
    "SELECT r.name, r.description, d.id, r.metadata FROM dataset_runs r "
    "JOIN datasets d ON d.dataset = r.dataset WHERE r.project = ?1 AND r.dataset_run = ?2";
// Run items that no observation is an item for, and when the last of them ended.
constexpr const char* k_run_extent =
    "SELECT count(*), max(coalesce((SELECT max(o.start_time + coalesce(o.latency, 0)) "
    "FROM observations o WHERE o.trace = i.trace), t.timestamp)) "
    "FROM run_items i JOIN traces t ON t.trace = i.trace "
    "WHERE i.project = ?1 AND i.dataset_run = ?2 AND NOT EXISTS (SELECT 1 FROM observations o "
    "WHERE o.trace = i.trace AND o.experiment = ?3 AND o.experiment_item IS NOT NULL)";

// Items of both kinds in one list. The parts in which a query differs are put between.
constexpr const char* k_observed_items =
    "SELECT o.start_time AS start, t.id AS trace_id, o.id AS id, o.experiment AS experiment, "
    "o.experiment_item AS item, o.trace AS trace, o.observation AS observation, "
    "NULL AS item_version "
    "FROM observations o INDEXED BY observations_by_experiment JOIN traces t ON t.trace = o.trace "
    "WHERE o.project = ?1 AND o.experiment_item IS NOT NULL "
    "AND o.start_time >= ?2 AND o.start_time < ?3";
constexpr const char* k_only_observed = " AND o.experiment IN (SELECT value FROM json_each(?4))";
constexpr const char* k_run_items =
    " UNION ALL SELECT t.timestamp, t.id, coalesce(o.id, i.id), r.text_id, m.id, i.trace, "
    "o.observation, i.item_version "
    "FROM (SELECT dataset_run, CASE typeof(id) WHEN 'blob' THEN lower(hex(id)) ELSE id END "
    "AS text_id FROM dataset_runs WHERE project = ?1) r "
    "CROSS JOIN run_items i ON i.project = ?1 AND i.dataset_run = r.dataset_run "
    "JOIN traces t ON t.trace = i.trace "
    "LEFT JOIN observations o ON o.trace = i.trace AND o.id = i.observation_id "
    "LEFT JOIN item_versions v ON v.item_version = i.item_version "
    "LEFT JOIN items m ON m.item = v.item "
    "WHERE t.timestamp >= ?2 AND t.timestamp < ?3 AND NOT EXISTS (SELECT 1 FROM observations e "
    "WHERE e.trace = i.trace AND e.experiment = r.text_id AND e.experiment_item IS NOT NULL)";
constexpr const char* k_only_runs = " AND r.text_id IN (SELECT value FROM json_each(?4))";
constexpr const char* k_after_item = " WHERE (start, trace_id, id) < (?5, ?6, ?7)";
constexpr const char* k_newest_first = " ORDER BY start DESC, trace_id DESC, id DESC";

constexpr const char* k_trace_extent =
    "SELECT max(o.start_time + coalesce(o.latency, 0)), max(CASE s.text WHEN 'ERROR' THEN 3 "
    "WHEN 'WARNING' THEN 2 WHEN 'DEFAULT' THEN 1 ELSE 0 END) "
    "FROM observations o JOIN symbols s ON s.symbol = o.level WHERE o.trace = ?1";
constexpr std::array<const char*, 4> k_levels = {"DEBUG", "DEFAULT", "WARNING", "ERROR"};
constexpr const char* k_item_version =
    "SELECT valid_from, dictionary, size, document FROM item_versions WHERE item_version = ?1";

std::optional<std::string> text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    return as_text(*found);
}

/// Reads what is told of experiments, each once.
class Heads {
  public:
    Heads(Session& session, std::int64_t project) : session_(session), project_(project) {}

    /// @param observation  one of its items; nothing: it is looked for.
    Result<const ExperimentHead*> of(const std::string& id,
                                     std::optional<std::int64_t> observation = std::nullopt) {
        if (const auto known = heads_.find(id); known != heads_.end()) return &known->second;
        Connection& connection = session_.connection();
        if (!observation) {
            ASSAY_TRY(Rows rows,
                      connection.query(k_any_observation, project_, std::string_view(id)));
            ASSAY_TRY(const bool found, rows.next());
            if (found && !rows.is_null(0)) observation = rows.integer(0);
        }
        ExperimentHead head{.name = id};
        if (observation) ASSAY_CHECK(read_observation_head(*observation, head));
        ASSAY_TRY(head.dataset_run, connection.find_integer(k_find_run, project_, StoredId(id)));
        if (head.dataset_run) ASSAY_CHECK(read_run_head(*head.dataset_run, head));
        return &heads_.emplace(id, std::move(head)).first->second;
    }

  private:
    Result<void> read_observation_head(std::int64_t observation, ExperimentHead& head) {
        const ObservationRow row{observation};
        ASSAY_TRY(const auto records,
                  read_observation_records(session_, std::span(&row, 1), RecordParts::all));
        for (const ObservationRecord& record : records) {
            const Json& said = record.experiment;
            head.name = text_of(said, "name").value_or(head.name);
            head.description = text_of(said, "description");
            head.dataset_id = text_of(said, "datasetId");
            const auto metadata = said.find("metadata");
            if (metadata != said.end() && metadata->is_object()) head.metadata = *metadata;
        }
        return {};
    }

    Result<void> read_run_head(std::int64_t run, ExperimentHead& head) {
        ASSAY_TRY(Rows rows, session_.connection().query(k_run_head, project_, run));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return {};
        head.name = rows.bytes(0);
        if (!rows.is_null(1)) head.description = rows.bytes(1);
        head.dataset_id = rows.id(2);
        ASSAY_TRY(Json metadata, parse_json(rows.bytes(3)));
        if (metadata.is_object() && !metadata.empty()) head.metadata = std::move(metadata);
        return {};
    }

    Session& session_;
    std::int64_t project_;
    std::map<std::string, ExperimentHead, std::less<>> heads_;
};

/// An experiment before it is decided whether it is on the page.
struct Candidate {
    ExperimentRecord record;
    std::optional<std::int64_t> observation;
};
using Candidates = std::map<std::string, Candidate>;

Result<Candidates> observed_experiments(Session& session, std::int64_t project,
                                        const ExperimentScope& scope) {
    ASSAY_TRY(Rows rows, session.connection().query(k_observed, project, to_nanoseconds(scope.from),
                                                    to_nanoseconds(scope.to)));
    Candidates found;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        const std::string id(rows.bytes(0));
        found.emplace(id, Candidate{.record = {.id = id,
                                               .start = time_at(rows, 1),
                                               .latest = time_at(rows, 2),
                                               .end = time_at(rows, 3),
                                               .items = rows.integer(4)},
                                    .observation = rows.integer(5)});
    }
}

Result<void> add_runs(Session& session, std::int64_t project, const ExperimentScope& scope,
                      Candidates& candidates) {
    ASSAY_TRY(Rows rows, session.connection().query(k_runs, project));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return {};
        const Time created = time_at(rows, 2);
        if (created < scope.from || created >= scope.to) continue;
        const std::string id = rows.id(1);
        const auto [place, is_new] = candidates.try_emplace(
            id, Candidate{.record = {.id = id, .start = created, .latest = created, .end = created},
                          .observation = std::nullopt});
        if (is_new) continue;
        ExperimentRecord& record = place->second.record;
        record.start = std::min(record.start, created);
        record.latest = std::max(record.latest, created);
        record.end = std::max(record.end, created);
    }
}

bool has_id(const ExperimentScope& scope, const std::string& id) {
    return scope.ids.empty() || std::ranges::find(scope.ids, id) != scope.ids.end();
}

std::vector<Candidate> newest_first(Candidates candidates, const ExperimentScope& scope,
                                    const std::optional<ExperimentPlace>& after) {
    const auto place = [](const ExperimentRecord& record) {
        return std::tie(record.latest, record.id);
    };
    std::vector<Candidate> sorted;
    for (Candidate& candidate : candidates | std::views::values) {
        if (!has_id(scope, candidate.record.id)) continue;
        if (after && place(candidate.record) >= std::tie(after->latest, after->id)) continue;
        sorted.push_back(std::move(candidate));
    }
    std::ranges::sort(sorted, std::greater(),
                      [&](const Candidate& candidate) { return place(candidate.record); });
    return sorted;
}

/// Adds the items that only a dataset run knows of.
Result<void> add_run_items(Session& session, std::int64_t project, ExperimentRecord& record) {
    if (!record.head.dataset_run) return {};
    ASSAY_TRY(Rows rows, session.connection().query(k_run_extent, project, *record.head.dataset_run,
                                                    std::string_view(record.id)));
    ASSAY_CHECK(rows.next());
    record.items += rows.integer(0);
    if (!rows.is_null(1)) record.end = std::max(record.end, time_at(rows, 1));
    return {};
}

Json value_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? Json() : *found;
}

Result<void> read_from_observation(Session& session, ObservationRow row,
                                   ExperimentItemContent& content) {
    ASSAY_TRY(auto records,
              read_observation_records(session, std::span(&row, 1), RecordParts::all));
    for (ObservationRecord& record : records) {
        content.end = record.end;
        content.level = record.level;
        content.environment = record.environment;
        content.version = text_of(record.experiment, "itemVersion");
        content.input = std::move(record.input);
        content.output = std::move(record.output);
        content.expected_output = value_of(record.experiment, "itemExpectedOutput");
        content.metadata = std::move(record.metadata);
        content.item_metadata = value_of(record.experiment, "itemMetadata");
    }
    return {};
}

Result<void> read_from_trace(Session& session, TraceRow row, ExperimentItemContent& content) {
    ASSAY_TRY(auto records, read_traces(session, std::span(&row, 1), RecordParts::all));
    for (TraceRecord& record : records) {
        content.environment = record.environment;
        content.input = std::move(record.input);
        content.output = std::move(record.output);
        content.metadata = std::move(record.metadata);
    }
    ASSAY_TRY(Rows rows, session.connection().query(k_trace_extent, std::to_underlying(row)));
    ASSAY_CHECK(rows.next());
    if (rows.is_null(0)) return {};
    content.end = time_at(rows, 0);
    content.level = k_levels.at(static_cast<std::size_t>(rows.integer(1)));
    return {};
}

Result<void> read_from_item(Session& session, std::int64_t version,
                            ExperimentItemContent& content) {
    ASSAY_TRY(Rows rows, session.connection().query(k_item_version, version));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return {};
    ASSAY_TRY(std::string bytes,
              session.codec().unpack({rows.integer(1), rows.integer(2), Blob{rows.bytes(3)}}));
    ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
    DatasetItem item;
    ASSAY_CHECK(read_item(document, item));
    content.version = to_rfc3339(time_at(rows, 0));
    content.expected_output = std::move(item.expected_output);
    content.item_metadata = std::move(item.metadata);
    return {};
}

/// The SQL of a list of items, put together of the texts above.
std::string items_sql(bool has_ids, bool has_after) {
    std::string sql = "SELECT * FROM (";
    sql += k_observed_items;
    if (has_ids) sql += k_only_observed;
    sql += k_run_items;
    if (has_ids) sql += k_only_runs;
    sql += ")";
    if (has_after) sql += k_after_item;
    return sql + k_newest_first;
}

std::vector<SqlValue> items_values(std::int64_t project, const ExperimentScope& scope,
                                   const std::optional<ExperimentItemPlace>& after) {
    std::vector<SqlValue> values = {project, to_nanoseconds(scope.from), to_nanoseconds(scope.to)};
    // The parameters of a statement are as many as the last that it names.
    if (!scope.ids.empty() || after) values.emplace_back(to_text(Json(scope.ids)));
    if (after) {
        values.emplace_back(to_nanoseconds(after->start));
        values.emplace_back(StoredId(after->trace_id));
        values.emplace_back(StoredId(after->id));
    }
    return values;
}

}  // namespace

Result<std::vector<ExperimentRecord>> find_experiments(Session& session, std::int64_t project,
                                                       const ExperimentScope& scope,
                                                       const std::optional<ExperimentPlace>& after,
                                                       std::size_t limit) {
    ASSAY_TRY(Candidates candidates, observed_experiments(session, project, scope));
    ASSAY_CHECK(add_runs(session, project, scope, candidates));
    Heads heads(session, project);
    std::vector<ExperimentRecord> page;
    for (Candidate& candidate : newest_first(std::move(candidates), scope, after)) {
        if (page.size() == limit) break;
        ExperimentRecord& record = candidate.record;
        ASSAY_TRY(const ExperimentHead* const head, heads.of(record.id, candidate.observation));
        if (scope.accepts && !scope.accepts({record.id, *head, ""})) continue;
        record.head = *head;
        ASSAY_CHECK(add_run_items(session, project, record));
        page.push_back(std::move(record));
    }
    return page;
}

Result<std::vector<ExperimentItemRecord>> find_experiment_items(
    Session& session, std::int64_t project, const ExperimentScope& scope,
    const std::optional<ExperimentItemPlace>& after, std::size_t limit) {
    const std::string sql = items_sql(!scope.ids.empty(), after.has_value());
    ASSAY_TRY(Rows rows,
              session.connection().query_composed(sql, items_values(project, scope, after)));
    Heads heads(session, project);
    std::vector<ExperimentItemRecord> page;
    while (page.size() < limit) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) break;
        ExperimentItemRecord item{
            .place = {.start = time_at(rows, 0), .trace_id = rows.id(1), .id = rows.id(2)},
            .experiment_id = std::string(rows.bytes(3)),
            .item_id = rows.is_null(4) ? "" : rows.id(4),
            .trace = TraceRow(rows.integer(5))};
        if (!rows.is_null(6)) item.observation = ObservationRow(rows.integer(6));
        if (!rows.is_null(7)) item.item_version = rows.integer(7);
        ASSAY_TRY(const ExperimentHead* const head, heads.of(item.experiment_id));
        if (scope.accepts && !scope.accepts({item.experiment_id, *head, item.item_id})) continue;
        item.head = *head;
        page.push_back(std::move(item));
    }
    return page;
}

Result<ExperimentItemContent> read_experiment_item(Session& session,
                                                   const ExperimentItemRecord& item) {
    ExperimentItemContent content;
    if (item.observation) {
        ASSAY_CHECK(read_from_observation(session, *item.observation, content));
    } else {
        ASSAY_CHECK(read_from_trace(session, item.trace, content));
    }
    if (item.item_version) ASSAY_CHECK(read_from_item(session, *item.item_version, content));
    return content;
}

}  // namespace assay
