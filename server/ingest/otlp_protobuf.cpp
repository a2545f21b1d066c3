#include "server/ingest/otlp_protobuf.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/wire_reader.hpp"

namespace assay {
namespace {

using Type = WireField::Type;

// The numbers of the fields, as opentelemetry.io's protocol defines them.
namespace request_field {
constexpr std::uint32_t k_resource_spans = 1;
}
namespace resource_spans_field {
constexpr std::uint32_t k_resource = 1;
constexpr std::uint32_t k_scope_spans = 2;
}  // namespace resource_spans_field
namespace resource_field {
constexpr std::uint32_t k_attributes = 1;
}
namespace scope_spans_field {
constexpr std::uint32_t k_scope = 1;
constexpr std::uint32_t k_spans = 2;
}  // namespace scope_spans_field
namespace scope_field {
constexpr std::uint32_t k_name = 1;
constexpr std::uint32_t k_version = 2;
constexpr std::uint32_t k_attributes = 3;
}  // namespace scope_field
namespace span_field {
constexpr std::uint32_t k_trace_id = 1;
constexpr std::uint32_t k_span_id = 2;
constexpr std::uint32_t k_parent_span_id = 4;
constexpr std::uint32_t k_name = 5;
constexpr std::uint32_t k_start = 7;
constexpr std::uint32_t k_end = 8;
constexpr std::uint32_t k_attributes = 9;
constexpr std::uint32_t k_events = 11;
constexpr std::uint32_t k_status = 15;
}  // namespace span_field
namespace event_field {
constexpr std::uint32_t k_name = 2;
constexpr std::uint32_t k_attributes = 3;
}  // namespace event_field
namespace status_field {
constexpr std::uint32_t k_message = 2;
constexpr std::uint32_t k_code = 3;
}  // namespace status_field
namespace pair_field {
constexpr std::uint32_t k_key = 1;
constexpr std::uint32_t k_value = 2;
}  // namespace pair_field
namespace value_field {
constexpr std::uint32_t k_string = 1;
constexpr std::uint32_t k_bool = 2;
constexpr std::uint32_t k_int = 3;
constexpr std::uint32_t k_double = 4;
constexpr std::uint32_t k_array = 5;
constexpr std::uint32_t k_map = 6;
constexpr std::uint32_t k_bytes = 7;
}  // namespace value_field
namespace list_field {
constexpr std::uint32_t k_values = 1;
}
namespace response_field {
constexpr std::uint32_t k_partial_success = 1;
constexpr std::uint32_t k_rejected_spans = 1;  // of a partial success
constexpr std::uint32_t k_error_message = 2;
}  // namespace response_field

std::unexpected<Error> damaged() { return otlp_refusal("the body is not valid protobuf"); }

std::string text_of(std::string_view bytes) {
    if (find_invalid_utf8(bytes) == std::string_view::npos) return std::string(bytes);
    return to_valid_utf8(bytes);
}

/// What is wrong with one span, which is no damage to the message.
using SpanFault = std::optional<std::string>;

class ProtobufDecoder {
  public:
    Result<OtlpRequest> read(std::string_view body);

  private:
    [[nodiscard]] Result<void> read_resource_spans(std::string_view bytes, OtlpResource& target);
    [[nodiscard]] Result<void> read_resource(std::string_view bytes, OtlpResource& target);
    [[nodiscard]] Result<void> read_scope_spans(std::string_view bytes, OtlpScope& target);
    [[nodiscard]] Result<void> read_scope(std::string_view bytes, OtlpScope& target);
    [[nodiscard]] Result<void> read_span(std::string_view bytes, OtlpScope& target);
    [[nodiscard]] Result<void> read_span_field(const WireField& field, OtlpSpan& target);
    [[nodiscard]] Result<void> read_event(std::string_view bytes, OtlpSpan& target);
    [[nodiscard]] Result<void> read_status(std::string_view bytes, OtlpSpan& target);
    [[nodiscard]] Result<void> read_attribute(std::string_view bytes, Json& target);
    [[nodiscard]] Result<Json> read_value(std::string_view bytes, std::size_t depth);
    [[nodiscard]] Result<Json> read_elements(std::string_view bytes, std::size_t depth);
    [[nodiscard]] Result<Json> read_members(std::string_view bytes, std::size_t depth);
    [[nodiscard]] bool goes_too_deep(std::size_t depth);
    void read_time(std::string_view name, std::uint64_t value, std::optional<Time>& target);

