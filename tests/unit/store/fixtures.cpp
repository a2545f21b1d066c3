#include "tests/unit/store/fixtures.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay::test {
namespace {

std::int64_t random_integer(Rng& rng) {
    switch (rng.next_below(4)) {
        case 0: return static_cast<std::int64_t>(rng.next_below(10));
        case 1: return std::numeric_limits<std::int64_t>::max();
        case 2: return std::numeric_limits<std::int64_t>::min();
        default: return static_cast<std::int64_t>(rng.next());
    }
}

std::string random_text(Rng& rng, std::size_t size_max) {
    return to_valid_utf8(make_random_bytes(rng, size_max));
}

/// Within 146 years of 1970, so that an end can be computed.
Time random_time(Rng& rng) { return Time(std::chrono::nanoseconds(random_integer(rng) / 2)); }

UsageDetails random_usage(Rng& rng) {
    UsageDetails usage;
    for (const char* const name : {"input", "output", "total", "input_cached_tokens"}) {
        if (rng.next_below(2) == 0) usage[name] = random_integer(rng);
    }
    return usage;
}

std::optional<NanoUsd> random_cost(Rng& rng) {
    if (rng.next_below(3) == 0) return std::nullopt;
    return random_integer(rng);
}

ScoreValue random_score_value(Rng& rng) {
    switch (rng.next_below(3)) {
        case 0: return rng.next_below(2) == 0;
        case 1: return rng.next_unit() * 1e300 - 1e299;
        default: return make_random_bytes(rng, 20);
    }
}

Observation random_observation(const std::string& name, const UnitResult& unit, Rng& rng) {
    Observation observation;
    observation.name = name;
    observation.type = static_cast<ObservationType>(rng.next_below(3));
    observation.start = random_time(rng);
    observation.duration = std::chrono::nanoseconds(random_integer(rng));
    observation.input = rng.next_below(2) == 0 ? unit.item.input : make_random_json(rng, 3);
    observation.output = rng.next_below(2) == 0 ? unit.output : make_random_json(rng, 3);
    observation.metadata = make_random_json(rng, 2);
    observation.model = rng.next_below(2) == 0 ? "" : make_random_bytes(rng, 10);
    observation.model_parameters = make_random_json(rng, 2);
    observation.usage = random_usage(rng);
    observation.cost = random_cost(rng);
    observation.level = static_cast<ObservationLevel>(rng.next_below(3));
    observation.status_message = make_random_bytes(rng, 30);
    if (rng.next_below(2) == 0) {
        observation.prompt_name = "p" + make_random_bytes(rng, 10);
        observation.prompt_version = random_integer(rng);
    }
    return observation;
}

}  // namespace

