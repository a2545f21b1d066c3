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
    const std::string joined("run\0key", 7);
    CHECK(derive_trace_id(run, unit).value() == sha256_hex(joined).substr(0, 32));
}

TEST_CASE("ids: lengths are those of the tracing backend", "[ids]") {
    const TraceId trace = derive_trace_id(RunId("r"), UnitKey("u"));
    const DatasetRunId dataset_run = derive_dataset_run_id(RunId("r"), "default");
    CHECK(is_hex(trace.value(), 32));
    CHECK(is_hex(dataset_run.value(), 32));
    CHECK(is_hex(derive_observation_id(trace, "task").value(), 16));
    CHECK(is_hex(derive_score_id(trace, "exact_match").value(), 32));
    CHECK(is_hex(derive_run_score_id(dataset_run, "f1").value(), 32));
    CHECK(is_hex(derive_run_item_id(dataset_run, trace).value(), 32));
    CHECK(is_hex(derive_dataset_id(default_project_id(), "capitals").value(), 32));
}

TEST_CASE("ids: what is in a trace has an id that begins like the trace's", "[ids]") {
    const TraceId trace = derive_trace_id(RunId("r"), UnitKey("u"));
    const std::string begin = trace.value().substr(0, 8);
    CHECK(derive_observation_id(trace, "task").value().starts_with(begin));
    CHECK(derive_score_id(trace, "a").value().starts_with(trace.value().substr(0, 16)));
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
                                            derive_trace_id(RunId("t"), UnitKey("a")).value()};
    CHECK(distinct.size() == 6);
}

TEST_CASE("ids: parts are not run together", "[ids]") {
    CHECK(derive_dataset_run_id(RunId("ab"), "c") != derive_dataset_run_id(RunId("a"), "bc"));
    CHECK(derive_score_id(TraceId("a"), "") != derive_score_id(TraceId(""), "a"));
}

}  // namespace assay
