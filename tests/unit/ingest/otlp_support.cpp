#include "tests/unit/ingest/otlp_support.hpp"

#include <bit>
#include <catch2/catch.hpp>

#include "core/base/base64.hpp"
#include "server/ingest/otlp_json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "server/ingest/otlp_protobuf.hpp"
#include "server/ingest/wire_reader.hpp"

namespace assay::test {
namespace {

const Json& list_in(const Json& object, const char* name) {
    static const Json k_none = Json::array();
    const auto found = object.find(name);
    return found == object.end() ? k_none : *found;
}

std::string text_in(const Json& object, const char* name) {
    return object.value(name, std::string());
}

std::string bytes_of_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::string pack_value(const Json& value);

std::string pack_pair(const Json& pair) {
    std::string message;
    append_wire_bytes(message, 1, text_in(pair, "key"));
    if (pair.contains("value")) append_wire_bytes(message, 2, pack_value(pair["value"]));
    return message;
}

std::string pack_value(const Json& value) {
    std::string message;
    if (value.contains("stringValue")) append_wire_bytes(message, 1, text_in(value, "stringValue"));
    if (value.contains("boolValue")) append_wire_varint(message, 2, value["boolValue"] ? 1 : 0);
    if (value.contains("intValue")) {
        append_wire_varint(message, 3,
                           static_cast<std::uint64_t>(std::stoll(text_in(value, "intValue"))));
    }
    if (value.contains("doubleValue")) {
        const Json& number = value["doubleValue"];
        const double plain =
            number.is_number() ? number.get<double>() : std::stod(number.get<std::string>());
        append_wire_fixed64(message, 4, std::bit_cast<std::uint64_t>(plain));
    }
    for (const auto& [name, number] : {std::pair("arrayValue", 5U), std::pair("kvlistValue", 6U)}) {
        if (!value.contains(name)) continue;
        std::string list;
        for (const Json& element : list_in(value[name], "values")) {
            append_wire_bytes(list, 1, number == 5 ? pack_value(element) : pack_pair(element));
        }
        append_wire_bytes(message, number, list);
    }
    if (value.contains("bytesValue")) {
        append_wire_bytes(message, 7, from_base64(text_in(value, "bytesValue")).value_or(""));
    }
    return message;
}

void append_attributes(std::string& message, std::uint32_t number, const Json& object) {
    for (const Json& pair : list_in(object, "attributes")) {
        append_wire_bytes(message, number, pack_pair(pair));
    }
}

void append_time(std::string& message, std::uint32_t number, const Json& span, const char* name) {
    if (span.contains(name)) append_wire_fixed64(message, number, std::stoull(text_in(span, name)));
}

std::string pack_event(const Json& event) {
    std::string message;
    append_time(message, 1, event, "timeUnixNano");
    append_wire_bytes(message, 2, text_in(event, "name"));
    append_attributes(message, 3, event);
    return message;
}

std::string pack_span(const Json& span) {
    std::string message;
    append_wire_bytes(message, 1, bytes_of_hex(text_in(span, "traceId")));
    append_wire_bytes(message, 2, bytes_of_hex(text_in(span, "spanId")));
    append_wire_bytes(message, 4, bytes_of_hex(text_in(span, "parentSpanId")));
    append_wire_bytes(message, 5, text_in(span, "name"));
    append_wire_varint(message, 6, 1);
    append_time(message, 7, span, "startTimeUnixNano");
    append_time(message, 8, span, "endTimeUnixNano");
    append_attributes(message, 9, span);
    for (const Json& event : list_in(span, "events")) {
        append_wire_bytes(message, 11, pack_event(event));
    }
    if (span.contains("status")) {
        std::string status;
        append_wire_bytes(status, 2, text_in(span["status"], "message"));
        append_wire_varint(status, 3, span["status"].value("code", 0U));
        append_wire_bytes(message, 15, status);
    }
    return message;
}

std::string pack_scope_spans(const Json& entry) {
    std::string message;
    if (entry.contains("scope")) {
        std::string scope;
        append_wire_bytes(scope, 1, text_in(entry["scope"], "name"));
        append_wire_bytes(scope, 2, text_in(entry["scope"], "version"));
        append_attributes(scope, 3, entry["scope"]);
        append_wire_bytes(message, 1, scope);
    }
    for (const Json& span : list_in(entry, "spans")) {
        append_wire_bytes(message, 2, pack_span(span));
    }
    return message;
}

void describe_event(const EntityEvent& event, Json& target) {
    target["at"] = event.at.time_since_epoch().count();
    target["fields"] = event.fields;
    if (event.input) target["input"] = *event.input;
    if (event.output) target["output"] = *event.output;
}

}  // namespace

Json any_value(const Json& value) {
    if (value.is_string()) return {{"stringValue", value}};
    if (value.is_boolean()) return {{"boolValue", value}};
    if (value.is_number_integer()) return {{"intValue", std::to_string(value.get<std::int64_t>())}};
    if (value.is_number()) return {{"doubleValue", value}};
    if (value.is_object()) return {{"kvlistValue", {{"values", attributes(value)}}}};
    if (!value.is_array()) return Json::object();
    Json values = Json::array();
    for (const Json& element : value) values.push_back(any_value(element));
    return {{"arrayValue", {{"values", std::move(values)}}}};
}

Json attributes(const Json& object) {
    Json list = Json::array();
    for (const auto& [key, value] : object.items()) {
        list.push_back({{"key", key}, {"value", any_value(value)}});
    }
    return list;
}

Json make_span(const Json& attributes_of_span, const Json& members) {
    Json span = {{"traceId", k_trace_id},
                 {"spanId", k_span_id},
                 {"name", "work"},
                 {"kind", 1},
                 {"startTimeUnixNano", std::to_string(k_start)},
                 {"endTimeUnixNano", std::to_string(k_end)},
                 {"attributes", attributes(attributes_of_span)}};
    if (members.is_object()) span.update(members);  // {} in a table is null
    return span;
}

Json make_request(const Json& spans, const RequestParts& parts) {
    Json scope = {{"name", parts.scope}};
    if (!parts.version.empty()) scope["version"] = parts.version;
    const Json scope_spans = {{"scope", std::move(scope)}, {"spans", spans}};
    const Json resource_spans = {{"resource", {{"attributes", attributes(parts.resource)}}},
                                 {"scopeSpans", Json::array({scope_spans})}};
    return {{"resourceSpans", Json::array({resource_spans})}};
}

std::string to_protobuf(const Json& request) {
    std::string message;
    for (const Json& resource_spans : list_in(request, "resourceSpans")) {
        std::string entry;
        if (resource_spans.contains("resource")) {
            std::string resource;
            append_attributes(resource, 1, resource_spans["resource"]);
            append_wire_bytes(entry, 1, resource);
        }
        for (const Json& scope_spans : list_in(resource_spans, "scopeSpans")) {
            append_wire_bytes(entry, 2, pack_scope_spans(scope_spans));
        }
        append_wire_bytes(message, 1, entry);
    }
    return message;
}

Json describe(const IngestBatch& batch) {
    Json described = {{"traces", Json::array()}, {"observations", Json::array()}};
    for (const TraceEvent& trace : batch.traces) {
        Json one = {{"id", trace.trace.value()}};
        describe_event(trace.event, one);
        described["traces"].push_back(std::move(one));
    }
    for (const ObservationEvent& observation : batch.observations) {
        Json one = {{"id", observation.id.value()}, {"unique", observation.is_id_unique}};
        if (observation.trace) one["trace"] = observation.trace->value();
        describe_event(observation.event, one);
        described["observations"].push_back(std::move(one));
    }
    return described;
}

IngestBatch map_both(const Json& request) {
    const Time now(std::chrono::nanoseconds(k_end + 1'000'000'000));
    auto from_json = read_otlp_json(to_text(request));
    auto from_protobuf = read_otlp_protobuf(to_protobuf(request));
    INFO(to_text(request));
    REQUIRE(from_json);
    REQUIRE(from_protobuf);
    const IngestBatch batch = map_otlp(*from_json, now);
    CHECK(describe(batch) == describe(map_otlp(*from_protobuf, now)));
    CHECK(from_json->report.rejected == from_protobuf->report.rejected);
    return batch;
}

Json observe(const Json& attributes_of_span, const RequestParts& parts, const Json& members) {
    const IngestBatch batch =
        map_both(make_request(Json::array({make_span(attributes_of_span, members)}), parts));
    REQUIRE(batch.observations.size() == 1);
    const EntityEvent& event = batch.observations.front().event;
    Json said = event.fields;
    if (event.input) said["input"] = *event.input;
    if (event.output) said["output"] = *event.output;
    return said;
}

}  // namespace assay::test
