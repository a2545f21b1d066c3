#include "tests/unit/api/api_world.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace assay::test {
namespace {

using Names = std::map<std::string_view, std::string_view>;

/// What the parameters of paths name: a kind of thing.
const Names k_parameters = {{"traces/{traceId}", "trace"},
                            {"observations/{observationId}", "observation"},
                            {"sessions/{sessionId}", "session"},
                            {"scores/{scoreId}", "score"},
                            {"score-configs/{configId}", "config"},
                            {"datasets/{name}", "dataset"},
                            {"runs/{runName}", "run"},
                            {"dataset-items/{datasetItemId}", "item"},
                            {"prompts/{name}", "prompt"},
                            {"versions/{version}", "version"},
                            {"models/{id}", "model"},
                            {"projects/{projectId}", "project"},
                            {"organizations/{organizationId}", "organization"},
                            {"apiKeys/{apiKeyId}", "key"}};

/// What a route is sent beside its path; "<trace>" is the id of the trace.
struct Form {
    std::string_view query = {};
    std::string_view body = {};
    bool makes = false;
};

const std::map<std::string_view, Form> k_forms = {
    {"POST /api/public/ingestion",
     {.body = R"({"batch":[{"id":"e1","type":"trace-create","timestamp":"2026-11-01T09:00:00Z",)"
              R"("body":{"id":"<trace>","name":"changed"}},{"id":"e2","type":"span-create",)"
              R"("timestamp":"2026-11-01T09:00:00Z","body":{"id":"<observation>",)"
              R"("traceId":"<trace>","name":"changed"}},{"id":"e3","type":"score-create",)"
              R"("timestamp":"2026-11-01T09:00:00Z","body":{"id":"<score>","name":"n",)"
              R"("value":7,"traceId":"<trace>"}}]})",
      .makes = true}},
    {"POST /api/public/otel/v1/traces",
     {.body = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":)"
              R"("0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"changed",)"
              R"("startTimeUnixNano":"1793523600000000000","endTimeUnixNano":)"
              R"("1793523601000000000","attributes":[{"key":"langfuse.session.id","value":)"
              R"({"stringValue":"<session>"}}]}]}]}]})",
      .makes = true}},
    {"POST /api/public/otel/v1/metrics", {.body = "{}"}},
    {"POST /api/public/traces", {.body = R"({"id":"<trace>","name":"changed"})", .makes = true}},
    {"POST /api/public/events",
     {.body = R"({"traceId":"<trace>","name":"changed","startTime":"2026-11-01T09:00:00Z"})",
      .makes = true}},
    {"POST /api/public/spans",
     {.body = R"({"id":"<observation>","traceId":"<trace>","name":"changed"})", .makes = true}},
    {"POST /api/public/generations",
     {.body = R"({"id":"<observation>","traceId":"<trace>","name":"changed"})", .makes = true}},
    {"PATCH /api/public/spans",
     {.body = R"({"spanId":"<observation>","name":"changed"})", .makes = true}},
    {"PATCH /api/public/generations",
     {.body = R"({"generationId":"<observation>","name":"changed"})", .makes = true}},
    {"POST /api/public/scores",
     {.body = R"({"id":"<score>","traceId":"<trace>","name":"changed","value":7})", .makes = true}},
    {"POST /api/public/score-configs",
     {.body = R"({"name":"changed","dataType":"NUMERIC"})", .makes = true}},
    {"PATCH /api/public/score-configs/{configId}", {.body = R"({"description":"changed"})"}},
    {"POST /api/public/v2/datasets",
     {.body = R"({"name":"<dataset>","description":"changed"})", .makes = true}},
    {"POST /api/public/datasets",
     {.body = R"({"name":"<dataset>","description":"changed"})", .makes = true}},
    {"POST /api/public/dataset-items",
     {.body = R"({"id":"<item>","datasetName":"<dataset>","input":"changed"})"}},
    {"POST /api/public/dataset-run-items",
     {.body = R"({"runName":"<run>","datasetItemId":"<item>","traceId":"<trace>"})"}},
    {"GET /api/public/dataset-run-items", {.query = "?datasetId=<datasetId>&runName=<run>"}},
    {"GET /api/public/experiments", {.query = "?fromStartTime=2026-01-01T00:00:00Z"}},
    {"GET /api/public/experiment-items",
     {.query = "?fromStartTime=2026-01-01T00:00:00Z&fields=core,dataset,io,metadata"}},
    {"POST /api/public/v2/prompts",
     {.body = R"({"name":"<prompt>","prompt":"changed","labels":["production"]})", .makes = true}},
    {"POST /api/public/prompts",
     {.body = R"({"name":"<prompt>","prompt":"changed","isActive":true})", .makes = true}},
    {"GET /api/public/prompts", {.query = "?name=<prompt>"}},
    {"PATCH /api/public/v2/prompts/{name}/versions/{version}",
     {.body = R"({"newLabels":["changed"]})"}},
    {"POST /api/public/models",
     {.body = R"({"modelName":"changed","matchPattern":"changed","unit":"TOKENS",)"
              R"("inputPrice":1})",
      .makes = true}},
    {"PUT /api/public/models/{id}",
     {.body = R"({"modelName":"changed","matchPattern":"changed","unit":"TOKENS",)"
              R"("inputPrice":1})"}},
    {"DELETE /api/public/traces", {.body = R"({"traceIds":["<trace>"]})"}},
    {"POST /api/public/projects", {.body = R"({"name":"changed","retention":0})", .makes = true}},
    {"PUT /api/public/projects/{projectId}", {.body = R"({"name":"changed","retention":3})"}},
    {"PUT /api/admin/organizations/{organizationId}", {.body = R"({"name":"changed"})"}},
    {"POST /api/admin/organizations", {.body = R"({"name":"changed"})", .makes = true}},
    {"POST /api/admin/organizations/{organizationId}/apiKeys", {.body = R"({"note":"changed"})"}},
    {"POST /api/public/projects/{projectId}/apiKeys", {.body = R"({"note":"changed"})"}},
};

