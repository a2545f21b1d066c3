#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "server/store/database.hpp"
#include "server/store/store.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

Error error_of(const Result<std::unique_ptr<Store>>& result) {
    REQUIRE_FALSE(result);
    return result.error();
}

Result<std::unique_ptr<Store>> open_at(const std::filesystem::path& folder) {
    return Store::open(folder, default_project_id());
}

/// What `attempt` says in a process without the rights of root, to which modes mean nothing.
/// @return "code: message", or "" when it succeeded.
std::string as_nobody(const std::function<Result<void>()>& attempt) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        constexpr uid_t k_nobody = 65'534;
        if (::getuid() == 0 && ::setuid(k_nobody) != 0) ::_exit(1);
        const auto done = attempt();
        const std::string text =
            done ? "" : std::string(to_string(done.error().code)) + ": " + done.error().message;
        ::_exit(::write(ends[1], text.data(), text.size()) < 0 ? 1 : 0);
    }
    REQUIRE(::close(ends[1]) == 0);
    std::string text(4096, '\0');
    const auto size = ::read(ends[0], text.data(), text.size());
    REQUIRE(size >= 0);
    text.resize(static_cast<std::size_t>(size));
    REQUIRE(::close(ends[0]) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    return text;
}

}  // namespace

TEST_CASE("open: a store is made with its folders", "[store]") {
    const TemporaryFolder folder;
    const auto inner = folder.path() / "a" / "b";
    CHECK(value_of(open_at(inner)) != nullptr);
    CHECK(query_file(file_of(inner), "PRAGMA journal_mode") == std::vector<std::string>{"wal"});
    CHECK(query_file(file_of(inner), "PRAGMA page_size") == std::vector<std::string>{"4096"});
    CHECK(value_of(value_of(open_at(inner))->runs()).empty());
}

TEST_CASE("open: what is not there is not made by asking for it", "[store]") {
    const TemporaryFolder folder;
    const auto missing = folder.path() / "missing";
    const Error error = error_of(Store::open_existing(missing, default_project_id()));
    CHECK(error.code == ErrorCode::not_found);
    CHECK_THAT(error.message, Catch::Contains(missing.string()));
    CHECK_FALSE(std::filesystem::exists(missing));
}

TEST_CASE("open: a folder that is a file is named", "[store]") {
    const TemporaryFolder folder;
    const auto file = folder.write("store", "text");
    const Error error = error_of(open_at(file));
    CHECK(error.code == ErrorCode::invalid_argument);
    CHECK_THAT(error.message, Catch::Contains(file.string()) && Catch::Contains("not a folder"));
}

