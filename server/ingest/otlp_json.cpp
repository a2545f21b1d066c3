#include "server/ingest/otlp_json.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "core/base/base64.hpp"
#include "server/ingest/client_json.hpp"
#include "server/ingest/limits.hpp"

namespace assay {
namespace {

/// Of a request or of a span, the end of a sentence or a sentence of its own.
std::unexpected<Error> fault(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

Json* find_member(Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// The elements of a list that may be left out.
/// @error when the member is there and is no list.
Result<std::span<Json>> list_of(Json& object, std::string_view name) {
    Json* const list = find_member(object, name);
    if (list == nullptr) return std::span<Json>();
    if (!list->is_array()) {
        return fault(fmt::format("{} must be an array, not {}", name, type_phrase(*list)));
    }
    return std::span<Json>(list->get_ref<Json::array_t&>());
}

std::unexpected<Error> unreadable(std::string_view what, const Json& value) {
    return fault(fmt::format("{} cannot be {}", what, type_phrase(value)));
}

Result<std::string> text_of(Json& object, std::string_view name) {
    Json* const text = find_member(object, name);
    if (text == nullptr) return std::string();
    if (!text->is_string()) return unreadable(name, *text);
    return std::move(text->get_ref<std::string&>());
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A half of {high, low}, of which each may be signed.
std::optional<std::uint64_t> half_of(const Json& object, std::string_view name) {
    const auto half = object.find(name);
    if (half == object.end() || !half->is_number_integer()) return std::nullopt;
    return half->get<std::uint64_t>() & std::numeric_limits<std::uint32_t>::max();
}

/// A number of 64 bits as {high, low}, in which JavaScript keeps it.
std::optional<std::uint64_t> join_halves(const Json& value) {
    if (!value.is_object()) return std::nullopt;
    const auto high = half_of(value, "high");
    const auto low = half_of(value, "low");
    if (!high || !low) return std::nullopt;
    return *high << 32U | *low;
}

std::optional<std::uint64_t> unsigned_of(const Json& value) {
    if (value.is_string()) return parse_integer<std::uint64_t>(value.get_ref<const std::string&>());
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    if (value.is_number_float()) {
        const double number = value.get<double>();
        // JavaScript writes a time as 1.7e18.
        if (number >= 0 && number < 0x1p64) return static_cast<std::uint64_t>(number);
        return std::nullopt;
    }
    return join_halves(value);
}

Result<std::optional<Time>> time_of(const Json& span, std::string_view name) {
    const auto value = span.find(name);
    if (value == span.end() || value->is_null()) return std::nullopt;
    const auto nanoseconds = unsigned_of(*value);
    if (!nanoseconds) {
        return fault(fmt::format("{} is no time in nanoseconds", name));
    }
    auto time = otlp_time(*nanoseconds);
    if (!time) {
        return fault(fmt::format("{} {}", name, time.error().message));
    }
    return *time;
}

std::optional<std::string> join_bytes(const Json& bytes) {
    std::string text;
    for (const Json& byte : bytes) {
        if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) return std::nullopt;
        text += static_cast<char>(byte.get<std::uint8_t>());
    }
    return text;
}

/// {"0": 17, "1": 4}: what JSON.stringify() makes of a Uint8Array.
std::optional<std::string> join_numbered_bytes(const Json& bytes) {
    Json list = Json::array();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = bytes.find(std::to_string(i));
        if (byte == bytes.end()) return std::nullopt;
        list.push_back(*byte);
    }
    return join_bytes(list);
}

/// The bytes of what a program made JSON of before it thought of their form: a list, an object with
/// numbers, a Buffer, a Buffer in another.
std::optional<std::string> read_bytes(Json& value) {
    if (value.is_array()) return join_bytes(value);
    if (!value.is_object()) return std::nullopt;
    Json* const data = find_member(value, "data");
    return data == nullptr ? join_numbered_bytes(value) : read_bytes(*data);
}

/// Nothing: it cannot be read. Empty: there is none.
std::optional<std::string> read_id(Json* id) {
    if (id == nullptr) return std::string();
    if (id->is_string()) return otlp_id(std::move(id->get_ref<std::string&>()));
    const auto bytes = read_bytes(*id);
    return bytes ? std::optional(otlp_hex(*bytes)) : std::nullopt;
}

class JsonDecoder {
  public:
    Result<OtlpRequest> read(Json& body);

  private:
    [[nodiscard]] Result<void> read_scopes(Json& resource, OtlpResource& target);
    [[nodiscard]] Result<void> read_spans(Json& scope, OtlpScope& target);
    [[nodiscard]] Result<void> read_span(Json& span, OtlpSpan& target);
    [[nodiscard]] Result<void> read_events(Json& span, OtlpSpan& target);
    [[nodiscard]] Result<void> read_status(Json& span, OtlpSpan& target);
    [[nodiscard]] Result<void> read_attributes(std::span<Json> list, Json& target);
    [[nodiscard]] Result<Json> read_value(Json& value, std::size_t depth);
    [[nodiscard]] Result<Json> read_elements(Json& array, std::size_t depth);
    [[nodiscard]] Result<Json> read_members(Json& map, std::size_t depth);

    OtlpBudget budget_;
    OtlpReport report_;
};

Result<OtlpRequest> JsonDecoder::read(Json& body) {
    OtlpRequest request;
    ASSAY_TRY(const std::span<Json> resources, list_of(body, "resourceSpans"));
    for (Json& resource : resources) {
        if (resource.is_null()) continue;
        if (!resource.is_object()) return fault("a resourceSpans entry is no object");
        OtlpResource& target = request.resources.emplace_back();
        if (Json* const named = find_member(resource, "resource")) {
            if (!named->is_object()) return fault("a resource is no object");
            ASSAY_TRY(const std::span<Json> attributes, list_of(*named, "attributes"));
            ASSAY_CHECK(read_attributes(attributes, target.attributes));
        }
        ASSAY_CHECK(read_scopes(resource, target));
    }
    request.report = std::move(report_);
    return request;
}

Result<void> JsonDecoder::read_scopes(Json& resource, OtlpResource& target) {
    ASSAY_TRY(const std::span<Json> scopes, list_of(resource, "scopeSpans"));
    for (Json& entry : scopes) {
        if (entry.is_null()) continue;
        if (!entry.is_object()) return fault("a scopeSpans entry is no object");
        OtlpScope& scope = target.scopes.emplace_back();
        if (Json* const named = find_member(entry, "scope")) {
            if (!named->is_object()) return fault("a scope is no object");
            ASSAY_TRY(scope.name, text_of(*named, "name"));
            ASSAY_TRY(scope.version, text_of(*named, "version"));
            ASSAY_TRY(const std::span<Json> attributes, list_of(*named, "attributes"));
            ASSAY_CHECK(read_attributes(attributes, scope.attributes));
        }
        ASSAY_CHECK(read_spans(entry, scope));
    }
    return {};
}

Result<void> JsonDecoder::read_spans(Json& scope, OtlpScope& target) {
    ASSAY_TRY(const std::span<Json> spans, list_of(scope, "spans"));
    for (Json& span : spans) {
        if (!span.is_object()) return fault("a span is no object");
        OtlpSpan decoded;
        auto trace_id = read_id(find_member(span, "traceId"));
        auto span_id = read_id(find_member(span, "spanId"));
        if (!trace_id || trace_id->empty()) return fault("a span's traceId cannot be read");
        if (!span_id || span_id->empty()) return fault("a span's spanId cannot be read");
        decoded.trace_id = std::move(*trace_id);
        decoded.span_id = std::move(*span_id);
        // These are told of whole requests, however good their other spans are.
        for (const std::string_view name : {"attributes", "events"}) {
            ASSAY_CHECK(list_of(span, name));
        }
        const auto read = read_span(span, decoded);
        if (!read && read.error().code != ErrorCode::invalid_argument) {
            return std::unexpected(read.error());
        }
        const auto why = read ? std::nullopt : std::optional(read.error().message);
        add_otlp_span(target, std::move(decoded), why, budget_, report_);
        span = nullptr;  // its memory is needed no longer
    }
    return {};
}

Result<void> JsonDecoder::read_span(Json& span, OtlpSpan& target) {
    auto parent = read_id(find_member(span, "parentSpanId"));
    if (!parent) return fault("parentSpanId cannot be read");
    target.parent_id = std::move(*parent);
    ASSAY_TRY(target.name, text_of(span, "name"));
    ASSAY_TRY(target.start, time_of(span, "startTimeUnixNano"));
    ASSAY_TRY(target.end, time_of(span, "endTimeUnixNano"));
    ASSAY_TRY(const std::span<Json> attributes, list_of(span, "attributes"));
    ASSAY_CHECK(read_attributes(attributes, target.attributes));
    ASSAY_CHECK(read_status(span, target));
    return read_events(span, target);
}

Result<void> JsonDecoder::read_events(Json& span, OtlpSpan& target) {
    ASSAY_TRY(const std::span<Json> events, list_of(span, "events"));
    for (Json& event : events) {
        if (!event.is_object()) return unreadable("an event", event);
        ASSAY_CHECK(budget_.take_value());
        OtlpEvent& decoded = target.events.emplace_back();
        ASSAY_TRY(decoded.name, text_of(event, "name"));
        ASSAY_TRY(const std::span<Json> attributes, list_of(event, "attributes"));
        ASSAY_CHECK(read_attributes(attributes, decoded.attributes));
    }
    return {};
}

Result<void> JsonDecoder::read_status(Json& span, OtlpSpan& target) {
    Json* const status = find_member(span, "status");
    if (status == nullptr) return {};
    if (!status->is_object()) return unreadable("status", *status);
    if (const Json* const code = find_member(*status, "code")) {
        // Enumerators are numbers in OTLP's JSON; protobuf's own has their names.
        if (code->is_string()) {
            target.status_code = *code == "STATUS_CODE_ERROR" || *code == "2" ? 2 : 0;
        } else if (code->is_number_integer()) {
            target.status_code = code->get<std::int64_t>();
        } else {
            return unreadable("status.code", *code);
        }
    }
    ASSAY_TRY(target.status_message, text_of(*status, "message"));
    return {};
}

Result<void> JsonDecoder::read_attributes(std::span<Json> list, Json& target) {
    for (Json& attribute : list) {
        Json* const key = attribute.is_object() ? find_member(attribute, "key") : nullptr;
        if (key == nullptr || !key->is_string()) {
            return fault("an attribute has no key");
        }
        ASSAY_CHECK(budget_.take_value());
        Json* const value = find_member(attribute, "value");
        if (value == nullptr) continue;
        auto decoded = read_value(*value, 0);
        if (!decoded) {
            decoded.error().message = fmt::format("attribute \"{}\" {}",
                                                  key->get_ref<const std::string&>().substr(0, 100),
                                                  decoded.error().message);
            return std::unexpected(std::move(decoded.error()));
        }
        if (decoded->is_null()) continue;
        target[key->get_ref<const std::string&>()] = otlp_attribute(std::move(*decoded));
    }
    return {};
}

std::unexpected<Error> no_value() { return fault("has a value that cannot be read"); }

Result<Json> read_integer(const Json& value) {
    if (value.is_string()) {
        const auto number = parse_integer<std::int64_t>(value.get_ref<const std::string&>());
        if (!number) return no_value();
        return *number;
    }
    if (value.is_number()) return value;
    const auto joined = join_halves(value);
    if (!joined) return no_value();
    return static_cast<std::int64_t>(*joined);
}

Result<Json> read_double(const Json& value) {
    if (value.is_number()) return otlp_number(value.get<double>());
    constexpr std::array k_words = {"NaN", "Infinity", "-Infinity"};
    for (const char* const word : k_words) {
        if (value == word) return value;
    }
    return no_value();
}

Result<Json> JsonDecoder::read_value(Json& value, std::size_t depth) {
    if (!value.is_object()) return no_value();
    if (Json* const text = find_member(value, "stringValue")) {
        if (!text->is_string()) return no_value();
        return std::move(*text);
    }
    if (Json* const number = find_member(value, "intValue")) return read_integer(*number);
    if (Json* const number = find_member(value, "doubleValue")) return read_double(*number);
    if (Json* const flag = find_member(value, "boolValue")) {
        if (!flag->is_boolean()) return no_value();
        return *flag;
    }
    if (Json* const bytes = find_member(value, "bytesValue")) {
        if (bytes->is_string()) return std::move(*bytes);
        const auto joined = read_bytes(*bytes);
        if (!joined) return no_value();
        return to_base64(*joined);
    }
    Json* const array = find_member(value, "arrayValue");
    Json* const map = find_member(value, "kvlistValue");
    if (array == nullptr && map == nullptr) return Json(nullptr);
    if (depth >= limits::k_otlp_value_depth_max) {
        return fault(fmt::format("has lists or maps within each other deeper than {}",
                                 limits::k_otlp_value_depth_max));
    }
    return array != nullptr ? read_elements(*array, depth + 1) : read_members(*map, depth + 1);
}

Result<Json> JsonDecoder::read_elements(Json& array, std::size_t depth) {
    if (!array.is_object()) return no_value();
    Json list = Json::array();
    Json* const values = find_member(array, "values");
    if (values == nullptr) return list;
    if (!values->is_array()) return no_value();
    for (Json& value : *values) {
        ASSAY_CHECK(budget_.take_value());
        ASSAY_TRY(Json element, read_value(value, depth));
        list.push_back(std::move(element));
    }
    return list;
}

Result<Json> JsonDecoder::read_members(Json& map, std::size_t depth) {
    if (!map.is_object()) return no_value();
    Json object = Json::object();
    Json* const values = find_member(map, "values");
    if (values == nullptr) return object;
    if (!values->is_array()) return no_value();
    for (Json& entry : *values) {
        Json* const key = entry.is_object() ? find_member(entry, "key") : nullptr;
        if (key == nullptr || !key->is_string()) return no_value();
        ASSAY_CHECK(budget_.take_value());
        Json* const value = find_member(entry, "value");
        Json& member = object[key->get_ref<const std::string&>()];
        if (value == nullptr) continue;
        ASSAY_TRY(member, read_value(*value, depth));
    }
    return object;
}

}  // namespace

Result<OtlpRequest> read_otlp_json(std::string_view body) {
    auto json = parse_client_json(body);
    if (!json) {
        return otlp_refusal(fmt::format("the body is not valid JSON: {}", json.error().message));
    }
    if (!json->is_object()) {
        return otlp_refusal(fmt::format("the body must be an object, not {}", type_phrase(*json)));
    }
    auto request = JsonDecoder().read(*json);
    if (request || request.error().code != ErrorCode::invalid_argument) return request;
    return otlp_refusal(request.error().message);
}

}  // namespace assay