    OtlpBudget budget_;
    OtlpReport report_;
    SpanFault fault_;  ///< of the span, or of the resource or scope, that is being read
};

/// Calls `take` with each field. @error of `take`, or damage.
template <class Take>
Result<void> each_field(std::string_view bytes, Take take) {
    WireReader reader(bytes);
    while (const auto field = reader.next()) ASSAY_CHECK(take(*field));
    if (reader.is_damaged()) return damaged();
    return {};
}

Result<OtlpRequest> ProtobufDecoder::read(std::string_view body) {
    OtlpRequest request;
    ASSAY_CHECK(each_field(body, [&](const WireField& field) -> Result<void> {
        if (!field.is(request_field::k_resource_spans, Type::bytes)) return {};
        return read_resource_spans(field.bytes, request.resources.emplace_back());
    }));
    request.report = std::move(report_);
    return request;
}

Result<void> ProtobufDecoder::read_resource_spans(std::string_view bytes, OtlpResource& target) {
    return each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(resource_spans_field::k_resource, Type::bytes)) {
            return read_resource(field.bytes, target);
        }
        if (field.is(resource_spans_field::k_scope_spans, Type::bytes)) {
            return read_scope_spans(field.bytes, target.scopes.emplace_back());
        }
        return {};
    });
}

Result<void> ProtobufDecoder::read_resource(std::string_view bytes, OtlpResource& target) {
    fault_.reset();
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (!field.is(resource_field::k_attributes, Type::bytes)) return {};
        return read_attribute(field.bytes, target.attributes);
    }));
    if (fault_) return otlp_refusal(*fault_);
    return {};
}

Result<void> ProtobufDecoder::read_scope_spans(std::string_view bytes, OtlpScope& target) {
    return each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(scope_spans_field::k_scope, Type::bytes)) {
            return read_scope(field.bytes, target);
        }
        if (field.is(scope_spans_field::k_spans, Type::bytes)) {
            return read_span(field.bytes, target);
        }
        return {};
    });
}

Result<void> ProtobufDecoder::read_scope(std::string_view bytes, OtlpScope& target) {
    fault_.reset();
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.type != Type::bytes) return {};
        if (field.number == scope_field::k_name) target.name = text_of(field.bytes);
        if (field.number == scope_field::k_version) target.version = text_of(field.bytes);
        if (field.number != scope_field::k_attributes) return {};
        return read_attribute(field.bytes, target.attributes);
    }));
    if (fault_) return otlp_refusal(*fault_);
    return {};
}

Result<void> ProtobufDecoder::read_span(std::string_view bytes, OtlpScope& target) {
    fault_.reset();
    OtlpSpan span;
    ASSAY_CHECK(
        each_field(bytes, [&](const WireField& field) { return read_span_field(field, span); }));
    if (span.trace_id.empty()) return otlp_refusal("a span's traceId cannot be read");
    if (span.span_id.empty()) return otlp_refusal("a span's spanId cannot be read");
    add_otlp_span(target, std::move(span), fault_, budget_, report_);
    return {};
}

Result<void> ProtobufDecoder::read_span_field(const WireField& field, OtlpSpan& target) {
    if (field.type == Type::fixed64) {
        if (field.number == span_field::k_start) {
            read_time("startTimeUnixNano", field.value, target.start);
        } else if (field.number == span_field::k_end) {
            read_time("endTimeUnixNano", field.value, target.end);
        }
        return {};
    }
    if (field.type != Type::bytes) return {};
    switch (field.number) {
        case span_field::k_trace_id: target.trace_id = otlp_hex(field.bytes); return {};
        case span_field::k_span_id: target.span_id = otlp_hex(field.bytes); return {};
        case span_field::k_parent_span_id: target.parent_id = otlp_hex(field.bytes); return {};
        case span_field::k_name: target.name = text_of(field.bytes); return {};
        case span_field::k_attributes: return read_attribute(field.bytes, target.attributes);
        case span_field::k_events: return read_event(field.bytes, target);
        case span_field::k_status: return read_status(field.bytes, target);
        default: return {};
    }
}

void ProtobufDecoder::read_time(std::string_view name, std::uint64_t value,
                                std::optional<Time>& target) {
    const auto time = otlp_time(value);
    if (time) {
        target = *time;
    } else {
        fault_ = fmt::format("{} {}", name, time.error().message);
    }
}

