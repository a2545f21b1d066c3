#include "server/store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "core/base/hash.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Store> open_store(const TemporaryFolder& folder) {
    return value_of(Store::open(folder.path(), default_project_id()));
}

std::vector<UnitResult> random_units(const RunRecord& run, Rng& rng) {
    std::vector<UnitResult> units;
    for (const VariantRecord& variant : run.variants) {
        for (std::uint64_t position = 0; position < 8; ++position) {
            units.push_back(make_random_unit(run, variant.name, position, 0, rng));
        }
    }
    return units;
}

}  // namespace

TEST_CASE("store: every field of a unit comes back as it was written", "[store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    for (int round = 0; round < 12; ++round) {
        const auto store =
            value_of(Store::open(folder.path() / std::to_string(round), default_project_id()));
        value_of(store->begin(run));
        const std::vector<UnitResult> units = random_units(run, rng);
        value_of(store->commit(run.id, units));
        const std::vector<UnitResult> read = read_units(*store, run);
        REQUIRE(read.size() == units.size());
        for (std::size_t i = 0; i < units.size(); ++i) {
            check_same_unit(read[i], units[i]);
            check_same_observations(value_of(store->observations(units[i].trace_id)),
                                    units[i].observations);
        }
    }
}

TEST_CASE("store: a run comes back as it was written", "[store]") {
    const TemporaryFolder folder;
    RunRecord run = make_run();
    run.description = std::string("with a zero \0 and \xff bytes", 25);
    run.reason = "the provider is down";
    run.partial = true;
    run.spec_file = "dir/spec.eval.yaml";
    run.spec = Json{{"experiment", "capitals"}};
    run.manifest = Json{{"seed", 1}};
    run.plan_sha256 = std::string(64, 'f');
    run.invocation = Json{{"variants", {"one"}}};
    run.resumed = true;
    run.shard = Shard{.index = 2, .count = 5};
    run.dropped = {.cost = 12, .tokens = 34, .calls = 5};
    run.report_plan.min_coverage = 0.5;
    run.report_plan.scores.push_back({.name = "exact_match", .evaluator = "exact_match"});
    run.report_plan.gates.push_back(value_of(parse_gate("exact_match >= 0.8")));
    {
        const auto store = open_store(folder);
        value_of(store->begin(run));
        check_same_run(value_of(store->find_run(run.id.value())), run);
        run.finished = run.started + std::chrono::seconds(3);
        run.state = RunState::incomplete;
        value_of(store->finish(run));
    }
    const auto again = value_of(Store::open_existing(folder.path(), default_project_id()));
    check_same_run(value_of(again->find_run(run.id.value())), run);
}

TEST_CASE("store: a run whose process died stays running", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    {
        const auto store = open_store(folder);
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    }
    const auto store = open_store(folder);
    const RunRecord read = value_of(store->find_run("latest"));
    CHECK(read.state == RunState::running);
    CHECK_FALSE(read.finished);
    CHECK(read_units(*store, read).size() == 1);
}

TEST_CASE("store: the id of a run can be used once", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    const auto second = store->begin(run);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::already_exists);
    CHECK(value_of(store->runs()).size() == 1);
}

TEST_CASE("store: no run begins in a project that was deleted", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->begin(make_run()));
    query_file(file_of(folder.path()),
               "INSERT INTO project_settings(project, organization, name, metadata, "
               "retention_days, created_at, updated_at, removed_at) "
               "SELECT project, 1, '', '{}', 0, 1, 1, 2 FROM projects");
    RunRecord run = make_run();
    run.id = RunId("another");
    const auto refused = store->begin(run);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(refused.error().message, Catch::Contains("was deleted"));
    CHECK(value_of(store->runs()).size() == 1);
}

