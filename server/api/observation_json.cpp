#include "server/api/observation_json.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/text.hpp"
#include "server/api/paging.hpp"
#include "server/api/trace_json.hpp"
#include "server/resources/pricing.hpp"

namespace assay {
namespace {

constexpr std::size_t k_metadata_characters = 200;

bool is_kind(std::string_view kind, std::string_view part) {
    return kind.find(part) != std::string_view::npos;
}

/// The tokens of all kinds that have `part` in their name.
std::int64_t tokens_of(const ObservationRecord& observation, std::string_view part) {
    std::int64_t sum = 0;
    for (const auto& [kind, tokens] : observation.usage_details.items()) {
        if (!is_kind(kind, part) || !tokens.is_number_integer()) continue;
        if (__builtin_add_overflow(sum, tokens.get<std::int64_t>(), &sum)) {
            return std::numeric_limits<std::int64_t>::max();
        }
    }
    return sum;
}

std::int64_t total_tokens(const ObservationRecord& observation) {
    const auto total = observation.usage_details.find("total");
    const bool is_known = total != observation.usage_details.end() && total->is_number_integer();
    return is_known ? total->get<std::int64_t>() : 0;
}

/// The cost of all kinds that have `part` in their name; null when there is none.
OrderedJson cost_of(const ObservationRecord& observation, std::string_view part) {
    std::optional<long double> sum;
    for (const auto& [kind, cost] : observation.cost_details.items()) {
        if (!is_kind(kind, part) || !cost.is_number()) continue;
        sum = sum.value_or(0) + static_cast<long double>(cost.get<double>());
    }
    return sum ? OrderedJson(in_decimals(*sum)) : OrderedJson();
}

OrderedJson pricing_of(const ObservationRecord& observation, const char* name) {
    const auto found = observation.pricing.find(name);
    return found == observation.pricing.end() ? OrderedJson() : OrderedJson(*found);
}

/// A price as a number, whatever it is stored as.
OrderedJson price_number(const ObservationRecord& observation, const char* name) {
    OrderedJson price = pricing_of(observation, name);
    if (!price.is_string()) return price;
    const auto& text = price.get_ref<const std::string&>();
    double number = 0;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = code == std::errc() && std::isfinite(number);
    return is_number ? OrderedJson(number) : OrderedJson();
}

OrderedJson price_text(const ObservationRecord& observation, const char* name) {
    const OrderedJson price = pricing_of(observation, name);
    if (price.is_null() || price.is_string()) return price;
    return to_text(price);
}

OrderedJson latency_of(const ObservationRecord& observation) {
    if (!observation.end) return nullptr;
    return seconds_between(observation.start, *observation.end);
}

OrderedJson time_to_first_token(const ObservationRecord& observation) {
    if (!observation.completion_start) return nullptr;
    return seconds_between(observation.start, *observation.completion_start);
}

void put_usage(const ObservationRecord& observation, OrderedJson& json) {
    const std::int64_t input = tokens_of(observation, "input");
    const std::int64_t output = tokens_of(observation, "output");
    const std::int64_t total = total_tokens(observation);
    json["usageDetails"] = observation.usage_details;
    json["costDetails"] = observation.cost_details;
    json["usage"] = {{"unit", "TOKENS"}, {"input", input}, {"output", output}, {"total", total}};
    json["unit"] = "TOKENS";
    json["promptTokens"] = input;
    json["completionTokens"] = output;
    json["totalTokens"] = total;
}

void put_pricing(const ObservationRecord& observation, OrderedJson& json) {
    json["usagePricingTierName"] = pricing_of(observation, "tierName");
    json["usagePricingTierId"] = pricing_of(observation, "tierId");
    json["modelId"] = pricing_of(observation, "modelId");
    for (const char* const price : {"inputPrice", "outputPrice", "totalPrice"}) {
        json[price] = price_number(observation, price);
    }
    json["calculatedInputCost"] = cost_of(observation, "input");
    json["calculatedOutputCost"] = cost_of(observation, "output");
    json["calculatedTotalCost"] = or_null(observation.total_cost);
}

void put_basic(const ObservationRecord& observation, const TraceRecord& trace, OrderedJson& json) {
    json["name"] = or_null(observation.name);
    json["level"] = observation.level;
    json["statusMessage"] = or_null(observation.status_message);
    json["version"] = or_null(observation.version);
    json["environment"] = observation.environment;
    json["bookmarked"] = trace.is_bookmarked;
    json["public"] = trace.is_public;
    json["userId"] = or_null(trace.user_id);
    json["sessionId"] = or_null(trace.session_id);
    json["isRootObservation"] = !observation.parent_id || observation.is_app_root;
}

/// The first characters of a text. It is valid UTF-8.
std::string beginning_of(std::string_view text) {
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_start = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
        if (is_start && ++characters > k_metadata_characters)
            return std::string(text.substr(0, at));
    }
    return std::string(text);
}

OrderedJson cut_metadata(const Json& metadata, const std::set<std::string>& whole) {
    OrderedJson cut = OrderedJson::object();
    if (!metadata.is_object()) return cut;
    for (const auto& [key, value] : metadata.get_ref<const Json::object_t&>()) {
        const std::string text = as_text(value);
        const bool fits = text.size() <= k_metadata_characters || whole.contains(key) ||
                          count_code_points(text) <= k_metadata_characters;
        cut.push_back({key, fits ? OrderedJson(value) : OrderedJson(beginning_of(text))});
    }
    return cut;
}

void put_model(const ObservationRecord& observation, OrderedJson& json) {
    json["model"] = or_null(observation.model);
    json["providedModelName"] = or_null(observation.model);
    json["internalModelId"] = pricing_of(observation, "modelId");
    json["modelParameters"] = observation.model_parameters;
}

}  // namespace

