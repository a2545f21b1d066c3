#include "core/model/ids.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/base/hash.hpp"

namespace assay {
namespace {

bool is_hex(const std::string& id, std::size_t digits) {
    return id.size() == digits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

TEST_CASE("ids: each is the start of a SHA-256 over its parts", "[ids]") {
    const RunId run("run");
    const UnitKey unit("key");
    CHECK(derive_dataset_run_id(run, "one").value() ==
          sha256_hex(std::string("dataset-run\0run\0one", 19), 32));
    CHECK(derive_trace_id(run, 0x12ab, unit).value() ==
          sha256_hex("run", 8) + "000012ab" + sha256_hex(std::string("run\0key", 7), 16));
}

// Worked out by hand with sha256sum, so that a change of any id is noticed: they are in stores.
TEST_CASE("ids: they stay what they are", "[ids]") {
    const TraceId trace = derive_trace_id(RunId("run"), 0x12ab, UnitKey("key"));
    CHECK(trace.value() == "acba2551000012ab17c75faa4ae6cda1");
    CHECK(derive_observation_id(trace, "task").value() == "ac12c5290d5b31f4");
    CHECK(derive_score_id(trace, "exact_match").value() == "acba2551000012ab6f2e4bd37cf49c19");
    CHECK(derive_score_id(trace, "exact_match", 1).value() == "acba2551000012ab94f0bd2cd7a002fc");
    CHECK(derive_run_item_id(DatasetRunId("dr"), trace).value() ==
          "acba2551000012abba1ced0e93a5be9c");
}

TEST_CASE("ids: lengths are those of the tracing backend", "[ids]") {
    const TraceId trace = derive_trace_id(RunId("r"), 7, UnitKey("u"));
    const DatasetRunId dataset_run = derive_dataset_run_id(RunId("r"), "default");
    CHECK(is_hex(trace.value(), 32));
    CHECK(is_hex(dataset_run.value(), 32));
    CHECK(is_hex(derive_observation_id(trace, "task").value(), 16));
    CHECK(is_hex(derive_score_id(trace, "exact_match").value(), 32));
    CHECK(is_hex(derive_run_score_id(dataset_run, "f1").value(), 32));
    CHECK(is_hex(derive_run_item_id(dataset_run, trace).value(), 32));
    CHECK(is_hex(derive_dataset_id(default_project_id(), "capitals").value(), 32));
}

TEST_CASE("ids: traces of a run are in the order of its items", "[ids]") {
    const auto id_of = [](std::uint64_t position) {
        return derive_trace_id(RunId("r"), position, UnitKey(std::to_string(position))).value();
    };
    CHECK(id_of(0) < id_of(1));
    CHECK(id_of(9) < id_of(10));
    CHECK(id_of(255) < id_of(256));
    CHECK(id_of(65'535) < id_of(1'000'000));
    CHECK(id_of(0xffff'ffff).substr(8, 8) == "ffffffff");
    // Beyond what 8 digits hold they begin again; the hash tells them apart.
    CHECK(id_of(0x1'0000'0000).substr(8, 8) == "00000000");
    CHECK(id_of(0x1'0000'0000) != id_of(0));
}

TEST_CASE("ids: units of one item differ in the hash and runs in the beginning", "[ids]") {
    const std::string trace = derive_trace_id(RunId("r"), 7, UnitKey("u")).value();
    const std::string repeated = derive_trace_id(RunId("r"), 7, UnitKey("v")).value();
    const std::string other_run = derive_trace_id(RunId("s"), 7, UnitKey("u")).value();
    CHECK(repeated.substr(0, 16) == trace.substr(0, 16));
    CHECK(repeated.substr(16) != trace.substr(16));
    CHECK(other_run.substr(0, 8) != trace.substr(0, 8));
    CHECK(other_run.substr(16) != trace.substr(16));
}

TEST_CASE("ids: what is in a trace has an id that begins where the trace's does", "[ids]") {
    const TraceId trace = derive_trace_id(RunId("r"), 0x0123'4567, UnitKey("u"));
    CHECK(derive_score_id(trace, "a").value().starts_with(trace.value().substr(0, 16)));
    CHECK(derive_run_item_id(DatasetRunId("d"), trace)
              .value()
              .starts_with(trace.value().substr(0, 16)));
    // Of a trace's position the third pair of digits: 256 items share it.
    CHECK(derive_observation_id(trace, "task")
              .value()
              .starts_with(trace.value().substr(0, 2) + "45"));
    // Ids that were not derived here may be of any length.
    CHECK(is_hex(derive_observation_id(TraceId("t"), "task").value(), 16));
}

TEST_CASE("ids: the same parts give the same id and others another", "[ids]") {
    const TraceId trace("t");
    CHECK(derive_score_id(trace, "a") == derive_score_id(trace, "a"));
    CHECK(derive_score_id(trace, "a") != derive_score_id(trace, "b"));
    CHECK(derive_score_id(trace, "a", 0) == derive_score_id(trace, "a"));
    CHECK(derive_score_id(trace, "a", 1) != derive_score_id(trace, "a"));
    CHECK(derive_score_id(trace, "a", 1) != derive_score_id(trace, "a", 2));
    CHECK(derive_score_id(trace, "a") != derive_score_id(TraceId("u"), "a"));
    // Kinds with the same parts do not meet.
    const DatasetRunId run("t");
    const std::set<std::string> distinct = {derive_score_id(trace, "a").value(),
                                            derive_run_score_id(run, "a").value(),
                                            derive_dataset_run_id(RunId("t"), "a").value(),
                                            derive_dataset_id(ProjectId("t"), "a").value(),
                                            derive_run_item_id(run, TraceId("a")).value(),
                                            derive_trace_id(RunId("t"), 0, UnitKey("a")).value()};
    CHECK(distinct.size() == 6);
}

TEST_CASE("ids: parts are not run together", "[ids]") {
    CHECK(derive_dataset_run_id(RunId("ab"), "c") != derive_dataset_run_id(RunId("a"), "bc"));
    CHECK(derive_score_id(TraceId("a"), "") != derive_score_id(TraceId(""), "a"));
}

}  // namespace assay