TEST_CASE("store: a run that was never begun cannot be written", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    CHECK_FALSE(store->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    const auto finished = store->finish(run);
    REQUIRE_FALSE(finished);
    CHECK(finished.error().code == ErrorCode::not_found);
    value_of(store->begin(run));
    CHECK_FALSE(store->commit(run.id, std::vector{make_unit(run, "three", 0)}));
}

TEST_CASE("store: units come back by variant then position then repetition", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    RunRecord run = make_run();
    std::swap(run.variants[0], run.variants[1]);
    value_of(store->begin(run));
    std::vector<UnitResult> units;
    for (const std::uint64_t position : {300U, 2U, 0U}) {
        for (const int repetition : {1, 0}) {
            for (const char* const variant : {"one", "two"}) {
                units.push_back(make_unit(run, variant, position, repetition));
            }
        }
    }
    for (const UnitResult& unit : units) value_of(store->commit(run.id, std::span(&unit, 1)));
    std::vector<std::string> order;
    for (const UnitResult& unit : read_units(*store, run)) {
        order.push_back(fmt::format("{} {} {}", unit.variant, unit.item.position, unit.repetition));
    }
    CHECK(order == std::vector<std::string>{"two 0 0", "two 0 1", "two 2 0", "two 2 1", "two 300 0",
                                            "two 300 1", "one 0 0", "one 0 1", "one 2 0", "one 2 1",
                                            "one 300 0", "one 300 1"});
}

TEST_CASE("store: storing a unit again replaces what it wrote before", "[store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    for (int round = 0; round < 20; ++round) {
        UnitResult unit = make_random_unit(run, "one", 5, 0, rng);
        unit.item.id = DatasetItemId("same item");
        value_of(store->commit(run.id, std::vector{unit, make_unit(run, "two", 5)}));
        const std::vector<UnitResult> read = read_units(*store, run);
        REQUIRE(read.size() == 2);
        check_same_unit(read[0], unit);
        check_same_observations(value_of(store->observations(unit.trace_id)), unit.observations);
        std::size_t scores = 1;
        for (const Evaluation& evaluation : unit.evaluations) scores += evaluation.scores.size();
        CHECK(query_file(file_of(folder.path()), "SELECT count(*) FROM scores") ==
              std::vector{std::to_string(scores)});
        CHECK(query_file(file_of(folder.path()), "SELECT count(*) FROM observations") ==
              std::vector{std::to_string(unit.observations.size() + 1)});
    }
    for (const char* const index : {"trace_metadata", "observation_metadata"}) {
        // Fails when the index holds anything that its table does not account for.
        query_file(file_of(folder.path()),
                   fmt::format("INSERT INTO {0}({0}) VALUES('integrity-check')", index));
    }
}

TEST_CASE("store: the same bytes sent again change nothing", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    const std::vector units{make_unit(run, "one", 0), make_unit(run, "one", 1),
                            make_unit(run, "two", 0)};
    value_of(store->commit(run.id, units));
    const auto count = [&](const std::string& table) {
        return query_file(file_of(folder.path()), "SELECT count(*) FROM " + table).front();
    };
    std::map<std::string, std::string> before;
    for (const char* const table : {"traces", "trace_documents", "run_items", "observations",
                                    "scores", "items", "item_versions", "datasets"}) {
        before[table] = count(table);
    }
    value_of(store->commit(run.id, units));
    for (const auto& [table, rows] : before) {
        INFO(table);
        CHECK(count(table) == rows);
    }
    CHECK(before["items"] == "2");
    CHECK(before["item_versions"] == "2");
}

TEST_CASE("store: two units never share a trace or a place", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    const UnitResult first = make_unit(run, "one", 0);
    value_of(store->commit(run.id, std::vector{first}));

    UnitResult same_trace = make_unit(run, "two", 3);
    same_trace.trace_id = first.trace_id;
    UnitResult same_place = make_unit(run, "one", 0);
    same_place.trace_id = TraceId(std::string(32, 'a'));
    for (const UnitResult& unit : {same_trace, same_place}) {
        const auto refused = store->commit(run.id, std::vector{make_unit(run, "one", 9), unit});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::already_exists);
        CHECK_THAT(refused.error().message, Catch::Contains(unit.item.id.value()));
    }
    const auto units = read_units(*store, run);
    REQUIRE(units.size() == 1);
    check_same_unit(units[0], first);
    value_of(store->commit(run.id, std::vector{make_unit(run, "one", 9)}));
    CHECK(read_units(*store, run).size() == 2);
}

TEST_CASE("store: the visitor's error ends the reading and nothing else", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    value_of(
        store->commit(run.id, std::vector{make_unit(run, "one", 0), make_unit(run, "one", 1)}));
    int visited = 0;
    const auto stopped = store->for_each_unit(run, [&](const UnitResult&) -> Result<void> {
        ++visited;
        return failure(ErrorCode::cancelled, "enough");
    });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().message == "enough");
    CHECK(visited == 1);
    CHECK(read_units(*store, run).size() == 2);
}

TEST_CASE("store: a visitor may read observations and units", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    value_of(
        store->commit(run.id, std::vector{make_unit(run, "one", 0), make_unit(run, "one", 1)}));
    std::size_t observations = 0;
    std::size_t units = 0;
    value_of(store->for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        observations += value_of(store->observations(unit.trace_id)).size();
        units += read_units(*store, run).size();
        return {};
    }));
    CHECK(observations == 2);
    CHECK(units == 4);
}

TEST_CASE("store: a unit written while another reads is not seen halfway", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    value_of(store->commit(run.id, std::vector{make_unit(run, "one", 0)}));
    std::uint64_t next = 1;
    std::size_t seen = 0;
    value_of(store->for_each_unit(run, [&](const UnitResult&) -> Result<void> {
        ++seen;
        const std::vector units{make_unit(run, "one", next), make_unit(run, "two", next)};
        ++next;
        return store->commit(run.id, units);
    }));
    // The reader sees the moment it began: all variants of it.
    CHECK(seen == 1);
    CHECK(read_units(*store, run).size() == 3);
}