/// Filters by id of the lists, and what is written about other things.
constexpr std::string_view k_references[] = {
    "GET /api/public/traces?sessionId=<session>",
    "GET /api/public/traces?userId=user-1",
    "GET /api/public/observations?traceId=<trace>",
    "GET /api/public/observations?parentObservationId=<observation>",
    "GET /api/public/v2/observations?traceId=<trace>&fields=core,basic,io,metadata",
    "GET /api/public/v2/scores?traceId=<trace>",
    "GET /api/public/v2/scores?scoreIds=<score>",
    "GET /api/public/v2/scores?configId=<config>",
    "GET /api/public/v2/scores?observationId=<observation>",
    "GET /api/public/v3/scores?traceId=<trace>",
    "GET /api/public/v3/scores?sessionId=<session>",
    "GET /api/public/v3/scores?id=<score>",
    "GET /api/public/dataset-items?datasetName=<dataset>",
    "GET /api/public/dataset-items?sourceTraceId=<trace>",
    "GET /api/public/experiments?fromStartTime=2026-01-01T00:00:00Z&datasetId=<datasetId>",
    "GET /api/public/v2/prompts?name=<prompt>",
    R"(POST /api/public/dataset-run-items {"runName":"r","datasetItemId":"<item>",)"
    R"("observationId":"<observation>"})",
    R"(POST /api/public/scores {"traceId":"t","name":"number","value":1,"configId":"<config>"})",
    R"(POST /api/public/v2/prompts {"name":"user",)"
    R"("prompt":"@@@langfusePrompt:name=<prompt>|version=1@@@"})",
};

std::string query_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
        escaped +=
            is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return escaped;
}

}  // namespace

std::string unknown_like(std::string id) {
    id.back() = id.back() == '7' ? '8' : '7';
    return id;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
    return text;
}

ApiWorld::ApiWorld(ApiFixture& fixture, KeyRing keys, std::string canary)
    : fixture_(fixture), keys_(std::move(keys)), canary_(std::move(canary)) {
    fill();
}

Json ApiWorld::make(std::string_view method, const std::string& target, const Json& body) {
    const std::string authorization = target.starts_with("/api/admin") ? bearer(k_admin_key)
                                      : target.starts_with("/api/public/projects")
                                          ? basic(keys_.organization)
                                          : basic(keys_.project);
    const std::string headers = authorization + "Content-Type: application/json\r\n";
    const RawResponse response = fixture_.ask(method, target, headers, to_text(body));
    INFO(method << " " << target << " " << response.body);
    REQUIRE(response.status >= 200);
    REQUIRE(response.status < 300);
    return body_of(response);
}

