#pragma once

#include "configs/service_spec.hpp"
#include "judges/provider.hpp"

namespace assay {

/// What a service is sent for one unit. Values that templates insert into the URL are
/// percent-encoded there, so that they stay within the part of it they stand in.
///
/// @param unit  the default body: the unit as SPEC 1.4 describes it.
/// @error as TextTemplate::render.
[[nodiscard]] Result<ServiceRequest> render_service_request(const ServiceSpec& service,
                                                            const TemplateScope& scope,
                                                            const Json& unit);

/// The same for people's eyes: method, URL and body, with ${NAME} for values of the environment
/// and without headers.
[[nodiscard]] Result<Json> describe_service_request(const ServiceSpec& service,
                                                    const TemplateScope& scope, const Json& unit);

/// "" when the scope has what the templates need, headers included; else what is missing.
[[nodiscard]] std::string check_service_request(const ServiceSpec& service,
                                                const TemplateScope& scope);

}  // namespace assay