TEST_CASE("store: an output of 20 MB is stored whole and once", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    Rng rng(7);
    std::string output;
    while (output.size() < (20U << 20U)) {
        const std::uint64_t word = rng.next();
        output += to_hex(std::string_view(reinterpret_cast<const char*>(&word), 8));
    }
    UnitResult unit = make_unit(run, "one", 0);
    unit.output = output;
    unit.observations[0].output = output;
    value_of(store->commit(run.id, std::vector{unit}));
    check_same_unit(read_units(*store, run).at(0), unit);
    check_same_observations(value_of(store->observations(unit.trace_id)), unit.observations);
    // Hex digits compress to a little more than half; a second copy would not fit below this.
    const auto size =
        query_file(file_of(folder.path()), "SELECT length(document) FROM trace_documents");
    CHECK(std::stoul(size.at(0)) < (12U << 20U));
}

TEST_CASE("store: the write-ahead log stays bounded", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    Rng rng(9);
    std::string noise;
    while (noise.size() < (4U << 20U)) {
        const std::uint64_t word = rng.next();
        noise.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    std::uintmax_t largest = 0;
    for (std::uint64_t position = 0; position < 50; ++position) {
        UnitResult unit = make_unit(run, "one", position);
        unit.log = noise;
        value_of(store->commit(run.id, std::vector{unit}));
        largest = std::max(largest, std::filesystem::file_size(folder.path() / "assay.db-wal"));
    }
    CHECK(std::filesystem::file_size(file_of(folder.path())) > (100U << 20U));
    CHECK(largest < (80U << 20U));
}

TEST_CASE("store: values nested as deep as input may be come back from inside a wrapper",
          "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    Json deep = "bottom";
    for (std::size_t i = 0; i < limits::k_json_depth_max; ++i) deep = Json::array({deep});
    UnitResult unit = make_unit(run, "one", 0);
    unit.output = deep;
    unit.observations[0].input = Json{{"output", deep}};
    value_of(store->commit(run.id, std::vector{unit}));
    CHECK(read_units(*store, run).at(0).output == deep);
    CHECK(value_of(store->observations(unit.trace_id)).at(0).input == unit.observations[0].input);
}

TEST_CASE("store: JSON text that is not UTF-8 comes back with replacement characters", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    UnitResult unit = make_unit(run, "one", 0);
    unit.output = "a\xff z";
    unit.log = "a\xff z";
    value_of(store->commit(run.id, std::vector{unit}));
    const UnitResult read = read_units(*store, run).at(0);
    CHECK(read.output == "a\xEF\xBF\xBD z");
    CHECK(read.log == "a\xff z");
}

TEST_CASE("store: numbers keep their kind when an observation repeats a value", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    UnitResult unit = make_unit(run, "one", 0);
    unit.output = Json{{"x", 1}};
    unit.observations[0].output = Json{{"x", 1.0}};
    unit.observations[0].input = 0.0;
    unit.item.input = -0.0;
    value_of(store->commit(run.id, std::vector{unit}));
    check_same_observations(value_of(store->observations(unit.trace_id)), unit.observations);
}

TEST_CASE("store: the scores of a dataset run are replaced as a whole", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const RunRecord run = make_run();
    value_of(store->begin(run));
    const DatasetRunId id = run.variants[0].dataset_run_id;
    CHECK(value_of(store->run_scores(id)).empty());
    value_of(store->put_run_scores(
        id, {{.name = "macro_f1", .value = 0.25}, {.name = "best", .value = std::string("a")}}));
    value_of(store->put_run_scores(id, {{.name = "passed", .value = true, .comment = "9 of 10"},
                                        {.name = "f", .value = 0.5}}));
    const std::vector<Score> scores = value_of(store->run_scores(id));
    REQUIRE(scores.size() == 2);
    CHECK(scores[0].name == "passed");
    CHECK((scores[0].value == ScoreValue(true)));
    CHECK(scores[0].comment == "9 of 10");
    CHECK((scores[1].value == ScoreValue(0.5)));
    CHECK(value_of(store->run_scores(run.variants[1].dataset_run_id)).empty());
    const auto unknown = store->run_scores(DatasetRunId("nothing"));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::not_found);
}

TEST_CASE("store: documents written before and after the dictionary both come back", "[store]") {
    const TemporaryFolder folder;
    RunRecord run = make_run();
    {
        const auto store = open_store(folder);
        value_of(store->begin(run));
        for (std::uint64_t position = 0; position < 5000; position += 1000) {
            std::vector<UnitResult> units;
            for (std::uint64_t i = position; i < position + 1000; ++i) {
                units.push_back(make_unit(run, "one", i));
            }
            value_of(store->commit(run.id, units));
        }
    }
    const std::string with_dictionary = "SELECT count(*) FROM trace_documents WHERE dictionary = ";
    CHECK(query_file(file_of(folder.path()), with_dictionary + "0").at(0) == "4000");
    CHECK(query_file(file_of(folder.path()), with_dictionary + "1").at(0) == "1000");
    const auto store = open_store(folder);
    std::uint64_t position = 0;
    for (const UnitResult& unit : read_units(*store, run)) {
        check_same_unit(unit, make_unit(run, "one", position++));
    }
    CHECK(position == 5000);
}

}  // namespace assay::test
