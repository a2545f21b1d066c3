#include "server/store/migrations.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <span>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

constexpr const char* k_first = R"sql(
PRAGMA application_id = 0x61737379;
CREATE TABLE migrations(version INTEGER PRIMARY KEY, applied_at INTEGER, program TEXT);
CREATE TABLE things(thing INTEGER PRIMARY KEY, name TEXT);
INSERT INTO things VALUES(1, 'kept');
PRAGMA user_version = 1;
)sql";
constexpr const char* k_second = R"sql(
ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7;
CREATE INDEX things_by_size ON things(size);
PRAGMA user_version = 2;
)sql";
constexpr const char* k_broken = R"sql(
ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7;
INSERT INTO nothing VALUES(1);
PRAGMA user_version = 2;
)sql";

constexpr std::array k_steps = {Migration{1, k_first}, Migration{2, k_second}};
constexpr std::array k_steps_with_broken = {Migration{1, k_first}, Migration{2, k_broken}};
constexpr Format k_one_step{nullptr, std::span(k_steps).first(1)};
constexpr Format k_two_steps{nullptr, k_steps};
constexpr Format k_broken_step{nullptr, k_steps_with_broken};

/// The steps of this program's format up to a version.
Format steps_to(int version) {
    return {nullptr, store_format().steps.first(static_cast<std::size_t>(version))};
}

std::unique_ptr<Connection> connect(const std::filesystem::path& file) {
    auto connection = value_of(Connection::open(file, Connection::Mode::create));
    value_of(connection->execute_script("PRAGMA journal_mode = WAL"));
    return connection;
}

/// A file that the first version of the format wrote: one run of two variants and three items.
void write_version_1(const std::filesystem::path& file) {
    query_file(file, read_text(std::filesystem::path(ASSAY_SOURCE_DIR) /
                               "tests/unit/store/data/version_1.sql"));
}

/// One space for each run of white space.
std::string without_line_breaks(const std::string& text) {
    std::string words;
    for (const char byte : text) {
        const bool is_space = byte == ' ' || byte == '\n';
        if (!is_space) words += byte;
        if (is_space && !words.ends_with(' ')) words += ' ';
    }
    return words;
}

std::string first_value(const std::filesystem::path& file, const std::string& sql) {
    return query_file(file, sql).at(0);
}

/// Runs the migrations in a process that kills itself after `calls` pieces of SQLite's work.
/// @return whether it died.
bool migrate_and_die(const std::filesystem::path& file, const Format& format, int calls) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto connection = connect(file);
        static int left;
        left = calls;
        constexpr int k_operations_a_call = 20;
        sqlite3_progress_handler(
            connection->handle(), k_operations_a_call,
            [](void*) {
                if (--left == 0) (void)::raise(SIGKILL);
                return 0;
            },
            nullptr);
        ::_exit(migrate(*connection, format) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) return true;
    REQUIRE(WEXITSTATUS(status) == 0);
    return false;
}

}  // namespace

TEST_CASE("migrations: an empty file gets every step and a record of each", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    value_of(migrate(*connect(file), k_two_steps));
    CHECK(first_value(file, "PRAGMA user_version") == "2");
    CHECK(query_file(file, "SELECT version FROM migrations ORDER BY version") ==
          std::vector<std::string>{"1", "2"});
    CHECK(first_value(file, "SELECT size FROM things") == "7");
}

TEST_CASE("migrations: an older file keeps its content", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    value_of(migrate(*connect(file), k_one_step));
    query_file(file, "INSERT INTO things VALUES(2, 'mine')");
    value_of(migrate(*connect(file), k_two_steps));
    CHECK(first_value(file, "SELECT name || size FROM things WHERE thing = 2") == "mine7");
    value_of(migrate(*connect(file), k_two_steps));
    CHECK(first_value(file, "SELECT count(*) FROM migrations") == "2");
}

TEST_CASE("migrations: a newer file is refused and left alone", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    value_of(migrate(*connect(file), k_two_steps));
    const auto refused = migrate(*connect(file), k_one_step);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::data_loss);
    CHECK_THAT(refused.error().message, Catch::Contains("newer") && Catch::Contains(file.string()));
    CHECK(first_value(file, "PRAGMA user_version") == "2");
}

