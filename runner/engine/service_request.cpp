#include "runner/engine/service_request.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace assay {
namespace {

/// A value within a URL. Dots alone would walk up the path.
std::string encode_in_url(std::string_view value) {
    const bool only_dots = value == "." || value == "..";
    if (!only_dots) return percent_encode(value);
    return value.size() == 1 ? "%2E" : "%2E%2E";
}

bool takes_body(const ServiceSpec& service) {
    return service.body || (service.method != "GET" && service.method != "DELETE");
}

Result<Json> render_body(const ServiceSpec& service, const TemplateScope& scope, const Json& unit,
                         Audience audience) {
    if (!service.body) return unit;
    return service.body->render(scope, audience);
}

bool names_content_type(const ServiceSpec& service) {
    return std::ranges::any_of(service.headers, [](const auto& header) {
        return to_lower_ascii(header.first) == "content-type";
    });
}

}  // namespace

Result<ServiceRequest> render_service_request(const ServiceSpec& service,
                                              const TemplateScope& scope, const Json& unit) {
    ServiceRequest request{.output = service.output, .secrets = service.secrets};
    request.http.method = service.method;
    ASSAY_TRY(request.http.url, service.url.render(scope, Audience::service, &encode_in_url));
    for (const auto& [name, text] : service.headers) {
        ASSAY_TRY(std::string value, text.render(scope, Audience::service));
        request.http.headers.push_back({name, Secret(std::move(value))});
    }
    if (!takes_body(service)) return request;
    ASSAY_TRY(const Json body, render_body(service, scope, unit, Audience::service));
    const bool is_text = body.is_string() && service.body && service.body->shape.is_string();
    request.http.body = is_text ? body.get<std::string>() : to_text(body);
    if (!names_content_type(service)) {
        request.http.headers.push_back(
            {"Content-Type", Secret(is_text ? "text/plain; charset=utf-8" : "application/json")});
    }
    return request;
}

Result<Json> describe_service_request(const ServiceSpec& service, const TemplateScope& scope,
                                      const Json& unit) {
    Json description = {{"method", service.method}};
    ASSAY_TRY(description["url"], service.url.render(scope, Audience::people, &encode_in_url));
    if (!takes_body(service)) return description;
    ASSAY_TRY(description["body"], render_body(service, scope, unit, Audience::people));
    return description;
}

std::string check_service_request(const ServiceSpec& service, const TemplateScope& scope) {
    const auto described = describe_service_request(service, scope, {});
    if (!described) return described.error().message;
    for (const auto& [name, text] : service.headers) {
        const auto value = text.render(scope, Audience::people);
        if (!value) return value.error().message;
    }
    return {};
}

}  // namespace assay