void ApiWorld::fill() {
    // What a sender may name is the same in every world; the session shows in lists by its id only.
    const std::string text = "about " + canary_;
    const std::string session = "session-" + canary_;
    ids_ = {{"trace", "trace-1"},     {"observation", "observation-1"},
            {"score", "score-1"},     {"dataset", "data/set 1"},
            {"item", "item-1"},       {"run", "run: 1"},
            {"prompt", "folder/p-1"}, {"version", "1"},
            {"session", session}};
    const auto event = [](const char* type, const Json& body) {
        return Json{{"id", fmt::format("event-{}", type)},
                    {"type", type},
                    {"timestamp", "2026-11-01T09:00:00.000Z"},
                    {"body", body}};
    };
    const Json config = make("POST", "/api/public/score-configs",
                             {{"name", "number"}, {"dataType", "NUMERIC"}, {"description", text}});
    ids_["config"] = config.at("id");
    const Json answer = make("POST", "/api/public/ingestion",
                             {{"batch",
                               {event("trace-create", {{"id", "trace-1"},
                                                       {"name", text},
                                                       {"input", text},
                                                       {"sessionId", session},
                                                       {"userId", "user-1"},
                                                       {"tags", {canary_}}}),
                                event("span-create", {{"id", "observation-1"},
                                                      {"traceId", "trace-1"},
                                                      {"name", text},
                                                      {"startTime", "2026-11-01T09:00:00.000Z"},
                                                      {"output", text}}),
                                event("score-create", {{"id", "score-1"},
                                                       {"traceId", "trace-1"},
                                                       {"name", "number"},
                                                       {"value", 1},
                                                       {"configId", ids_["config"]},
                                                       {"comment", text}})}}});
    INFO(to_text(answer));
    REQUIRE(answer.at("errors").empty());
    const Json dataset =
        make("POST", "/api/public/v2/datasets", {{"name", ids_["dataset"]}, {"description", text}});
    ids_["datasetId"] = dataset.at("id");
    make("POST", "/api/public/dataset-items",
         {{"id", "item-1"}, {"datasetName", ids_["dataset"]}, {"input", text}});
    make("POST", "/api/public/dataset-run-items",
         {{"runName", ids_["run"]},
          {"runDescription", text},
          {"datasetItemId", "item-1"},
          {"traceId", "trace-1"}});
    make("POST", "/api/public/v2/prompts",
         {{"name", ids_["prompt"]}, {"prompt", text}, {"labels", {"production"}}});
    const Json model = make("POST", "/api/public/models",
                            {{"modelName", text},
                             {"matchPattern", "(?i)^mine$"},
                             {"unit", "TOKENS"},
                             {"inputPrice", 0.5}});
    ids_["model"] = model.at("id");
    const Json project = make("POST", "/api/public/projects",
                              {{"name", canary_ + "-" + random_hex(4)}, {"retention", 0}});
    ids_["project"] = project.at("id");
    const Json key =
        make("POST", "/api/public/projects/" + ids_["project"] + "/apiKeys", {{"note", text}});
    ids_["key"] = key.at("id");
    const Json organization = make("POST", "/api/admin/organizations", {{"name", text}});
    ids_["organization"] = organization.at("id");
}

std::string ApiWorld::filled(std::string_view text, Ids ids) const {
    std::string whole(text);
    const bool is_target = text.starts_with('/') || text.starts_with('?');
    for (const auto& [kind, id] : ids_) {
        // A version is unknown because its prompt is.
        const bool is_own = ids == Ids::own || kind == "version";
        const std::string named = is_own ? id : unknown_like(id);
        whole = replaced(whole, "<" + kind + ">", is_target ? query_escaped(named) : named);
    }
    return whole;
}

std::optional<ApiWorld::Call> ApiWorld::call_of(const Route& route, Ids ids) const {
    std::string target;
    std::string_view before;
    for (const std::string_view part : split(route.pattern.substr(1), '/')) {
        std::string shown(part);
        if (part.starts_with('{')) {
            const auto kind = k_parameters.find(fmt::format("{}/{}", before, part));
            if (kind == k_parameters.end()) return std::nullopt;
            shown = fmt::format("<{}>", kind->second);
        }
        target += "/" + shown;
        before = part;
    }
    const auto form = k_forms.find(fmt::format("{} {}", route.method, route.pattern));
    const bool needs_body = route.method != "GET" && route.method != "DELETE";
    if (form == k_forms.end() && needs_body) return std::nullopt;
    const Form sent = form == k_forms.end() ? Form{} : form->second;
    return Call{.method = std::string(route.method),
                .target = filled(target + std::string(sent.query), ids),
                .body = filled(sent.body, ids),
                .makes = sent.makes};
}

std::vector<ApiWorld::Call> ApiWorld::references(Ids ids) const {
    std::vector<Call> calls;
    for (const std::string_view text : k_references) {
        const std::size_t first = text.find(' ');
        const std::size_t second = text.find(" {");
        const bool has_body = second != std::string_view::npos;
        calls.push_back({.method = std::string(text.substr(0, first)),
                         .target = filled(text.substr(first + 1, second - first - 1), ids),
                         .body = has_body ? filled(text.substr(second + 1), ids) : ""});
    }
    return calls;
}

std::string ApiWorld::authorization(const Route& route, const KeyRing& keys) {
    switch (route.auth) {
        case RouteAuth::none: return "";
        case RouteAuth::project:
        case RouteAuth::project_or_admin:
        case RouteAuth::project_or_scores_key: return basic(keys.project);
        case RouteAuth::organization: return basic(keys.organization);
        case RouteAuth::admin: return bearer(k_admin_key);
    }
    std::unreachable();
}

std::string ApiWorld::without_ids(std::string text) const {
    for (const auto& [kind, id] : ids_) {
        if (kind == "version") continue;  // a digit stands everywhere
        for (const std::string& each : {id, unknown_like(id)}) {
            text = replaced(std::move(text), each, "<" + kind + ">");
        }
    }
    return text;
}

}  // namespace assay::test
