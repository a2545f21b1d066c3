#pragma once

#include <string_view>

#include "core/base/json.hpp"
#include "server/api/route.hpp"

namespace assay {

/// The JSON object that a request's body is.
/// @error invalid_argument, its message for the sender.
[[nodiscard]] Result<Json> parse_object(const ApiRequest& request);
/// A member of an object, or null when there is none.
[[nodiscard]] const Json& member_of(const Json& object, std::string_view name);
/// The project that the path names, when it is one of the caller's organisation.
/// @error not_found, the same for a project of others and for none.
[[nodiscard]] Result<Project> project_of(ApiContext& context, const RouteCall& call);
/// The organisation that the path names. @error not_found
[[nodiscard]] Result<Organization> organization_of(ApiContext& context, const RouteCall& call);

}  // namespace assay
