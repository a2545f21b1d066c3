#include "server/store/migrations.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

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

constexpr std::array k_one_step = {Migration{1, k_first}};
constexpr std::array k_two_steps = {Migration{1, k_first}, Migration{2, k_second}};
constexpr std::array k_broken_step = {Migration{1, k_first}, Migration{2, k_broken}};

std::unique_ptr<Connection> connect(const std::filesystem::path& file) {
    auto connection = value_of(Connection::open(file, Connection::Mode::create));
    value_of(connection->execute_script("PRAGMA journal_mode = WAL"));
    return connection;
}

std::string first_value(const std::filesystem::path& file, const std::string& sql) {
    return query_file(file, sql).at(0);
}

/// Runs the migrations in a process that kills itself after `calls` pieces of SQLite's work.
/// @return whether it died.
bool migrate_and_die(const std::filesystem::path& file, std::span<const Migration> steps,
                     int calls) {
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
        ::_exit(migrate(*connection, steps) ? 0 : 1);
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
    const TemporaryFolder folder;
    int kills = 0;
    for (bool died = true; died; ++kills) {
        const auto file = folder.path() / (std::to_string(kills) + ".db");
        died = migrate_and_die(file, store_migrations(), kills + 1);
        INFO("killed after " << kills + 1 << " pieces of work");
        const std::string version = first_value(file, "PRAGMA user_version");
        const std::string tables = first_value(file, "SELECT count(*) FROM sqlite_schema");
        CHECK(((version == "0" && tables == "0") || (version == "1" && tables != "0")));
        CHECK(first_value(file, "PRAGMA integrity_check") == "ok");
        value_of(migrate(*connect(file), store_migrations()));
        CHECK(first_value(file, "SELECT count(*) FROM migrations") == "1");
    }
    CHECK(kills > 50);
}

}  // namespace assay::test
