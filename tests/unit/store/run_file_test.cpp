#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

/// A run that is stored with `count` units and a score of a whole variant, and its file.
struct ExportedRun {
    explicit ExportedRun(std::uint64_t count = 3) {
        value_of(store->begin(run));
        std::vector<UnitResult> units;
        for (std::uint64_t position = 0; position < count; ++position) {
            units.push_back(make_random_unit(run, "one", position, 0, rng));
        }
        value_of(store->commit(run.id, units));
        value_of(store->put_run_scores(run.variants[0].dataset_run_id,
                                       {{.name = "f1", .value = 0.5, .comment = "of 3"}}));
        run.state = RunState::finished;
        value_of(store->finish(run));
        value_of(store->export_run(run, file));
    }

    [[nodiscard]] std::unique_ptr<Store> open() const {
        return value_of(Store::open_existing(file, default_project_id()));
    }
    [[nodiscard]] std::string refusal() const {
        const auto opened = Store::open_existing(file, default_project_id());
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::data_loss);
        return opened.error().message;
    }
    /// The files beside the run file, itself included.
    [[nodiscard]] std::ptrdiff_t files() const {
        return std::distance(std::filesystem::directory_iterator(file.parent_path()), {});
    }

    TemporaryFolder folder;
    Rng rng{7};
    RunRecord run = make_run();
    std::filesystem::path file = folder.path() / "files" / "run.assayrun";
    std::unique_ptr<Store> store =
        value_of(Store::open(folder.path() / "store", default_project_id()));
};

}  // namespace

TEST_CASE("run file: it holds the run as the store has it", "[store]") {
    const ExportedRun exported;
    const auto opened = exported.open();
    const RunRecord run = value_of(opened->find_run("latest"));
    check_same_run(run, exported.run);
    const auto read = read_units(*opened, run);
    const auto stored = read_units(*exported.store, exported.run);
    REQUIRE(read.size() == stored.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        check_same_unit(read[i], stored[i]);
        check_same_observations(value_of(opened->observations(read[i].trace_id)),
                                value_of(exported.store->observations(stored[i].trace_id)));
    }
    const auto scores = value_of(opened->run_scores(run.variants[0].dataset_run_id));
    REQUIRE(scores.size() == 1);
    CHECK(scores[0].value == ScoreValue(0.5));
    CHECK(scores[0].comment == "of 3");
}

TEST_CASE("run file: it is one file and reading it makes no other", "[store]") {
    const ExportedRun exported;
    CHECK(exported.files() == 1);
    const auto opened = exported.open();
    CHECK(read_units(*opened, exported.run).size() == 3);
    CHECK_FALSE(opened->is_open_elsewhere(exported.run.id));
    CHECK(exported.files() == 1);
}

TEST_CASE("run file: written again it is replaced", "[store]") {
    const ExportedRun exported;
    RunRecord second = make_run("second");
    value_of(exported.store->begin(second));
    value_of(exported.store->export_run(second, exported.file));
    const auto runs = value_of(exported.open()->runs());
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].id == second.id);
    CHECK(exported.files() == 1);
}

TEST_CASE("run file: it cannot be changed", "[store]") {
    const ExportedRun exported;
    const std::string before = read_text(exported.file);
    const auto opened = exported.open();
    CHECK_FALSE(opened->begin(make_run("another")));
    CHECK_FALSE(opened->resume(exported.run));
    CHECK_FALSE(opened->put_run_scores(exported.run.variants[0].dataset_run_id, {}));
    CHECK(read_text(exported.file) == before);
}

TEST_CASE("run file: one that is damaged or of another version or no run file says so", "[store]") {
    const ExportedRun exported;
    SECTION("text") {
        (void)exported.folder.write("files/run.assayrun", std::string(10'000, 'x'));
        CHECK_THAT(exported.refusal(), Catch::Contains("no database"));
    }
    SECTION("empty") {
        (void)exported.folder.write("files/run.assayrun", "");
        CHECK_THAT(exported.refusal(), Catch::Contains("not written by this version"));
    }
    SECTION("older") {
        query_file(exported.file, "DROP TABLE score_history");
        query_file(exported.file, "PRAGMA user_version = 1");
        CHECK_THAT(exported.refusal(), Catch::Contains("export the run again"));
    }
    SECTION("newer") {
        query_file(exported.file, "PRAGMA user_version = 1000");
        CHECK_THAT(exported.refusal(), Catch::Contains("newer assay"));
    }
}

TEST_CASE("run file: a place that cannot be written is named and left clean", "[store]") {
    const ExportedRun exported;
    const auto taken = exported.folder.path() / "files" / "folder.assayrun";
    std::filesystem::create_directories(taken / "inside");
    const auto refused = exported.store->export_run(exported.run, taken);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains(taken.string()));
    CHECK(exported.files() == 2);
}

}  // namespace assay::test
