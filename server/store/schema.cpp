#include <array>

#include "server/store/migrations.hpp"

namespace assay {
namespace {

// Each table and column is described in server/store/FORMAT.md. Ids are BLOB columns without
// affinity, see StoredId; times are nanoseconds since 1970; money is nano-dollars.
constexpr const char* k_version_1 = R"sql(
PRAGMA application_id = 0x61737379;

CREATE TABLE migrations(version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL,
    program TEXT NOT NULL);
CREATE TABLE symbols(symbol INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE dictionaries(dictionary INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- The catalogue.
CREATE TABLE projects(project INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);
CREATE TABLE datasets(dataset INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, created_at INTEGER NOT NULL,
    UNIQUE(project, id), UNIQUE(project, name));
CREATE TABLE items(item INTEGER PRIMARY KEY, project INTEGER NOT NULL, dataset INTEGER NOT NULL,
    id BLOB NOT NULL, UNIQUE(project, id, dataset));
CREATE TABLE item_versions(item_version INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    item INTEGER NOT NULL, valid_from INTEGER NOT NULL, content_hash BLOB NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);
CREATE INDEX item_versions_by_time ON item_versions(item, valid_from);
CREATE TABLE runs(run INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, dataset INTEGER NOT NULL, started_at INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL,
    UNIQUE(project, id));
CREATE TABLE dataset_runs(dataset_run INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, run INTEGER NOT NULL, variant TEXT NOT NULL, dataset INTEGER NOT NULL,
    name TEXT NOT NULL, created_at INTEGER NOT NULL, metadata TEXT NOT NULL,
    UNIQUE(project, id));

-- The traces.
CREATE TABLE traces(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    timestamp INTEGER NOT NULL, name INTEGER NOT NULL, environment INTEGER NOT NULL,
    item_version INTEGER, UNIQUE(project, id));
CREATE INDEX traces_by_time ON traces(project, timestamp);
CREATE TABLE trace_documents(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);
CREATE TABLE run_items(project INTEGER NOT NULL, dataset_run INTEGER NOT NULL,
    position INTEGER NOT NULL, repetition INTEGER NOT NULL, id BLOB NOT NULL,
    item_version INTEGER NOT NULL, trace INTEGER NOT NULL, unit_key BLOB,
    PRIMARY KEY(project, dataset_run, position, repetition)) WITHOUT ROWID;
CREATE TABLE observations(observation INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, trace INTEGER NOT NULL, parent_id BLOB, type INTEGER NOT NULL,
    name INTEGER NOT NULL, level INTEGER NOT NULL, environment INTEGER NOT NULL, model INTEGER,
    start_time INTEGER NOT NULL, latency INTEGER, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, cost INTEGER, slot INTEGER NOT NULL);
CREATE UNIQUE INDEX observations_by_id ON observations(project, id);
CREATE INDEX observations_by_trace ON observations(trace);
CREATE INDEX observation_facts ON observations(project, start_time, model, latency, cost, type,
    name, level, environment, input_tokens, output_tokens);
CREATE TABLE scores(project INTEGER NOT NULL, subject_kind INTEGER NOT NULL,
    subject INTEGER NOT NULL, ordinal INTEGER NOT NULL, id BLOB NOT NULL, name INTEGER NOT NULL,
    data_type INTEGER NOT NULL, source INTEGER NOT NULL, environment INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, value REAL, string_value TEXT, comment TEXT,
    PRIMARY KEY(project, subject_kind, subject, ordinal)) WITHOUT ROWID;
CREATE UNIQUE INDEX scores_by_id ON scores(project, id);
CREATE INDEX score_facts ON scores(project, name, timestamp, value);
CREATE VIRTUAL TABLE trace_metadata USING fts5(tokens, content='', detail=none, columnsize=0);
CREATE VIRTUAL TABLE observation_metadata USING fts5(tokens, content='', detail=none,
    columnsize=0);

PRAGMA user_version = 1;
)sql";

// Values that scores had before. Scores are kept apart, so that no read has to leave them out.
constexpr const char* k_version_2 = R"sql(
CREATE TABLE score_history(past_score INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    subject_kind INTEGER NOT NULL, subject INTEGER NOT NULL, id BLOB NOT NULL,
    name INTEGER NOT NULL, data_type INTEGER NOT NULL, source INTEGER NOT NULL,
    environment INTEGER NOT NULL, timestamp INTEGER NOT NULL, value REAL, string_value TEXT,
    comment TEXT, evaluator_hash BLOB, replaced_at INTEGER NOT NULL);
CREATE INDEX score_history_by_subject ON score_history(project, subject_kind, subject);

PRAGMA user_version = 2;
)sql";

// Baselines; measured noise and items in quarantine. A row of `baselines` or `quarantine` that was
// removed or released stays there as history.
constexpr const char* k_version_3 = R"sql(
CREATE TABLE baseline_documents(baseline_document INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    sha256 BLOB NOT NULL, dictionary INTEGER NOT NULL, size INTEGER NOT NULL,
    document BLOB NOT NULL, UNIQUE(project, sha256));
CREATE TABLE baselines(baseline INTEGER PRIMARY KEY, project INTEGER NOT NULL, name TEXT NOT NULL,
    baseline_document INTEGER NOT NULL, run BLOB NOT NULL, created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL, reason TEXT NOT NULL, removed_at INTEGER, removed_by TEXT);
CREATE UNIQUE INDEX baselines_by_name ON baselines(project, name) WHERE removed_at IS NULL;
CREATE TABLE noise_floors(noise_floor INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    experiment TEXT NOT NULL, dataset_sha256 BLOB NOT NULL, repetitions INTEGER NOT NULL,
    variant TEXT NOT NULL, score TEXT NOT NULL, category TEXT NOT NULL,
    evaluator_hash BLOB NOT NULL, floor REAL NOT NULL, runs INTEGER NOT NULL,
    measured_at INTEGER NOT NULL, UNIQUE(project, experiment, dataset_sha256, repetitions,
        variant, score, category, evaluator_hash));
CREATE TABLE quarantine(entry INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    experiment TEXT NOT NULL, item BLOB NOT NULL, score TEXT NOT NULL, until INTEGER NOT NULL,
    created_at INTEGER NOT NULL, created_by TEXT NOT NULL, reason TEXT NOT NULL,
    released_at INTEGER, released_by TEXT);

PRAGMA user_version = 3;
)sql";

// Which execution of a judge a score comes from. How far judges agree with people: the newest row
// of a judge's hash and a score is the one that counts; the others are history.
constexpr const char* k_version_4 = R"sql(
ALTER TABLE scores ADD COLUMN execution_trace INTEGER;
CREATE TABLE judge_calibrations(calibration INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    judge TEXT NOT NULL, evaluator_hash BLOB NOT NULL, score TEXT NOT NULL,
    outputs INTEGER NOT NULL, made_at INTEGER NOT NULL, baseline_document INTEGER NOT NULL);
CREATE INDEX judge_calibrations_by_judge ON judge_calibrations(project, judge);
DROP INDEX observations_by_id;
CREATE UNIQUE INDEX observations_by_id ON observations(project, id, trace);

PRAGMA user_version = 4;
)sql";

