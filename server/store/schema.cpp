#include <array>

#include "server/store/migrations.hpp"

namespace assay {
namespace {

// What the steps below amount to, for a new file: altering a table reads the whole schema again.
// Each table and column is described in server/store/FORMAT.md. Ids are BLOB columns without
// affinity, see StoredId; times are nanoseconds since 1970; money is nano-dollars.
constexpr const char* k_schema = R"sql(
PRAGMA application_id = 0x61737379;

CREATE TABLE migrations(version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL,
    program TEXT NOT NULL);
CREATE TABLE symbols(symbol INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE dictionaries(dictionary INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- Who may do what. Of secrets and passwords only hashes are there.
CREATE TABLE projects(project INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);
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
CREATE TABLE users(user INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL);
CREATE TABLE members(organization INTEGER NOT NULL, user INTEGER NOT NULL, role TEXT NOT NULL,
    PRIMARY KEY(organization, user)) WITHOUT ROWID;

-- Datasets and their runs.
CREATE TABLE datasets(dataset INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, created_at INTEGER NOT NULL, description TEXT, metadata TEXT,
    input_schema TEXT, expected_schema TEXT, updated_at INTEGER,
    UNIQUE(project, id), UNIQUE(project, name));
CREATE TABLE items(item INTEGER PRIMARY KEY, project INTEGER NOT NULL, dataset INTEGER NOT NULL,
    id BLOB NOT NULL, UNIQUE(project, id, dataset));
CREATE INDEX items_by_dataset ON items(dataset);
CREATE TABLE item_versions(item_version INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    item INTEGER NOT NULL, valid_from INTEGER NOT NULL, content_hash BLOB NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL, status TEXT,
    source_trace BLOB, source_observation BLOB);
CREATE INDEX item_versions_by_time ON item_versions(item, valid_from, status);
CREATE TABLE runs(run INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, dataset INTEGER NOT NULL, started_at INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL,
    UNIQUE(project, id));
CREATE TABLE dataset_runs(dataset_run INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, run INTEGER NOT NULL, variant TEXT NOT NULL, dataset INTEGER NOT NULL,
    name TEXT NOT NULL, created_at INTEGER NOT NULL, metadata TEXT NOT NULL, description TEXT,
    updated_at INTEGER, UNIQUE(project, id));
CREATE UNIQUE INDEX dataset_runs_by_name ON dataset_runs(project, dataset, name) WHERE run = 0;
CREATE INDEX dataset_runs_by_dataset ON dataset_runs(dataset);
CREATE TABLE run_items(project INTEGER NOT NULL, dataset_run INTEGER NOT NULL,
    position INTEGER NOT NULL, repetition INTEGER NOT NULL, id BLOB NOT NULL,
    item_version INTEGER NOT NULL, trace INTEGER NOT NULL, unit_key BLOB, observation_id BLOB,
    created_at INTEGER,
    PRIMARY KEY(project, dataset_run, position, repetition)) WITHOUT ROWID;
CREATE INDEX run_items_by_trace ON run_items(trace) WHERE unit_key IS NULL;

-- What is known of runs together.
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
CREATE TABLE judge_calibrations(calibration INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    judge TEXT NOT NULL, evaluator_hash BLOB NOT NULL, score TEXT NOT NULL,
    outputs INTEGER NOT NULL, made_at INTEGER NOT NULL, baseline_document INTEGER NOT NULL);
CREATE INDEX judge_calibrations_by_judge ON judge_calibrations(project, judge);

-- Prompts and models.
CREATE TABLE prompts(prompt INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL,
    config TEXT NOT NULL, created_by TEXT NOT NULL, commit_message TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    UNIQUE(project, name, version), UNIQUE(project, id));
CREATE INDEX prompt_facts ON prompts(project, name, version, updated_at, type);
CREATE TABLE prompt_labels(project INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY(project, name, label)) WITHOUT ROWID;
CREATE TABLE prompt_tags(project INTEGER NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL,
    PRIMARY KEY(project, name)) WITHOUT ROWID;
CREATE TABLE models(model INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, match_pattern TEXT NOT NULL, start_date INTEGER, unit TEXT,
    tokenizer TEXT, tokenizer_config TEXT, tiers TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, UNIQUE(project, id));
CREATE INDEX models_by_change ON models(project, updated_at);

-- Traces and observations: columns are what is searched, documents what is read.
CREATE TABLE sessions(session INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    created_at INTEGER NOT NULL, environment INTEGER NOT NULL, UNIQUE(project, id));
CREATE INDEX sessions_by_time ON sessions(project, created_at);
CREATE TABLE traces(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    timestamp INTEGER NOT NULL, name INTEGER NOT NULL, environment INTEGER NOT NULL,
    item_version INTEGER, mentioned INTEGER, user_id TEXT, session INTEGER, release TEXT,
    version TEXT, tags TEXT, public INTEGER, bookmarked INTEGER, created_at INTEGER,
    updated_at INTEGER, UNIQUE(project, id));
CREATE INDEX traces_by_time ON traces(project, timestamp) WHERE mentioned IS NULL;
CREATE INDEX traces_by_session ON traces(session) WHERE session IS NOT NULL;
CREATE INDEX traces_by_user ON traces(project, user_id, timestamp) WHERE user_id IS NOT NULL;
CREATE TABLE trace_documents(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);
CREATE TABLE trace_states(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);
CREATE VIRTUAL TABLE trace_metadata USING fts5(tokens, content='', detail=none, columnsize=0);
CREATE TABLE observations(observation INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, trace INTEGER NOT NULL, parent_id BLOB, type INTEGER NOT NULL,
    name INTEGER NOT NULL, level INTEGER NOT NULL, environment INTEGER NOT NULL, model INTEGER,
    start_time INTEGER NOT NULL, latency INTEGER, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, cost INTEGER, slot INTEGER NOT NULL, version TEXT, status_message TEXT,
    completion_start INTEGER, prompt_name TEXT, prompt_version INTEGER, model_id BLOB,
    input_cost INTEGER, output_cost INTEGER, app_root INTEGER, experiment TEXT,
    experiment_item TEXT, created_at INTEGER, updated_at INTEGER);
CREATE UNIQUE INDEX observations_by_id ON observations(project, id, trace);
CREATE INDEX observations_by_trace ON observations(trace);
CREATE INDEX observations_by_experiment ON observations(project, experiment, start_time)
    WHERE experiment_item IS NOT NULL;
CREATE INDEX observation_facts ON observations(project, start_time, model, latency, cost, type,
    name, level, environment, input_tokens, output_tokens);
CREATE TABLE observation_states(observation INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);
CREATE VIRTUAL TABLE observation_metadata USING fts5(tokens, content='', detail=none,
    columnsize=0);

-- How many traces are listed of each period: of 2^44 ns, about five hours.
CREATE TABLE trace_counts(project INTEGER NOT NULL, period INTEGER NOT NULL,
    traces INTEGER NOT NULL, PRIMARY KEY(project, period)) WITHOUT ROWID;
CREATE TRIGGER count_new_trace AFTER INSERT ON traces WHEN new.mentioned IS NULL BEGIN
    INSERT INTO trace_counts VALUES(new.project, new.timestamp >> 44, 1)
        ON CONFLICT DO UPDATE SET traces = traces + 1;
END;
CREATE TRIGGER count_changed_trace AFTER UPDATE OF timestamp, mentioned ON traces
    WHEN (new.timestamp >> 44, new.mentioned) IS NOT (old.timestamp >> 44, old.mentioned) BEGIN
    UPDATE trace_counts SET traces = traces - 1 WHERE old.mentioned IS NULL
        AND project = old.project AND period = old.timestamp >> 44;
    DELETE FROM trace_counts
        WHERE project = old.project AND period = old.timestamp >> 44 AND traces = 0;
    INSERT INTO trace_counts SELECT new.project, new.timestamp >> 44, 1 WHERE new.mentioned IS NULL
        ON CONFLICT DO UPDATE SET traces = traces + 1;
END;
CREATE TRIGGER count_removed_trace AFTER DELETE ON traces WHEN old.mentioned IS NULL BEGIN
    UPDATE trace_counts SET traces = traces - 1
        WHERE project = old.project AND period = old.timestamp >> 44;
    DELETE FROM trace_counts
        WHERE project = old.project AND period = old.timestamp >> 44 AND traces = 0;
END;

-- Scores and what they must obey.
CREATE TABLE scores(project INTEGER NOT NULL, subject_kind INTEGER NOT NULL,
    subject INTEGER NOT NULL, ordinal INTEGER NOT NULL, id BLOB NOT NULL, name INTEGER NOT NULL,
    data_type INTEGER NOT NULL, source INTEGER NOT NULL, environment INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, value REAL, string_value TEXT, comment TEXT,
    execution_trace INTEGER, observation_id BLOB, config BLOB, queue BLOB, author TEXT,
    metadata TEXT, created_at INTEGER, updated_at INTEGER, events TEXT,
    PRIMARY KEY(project, subject_kind, subject, ordinal)) WITHOUT ROWID;
CREATE UNIQUE INDEX scores_by_id ON scores(project, id);
CREATE INDEX score_facts ON scores(project, timestamp, name, value);
CREATE TABLE score_history(past_score INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    subject_kind INTEGER NOT NULL, subject INTEGER NOT NULL, id BLOB NOT NULL,
    name INTEGER NOT NULL, data_type INTEGER NOT NULL, source INTEGER NOT NULL,
    environment INTEGER NOT NULL, timestamp INTEGER NOT NULL, value REAL, string_value TEXT,
    comment TEXT, evaluator_hash BLOB, replaced_at INTEGER NOT NULL);
CREATE INDEX score_history_by_subject ON score_history(project, subject_kind, subject);
CREATE TABLE score_configs(score_config INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, name TEXT NOT NULL, data_type TEXT NOT NULL, min_value REAL, max_value REAL,
    categories TEXT, description TEXT, archived INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, UNIQUE(project, id));

PRAGMA user_version = 7;
)sql";

// The steps from each version to the next, never changed.
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

// What clients send: what they said of a trace or an observation stands in `trace_states` and
// `observation_states`, and the columns here are what is searched of it. Scores of people and
// programs, sessions, prompts, models, and all of datasets that runs alone did not need.
constexpr const char* k_version_6 = R"sql(
CREATE TABLE sessions(session INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    created_at INTEGER NOT NULL, environment INTEGER NOT NULL, UNIQUE(project, id));
CREATE INDEX sessions_by_time ON sessions(project, created_at);

ALTER TABLE traces ADD COLUMN mentioned INTEGER;
ALTER TABLE traces ADD COLUMN user_id TEXT;
ALTER TABLE traces ADD COLUMN session INTEGER;
ALTER TABLE traces ADD COLUMN release TEXT;
ALTER TABLE traces ADD COLUMN version TEXT;
ALTER TABLE traces ADD COLUMN tags TEXT;
ALTER TABLE traces ADD COLUMN public INTEGER;
ALTER TABLE traces ADD COLUMN bookmarked INTEGER;
ALTER TABLE traces ADD COLUMN created_at INTEGER;
ALTER TABLE traces ADD COLUMN updated_at INTEGER;
DROP INDEX traces_by_time;
CREATE INDEX traces_by_time ON traces(project, timestamp) WHERE mentioned IS NULL;
CREATE INDEX traces_by_session ON traces(session) WHERE session IS NOT NULL;
CREATE INDEX traces_by_user ON traces(project, user_id, timestamp) WHERE user_id IS NOT NULL;
CREATE TABLE trace_states(trace INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);

ALTER TABLE observations ADD COLUMN version TEXT;
ALTER TABLE observations ADD COLUMN status_message TEXT;
ALTER TABLE observations ADD COLUMN completion_start INTEGER;
ALTER TABLE observations ADD COLUMN prompt_name TEXT;
ALTER TABLE observations ADD COLUMN prompt_version INTEGER;
ALTER TABLE observations ADD COLUMN model_id BLOB;
ALTER TABLE observations ADD COLUMN input_cost INTEGER;
ALTER TABLE observations ADD COLUMN output_cost INTEGER;
ALTER TABLE observations ADD COLUMN app_root INTEGER;
ALTER TABLE observations ADD COLUMN experiment TEXT;
ALTER TABLE observations ADD COLUMN experiment_item TEXT;
ALTER TABLE observations ADD COLUMN created_at INTEGER;
ALTER TABLE observations ADD COLUMN updated_at INTEGER;
CREATE INDEX observations_by_experiment ON observations(project, experiment, start_time)
    WHERE experiment_item IS NOT NULL;
CREATE TABLE observation_states(observation INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, size INTEGER NOT NULL, document BLOB NOT NULL);

ALTER TABLE scores ADD COLUMN observation_id BLOB;
ALTER TABLE scores ADD COLUMN config BLOB;
ALTER TABLE scores ADD COLUMN queue BLOB;
ALTER TABLE scores ADD COLUMN author TEXT;
ALTER TABLE scores ADD COLUMN metadata TEXT;
ALTER TABLE scores ADD COLUMN created_at INTEGER;
ALTER TABLE scores ADD COLUMN updated_at INTEGER;
DROP INDEX score_facts;
CREATE INDEX score_facts ON scores(project, timestamp, name, value);
CREATE TABLE score_configs(score_config INTEGER PRIMARY KEY, project INTEGER NOT NULL,
    id BLOB NOT NULL, name TEXT NOT NULL, data_type TEXT NOT NULL, min_value REAL, max_value REAL,
    categories TEXT, description TEXT, archived INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, UNIQUE(project, id));

ALTER TABLE datasets ADD COLUMN description TEXT;
ALTER TABLE datasets ADD COLUMN metadata TEXT;
ALTER TABLE datasets ADD COLUMN input_schema TEXT;
ALTER TABLE datasets ADD COLUMN expected_schema TEXT;
ALTER TABLE datasets ADD COLUMN updated_at INTEGER;
ALTER TABLE item_versions ADD COLUMN status TEXT;
ALTER TABLE item_versions ADD COLUMN source_trace BLOB;
ALTER TABLE item_versions ADD COLUMN source_observation BLOB;
DROP INDEX item_versions_by_time;
CREATE INDEX item_versions_by_time ON item_versions(item, valid_from, status);
CREATE INDEX items_by_dataset ON items(dataset);
ALTER TABLE dataset_runs ADD COLUMN description TEXT;
ALTER TABLE dataset_runs ADD COLUMN updated_at INTEGER;
CREATE UNIQUE INDEX dataset_runs_by_name ON dataset_runs(project, dataset, name) WHERE run = 0;
CREATE INDEX dataset_runs_by_dataset ON dataset_runs(dataset);
ALTER TABLE run_items ADD COLUMN observation_id BLOB;
ALTER TABLE run_items ADD COLUMN created_at INTEGER;
CREATE INDEX run_items_by_trace ON run_items(trace) WHERE unit_key IS NULL;

CREATE TABLE prompts(prompt INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL,
    config TEXT NOT NULL, created_by TEXT NOT NULL, commit_message TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    UNIQUE(project, name, version), UNIQUE(project, id));
CREATE INDEX prompt_facts ON prompts(project, name, version, updated_at, type);
CREATE TABLE prompt_labels(project INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY(project, name, label)) WITHOUT ROWID;
CREATE TABLE prompt_tags(project INTEGER NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL,
    PRIMARY KEY(project, name)) WITHOUT ROWID;
CREATE TABLE models(model INTEGER PRIMARY KEY, project INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, match_pattern TEXT NOT NULL, start_date INTEGER, unit TEXT,
    tokenizer TEXT, tokenizer_config TEXT, tiers TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, UNIQUE(project, id));
CREATE INDEX models_by_change ON models(project, updated_at);

PRAGMA user_version = 6;
)sql";

// People, and what they may do in an organisation. Of a password only a slow, salted hash is there.
// How many traces are listed of a time: of 2^44 ns, about five hours, each. What clients said of a
// score more than once.
constexpr const char* k_version_7 = R"sql(
CREATE TABLE users(user INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL);
CREATE TABLE members(organization INTEGER NOT NULL, user INTEGER NOT NULL, role TEXT NOT NULL,
    PRIMARY KEY(organization, user)) WITHOUT ROWID;

CREATE TABLE trace_counts(project INTEGER NOT NULL, period INTEGER NOT NULL,
    traces INTEGER NOT NULL, PRIMARY KEY(project, period)) WITHOUT ROWID;
INSERT INTO trace_counts SELECT project, timestamp >> 44, count(*) FROM traces
    WHERE mentioned IS NULL GROUP BY 1, 2;
CREATE TRIGGER count_new_trace AFTER INSERT ON traces WHEN new.mentioned IS NULL BEGIN
    INSERT INTO trace_counts VALUES(new.project, new.timestamp >> 44, 1)
        ON CONFLICT DO UPDATE SET traces = traces + 1;
END;
CREATE TRIGGER count_changed_trace AFTER UPDATE OF timestamp, mentioned ON traces
    WHEN (new.timestamp >> 44, new.mentioned) IS NOT (old.timestamp >> 44, old.mentioned) BEGIN
    UPDATE trace_counts SET traces = traces - 1 WHERE old.mentioned IS NULL
        AND project = old.project AND period = old.timestamp >> 44;
    DELETE FROM trace_counts
        WHERE project = old.project AND period = old.timestamp >> 44 AND traces = 0;
    INSERT INTO trace_counts SELECT new.project, new.timestamp >> 44, 1 WHERE new.mentioned IS NULL
        ON CONFLICT DO UPDATE SET traces = traces + 1;
END;
CREATE TRIGGER count_removed_trace AFTER DELETE ON traces WHEN old.mentioned IS NULL BEGIN
    UPDATE trace_counts SET traces = traces - 1
        WHERE project = old.project AND period = old.timestamp >> 44;
    DELETE FROM trace_counts
        WHERE project = old.project AND period = old.timestamp >> 44 AND traces = 0;
END;

ALTER TABLE scores ADD COLUMN events TEXT;

PRAGMA user_version = 7;
)sql";

constexpr std::array k_migrations = {Migration{1, k_version_1}, Migration{2, k_version_2},
                                     Migration{3, k_version_3}, Migration{4, k_version_4},
                                     Migration{5, k_version_5}, Migration{6, k_version_6},
                                     Migration{7, k_version_7}};

}  // namespace

const Format& store_format() {
    static constexpr Format k_format{k_schema, k_migrations};
    return k_format;
}

}  // namespace assay
