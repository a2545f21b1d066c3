#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/base64.hpp"
#include "core/base/random.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/otlp_json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "server/ingest/otlp_protobuf.hpp"
#include "server/ingest/wire_reader.hpp"
#include "server/tracing/limits.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/ingest/otlp_support.hpp"

// From bytes to spans, in both encodings.

namespace assay::test {
namespace {

OtlpRequest read_json(const Json& request) {
    auto decoded = read_otlp_json(to_text(request));
    INFO(to_text(request));
    REQUIRE(decoded);
    return std::move(*decoded);
}

OtlpSpan only_span(OtlpRequest request) {
    INFO(request.report.message());
    REQUIRE(request.resources.size() == 1);
    REQUIRE(request.resources[0].scopes.size() == 1);
    REQUIRE(request.resources[0].scopes[0].spans.size() == 1);
    return std::move(request.resources[0].scopes[0].spans[0]);
}

OtlpSpan json_span(const Json& members) {
    return only_span(read_json(make_request(Json::array({make_span(Json::object(), members)}))));
}

std::string refusal(const Result<OtlpRequest>& request) {
    REQUIRE_FALSE(request);
    CHECK(request.error().code == ErrorCode::invalid_argument);
    CHECK(request.error().message.starts_with("Invalid OTLP trace export: "));
    return request.error().message;
}

/// Why a span is rejected while the good one beside it is not.
std::string rejection(const Json& members) {
    const Json good = make_span(Json::object(), {{"spanId", "00000000000000bb"}});
    const OtlpRequest request =
        read_json(make_request(Json::array({make_span(Json::object(), members), good})));
    CHECK(request.report.rejected == 1);
    CHECK(only_span(request).span_id == "00000000000000bb");
    return request.report.message();
}

std::size_t count_spans(const OtlpRequest& request) {
    std::size_t count = 0;
    for (const OtlpResource& resource : request.resources) {
        for (const OtlpScope& scope : resource.scopes) count += scope.spans.size();
    }
    return count;
}

/// A request in which everything occurs that can.
Json rich_request() {
    const Json values = {{"text", "ü\"\n"},
                         {"empty", ""},
                         {"number", -7},
                         {"large", 9'007'199'254'740'993},
                         {"real", 0.1},
                         {"whole", 3.0},
                         {"flag", true},
                         {"list", {1, "two", false, {3}}},
                         {"map", {{"a", {{"b", 1.5}}}}},
                         {"nothing", nullptr},
                         {"gen_ai.usage.input_tokens", 5},
                         {"langfuse.trace.name", "chat"}};
    Json first = make_span(values, {{"status", {{"code", 2}, {"message", "no"}}}});
    first["attributes"].push_back({{"key", "bytes"}, {"value", {{"bytesValue", "AAEC"}}}});
    first["events"] = {{{"timeUnixNano", std::to_string(k_start)},
                        {"name", "gen_ai.user.message"},
                        {"attributes", attributes({{"content", "q"}})}}};
    const Json second =
        make_span(Json::object(), {{"spanId", "00000000000000cc"}, {"parentSpanId", k_span_id}});
    Json request =
        make_request(Json::array({first, second}),
                     {.scope = "s", .version = "1", .resource = {{"service.name", "x"}}});
    request["resourceSpans"].push_back(Json::object());
    request["resourceSpans"].push_back({{"scopeSpans", Json::array({Json::object()})}});
    return request;
}

TEST_CASE("otlp: both encodings of a request say the same", "[ingest][otlp]") {
    const IngestBatch batch = map_both(rich_request());
    REQUIRE(batch.observations.size() == 2);
    CHECK(batch.observations[0].id == ObservationId(k_span_id));
    CHECK(batch.observations[0].trace == TraceId(k_trace_id));
    CHECK_FALSE(batch.observations[0].is_id_unique);
    const Json& fields = batch.observations[0].event.fields;
    CHECK(fields.at("metadata").at("attributes") == Json{{"text", "ü\"\n"},
                                                         {"empty", ""},
                                                         {"number", "-7"},
                                                         {"large", "9007199254740993"},
                                                         {"real", "0.1"},
                                                         {"whole", "3"},
                                                         {"flag", "true"},
                                                         {"list", R"([1,"two",false,[3]])"},
                                                         {"map", R"({"a":{"b":1.5}})"},
                                                         {"bytes", "AAEC"},
                                                         {"gen_ai.usage.input_tokens", "5"},
                                                         {"langfuse.trace.name", "chat"}});
    CHECK(batch.observations[1].event.fields.at("parentObservationId") == k_span_id);
}

TEST_CASE("otlp: requests without spans are read", "[ingest][otlp]") {
    for (const char* const body :
         {"{}", R"({"resourceSpans":[]})", R"({"resourceSpans":null})",
          R"({"resourceSpans":[null,{"scopeSpans":[]}]})", R"({"unknown":[1]})"}) {
        const auto request = read_otlp_json(body);
        REQUIRE(request);
        CHECK(count_spans(*request) == 0);
    }
    REQUIRE(read_otlp_protobuf(""));
}

TEST_CASE("otlp json: ids have many forms", "[ingest][otlp]") {
    const Json bytes = {183, 173, 107, 113, 105, 32, 51, 49};
    Json numbered = Json::object();
    for (std::size_t i = 0; i < bytes.size(); ++i) numbered[std::to_string(i)] = bytes[i];
    for (const Json& id :
         {Json(k_span_id), Json("B7AD6B7169203331"), bytes,
          Json{{"type", "Buffer"}, {"data", bytes}}, Json{{"data", bytes}}, numbered,
          Json{{"type", "Buffer"}, {"data", {{"type", "Buffer"}, {"data", bytes}}}}}) {
        INFO(to_text(id));
        CHECK(json_span({{"spanId", id}}).span_id == k_span_id);
        CHECK(json_span({{"parentSpanId", id}}).parent_id == k_span_id);
    }
    CHECK(json_span({{"traceId", "trace-ABC"}}).trace_id == "trace-ABC");
    CHECK(json_span({{"parentSpanId", nullptr}}).parent_id.empty());
    CHECK(json_span({{"parentSpanId", ""}}).parent_id.empty());
    for (const char* const name : {"traceId", "spanId"}) {
        for (const Json& id :
             {Json(nullptr), Json(""), Json(5), Json(true), Json::array(), Json::array({256}),
              Json::array({"a"}), Json{{"data", "x"}}, Json{{"1", 5}}, Json::object()}) {
            const Json span = make_span(Json::object(), {{name, id}});
            const auto request = read_otlp_json(to_text(make_request(Json::array({span}))));
            CHECK(refusal(request) ==
                  std::string("Invalid OTLP trace export: a span's ") + name + " cannot be read");
        }
    }
}

TEST_CASE("otlp json: times have many forms", "[ingest][otlp]") {
    const Time expected{std::chrono::nanoseconds(k_start)};
    const std::int64_t high = k_start >> 32;
    const std::int64_t low = k_start & 0xFFFFFFFF;
    for (const Json& time :
         {Json(std::to_string(k_start)), Json(k_start), Json{{"high", high}, {"low", low}},
          Json{{"high", high}, {"low", static_cast<std::int32_t>(low)}, {"unsigned", true}}}) {
        INFO(to_text(time));
        CHECK(json_span({{"startTimeUnixNano", time}}).start == expected);
    }
    CHECK(json_span({{"startTimeUnixNano", 1.5e18}}).start ==
          Time(std::chrono::nanoseconds(1'500'000'000'000'000'000)));
    for (const Json& none : {Json(nullptr), Json(0), Json("0"), Json{{"high", 0}, {"low", 0}}}) {
        CHECK(json_span({{"startTimeUnixNano", none}}).start == std::nullopt);
    }
    for (const Json& bad : {Json("soon"), Json(-1), Json(true), Json("1.5"), Json{{"high", 1}},
                            Json(1e300), Json("18446744073709551615"), Json::array()}) {
        INFO(to_text(bad));
        CHECK(rejection({{"endTimeUnixNano", bad}}).find("endTimeUnixNano") != std::string::npos);
    }
}

TEST_CASE("otlp json: integers come as texts and numbers and halves", "[ingest][otlp]") {
    const auto value_of = [](const Json& value) {
        const Json attribute = {{"key", "k"}, {"value", value}};
        return json_span({{"attributes", Json::array({attribute})}}).attributes.value("k", Json());
    };
    CHECK(value_of({{"intValue", "-5"}}) == -5);
    CHECK(value_of({{"intValue", 5}}) == 5);
    CHECK(value_of({{"intValue", {{"high", 0}, {"low", 7}}}}) == 7);
    CHECK(value_of({{"intValue", {{"high", -1}, {"low", -1}}}}) == -1);
    CHECK(value_of({{"intValue", {{"high", 1}, {"low", 2}}}}) == 4'294'967'298);
    CHECK(value_of({{"doubleValue", "NaN"}}) == "NaN");
    CHECK(value_of({{"doubleValue", 2}}) == 2);
    CHECK(value_of({{"bytesValue", Json::array({0, 1, 2})}}) == "AAEC");
    CHECK(value_of(Json::object()).is_null());
    CHECK(value_of({{"arrayValue", Json::object()}}) == Json::array());
    CHECK(value_of({{"kvlistValue", Json::object()}}) == "{}");
}

TEST_CASE("otlp json: a span that says something unreadable is rejected alone", "[ingest][otlp]") {
    CHECK(rejection({{"name", 5}}) == "span b7ad6b7169203331: name cannot be an integer");
    CHECK(rejection({{"parentSpanId", 5}}) == "span b7ad6b7169203331: parentSpanId cannot be read");
    CHECK(rejection({{"status", 5}}).find("status") != std::string::npos);
    CHECK(rejection({{"status", {{"code", true}}}}).find("status.code") != std::string::npos);
    CHECK(rejection({{"status", {{"message", Json::array()}}}}).find("message") !=
          std::string::npos);
    CHECK(rejection({{"events", {5}}}).find("event") != std::string::npos);
    CHECK(rejection({{"attributes", {5}}}).find("no key") != std::string::npos);
    CHECK(rejection({{"spanId", std::string(801, 'x')}}).find("1 to 800") != std::string::npos);
    CHECK(json_span({{"spanId", std::string(800, 'x')}}).span_id.size() == 800);
    CHECK(rejection({{"traceId", std::string("a\0b", 3)}}).find("NUL") != std::string::npos);
    for (const Json& value :
         {Json(5), Json{{"stringValue", 5}}, Json{{"intValue", "x"}}, Json{{"intValue", true}},
          Json{{"doubleValue", "x"}}, Json{{"boolValue", "yes"}}, Json{{"arrayValue", 5}},
          Json{{"arrayValue", {{"values", 5}}}}, Json{{"kvlistValue", {{"values", {5}}}}},
          Json{{"bytesValue", 5}}}) {
        INFO(to_text(value));
        const Json attribute = {{"key", "my.key"}, {"value", value}};
        CHECK(rejection({{"attributes", Json::array({attribute})}}).find("\"my.key\"") !=
              std::string::npos);
    }
}

TEST_CASE("otlp json: members that are no lists cost the whole request", "[ingest][otlp]") {
    for (const char* const name : {"attributes", "events"}) {
        const Json span = make_span(Json::object(), {{name, "x"}});
        CHECK(refusal(read_otlp_json(to_text(make_request(Json::array({span}))))) ==
              std::string("Invalid OTLP trace export: ") + name +
                  " must be an array, not a string");
    }
    for (const char* const body :
         {R"({"resourceSpans":{}})", R"({"resourceSpans":[5]})",
          R"({"resourceSpans":[{"scopeSpans":5}]})", R"({"resourceSpans":[{"scopeSpans":[5]}]})",
          R"({"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]})",
          R"({"resourceSpans":[{"scopeSpans":[{"spans":[5]}]}]})",
          R"({"resourceSpans":[{"resource":5}]})",
          R"({"resourceSpans":[{"resource":{"attributes":5}}]})",
          R"({"resourceSpans":[{"resource":{"attributes":[5]}}]})",
          R"({"resourceSpans":[{"scopeSpans":[{"scope":{"name":5}}]}]})", "[]", "5", "null", "",
          "{", "nonsense"}) {
        INFO(body);
        (void)refusal(read_otlp_json(body));
    }
}

TEST_CASE("otlp: spans beyond the bound are rejected and the others stored", "[ingest][otlp]") {
    const std::string span =
        R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"})";
    std::string spans;
    for (std::size_t i = 0; i < limits::k_ingested_events_max; ++i) spans += span + ",";
    const auto body = [](const std::string& list) {
        return R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + list + "]}]}]}";
    };
    const auto full = read_otlp_json(body(spans.substr(0, spans.size() - 1)));
    REQUIRE(full);
    CHECK(count_spans(*full) == limits::k_ingested_events_max);
    CHECK(full->report.rejected == 0);
    const auto over = read_otlp_json(body(spans + span));
    REQUIRE(over);
    CHECK(count_spans(*over) == limits::k_ingested_events_max);
    CHECK(over->report.rejected == 1);
    CHECK(over->report.message() ==
          "span b7ad6b7169203331: a request may have at most 10000 spans");
}

TEST_CASE("otlp: lists in attributes nest as deep as the bound", "[ingest][otlp]") {
    const auto nested = [](std::size_t depth, bool maps) {
        Json value = 1;
        for (std::size_t i = 0; i < depth; ++i) {
            value = maps ? Json{{"k", std::move(value)}} : Json::array({std::move(value)});
        }
        return make_request(Json::array({make_span({{"deep", value}})}));
    };
    for (const bool maps : {false, true}) {
        CHECK(map_both(nested(limits::k_otlp_value_depth_max, maps)).observations.size() == 1);
        const Json deeper = nested(limits::k_otlp_value_depth_max + 1, maps);
        CHECK(map_both(deeper).observations.empty());
        CHECK(read_json(deeper).report.rejected == 1);
    }
    // Far deeper than any stack.
    std::string value;
    for (int i = 0; i < 100'000; ++i) {
        std::string list;
        append_wire_bytes(list, 1, value);
        value.clear();
        append_wire_bytes(value, 5, list);
        if (value.size() > 60'000) break;
    }
    std::string pair;
    append_wire_bytes(pair, 1, "k");
    append_wire_bytes(pair, 2, value);
    std::string span;
    append_wire_bytes(span, 1, std::string(16, 'a'));
    append_wire_bytes(span, 2, std::string(8, 'b'));
    append_wire_bytes(span, 9, pair);
    std::string scope;
    append_wire_bytes(scope, 2, span);
    std::string resource;
    append_wire_bytes(resource, 2, scope);
    std::string request;
    append_wire_bytes(request, 1, resource);
    const auto decoded = read_otlp_protobuf(request);
    REQUIRE(decoded);
    CHECK(decoded->report.rejected == 1);
}

TEST_CASE("otlp: more attributes than the bound cost the whole request", "[ingest][otlp]") {
    std::string attributes_of_span;
    std::string pair;
    append_wire_bytes(pair, 1, "k");
    for (std::size_t i = 0; i < limits::k_otlp_values_max; ++i) {
        append_wire_bytes(attributes_of_span, 9, pair);
    }
    const auto request = [&](const std::string& more) {
        std::string span;
        append_wire_bytes(span, 1, std::string(16, 'a'));
        append_wire_bytes(span, 2, std::string(8, 'b'));
        span += attributes_of_span + more;
        std::string scope;
        append_wire_bytes(scope, 2, span);
        std::string resource;
        append_wire_bytes(resource, 2, scope);
        std::string message;
        append_wire_bytes(message, 1, resource);
        return read_otlp_protobuf(message);
    };
    CHECK(request(""));
    std::string more;
    append_wire_bytes(more, 9, pair);
    const auto refused = request(more);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
}

/// One span as @opentelemetry/otlp-transformer 0.203.0 packs it.
constexpr const char* k_packed_by_javascript =
    "CpEDCjIKFgoMc2VydmljZS5uYW1lEgYKBHNob3AKFgoPc2VydmljZS52ZXJzaW9uEgMKATcQABLaAgoTCgpteS5saWJy"
    "YXJ5EgUxLjIuMxLCAgoQCvdlGRbNQ92ESOshHIAxnBIIt61rcWkgMzEiCADwZ6oLqQK3KgtjaGF0IGdwdC00bzADOQBR"
    "YEvZ4eMYQQCAyKTZ4eMYSh8KFWdlbl9haS5vcGVyYXRpb24ubmFtZRIGCgRjaGF0Sh8KGWdlbl9haS51c2FnZS5pbnB1"
    "dF90b2tlbnMSAhgKSicKGmdlbl9haS5yZXF1ZXN0LnRlbXBlcmF0dXJlEgkhAAAAAAAA0D9KCgoEZmxhZxICEAFKFAoE"
    "bGlzdBIMKgoKAwoBYQoDCgFiShcKCG5lZ2F0aXZlEgsY/f//////////AUoMCgR0ZXh0EgQKAsO8UAFaMQkAVXFo2eHj"
    "GBITZ2VuX2FpLnVzZXIubWVzc2FnZRoPCgdjb250ZW50EgQKAmhpIABgAHAAegwSCHRvbyBzbG93GAI=";

TEST_CASE("otlp protobuf: what another implementation packs is read", "[ingest][otlp]") {
    auto request = read_otlp_protobuf(from_base64(k_packed_by_javascript).value());
    REQUIRE(request);
    const OtlpResource& resource = request->resources.at(0);
    CHECK(resource.attributes == Json{{"service.name", "shop"}, {"service.version", "7"}});
    CHECK(resource.scopes.at(0).name == "my.library");
    CHECK(resource.scopes[0].version == "1.2.3");
    const OtlpSpan span = only_span(*request);
    CHECK(span.trace_id == k_trace_id);
    CHECK(span.span_id == k_span_id);
    CHECK(span.parent_id == k_parent_id);
    CHECK(span.name == "chat gpt-4o");
    CHECK(span.start == Time{std::chrono::nanoseconds(k_start)});
    CHECK(span.end == Time{std::chrono::nanoseconds(k_end)});
    CHECK(span.status_code == 2);
    CHECK(span.status_message == "too slow");
    CHECK(span.attributes == Json{{"gen_ai.operation.name", "chat"},
                                  {"gen_ai.usage.input_tokens", 10},
                                  {"gen_ai.request.temperature", 0.25},
                                  {"flag", true},
                                  {"list", {"a", "b"}},
                                  {"negative", -3},
                                  {"text", "ü"}});
    REQUIRE(span.events.size() == 1);
    CHECK(span.events[0].name == "gen_ai.user.message");
    CHECK(span.events[0].attributes == Json{{"content", "hi"}});
}

TEST_CASE("otlp protobuf: bytes that are no UTF-8 cost nothing but themselves", "[ingest][otlp]") {
    std::string body = to_protobuf(make_request(Json::array({make_span({{"k", "a?c"}})})));
    const auto place = body.find("a?c");
    REQUIRE(place != std::string::npos);
    body[place + 1] = '\xFF';
    auto request = read_otlp_protobuf(body);
    REQUIRE(request);
    CHECK(only_span(*request).attributes.at("k") == "a\uFFFDc");
}

TEST_CASE("otlp protobuf: fields of later versions and of other types are passed over",
          "[ingest][otlp]") {
    std::string body = to_protobuf(rich_request());
    const Json before = describe(map_both(rich_request()));
    append_wire_varint(body, 99, 7);
    append_wire_fixed64(body, 100, 7);
    append_wire_bytes(body, 101, "later");
    append_wire_varint(body, 1, 7);  // resourceSpans are no number
    auto request = read_otlp_protobuf(body);
    REQUIRE(request);
    CHECK(describe(map_otlp(*request, Time())) == before);
}

TEST_CASE("otlp protobuf: spans without ids and damage cost the whole request", "[ingest][otlp]") {
    for (const char* const name : {"traceId", "spanId"}) {
        const Json span = make_span(Json::object(), {{name, ""}});
        CHECK(refusal(read_otlp_protobuf(to_protobuf(make_request(Json::array({span}))))) ==
              std::string("Invalid OTLP trace export: a span's ") + name + " cannot be read");
    }
    for (const std::string body : {"\x0A", "\x0A\x05", "{}", "\x0B"}) {
        CHECK(refusal(read_otlp_protobuf(body)) ==
              "Invalid OTLP trace export: the body is not valid protobuf");
    }
}

TEST_CASE("otlp protobuf: a request cut off anywhere never crashes", "[ingest][otlp]") {
    const std::string whole = to_protobuf(rich_request());
    std::size_t refused = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto request = read_otlp_protobuf(std::string_view(whole).substr(0, size));
        if (request) {
            // Only between two entries of the outermost list.
            (void)map_otlp(*request, Time());
        } else {
            ++refused;
        }
    }
    CHECK(refused >= whole.size() - 4);
}

/// One of some ways in which bytes go bad.
std::string mutate(std::string body, Rng& rng) {
    for (std::uint64_t i = 1 + rng.next_below(3); i > 0 && !body.empty(); --i) {
        const auto place = static_cast<std::size_t>(rng.next_below(body.size()));
        switch (rng.next_below(4)) {
            case 0: body[place] = static_cast<char>(rng.next_below(256)); break;
            case 1: body[place] ^= static_cast<char>(1U << rng.next_below(8)); break;
            case 2: body.erase(place, 1 + static_cast<std::size_t>(rng.next_below(8))); break;
            default:
                body.insert(place,
                            body.substr(static_cast<std::size_t>(rng.next_below(body.size())),
                                        static_cast<std::size_t>(rng.next_below(16))));
        }
    }
    return body;
}

TEST_CASE("otlp: 10000 mutated requests never crash", "[ingest][otlp]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const std::string json = to_text(rich_request());
    const std::string protobuf = to_protobuf(rich_request());
    std::size_t read = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto request = i % 2 == 0 ? read_otlp_json(mutate(json, rng))
                                  : read_otlp_protobuf(mutate(protobuf, rng));
        if (!request) continue;
        ++read;
        const IngestBatch batch = map_otlp(*request, Time());
        for (const ObservationEvent& observation : batch.observations) {
            // What is stored can be written as JSON and read again.
            REQUIRE(parse_json(to_text(observation.event.fields)));
        }
    }
    // Many are still read: then their contents were looked at too.
    CHECK(read > 1'000);
}

TEST_CASE("otlp protobuf: an answer says what was rejected", "[ingest][otlp]") {
    CHECK(write_otlp_response(0, "").empty());
    // Field 1, 7 bytes: field 1 = 2, field 2 = "abc".
    CHECK(write_otlp_response(2, "abc") == std::string("\x0A\x07\x08\x02\x12\x03"
                                                       "abc"));
    CHECK(write_otlp_response(0, "cut") == std::string("\x0A\x05\x12\x03"
                                                       "cut"));
}

TEST_CASE("otlp: an answer does not grow with what is wrong", "[ingest][otlp]") {
    OtlpReport report;
    for (int i = 0; i < 1000; ++i) report.reject("x");
    CHECK(report.rejected == 1000);
    CHECK(report.notes.size() == limits::k_otlp_notes_max);
    CHECK(report.message().ends_with("x; and 980 more"));
    CHECK(OtlpReport().message().empty());
}

TEST_CASE("wire reader: fields are read by their types", "[ingest]") {
    std::string message;
    append_wire_varint(message, 1, 300);
    append_wire_varint(message, 2, UINT64_MAX);
    append_wire_fixed64(message, 3, 0x0102030405060708);
    append_wire_bytes(message, 536870911, "ab");
    message += std::string("\x25\x01\x00\x00\x80", 5);  // field 4, four bytes
    WireReader reader(message);
    CHECK(reader.next()->value == 300);
    CHECK(reader.next()->value == UINT64_MAX);
    CHECK(reader.next()->value == 0x0102030405060708);
    const auto text = reader.next();
    CHECK(text->is(536870911, WireField::Type::bytes));
    CHECK(text->bytes == "ab");
    const auto small = reader.next();
    CHECK(small->is(4, WireField::Type::fixed32));
    CHECK(small->value == 0x80000001);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.is_damaged());
}

TEST_CASE("wire reader: damage ends the reading", "[ingest]") {
    for (const std::string& message :
         {std::string("\x08"),                                              // no value
          std::string("\x08\x80"),                                          // half a number
          std::string("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),  // eleven bytes
          std::string("\x09\x01\x02"),                                      // half of eight bytes
          std::string("\x0D\x01"),                                          // half of four
          std::string("\x0A\x7F"
                      "a"),                                             // more than there is
          std::string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),  // beyond any memory
          std::string("\x0B\x0C"), std::string("\x0F\x01"),             // groups and no type
          std::string("\x02\x00", 2)}) {                                // field 0
        WireReader reader(message);
        CHECK_FALSE(reader.next());
        CHECK(reader.is_damaged());
        CHECK_FALSE(reader.next());
    }
}

}  // namespace
}  // namespace assay::test