// Who may do what. Of a key only a keyed hash of its secret is there. A removed project keeps its
// row, as the mark of what is to be cleared.
constexpr const char* k_version_5 = R"sql(
CREATE TABLE organizations(organization INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE project_settings(project INTEGER PRIMARY KEY, organization INTEGER NOT NULL,
    name TEXT NOT NULL, metadata TEXT NOT NULL, retention_days INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, removed_at INTEGER);
CREATE UNIQUE INDEX project_settings_by_name ON project_settings(organization, name)
    WHERE removed_at IS NULL;
CREATE TABLE api_keys(api_key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
    organization INTEGER NOT NULL, project INTEGER, public_key TEXT NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL UNIQUE, shown_secret TEXT NOT NULL, note TEXT,
    created_at INTEGER NOT NULL, last_used_at INTEGER);
CREATE INDEX api_keys_by_owner ON api_keys(organization, project);
CREATE TABLE key_salt(fingerprint BLOB NOT NULL);

PRAGMA user_version = 5;
)sql";

constexpr std::array k_migrations = {Migration{1, k_version_1}, Migration{2, k_version_2},
                                     Migration{3, k_version_3}, Migration{4, k_version_4},
                                     Migration{5, k_version_5}};

}  // namespace

std::span<const Migration> store_migrations() { return k_migrations; }

}  // namespace assay
