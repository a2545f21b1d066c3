#include <algorithm>
#include <array>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"

// What the operator's key may do: make organisations. Their own keys then make projects.

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 12;
constexpr std::size_t k_name_characters_max = 60;

Result<OrderedJson> to_json(ApiContext& context, const Organization& organization) {
    ASSAY_TRY(const auto projects, context.access.projects(organization.id));
    OrderedJson list = OrderedJson::array();
    for (const Project& project : projects) {
        list.push_back(
            {{"id", project.id.value()}, {"name", project.name}, {"metadata", project.metadata}});
    }
    OrderedJson json;
    json["id"] = organization.id.value();
    json["name"] = organization.name;
    json["projects"] = std::move(list);
    return json;
}

Result<std::string> name_of(const Json& body) {
    const Json& name = member_of(body, "name");
    const std::size_t characters =
        name.is_string() ? count_code_points(name.get_ref<const std::string&>()) : 0;
    if (characters < 1 || characters > k_name_characters_max) {
        return failure(ErrorCode::invalid_argument,
                       "Invalid organization name. Should be between 1 and 60 characters.");
    }
    return name.get<std::string>();
}

Result<ApiResponse> get_organizations(ApiContext& context, const RouteCall& /*call*/) {
    ASSAY_TRY(const auto organizations, context.access.organizations());
    OrderedJson list = OrderedJson::array();
    for (const Organization& organization : organizations) {
        ASSAY_TRY(OrderedJson json, to_json(context, organization));
        list.push_back(std::move(json));
    }
    return json_response(200, {{"organizations", std::move(list)}});
}

Result<ApiResponse> get_organization(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Organization organization, organization_of(context, call));
    ASSAY_TRY(const OrderedJson json, to_json(context, organization));
    return json_response(200, json);
}

Result<ApiResponse> post_organization(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    ASSAY_TRY(std::string name, name_of(body));
    const Organization organization{OrganizationId(random_hex(k_id_bytes)), std::move(name)};
    ASSAY_CHECK(context.access.ensure_organization(organization, context.clock.now()));
    ASSAY_TRY(const OrderedJson json, to_json(context, organization));
    return json_response(201, json);
}

Result<ApiResponse> put_organization(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Organization organization, organization_of(context, call));
    ASSAY_TRY(const Json body, parse_object(call.request));
    ASSAY_TRY(organization.name, name_of(body));
    ASSAY_CHECK(context.access.rename_organization(organization));
    ASSAY_TRY(const OrderedJson json, to_json(context, organization));
    return json_response(200, json);
}

Result<ApiResponse> delete_organization(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Organization organization, organization_of(context, call));
    ASSAY_CHECK(context.access.remove_organization(organization.id));
    return json_response(200, {{"success", true}});
}

constexpr std::array k_routes = {
    Route{"GET", "/api/admin/organizations", RouteAuth::admin, AccessHandler{&get_organizations},
          "All organizations and their projects", ErrorShape::message},
    Route{"POST", "/api/admin/organizations", RouteAuth::admin, AccessHandler{&post_organization},
          "Make an organization", ErrorShape::message},
    Route{"GET", "/api/admin/organizations/{organizationId}", RouteAuth::admin,
          AccessHandler{&get_organization}, "An organization and its projects",
          ErrorShape::message},
    Route{"PUT", "/api/admin/organizations/{organizationId}", RouteAuth::admin,
          AccessHandler{&put_organization}, "Rename an organization", ErrorShape::message},
    Route{"DELETE", "/api/admin/organizations/{organizationId}", RouteAuth::admin,
          AccessHandler{&delete_organization},
          "Delete an organization that has no projects, and its keys", ErrorShape::message},
};

}  // namespace

Result<Organization> organization_of(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(auto organizations, context.access.organizations());
    const OrganizationId id(call.parameter("organizationId"));
    const auto found = std::ranges::find(organizations, id, &Organization::id);
    if (found != organizations.end()) return std::move(*found);
    return failure(ErrorCode::not_found, "Organization not found");
}

std::span<const Route> organization_routes() { return k_routes; }

}  // namespace assay