RunRecord make_run(const std::string& name) {
    RunRecord run;
    run.id = RunId(sha256_hex(name, 32));
    run.name = name;
    run.experiment = "capitals";
    run.metadata = Json{{"tags", {"ci"}}};
    run.dataset_name = "capitals.jsonl";
    run.dataset_id = derive_dataset_id(default_project_id(), run.dataset_name);
    run.started = Time(std::chrono::seconds(1'760'000'000));
    run.repetitions = 2;
    for (const char* const variant : {"one", "two"}) {
        run.variants.push_back({variant, derive_dataset_run_id(run.id, variant), 6});
    }
    run.manifest = Json::object();
    run.spec = Json::object();
    return run;
}

UnitResult make_unit(const RunRecord& run, const std::string& variant, std::uint64_t position,
                     int repetition) {
    UnitResult unit;
    const std::string item = "item " + std::to_string(position);
    unit.key = UnitKey(sha256_hex(variant + item + std::to_string(repetition)));
    unit.trace_id = derive_trace_id(run.id, position, unit.key);
    unit.variant = variant;
    unit.repetition = repetition;
    unit.item.id = DatasetItemId(item);
    unit.item.input = item;
    unit.item.expected_output = "answer";
    unit.item.content_hash = sha256_hex(item);
    unit.item.position = position;
    unit.output = "answer";
    unit.started = run.started;
    unit.observations.push_back({.name = "task", .start = run.started, .output = unit.output});
    unit.evaluations.push_back(
        {.evaluator = "exact_match", .scores = {{.name = "exact_match", .value = true}}});
    return unit;
}

UnitResult make_random_unit(const RunRecord& run, const std::string& variant,
                            std::uint64_t position, int repetition, Rng& rng) {
    UnitResult unit = make_unit(run, variant, position, repetition);
    unit.item.id = DatasetItemId(unit.item.id.value() + make_random_bytes(rng, 8));
    unit.item.input = make_random_json(rng, 4);
    unit.item.expected_output = make_random_json(rng, 4);
    unit.item.metadata = make_random_json(rng, 2);
    unit.item.content_hash = sha256_hex(random_hex(8));
    unit.item.cluster = make_random_bytes(rng, 10);
    unit.item.line = rng.next_below(1U << 30U);
    unit.status = static_cast<UnitStatus>(rng.next_below(4));
    unit.output = rng.next_below(8) == 0 ? unit.item.expected_output : make_random_json(rng, 4);
    unit.error = make_random_bytes(rng, 40);
    unit.started = random_time(rng);
    unit.latency = std::chrono::nanoseconds(rng.next_below(1ULL << 50U));
    unit.usage = random_usage(rng);
    unit.cost = random_cost(rng);
    unit.paid = random_cost(rng);
    unit.calls = static_cast<int>(rng.next_below(100));
    unit.cached = static_cast<int>(rng.next_below(100));
    if (rng.next_below(2) == 0) {
        unit.time_to_first_token = std::chrono::nanoseconds(rng.next_below(1ULL << 50U));
    }
    unit.retries = static_cast<int>(rng.next_below(100));
    unit.log = make_random_bytes(rng, 200);
    unit.observations.clear();
    for (std::uint64_t left = rng.next_below(4); left > 0; --left) {
        unit.observations.push_back(random_observation("step" + std::to_string(left), unit, rng));
    }
    unit.evaluations.clear();
    for (std::uint64_t left = rng.next_below(4); left > 0; --left) {
        Evaluation evaluation{.evaluator = make_random_bytes(rng, 8)};
        evaluation.status = static_cast<EvaluationStatus>(rng.next_below(3));
        evaluation.message = make_random_bytes(rng, 30);
        for (std::uint64_t scores = rng.next_below(3); scores > 0; --scores) {
            // Few names, so that some stand twice in one unit.
            evaluation.scores.push_back({.name = "score" + std::to_string(rng.next_below(4)),
                                         .value = random_score_value(rng),
                                         .comment = make_random_bytes(rng, 20)});
        }
        unit.evaluations.push_back(std::move(evaluation));
    }
    return unit;
}

Json make_random_json(Rng& rng, int depth) {
    switch (rng.next_below(depth > 0 ? 8 : 6)) {
        case 0: return nullptr;
        case 1: return rng.next_below(2) == 0;
        case 2: return random_integer(rng);
        case 3: return rng.next_unit() * 1e6 - 5e5;
        case 4: return static_cast<double>(rng.next_below(10));
        case 5: return random_text(rng, 60);
        case 6: {
            Json array = Json::array();
            for (std::uint64_t left = rng.next_below(4); left > 0; --left) {
                array.push_back(make_random_json(rng, depth - 1));
            }
            return array;
        }
        default: {
            Json object = Json::object();
            for (std::uint64_t left = rng.next_below(4); left > 0; --left) {
                object[random_text(rng, 6)] = make_random_json(rng, depth - 1);
            }
            return object;
        }
    }
}

std::string make_random_bytes(Rng& rng, std::size_t size_max) {
    std::string bytes;
    const bool ascii = rng.next_below(2) == 0;
    for (std::uint64_t left = rng.next_below(size_max + 1); left > 0; --left) {
        bytes.push_back(static_cast<char>(ascii ? 'a' + static_cast<int>(rng.next_below(26))
                                                : static_cast<int>(rng.next_below(256))));
    }
    return bytes;
}

void check_same_unit(const UnitResult& read, const UnitResult& written) {
    CHECK(read.key == written.key);
    CHECK(read.trace_id == written.trace_id);
    CHECK(read.variant == written.variant);
    CHECK(read.repetition == written.repetition);
    CHECK(read.item.id == written.item.id);
    CHECK(to_text(read.item.input) == to_text(written.item.input));
    CHECK(to_text(read.item.expected_output) == to_text(written.item.expected_output));
    CHECK(to_text(read.item.metadata) == to_text(written.item.metadata));
    CHECK(read.item.cluster == written.item.cluster);
    CHECK(read.item.content_hash == written.item.content_hash);
    CHECK(read.item.position == written.item.position);
    CHECK(read.item.line == written.item.line);
    CHECK(read.status == written.status);
    CHECK(to_text(read.output) == to_text(written.output));
    CHECK(read.error == written.error);
    CHECK(read.started == written.started);
    CHECK(read.latency == written.latency);
    CHECK(read.usage == written.usage);
    CHECK(read.cost == written.cost);
    CHECK(read.paid == written.paid);
    CHECK(read.calls == written.calls);
    CHECK(read.cached == written.cached);
    CHECK(read.time_to_first_token == written.time_to_first_token);
    CHECK(read.retries == written.retries);
    CHECK(read.log == written.log);
    CHECK(read.observations.empty());
    REQUIRE(read.evaluations.size() == written.evaluations.size());
    for (std::size_t i = 0; i < read.evaluations.size(); ++i) {
        const Evaluation& a = read.evaluations[i];
        const Evaluation& b = written.evaluations[i];
        CHECK(a.evaluator == b.evaluator);
        CHECK(a.status == b.status);
        CHECK(a.message == b.message);
        REQUIRE(a.scores.size() == b.scores.size());
        for (std::size_t k = 0; k < a.scores.size(); ++k) {
            CHECK(a.scores[k].name == b.scores[k].name);
            CHECK((a.scores[k].value == b.scores[k].value));
            CHECK(a.scores[k].comment == b.scores[k].comment);
        }
    }
}

void check_same_observations(const std::vector<Observation>& read,
                             std::vector<Observation> written) {
    // Those that start at the same time stay in the order they were written.
    std::vector<std::size_t> order(written.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return std::pair(written[a].start, a) < std::pair(written[b].start, b);
    });
    REQUIRE(read.size() == written.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        const Observation& a = read[i];
        const Observation& b = written[order[i]];
        CHECK(a.name == b.name);
        CHECK(a.type == b.type);
        CHECK(a.start == b.start);
        CHECK(a.duration == b.duration);
        CHECK(to_text(a.input) == to_text(b.input));
        CHECK(to_text(a.output) == to_text(b.output));
        CHECK(to_text(a.metadata) == to_text(b.metadata));
        CHECK(a.model == b.model);
        CHECK(to_text(a.model_parameters) == to_text(b.model_parameters));
        CHECK(a.usage == b.usage);
        CHECK(a.cost == b.cost);
        CHECK(a.level == b.level);
        CHECK(a.status_message == b.status_message);
        CHECK(a.prompt_name == b.prompt_name);
        CHECK(a.prompt_version == b.prompt_version);
    }
}

void check_same_run(const RunRecord& read, const RunRecord& written) {
    CHECK(read.id == written.id);
    CHECK(read.name == written.name);
    CHECK(read.experiment == written.experiment);
    CHECK(read.description == written.description);
    CHECK(read.metadata == written.metadata);
    CHECK(read.dataset_name == written.dataset_name);
    CHECK(read.dataset_id == written.dataset_id);
    CHECK(read.started == written.started);
    CHECK(read.finished == written.finished);
    CHECK(read.state == written.state);
    CHECK(read.partial == written.partial);
    CHECK(read.reason == written.reason);
    CHECK(read.repetitions == written.repetitions);
    REQUIRE(read.variants.size() == written.variants.size());
    for (std::size_t i = 0; i < read.variants.size(); ++i) {
        CHECK(read.variants[i].name == written.variants[i].name);
        CHECK(read.variants[i].dataset_run_id == written.variants[i].dataset_run_id);
        CHECK(read.variants[i].planned == written.variants[i].planned);
    }
    CHECK(to_json(read.report_plan) == to_json(written.report_plan));
    CHECK(read.manifest == written.manifest);
    CHECK(read.spec == written.spec);
    CHECK(read.spec_file == written.spec_file);
    CHECK(read.plan_sha256 == written.plan_sha256);
    CHECK(read.invocation == written.invocation);
    CHECK(read.resumed == written.resumed);
    REQUIRE(read.shard.has_value() == written.shard.has_value());
    if (read.shard) {
        CHECK(read.shard->index == written.shard->index);
        CHECK(read.shard->count == written.shard->count);
    }
    CHECK(read.dropped.cost == written.dropped.cost);
    CHECK(read.dropped.tokens == written.dropped.tokens);
    CHECK(read.dropped.calls == written.dropped.calls);
}

std::vector<UnitResult> read_units(const Store& store, const RunRecord& run) {
    std::vector<UnitResult> units;
    const auto done = store.for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        units.push_back(unit);
        return {};
    });
    if (!done) FAIL(done.error().message);
    return units;
}

std::filesystem::path file_of(const std::filesystem::path& folder) { return folder / "assay.db"; }

std::vector<std::string> query_file(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* connection = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &connection) == SQLITE_OK);
    // A store that is open may be copying its log just now.
    REQUIRE(sqlite3_busy_timeout(connection, 5000) == SQLITE_OK);
    std::vector<std::string> values;
    const auto collect = [](void* into, int count, char** columns, char**) {
        auto& list = *static_cast<std::vector<std::string>*>(into);
        const char* const value = count > 0 ? columns[count - 1] : nullptr;
        list.emplace_back(value == nullptr ? "" : value);
        return 0;
    };
    char* message = nullptr;
    const int code = sqlite3_exec(connection, sql.c_str(), collect, &values, &message);
    INFO(sql << ": " << (message == nullptr ? "" : message));
    sqlite3_free(message);
    REQUIRE(sqlite3_close(connection) == SQLITE_OK);
    REQUIRE(code == SQLITE_OK);
    return values;
}

}  // namespace assay::test
