#include <fmt/format.h>

#include <array>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "server/api/limits.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"

// Projects: what a project's key may read of its own, and what an organisation's key may do.

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 12;
constexpr std::size_t k_name_characters_min = 3;
constexpr std::size_t k_name_characters_max = 60;

OrderedJson to_json(const Project& project) {
    OrderedJson json;
    json["id"] = project.id.value();
    json["name"] = project.name;
    json["organization"] = {{"id", project.organization.id.value()},
                            {"name", project.organization.name}};
    json["metadata"] = project.metadata;
    if (project.retention_days > 0) json["retentionDays"] = project.retention_days;
    return json;
}

/// What a body says of a project; what it leaves out stays as it is.
Result<void> apply(const Json& body, Project& project) {
    const Json& name = member_of(body, "name");
    const std::size_t characters =
        name.is_string() ? count_code_points(name.get_ref<const std::string&>()) : 0;
    if (characters < k_name_characters_min || characters > k_name_characters_max) {
        return failure(ErrorCode::invalid_argument,
                       "Invalid project name. Should be between 3 and 60 characters.");
    }
    project.name = name.get<std::string>();
    if (const Json& retention = member_of(body, "retention"); !retention.is_null()) {
        const std::int64_t days =
            retention.is_number_integer() ? retention.get<std::int64_t>() : -1;
        if (!limits::is_retention(days)) {
            return failure(ErrorCode::invalid_argument,
                           "Invalid retention value. Must be 0 or from 3 to 100000 days.");
        }
        project.retention_days = static_cast<int>(days);
    }
    if (const Json& metadata = member_of(body, "metadata"); !metadata.is_null()) {
        if (!metadata.is_object() ||
            to_text(metadata).size() > limits::k_project_metadata_bytes_max) {
            return failure(ErrorCode::invalid_argument,
                           "Invalid metadata. Should be a valid JSON object of at most 64 kB.");
        }
        project.metadata = metadata;
    }
    return {};
}

Result<Organization> own_organization(ApiContext& context, const Caller& caller) {
    ASSAY_TRY(const auto organizations, context.access.organizations());
    for (const Organization& organization : organizations) {
        if (organization.id == caller.owner.organization) return organization;
    }
    return failure(ErrorCode::internal, "a key belongs to no organisation");
}

Result<ApiResponse> get_projects(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const auto project, context.access.find_project(*call.caller.owner.project));
    OrderedJson data = OrderedJson::array();
    if (project) data.push_back(to_json(*project));
    return json_response(200, {{"data", std::move(data)}});
}

Result<ApiResponse> post_project(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    ASSAY_TRY(const Organization organization, own_organization(context, call.caller));
    Project project{.id = ProjectId(random_hex(k_id_bytes)),
                    .organization = organization,
                    .name = {},
                    .metadata = Json::object(),
                    .retention_days = 0};
    ASSAY_CHECK(apply(body, project));
    ASSAY_CHECK(context.access.add_project(project, context.clock.now()));
    return json_response(201, to_json(project));
}

Result<ApiResponse> put_project(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Project project, project_of(context, call));
    ASSAY_TRY(const Json body, parse_object(call.request));
    ASSAY_CHECK(apply(body, project));
    ASSAY_CHECK(context.access.update_project(project, context.clock.now()));
    return json_response(200, to_json(project));
}

Result<ApiResponse> delete_project(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Project project, project_of(context, call));
    ASSAY_CHECK(context.access.remove_project(project.id, context.clock.now()));
    if (context.project_removed) context.project_removed();
    return json_response(202, {{"success", true},
                               {"message",
                                "Project deletion has been initiated: its keys have stopped, and "
                                "what it holds is being removed"}});
}

Result<ApiResponse> get_organization_projects(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const auto projects, context.access.projects(call.caller.owner.organization));
    OrderedJson list = OrderedJson::array();
    for (const Project& project : projects) list.push_back(to_json(project));
    return json_response(200, {{"projects", std::move(list)}});
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/projects", RouteAuth::project, AccessHandler{&get_projects},
          "The project that the API key belongs to"},
    Route{"POST", "/api/public/projects", RouteAuth::organization, AccessHandler{&post_project},
          "Make a project", ErrorShape::message},
    Route{"PUT", "/api/public/projects/{projectId}", RouteAuth::organization,
          AccessHandler{&put_project}, "Change the name, metadata or retention of a project",
          ErrorShape::message},
    Route{"DELETE", "/api/public/projects/{projectId}", RouteAuth::organization,
          AccessHandler{&delete_project},
          "Delete a project: its keys stop at once, its data is removed in the background",
          ErrorShape::message},
    Route{"GET", "/api/public/organizations/projects", RouteAuth::organization,
          AccessHandler{&get_organization_projects}, "The projects of the organization",
          ErrorShape::message},
};

}  // namespace

Result<Project> project_of(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(auto project, context.access.find_project(ProjectId(call.parameter("projectId"))));
    if (!project || project->organization.id != call.caller.owner.organization) {
        return failure(ErrorCode::not_found, "Project not found");
    }
    return std::move(*project);
}

std::span<const Route> project_routes() { return k_routes; }

}  // namespace assay
