#include "server/ingest/otlp_span.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/text.hpp"
#include "server/ingest/fields.hpp"
#include "server/ingest/limits.hpp"
#include "server/tracing/limits.hpp"

namespace assay {
namespace {

constexpr std::string_view k_hex_digits = "0123456789abcdef";

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// A span as notes call it. Its id comes from the sender and may be long.
std::string name_of(const OtlpSpan& span) {
    return fmt::format("span {}", std::string_view(span.span_id).substr(0, 32));
}

std::optional<std::string> find_fault(const OtlpSpan& span) {
    if (const auto fault = find_id_fault(span.trace_id)) return "traceId " + *fault;
    if (const auto fault = find_id_fault(span.span_id)) return "spanId " + *fault;
    if (span.parent_id.empty()) return std::nullopt;
    if (const auto fault = find_id_fault(span.parent_id)) return "parentSpanId " + *fault;
    return std::nullopt;
}

}  // namespace

void OtlpReport::note(std::string text) {
    if (notes.size() < limits::k_otlp_notes_max) {
        notes.push_back(std::move(text));
    } else {
        ++more_notes;
    }
}

void OtlpReport::reject(std::string text) {
    ++rejected;
    note(std::move(text));
}

std::string OtlpReport::message() const {
    std::string text;
    for (const std::string& one : notes) {
        if (!text.empty()) text += "; ";
        text += one;
    }
    if (more_notes > 0) text += fmt::format("; and {} more", more_notes);
    return to_valid_utf8(text);
}

std::string otlp_hex(std::string_view bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += k_hex_digits[value >> 4U];
        text += k_hex_digits[value & 0xFU];
    }
    return text;
}

std::string otlp_id(std::string text) {
    return is_hex(text) ? to_lower_ascii(text) : std::move(text);
}

Result<std::optional<Time>> otlp_time(std::uint64_t nanoseconds) {
    if (nanoseconds == 0) return std::nullopt;
    constexpr auto k_latest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    // Room to add to it, so that no sum of times goes beyond what they can tell.
    if (nanoseconds > k_latest / 100 * 99) {
        return failure(ErrorCode::invalid_argument, "is a time too far in the future");
    }
    return Time(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

Json otlp_number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    // JavaScript knows one kind of number: 1.0 is 1, in whatever encoding it comes.
    constexpr double k_exact = 0x1p53;
    if (std::trunc(value) == value && std::abs(value) < k_exact) {
        return static_cast<std::int64_t>(value);
    }
    return value;
}

Json otlp_attribute(Json value) {
    return value.is_object() ? Json(to_text(value)) : std::move(value);
}

std::unexpected<Error> otlp_refusal(std::string_view why) {
    return failure(ErrorCode::invalid_argument, fmt::format("Invalid OTLP trace export: {}", why));
}

Result<void> OtlpBudget::take_value() {
    if (++values_ <= limits::k_otlp_values_max) return {};
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("The request has more than {} attributes; send fewer spans at once",
                               limits::k_otlp_values_max));
}

bool OtlpBudget::take_span() { return ++spans_ <= limits::k_ingested_events_max; }

void add_otlp_span(OtlpScope& scope, OtlpSpan span, const std::optional<std::string>& fault,
                   OtlpBudget& budget, OtlpReport& report) {
    if (!budget.take_span()) {
        report.reject(fmt::format("{}: a request may have at most {} spans", name_of(span),
                                  limits::k_ingested_events_max));
        return;
    }
    if (const auto why = fault ? fault : find_fault(span)) {
        report.reject(fmt::format("{}: {}", name_of(span), *why));
        return;
    }
    if (span.parent_id.find_first_not_of('0') == std::string::npos) span.parent_id.clear();
    scope.spans.push_back(std::move(span));
}

}  // namespace assay
