#include "server/api/trace_json.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/base/text.hpp"
#include "server/api/paging.hpp"

namespace assay {

OrderedJson content_json(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    auto value = parse_json(*text);
    return value ? OrderedJson(std::move(*value)) : OrderedJson(*text);
}

OrderedJson parsed_metadata(const Json& metadata) {
    OrderedJson parsed = OrderedJson::object();
    if (!metadata.is_object()) return parsed;
    for (const auto& [key, value] : metadata.get_ref<const Json::object_t&>()) {
        parsed.push_back(
            {key, value.is_string() ? content_json(value.get<std::string>()) : OrderedJson(value)});
    }
    return parsed;
}

double seconds_between(Time from, Time to) {
    std::int64_t nanoseconds = 0;
    // Times of clients may lie as far apart as two integers can.
    if (__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(),
                               &nanoseconds)) {
        nanoseconds = to > from ? std::numeric_limits<std::int64_t>::max()
                                : std::numeric_limits<std::int64_t>::min();
    }
    return static_cast<double>(nanoseconds) / 1e9;
}

OrderedJson trace_v1_json(const ProjectId& project, const TraceRecord& trace,
                          TraceContent content) {
    const bool has_content = content == TraceContent::given;
    OrderedJson json;
    json["id"] = trace.id.value();
    json["projectId"] = project.value();
    json["timestamp"] = to_api_time(trace.timestamp);
    json["createdAt"] = to_api_time(trace.created);
    json["updatedAt"] = to_api_time(trace.updated);
    json["name"] = or_null(trace.name);
    json["userId"] = or_null(trace.user_id);
    json["sessionId"] = or_null(trace.session_id);
    json["release"] = or_null(trace.release);
    json["version"] = or_null(trace.version);
    json["environment"] = trace.environment;
    json["public"] = trace.is_public;
    json["bookmarked"] = trace.is_bookmarked;
    json["tags"] = trace.tags;
    json["metadata"] = has_content ? parsed_metadata(trace.metadata) : OrderedJson::object();
    if (has_content) {
        json["input"] = content_json(trace.input);
        json["output"] = content_json(trace.output);
    }
    json["externalId"] = nullptr;
    json["htmlPath"] = fmt::format("/project/{}/traces/{}", percent_encode(project.value()),
                                   percent_encode(trace.id.value()));
    return json;
}

}  // namespace assay