Result<void> ProtobufDecoder::read_event(std::string_view bytes, OtlpSpan& target) {
    ASSAY_CHECK(budget_.take_value());
    OtlpEvent& event = target.events.emplace_back();
    return each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(event_field::k_name, Type::bytes)) event.name = text_of(field.bytes);
        if (!field.is(event_field::k_attributes, Type::bytes)) return {};
        return read_attribute(field.bytes, event.attributes);
    });
}

Result<void> ProtobufDecoder::read_status(std::string_view bytes, OtlpSpan& target) {
    return each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(status_field::k_message, Type::bytes)) {
            target.status_message = text_of(field.bytes);
        }
        if (field.is(status_field::k_code, Type::varint)) {
            target.status_code = static_cast<std::int64_t>(field.value);
        }
        return {};
    });
}

/// One pair of key and value.
struct WirePair {
    std::string key;
    std::string_view value;
    bool has_value = false;
};

Result<WirePair> read_pair(std::string_view bytes) {
    WirePair pair;
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(pair_field::k_key, Type::bytes)) pair.key = text_of(field.bytes);
        if (field.is(pair_field::k_value, Type::bytes)) {
            pair.value = field.bytes;
            pair.has_value = true;
        }
        return {};
    }));
    return pair;
}

Result<void> ProtobufDecoder::read_attribute(std::string_view bytes, Json& target) {
    ASSAY_TRY(const WirePair pair, read_pair(bytes));
    ASSAY_CHECK(budget_.take_value());
    if (!pair.has_value) return {};
    ASSAY_TRY(Json value, read_value(pair.value, 0));
    if (!value.is_null()) target[pair.key] = otlp_attribute(std::move(value));
    return {};
}

Result<Json> ProtobufDecoder::read_value(std::string_view bytes, std::size_t depth) {
    Json value;
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (field.is(value_field::k_string, Type::bytes)) {
            value = text_of(field.bytes);
        } else if (field.is(value_field::k_bool, Type::varint)) {
            value = field.value != 0;
        } else if (field.is(value_field::k_int, Type::varint)) {
            value = static_cast<std::int64_t>(field.value);
        } else if (field.is(value_field::k_double, Type::fixed64)) {
            value = otlp_number(std::bit_cast<double>(field.value));
        } else if (field.is(value_field::k_array, Type::bytes)) {
            ASSAY_TRY(value, read_elements(field.bytes, depth));
        } else if (field.is(value_field::k_map, Type::bytes)) {
            ASSAY_TRY(value, read_members(field.bytes, depth));
        } else if (field.is(value_field::k_bytes, Type::bytes)) {
            value = to_base64(field.bytes);
        }
        return {};
    }));
    return value;
}

bool ProtobufDecoder::goes_too_deep(std::size_t depth) {
    if (depth < limits::k_otlp_value_depth_max) return false;
    fault_ = fmt::format("an attribute has lists or maps within each other deeper than {}",
                         limits::k_otlp_value_depth_max);
    return true;
}

Result<Json> ProtobufDecoder::read_elements(std::string_view bytes, std::size_t depth) {
    Json list = Json::array();
    if (goes_too_deep(depth)) return list;
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (!field.is(list_field::k_values, Type::bytes)) return {};
        ASSAY_CHECK(budget_.take_value());
        ASSAY_TRY(Json element, read_value(field.bytes, depth + 1));
        list.push_back(std::move(element));
        return {};
    }));
    return list;
}

Result<Json> ProtobufDecoder::read_members(std::string_view bytes, std::size_t depth) {
    Json object = Json::object();
    if (goes_too_deep(depth)) return object;
    ASSAY_CHECK(each_field(bytes, [&](const WireField& field) -> Result<void> {
        if (!field.is(list_field::k_values, Type::bytes)) return {};
        ASSAY_TRY(const WirePair pair, read_pair(field.bytes));
        ASSAY_CHECK(budget_.take_value());
        Json& member = object[pair.key];
        if (!pair.has_value) return {};
        ASSAY_TRY(member, read_value(pair.value, depth + 1));
        return {};
    }));
    return object;
}

}  // namespace

Result<OtlpRequest> read_otlp_protobuf(std::string_view body) {
    return ProtobufDecoder().read(body);
}

std::string write_otlp_response(std::size_t rejected_spans, std::string_view message) {
    std::string response;
    if (rejected_spans == 0 && message.empty()) return response;
    std::string partial;
    if (rejected_spans > 0) {
        append_wire_varint(partial, response_field::k_rejected_spans, rejected_spans);
    }
    append_wire_bytes(partial, response_field::k_error_message, message);
    append_wire_bytes(response, response_field::k_partial_success, partial);
    return response;
}

}  // namespace assay