OrderedJson observation_v1_json(const ProjectId& project, const ObservationRecord& observation) {
    OrderedJson json;
    json["id"] = observation.id.value();
    json["projectId"] = project.value();
    json["traceId"] = observation.trace_id.value();
    json["parentObservationId"] = or_null(observation.parent_id);
    json["name"] = or_null(observation.name);
    json["type"] = observation.type;
    json["environment"] = observation.environment;
    json["startTime"] = to_api_time(observation.start);
    json["endTime"] = to_api_time(observation.end);
    json["version"] = or_null(observation.version);
    json["createdAt"] = to_api_time(observation.created);
    json["updatedAt"] = to_api_time(observation.updated);
    json["input"] = content_json(observation.input);
    json["output"] = content_json(observation.output);
    json["metadata"] = parsed_metadata(observation.metadata);
    json["level"] = observation.level;
    json["statusMessage"] = or_null(observation.status_message);
    json["model"] = or_null(observation.model);
    json["modelParameters"] = observation.model_parameters;
    json["completionStartTime"] = to_api_time(observation.completion_start);
    json["promptId"] = or_null(observation.prompt_id);
    json["promptName"] = or_null(observation.prompt_name);
    json["promptVersion"] = or_null(observation.prompt_version);
    put_usage(observation, json);
    put_pricing(observation, json);
    json["latency"] = latency_of(observation);
    json["timeToFirstToken"] = time_to_first_token(observation);
    return json;
}

OrderedJson observation_v2_json(const ProjectId& project, const ObservationRecord& observation,
                                const TraceRecord& trace, const ObservationGroups& groups,
                                const std::set<std::string>& whole_metadata) {
    OrderedJson json;
    json["id"] = observation.id.value();
    json["traceId"] = observation.trace_id.value();
    json["startTime"] = to_api_time(observation.start);
    json["endTime"] = to_api_time(observation.end);
    json["projectId"] = project.value();
    json["parentObservationId"] = or_null(observation.parent_id);
    json["type"] = observation.type;
    if (groups.basic) put_basic(observation, trace, json);
    if (groups.time) {
        json["completionStartTime"] = to_api_time(observation.completion_start);
        json["createdAt"] = to_api_time(observation.created);
        json["updatedAt"] = to_api_time(observation.updated);
    }
    if (groups.io) {
        json["input"] = or_null(observation.input);
        json["output"] = or_null(observation.output);
    }
    if (groups.metadata) json["metadata"] = cut_metadata(observation.metadata, whole_metadata);
    if (groups.model) put_model(observation, json);
    if (groups.usage) {
        json["usageDetails"] = observation.usage_details;
        json["costDetails"] = observation.cost_details;
        json["totalCost"] = or_null(observation.total_cost);
        json["usagePricingTierName"] = pricing_of(observation, "tierName");
    }
    if (groups.prompt) {
        json["promptId"] = or_null(observation.prompt_id);
        json["promptName"] = or_null(observation.prompt_name);
        json["promptVersion"] = or_null(observation.prompt_version);
    }
    if (groups.metrics) {
        json["latency"] = latency_of(observation);
        json["timeToFirstToken"] = time_to_first_token(observation);
    }
    if (groups.trace_context) {
        json["traceName"] = or_null(trace.name);
        json["tags"] = trace.tags;
        json["release"] = or_null(trace.release);
    }
    json["modelId"] = groups.model ? pricing_of(observation, "modelId") : OrderedJson();
    for (const char* const price : {"inputPrice", "outputPrice", "totalPrice"}) {
        json[price] = groups.model ? price_text(observation, price) : OrderedJson();
    }
    return json;
}

}  // namespace assay
