#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/otlp_json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "tests/unit/ingest/otlp_support.hpp"

// What spans say of their traces.

namespace assay::test {
namespace {

const RequestParts k_sdk = {.scope = "langfuse-sdk", .version = "5.11.1"};
const Json k_child = {{"parentSpanId", k_parent_id}};

/// All that a request says of its one trace, merged as the store does it.
Json trace_of(const Json& request) {
    const IngestBatch batch = map_both(request);
    std::vector<EntityEvent> events;
    for (const TraceEvent& trace : batch.traces) {
        CHECK(trace.trace == TraceId(k_trace_id));
        events.push_back(trace.event);
    }
    reduce_events(events, &trace_field_rule);
    MergedEntity merged = merge_events(events, &trace_field_rule);
    Json said = merged.fields;
    if (merged.input) said["input"] = *merged.input;
    if (merged.output) said["output"] = *merged.output;
    return said;
}

Json trace_of_span(const Json& attributes_of_span, const Json& members = Json::object(),
                   const RequestParts& parts = k_sdk) {
    return trace_of(make_request(Json::array({make_span(attributes_of_span, members)}), parts));
}

Json later(Json span, std::int64_t ms, const char* id) {
    span["startTimeUnixNano"] = std::to_string(k_start + ms * 1'000'000);
    span["endTimeUnixNano"] = std::to_string(k_end + ms * 1'000'000);
    span["spanId"] = id;
    return span;
}

IngestBatch map_otlp_of(const Json& request) {
    auto decoded = read_otlp_json(to_text(request));
    REQUIRE(decoded);
    return map_otlp(*decoded, Time());
}

TEST_CASE("otlp trace: a root gives its trace what it is", "[ingest][otlp]") {
    const Json trace = trace_of_span({{"langfuse.observation.input", "i"},
                                      {"langfuse.observation.output", "o"},
                                      {"langfuse.observation.metadata.k", "v"},
                                      {"langfuse.environment", "prod"}},
                                     {},
                                     {.scope = "langfuse-sdk",
                                      .resource = {{"service.version", "7"},
                                                   {"langfuse.release", "r1"},
                                                   {"langfuse.trace.metadata.host", "h"}}});
    CHECK(trace.at("name") == "work");
    CHECK(trace.at("timestamp") == k_start / 1'000'000 * 1'000'000);
    CHECK(trace.at("environment") == "prod");
    CHECK(trace.at("input") == "i");
    CHECK(trace.at("output") == "o");
    CHECK(trace.at("version") == "7");
    CHECK(trace.at("release") == "r1");
    CHECK(trace.at("metadata").at("k") == "v");
    CHECK(trace.at("metadata").at("host") == "h");
    CHECK(trace.at("metadata").at("scope").at("name") == "langfuse-sdk");
    CHECK(trace.at("metadata").at("resourceAttributes").at("service.version") == "7");
    CHECK_FALSE(trace.at("metadata").contains("attributes"));
    CHECK_FALSE(trace.contains("tags"));
    CHECK_FALSE(trace.contains("public"));
}

TEST_CASE("otlp trace: other libraries' attributes become its metadata", "[ingest][otlp]") {
    const Json trace = trace_of_span({{"http.method", "GET"}}, {}, {.scope = "http"});
    CHECK(trace.at("metadata").at("attributes") == Json{{"http.method", "GET"}});
}

TEST_CASE("otlp trace: a part of a trace says nothing of the whole", "[ingest][otlp]") {
    CHECK(map_both(make_request(Json::array({make_span({{"langfuse.environment", "prod"},
                                                        {"langfuse.version", "v"},
                                                        {"langfuse.release", "r"}},
                                                       k_child)})))
              .traces.empty());
}

TEST_CASE("otlp trace: every key of traces is read from any span", "[ingest][otlp]") {
    struct Key {
        const char* key;
        Json value;
        const char* field;
        Json expected;
    };
    std::vector<Key> keys = {
        {"langfuse.trace.name", "chat", "name", "chat"},
        {"langfuse.trace.public", true, "public", true},
        {"langfuse.trace.public", "true", "public", true},
        {"langfuse.trace.public", false, "public", false},
        {"langfuse.public", "false", "public", false},
        {"langfuse.trace.input", R"({"q":1})", "input", R"({"q":1})"},
        {"langfuse.trace.output", "a", "output", "a"},
        {"langfuse.trace.metadata", R"({"a":{"b":1}})", "metadata", {{"a", {{"b", 1}}}}},
        {"langfuse.trace.metadata.plan", "pro", "metadata", {{"plan", "pro"}}},
        {"langfuse.trace.metadata.sizes", "[1,2]", "metadata", {{"sizes", {1, 2}}}},
    };
    for (const char* const key :
         {"langfuse.user.id", "user.id", "langfuse.observation.metadata.langfuse_user_id",
          "langfuse.trace.metadata.langfuse_user_id", "langfuse.metadata.langfuse_user_id",
          "ai.telemetry.metadata.userId"}) {
        keys.push_back({key, "u1", "userId", "u1"});
    }
    for (const char* const key :
         {"langfuse.session.id", "session.id", "gen_ai.conversation.id",
          "langfuse.observation.metadata.langfuse_session_id",
          "langfuse.trace.metadata.langfuse_session_id", "langfuse.metadata.langfuse_session_id",
          "ai.telemetry.metadata.sessionId"}) {
        keys.push_back({key, "s1", "sessionId", "s1"});
    }
    for (const char* const key :
         {"langfuse.trace.tags", "langfuse.tags", "langfuse.observation.metadata.langfuse_tags",
          "langfuse.trace.metadata.langfuse_tags", "langfuse.metadata.langfuse_tags",
          "ai.telemetry.metadata.tags", "tag.tags"}) {
        keys.push_back({key, {"b", "a", "b"}, "tags", {"a", "b"}});
        keys.push_back({key, R"(["b","a"])", "tags", {"a", "b"}});
        keys.push_back({key, "b, a", "tags", {"a", "b"}});
        keys.push_back({key, "one", "tags", Json::array({"one"})});
    }
    for (const Key& key : keys) {
        INFO(key.key << " = " << to_text(key.value));
        const Json trace = trace_of_span({{key.key, key.value}}, k_child);
        CHECK(trace.at(key.field) == key.expected);
        CHECK(trace.contains("timestamp"));
        CHECK_FALSE((trace.contains("name") && std::string(key.field) != "name"));
    }
    CHECK(trace_of_span({{"user.id", 42}}, k_child).at("userId") == "42");
    CHECK(trace_of_span({{"langfuse.user.id", ""}, {"user.id", "u"}}, k_child).at("userId") == "u");
}

TEST_CASE("otlp trace: what is said of it counts more than what a root is", "[ingest][otlp]") {
    const Json named = make_span({{"langfuse.trace.name", "said"},
                                  {"langfuse.trace.input", "said in"},
                                  {"langfuse.version", "of the part"}},
                                 k_child);
    const Json root = make_span({{"langfuse.observation.input", "derived in"},
                                 {"langfuse.observation.output", "derived out"},
                                 {"langfuse.version", "of the whole"}});
    // Whichever began first, and in whichever order they come.
    for (const std::int64_t ms : {-500, 0, 500}) {
        const Json other = later(root, ms, "00000000000000aa");
        for (const Json& spans : {Json::array({named, other}), Json::array({other, named})}) {
            const Json trace = trace_of(make_request(spans, k_sdk));
            CHECK(trace.at("name") == "said");
            CHECK(trace.at("input") == "said in");
            CHECK(trace.at("output") == "derived out");
            CHECK(trace.at("version") == "of the whole");
            CHECK(trace.at("timestamp") ==
                  (k_start + std::min<std::int64_t>(ms, 0) * 1'000'000) / 1'000'000 * 1'000'000);
        }
    }
    CHECK(trace_of(make_request(Json::array({named}), k_sdk)).at("version") == "of the part");
}

TEST_CASE("otlp trace: what many spans repeat is handed on once", "[ingest][otlp]") {
    Json spans = Json::array();
    for (int i = 0; i < 500; ++i) {
        const Json said = {{"langfuse.user.id", "u"}, {"langfuse.session.id", "s"}};
        spans.push_back(later(make_span(said, k_child), 500 - i,
                              ("0000000000000" + std::to_string(100 + i)).c_str()));
    }
    const IngestBatch batch = map_otlp_of(make_request(spans, k_sdk));
    CHECK(batch.observations.size() == 500);
    CHECK(batch.traces.size() <= 2);
    CHECK(batch.traces.back().event.fields.at("userId") == "u");
    // Of what each says anew nothing is lost.
    Json different = Json::array();
    Json expected = Json::object();
    for (int i = 0; i < 500; ++i) {
        const std::string key = "k" + std::to_string(i);
        expected[key] = i;
        different.push_back(later(make_span({{"langfuse.trace.metadata." + key, i}}, k_child),
                                  500 - i, ("0000000000000" + std::to_string(100 + i)).c_str()));
    }
    CHECK(trace_of(make_request(different, k_sdk)).at("metadata") == expected);
}

TEST_CASE("otlp trace: a span can be made a root", "[ingest][otlp]") {
    for (const Json& said : {Json(true), Json("true")}) {
        const Json trace = trace_of_span({{"langfuse.internal.as_root", said}}, k_child);
        CHECK(trace.at("name") == "work");
    }
    CHECK(map_both(make_request(
                       Json::array({make_span({{"langfuse.internal.as_root", false}}, k_child)})))
              .traces.empty());
    // A parent of zeros is none.
    CHECK(trace_of_span(Json::object(), {{"parentSpanId", "0000000000000000"}}).at("name") ==
          "work");
}

TEST_CASE("otlp trace: a session's id may be as long as any id", "[ingest][otlp]") {
    const auto session = [](std::size_t size) {
        return trace_of_span({{"session.id", std::string(size, 's')}}, k_child)
            .at("sessionId")
            .get<std::string>();
    };
    CHECK(session(800) == std::string(800, 's'));
    CHECK(count_code_points(session(801)) == 800);
    CHECK(session(801).ends_with("had 801 bytes]"));
    std::string umlauts;
    for (int i = 0; i < 800; ++i) umlauts += "ä";
    CHECK(trace_of_span({{"session.id", umlauts}}, k_child).at("sessionId") == umlauts);
}

TEST_CASE("otlp trace: a name is as long as in other protocols", "[ingest][otlp]") {
    const auto name_of = [](std::size_t characters, const char* key) {
        std::string name;
        for (std::size_t i = 0; i < characters; ++i) name += "ä";
        const bool is_key = key != nullptr;
        const Json span = is_key ? make_span({{key, name}}, k_child)
                                 : make_span(Json::object(), {{"name", name}});
        auto decoded = read_otlp_json(to_text(make_request(Json::array({span}))));
        REQUIRE(decoded);
        const IngestBatch batch = map_otlp(*decoded, Time());
        REQUIRE(batch.traces.size() == 1);
        const auto& kept = batch.traces[0].event.fields.at("name").get_ref<const std::string&>();
        CHECK((kept == name) == decoded->report.notes.empty());
        if (kept != name) {
            CHECK(decoded->report.message() ==
                  "span b7ad6b7169203331: too long and cut: trace name");
            CHECK(kept.ends_with("had 2002 bytes]"));
        }
        // The observation's own name has no such bound.
        if (!is_key) CHECK(batch.observations.at(0).event.fields.at("name") == name);
        return count_code_points(kept);
    };
    for (const char* const key : {"langfuse.trace.name", static_cast<const char*>(nullptr)}) {
        CHECK(name_of(1000, key) == 1000);
        CHECK(name_of(1001, key) == 1000);
    }
}

TEST_CASE("otlp trace: too many tags are cut", "[ingest][otlp]") {
    Json tags = Json::array();
    for (std::size_t i = 0; i < limits::k_tags_max + 1; ++i) tags.push_back(std::to_string(i));
    const Json request =
        make_request(Json::array({make_span({{"langfuse.trace.tags", tags}}, k_child)}), k_sdk);
    CHECK(trace_of(request).at("tags").size() == limits::k_tags_max);
    auto decoded = read_otlp_json(to_text(request));
    REQUIRE(decoded);
    (void)map_otlp(*decoded, Time());
    CHECK(decoded->report.rejected == 0);
    CHECK(decoded->report.message() == "span b7ad6b7169203331: too long and cut: tags");
}

TEST_CASE("otlp trace: missing times are those of the other end or now", "[ingest][otlp]") {
    const Time now(std::chrono::nanoseconds(k_end + 5'000'000));
    const auto times = [&](const char* start, const char* end) {
        Json span = make_span(Json::object());
        span["startTimeUnixNano"] = start;
        span["endTimeUnixNano"] = end;
        auto request = read_otlp_json(to_text(make_request(Json::array({span}))));
        REQUIRE(request);
        const IngestBatch batch = map_otlp(*request, now);
        const Json& fields = batch.observations.at(0).event.fields;
        return std::pair(fields.at("startTime").get<std::int64_t>() / 1'000'000,
                         fields.at("endTime").get<std::int64_t>() / 1'000'000);
    };
    const std::string start = std::to_string(k_start);
    const std::string end = std::to_string(k_end);
    const std::int64_t start_ms = k_start / 1'000'000;
    const std::int64_t end_ms = k_end / 1'000'000;
    CHECK(times(start.c_str(), end.c_str()) == std::pair(start_ms, end_ms));
    CHECK(times(start.c_str(), "0") == std::pair(start_ms, start_ms));
    CHECK(times("0", end.c_str()) == std::pair(end_ms, end_ms));
    CHECK(times("0", "0") == std::pair(end_ms + 5, end_ms + 5));
    // Nothing ends before it begins.
    CHECK(times(end.c_str(), start.c_str()) == std::pair(end_ms, end_ms));
}

}  // namespace
}  // namespace assay::test