TEST_CASE("migrations: another program's database is refused and left alone", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    query_file(file, "CREATE TABLE theirs(x)");
    const auto refused = migrate(*connect(file), k_one_step);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("another program"));
    CHECK(first_value(file, "SELECT count(*) FROM sqlite_schema") == "1");
}

TEST_CASE("migrations: a step that fails leaves the file as it was", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    value_of(migrate(*connect(file), k_one_step));
    CHECK_FALSE(migrate(*connect(file), k_broken_step));
    CHECK(first_value(file, "PRAGMA user_version") == "1");
    CHECK(first_value(file, "SELECT count(*) FROM pragma_table_info('things')") == "2");
    value_of(migrate(*connect(file), k_two_steps));
    CHECK(first_value(file, "SELECT size FROM things") == "7");
}

TEST_CASE("migrations: killed at any step the file is old or new and nothing between",
          "[store][crash]") {
    const int from = GENERATE(0, 1, 2, 6);
    const TemporaryFolder folder;
    const std::string newest = std::to_string(store_format().steps.back().version);
    const std::string oldest = std::to_string(from);
    std::string tables_before = "0";
    std::string tables_after;
    int kills = 0;
    int piece = 1;  // the first ones each, then about one in eight of those that are left
    for (bool died = true; died; ++kills, piece += 1 + piece / 8) {
        const auto file = folder.path() / (std::to_string(kills) + ".db");
        if (from > 0) {
            write_version_1(file);
            value_of(migrate(*connect(file), steps_to(from)));
            tables_before = first_value(file, "SELECT count(*) FROM sqlite_schema");
        }
        died = migrate_and_die(file, store_format(), piece);
        INFO("from version " << oldest << ", killed after " << piece << " pieces of work");
        const std::string version = first_value(file, "PRAGMA user_version");
        const std::string tables = first_value(file, "SELECT count(*) FROM sqlite_schema");
        if (version == oldest) CHECK(tables == tables_before);
        if (version != oldest) CHECK(version == newest);
        CHECK(first_value(file, "PRAGMA integrity_check") == "ok");
        value_of(migrate(*connect(file), store_format()));
        CHECK(first_value(file, "SELECT group_concat(version) FROM migrations") ==
              (from == 0 ? newest : "1,2,3,4,5,6,7"));
        tables_after = first_value(file, "SELECT count(*) FROM sqlite_schema");
        if (version == newest) CHECK(tables == tables_after);
    }
    CHECK(tables_after != tables_before);
    CHECK(kills > (from == 6 ? 10 : 30));
}

TEST_CASE("migrations: a new file is like one that took every step", "[store]") {
    const TemporaryFolder folder;
    const auto made = folder.path() / "made.db";
    const auto grown = folder.path() / "grown.db";
    value_of(migrate(*connect(made), store_format()));
    value_of(migrate(*connect(grown), steps_to(store_format().steps.back().version)));
    const auto schema = [](const std::filesystem::path& file) {
        auto objects =
            query_file(file,
                       "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') "
                       "FROM sqlite_schema ORDER BY type, name");
        for (std::string& object : objects) object = without_line_breaks(object);
        return objects;
    };
    CHECK(schema(made) == schema(grown));
    CHECK(schema(made).size() > 80);
    const char* const sql =
        GENERATE("PRAGMA user_version", "PRAGMA application_id",
                 "SELECT s.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || "
                 "c.\"notnull\" || ' ' || c.pk || ' ' || coalesce(c.dflt_value, '') "
                 "FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c ORDER BY s.name, c.cid",
                 "SELECT s.name || ' ' || i.name || ' ' || i.\"unique\" || ' ' || i.partial "
                 "FROM sqlite_schema s JOIN pragma_index_list(s.name) i ORDER BY s.name, i.name");
    CHECK(query_file(made, sql) == query_file(grown, sql));
    CHECK_FALSE(query_file(made, sql).empty());
}