TEST_CASE("open: a file that is no database is named and left alone", "[store]") {
    const TemporaryFolder folder;
    const std::string text(10'000, 'x');
    const auto file = folder.write("assay.db", text);
    const Error error = error_of(open_at(folder.path()));
    CHECK(error.code == ErrorCode::data_loss);
    CHECK_THAT(error.message, Catch::Contains(file.string()) && Catch::Contains("no database"));
    CHECK(read_text(file) == text);
}

TEST_CASE("open: a file cut short is reported", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    value_of(value_of(open_at(folder.path()))->begin(run));
    std::filesystem::resize_file(file_of(folder.path()), 6 * 4096 + 17);
    const auto reopened = open_at(folder.path());
    const auto read = reopened ? (*reopened)->runs().error() : reopened.error();
    CHECK(read.code == ErrorCode::data_loss);
    CHECK_THAT(read.message, Catch::Contains("damaged") && Catch::Contains("backup"));
}

TEST_CASE("open: a folder without write permission says so", "[store]") {
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    const auto closed = folder.path() / "closed";
    std::filesystem::create_directory(closed);
    std::filesystem::permissions(closed, std::filesystem::perms(0555));
    for (const auto& target : {closed, closed / "deeper"}) {
        const std::string said = as_nobody([&]() -> Result<void> {
            ASSAY_CHECK(open_at(target));
            return {};
        });
        CHECK_THAT(said,
                   Catch::StartsWith("permission_denied") && Catch::Contains(closed.string()));
    }
}

TEST_CASE("open: a store that may only be read says so", "[store]") {
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    const RunRecord run = make_run();
    value_of(value_of(open_at(folder.path()))->begin(run));
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
    std::filesystem::permissions(file_of(folder.path()), std::filesystem::perms(0444));
    const std::string said = as_nobody([&]() -> Result<void> {
        ASSAY_TRY(const auto store, open_at(folder.path()));
        return store->begin(make_run("second"));
    });
    CHECK_THAT(said,
               Catch::StartsWith("permission_denied") && Catch::Contains(folder.path().string()));
}

TEST_CASE("open: projects of one store do not see each other", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto mine = value_of(open_at(folder.path()));
    const auto theirs = value_of(Store::open(folder.path(), ProjectId("theirs")));
    value_of(mine->begin(run));
    value_of(mine->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    CHECK(value_of(theirs->runs()).empty());
    CHECK_FALSE(theirs->find_run(run.id.value()));
    CHECK_FALSE(theirs->for_each_unit(run, [](const UnitResult&) -> Result<void> { return {}; }));
    CHECK(value_of(theirs->observations(make_unit(run, "one", 0).trace_id)).empty());
    // The same names and ids are free in the other project.
    value_of(theirs->begin(run));
    value_of(theirs->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    CHECK(read_units(*theirs, run).size() == 1);
    CHECK(read_units(*mine, run).size() == 1);
}

TEST_CASE("open: ids of any text are kept as they are", "[store]") {
    const TemporaryFolder folder;
    const auto store = value_of(open_at(folder.path()));
    const std::string zero("a\0b", 3);
    // Hex in upper case, of odd length, and empty is text; lower-case pairs are bytes.
    const std::vector<std::string> ids = {"",    "0",  "00",       "AB",  "ab",
                                          "abc", zero, "\xff\xfe", "id 1"};
    for (const std::string& id : ids) {
        RunRecord run = make_run("run " + id);
        run.id = RunId(id);
        for (VariantRecord& variant : run.variants) {
            variant.dataset_run_id = DatasetRunId(variant.name + id);
        }
        value_of(store->begin(run));
        UnitResult unit = make_unit(run, "one", 0);
        unit.key = UnitKey(id);
        unit.trace_id = TraceId(id);
        unit.item.id = DatasetItemId(id);
        unit.item.content_hash = id;
        value_of(store->commit(run.id, std::vector{unit}));
        CHECK(value_of(store->find_run("run " + id)).id == run.id);
        check_same_unit(read_units(*store, run).at(0), unit);
        check_same_observations(value_of(store->observations(unit.trace_id)), unit.observations);
    }
    CHECK(value_of(store->runs()).size() == ids.size());
}

TEST_CASE("find_run: by id and prefix and name and latest", "[store]") {
    const TemporaryFolder folder;
    const auto store = value_of(open_at(folder.path()));
    const Error none = store->find_run("latest").error();
    CHECK(none.code == ErrorCode::not_found);
    CHECK_THAT(none.message, Catch::Contains("no runs yet"));

    const std::vector<std::string> ids = {"aaaa1111", "aaaa2222", "bbbb3333"};
    for (std::size_t i = 0; i < ids.size(); ++i) {
        RunRecord run = make_run(i == 0 ? "nightly" : "night shift");
        run.id = RunId(ids[i]);
        run.started += std::chrono::seconds(i == 1 ? 100 : 0);
        for (VariantRecord& variant : run.variants) {
            variant.dataset_run_id = derive_dataset_run_id(run.id, variant.name);
        }
        value_of(store->begin(run));
    }
    std::vector<std::string> newest_first;
    for (const RunRecord& run : value_of(store->runs())) newest_first.push_back(run.id.value());
    CHECK(newest_first == std::vector<std::string>{"aaaa2222", "bbbb3333", "aaaa1111"});

    CHECK(value_of(store->find_run("latest")).id.value() == "aaaa2222");
    CHECK(value_of(store->find_run("aaaa1111")).id.value() == "aaaa1111");
    CHECK(value_of(store->find_run("aaaa1")).id.value() == "aaaa1111");
    CHECK(value_of(store->find_run("bbbb")).id.value() == "bbbb3333");
    CHECK(value_of(store->find_run("nightly")).id.value() == "aaaa1111");

    for (const char* const several : {"aaaa", "night shift"}) {
        const Error error = store->find_run(several).error();
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK_THAT(error.message, Catch::Contains("aaaa2222"));
    }
    for (const char* const unknown : {"bbb", "cccc", ""}) {
        CHECK(store->find_run(unknown).error().code == ErrorCode::not_found);
    }
    CHECK_THAT(store->find_run("nihgtly").error().message,
               Catch::Contains("did you mean \"nightly\""));
}

TEST_CASE("session: what is kept with it is made once and lives until it ends", "[store]") {
    struct Kept {
        Kept(int begin, bool& is_alive) : number(begin), alive(is_alive) { alive = true; }
        ~Kept() { alive = false; }
        int number;
        bool& alive;
    };
    struct Other {
        int number = 7;
    };
    const TemporaryFolder folder;
    const auto database = value_of(Database::open(folder.path(), Database::Missing::create));
    auto session = value_of(database->open_reader());
    bool is_alive = false;
    session->kept<Kept>(1, is_alive).number += 4;
    session->forget();
    CHECK(session->kept<Kept>(9, is_alive).number == 5);
    CHECK(session->kept<Other>().number == 7);
    CHECK(&session->kept<Other>() == &session->kept<Other>());
    CHECK(&session->kept<Other>() != &database->reader().kept<Other>());
    CHECK(is_alive);
    session.reset();
    CHECK_FALSE(is_alive);
}

}  // namespace assay::test
