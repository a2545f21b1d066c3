#include <array>

#include "server/api/key_pair.hpp"
#include "server/api/limits.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"

// API keys. A secret leaves the server once: in the answer to the request that made the key.

namespace assay {
namespace {

OrderedJson to_json(const ApiKey& key) {
    OrderedJson json;
    json["id"] = key.id.value();
    json["createdAt"] = to_rfc3339(key.created);
    json["expiresAt"] = nullptr;
    json["lastUsedAt"] = key.last_used ? OrderedJson(to_rfc3339(*key.last_used)) : OrderedJson();
    json["note"] = key.note ? OrderedJson(*key.note) : OrderedJson();
    json["publicKey"] = key.public_key;
    json["displaySecretKey"] = key.shown_secret;
    return json;
}

Result<ApiResponse> list_keys(ApiContext& context, const KeyOwner& owner) {
    ASSAY_TRY(const auto keys, context.access.keys(owner));
    OrderedJson list = OrderedJson::array();
    for (const ApiKey& key : keys) list.push_back(to_json(key));
    return json_response(200, {{"apiKeys", std::move(list)}});
}

/// The body of a request for a key may be left out.
Result<Json> parse_wishes(const ApiRequest& request) {
    if (request.body.empty()) return Json::object();
    return parse_object(request);
}

/// The pair that the sender brings, or a new one.
Result<KeyPair> pair_of(const Json& body) {
    const Json& public_key = member_of(body, "publicKey");
    const Json& secret_key = member_of(body, "secretKey");
    if (public_key.is_null() && secret_key.is_null()) return make_key_pair();
    if (!public_key.is_string() || !secret_key.is_string()) {
        return failure(ErrorCode::invalid_argument,
                       "Both publicKey and secretKey must be given, as strings, or neither");
    }
    KeyPair pair{.public_key = public_key.get<std::string>(),
                 .secret_key = Secret(secret_key.get<std::string>())};
    ASSAY_CHECK(check_key_pair(pair));
    return pair;
}

Result<std::optional<std::string>> note_of(const Json& body) {
    const Json& note = member_of(body, "note");
    if (note.is_null()) return std::nullopt;
    if (!note.is_string() ||
        note.get_ref<const std::string&>().size() > limits::k_key_note_bytes_max) {
        return failure(ErrorCode::invalid_argument, "note must be a string of at most 1000 bytes");
    }
    return note.get<std::string>();
}

Result<ApiResponse> make_key(ApiContext& context, const RouteCall& call, KeyOwner owner) {
    ASSAY_TRY(const Json body, parse_wishes(call.request));
    ASSAY_TRY(const KeyPair pair, pair_of(body));
    ASSAY_TRY(auto note, note_of(body));
    const ApiKey key =
        make_api_key(pair, std::move(owner), std::move(note), context.secrets, context.clock.now());
    ASSAY_CHECK(context.access.add_key(key));
    OrderedJson json = to_json(key);
    json["secretKey"] = pair.secret_key.reveal();
    return json_response(201, json);
}

Result<ApiResponse> remove_key(ApiContext& context, const RouteCall& call, const KeyOwner& owner) {
    const Result<void> done =
        context.access.remove_key(owner, ApiKeyId(call.parameter("apiKeyId")));
    if (!done && done.error().code == ErrorCode::not_found) {
        return error_response(call.errors, 404, "API key not found");
    }
    ASSAY_CHECK(done);
    return json_response(200, {{"success", true}});
}

/// Whose keys a path is about.
Result<KeyOwner> owner_by_project(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Project project, project_of(context, call));
    return KeyOwner{project.organization.id, project.id};
}

Result<KeyOwner> owner_by_organization(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Organization organization, organization_of(context, call));
    return KeyOwner{organization.id, std::nullopt};
}

template <auto find_owner>
Result<ApiResponse> get_keys_of(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const KeyOwner owner, find_owner(context, call));
    return list_keys(context, owner);
}

template <auto find_owner>
Result<ApiResponse> post_key_of(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(KeyOwner owner, find_owner(context, call));
    return make_key(context, call, std::move(owner));
}

template <auto find_owner>
Result<ApiResponse> delete_key_of(ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const KeyOwner owner, find_owner(context, call));
    return remove_key(context, call, owner);
}

Result<ApiResponse> get_organization_keys(ApiContext& context, const RouteCall& call) {
    return list_keys(context, {call.caller.owner.organization, std::nullopt});
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/projects/{projectId}/apiKeys", RouteAuth::organization,
          AccessHandler{&get_keys_of<owner_by_project>}, "The API keys of a project",
          ErrorShape::message},
    Route{"POST", "/api/public/projects/{projectId}/apiKeys", RouteAuth::organization,
          AccessHandler{&post_key_of<owner_by_project>},
          "Make an API key; its secret is told only now", ErrorShape::message},
    Route{"DELETE", "/api/public/projects/{projectId}/apiKeys/{apiKeyId}", RouteAuth::organization,
          AccessHandler{&delete_key_of<owner_by_project>}, "Remove an API key",
          ErrorShape::message},
    Route{"GET", "/api/public/organizations/apiKeys", RouteAuth::organization,
          AccessHandler{&get_organization_keys}, "The API keys of the organization",
          ErrorShape::message},
    Route{"GET", "/api/admin/organizations/{organizationId}/apiKeys", RouteAuth::admin,
          AccessHandler{&get_keys_of<owner_by_organization>}, "The API keys of an organization",
          ErrorShape::message},
    Route{"POST", "/api/admin/organizations/{organizationId}/apiKeys", RouteAuth::admin,
          AccessHandler{&post_key_of<owner_by_organization>},
          "Make an API key of an organization; its secret is told only now", ErrorShape::message},
    Route{"DELETE", "/api/admin/organizations/{organizationId}/apiKeys/{apiKeyId}",
          RouteAuth::admin, AccessHandler{&delete_key_of<owner_by_organization>},
          "Remove an API key of an organization", ErrorShape::message},
};

}  // namespace

std::span<const Route> key_routes() { return k_routes; }

}  // namespace assay