TEST_CASE("migrations: a store of version 6 counts its traces", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    write_version_1(file);
    value_of(migrate(*connect(file), steps_to(6)));
    query_file(file,
               "INSERT INTO traces(project, id, timestamp, name, environment, mentioned) VALUES "
               "(7, 'a', 0, 1, 1, NULL), (7, 'b', 5, 1, 1, NULL), (7, 'c', 1 << 44, 1, 1, NULL), "
               "(7, 'd', -1, 1, 1, NULL), (7, 'e', 5, 1, 1, 1), (8, 'f', 5, 1, 1, 1)");
    value_of(migrate(*connect(file), store_format()));
    CHECK(query_file(file,
                     "SELECT period || ':' || traces FROM trace_counts WHERE project IN (7, 8)") ==
          std::vector<std::string>{"-1:1", "0:2", "1:1"});
    CHECK(first_value(file, "SELECT sum(traces) FROM trace_counts WHERE project = 1") ==
          first_value(file, "SELECT count(*) FROM traces WHERE project = 1"));
    CHECK(first_value(file, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("migrations: a new file that cannot be made whole stays empty", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.db";
    CHECK_FALSE(migrate(*connect(file), {k_broken, k_steps}));
    CHECK(first_value(file, "SELECT count(*) FROM sqlite_schema") == "0");
    CHECK(first_value(file, "PRAGMA user_version") == "0");
    value_of(migrate(*connect(file), {k_first, std::span(k_steps).first(1)}));
    CHECK(first_value(file, "SELECT group_concat(version) FROM migrations") == "1");
}

TEST_CASE("migrations: a store of the first version reads and goes on as it was written",
          "[store]") {
    const TemporaryFolder folder;
    write_version_1(file_of(folder.path()));
    const auto store = value_of(Store::open_existing(folder.path(), default_project_id()));
    RunRecord run = value_of(store->find_run("latest"));
    CHECK(run.id.value() == "20261121-035437-ad395a");
    CHECK(run.description == "A run of the first format.");
    CHECK(run.state == RunState::finished);
    CHECK(run.plan_sha256.empty());
    CHECK(run.invocation.is_null());
    CHECK_FALSE(run.resumed);
    CHECK_FALSE(run.shard);
    CHECK(run.dropped.calls == 0);

    const std::vector<UnitResult> units = read_units(*store, run);
    REQUIRE(units.size() == 6);
    std::string statuses;
    for (const UnitResult& unit : units) statuses += std::string(to_string(unit.status)) + " ";
    CHECK(statuses == "scored scored unscored scored scored failed ");
    CHECK(units[1].output == "Kyoto");
    CHECK(std::get<double>(units[1].evaluations[1].scores[0].value) == Approx(0.2));
    CHECK(units[4].usage == UsageDetails{{"input", 10}, {"output", 2}, {"total", 12}});
    CHECK(units[4].cost == 1'250'000);
    CHECK(units[4].paid == 1'250'000);
    CHECK(units[4].cached == 0);
    CHECK_FALSE(units[4].time_to_first_token);
    CHECK(units[5].error == "the program reports: no idea");
    CHECK(value_of(store->observations(units[1].trace_id)).size() == 4);
    CHECK(value_of(store->score_history(units[1].trace_id)).empty());

    const JournalState left = value_of(store->resume(run));
    CHECK(left.units.size() == 6);
    CHECK(left.spent.cost == 2'500'000);
    CHECK(left.spent.tokens == 24);
    value_of(store->finish(run));
    const auto falsify = [&](const UnitVisitor& visit) {
        return store->for_each_unit(
            run,
            [&](const UnitResult& unit) {
                UnitResult changed = unit;
                for (Evaluation& evaluation : changed.evaluations) evaluation.scores.clear();
                return visit(changed);
            },
            UnitParts::all);
    };
    value_of(store->replace_evaluations(
        {.run = run, .units = falsify, .run_scores = {}, .at = run.started}));
    CHECK(value_of(store->score_history(units[1].trace_id)).size() == 4);
    CHECK(first_value(file_of(folder.path()), "PRAGMA integrity_check") == "ok");
}

}  // namespace assay::test
