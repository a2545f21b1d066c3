#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "server/api/answer_job.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/resources/limits.hpp"
#include "server/resources/prompt_compose.hpp"
#include "server/resources/prompt_rules.hpp"
#include "server/resources/prompt_store.hpp"

// Prompts, and the older routes that know only whether a version is active.

namespace assay {
namespace {

constexpr std::int64_t k_list_limit = 10;
constexpr std::int64_t k_list_limit_max = 100;
constexpr std::int64_t k_version_max = std::numeric_limits<std::int32_t>::max();
constexpr std::array<std::string_view, 2> k_types = {"text", "chat"};
constexpr const char* k_author = "API";

/// What the routes of the two generations answer differently.
enum class Generation : std::uint8_t { first, second };

OrderedJson to_json(const PromptRecord& prompt, const ProjectId& project,
                    Generation generation = Generation::second) {
    OrderedJson json;
    json["id"] = prompt.id.value();
    json["createdAt"] = to_api_time(prompt.created);
    json["updatedAt"] = to_api_time(prompt.updated);
    json["projectId"] = project.value();
    json["createdBy"] = prompt.created_by;
    json["prompt"] = prompt.content;
    json["name"] = prompt.name;
    json["version"] = prompt.version;
    json["type"] = prompt.type;
    json["isActive"] = nullptr;
    if (generation == Generation::first) {
        json["isActive"] =
            std::ranges::find(prompt.labels, k_production_label) != prompt.labels.end();
    }
    json["config"] = prompt.config;
    json["tags"] = prompt.tags;
    json["labels"] = prompt.labels;
    json["commitMessage"] = or_null(prompt.commit_message);
    json["resolutionGraph"] = nullptr;
    return json;
}

OrderedJson to_json(const PromptSummary& prompt) {
    OrderedJson json;
    json["name"] = prompt.name;
    json["type"] = prompt.type;
    json["versions"] = prompt.versions;
    json["labels"] = prompt.labels;
    json["tags"] = prompt.tags;
    json["lastUpdatedAt"] = to_api_time(prompt.updated);
    json["lastConfig"] = prompt.last_config;
    return json;
}

std::string not_found_message(std::string_view name, const PromptSelector& selector) {
    std::string message = fmt::format("Prompt not found: '{}'", name);
    if (selector.version) message += fmt::format(" with version {}", *selector.version);
    if (selector.label) message += fmt::format(" with label '{}'", *selector.label);
    return message;
}

/// `version` and `label` of a query.
PromptSelector selector_of(QueryParameters& query) {
    return {.version = query.integer("version", 1, k_version_max), .label = query.text("label")};
}

Result<ApiResponse> answer_prompt(const RouteCall& call, Session& reader, const std::string& name,
                                  const PromptSelector& selector, bool resolve) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(auto prompt, read_prompt(reader, project, name, selector));
    if (!prompt) return error_response(call.errors, 404, not_found_message(name, selector));
    if (!resolve) return json_response(200, to_json(*prompt, call.project()));
    ASSAY_TRY(ResolvedPrompt resolved, resolve_prompt(reader, project, *prompt));
    prompt->content = std::move(resolved.content);
    OrderedJson json = to_json(*prompt, call.project());
    json["resolutionGraph"] = std::move(resolved.graph);
    return json_response(200, json);
}

Result<ApiResponse> get_prompt(const ApiContext& /*context*/, const RouteCall& call,
                               Session& reader) {
    QueryParameters query(call.request);
    PromptSelector selector = selector_of(query);
    const bool resolve = query.boolean("resolve").value_or(true);
    if (!query.ok()) return query.refusal();
    if (selector.version && selector.label) {
        return error_response(call.errors, 400, "Cannot specify both version and label");
    }
    if (!selector.version && !selector.label) selector.label = k_production_label;
    return answer_prompt(call, reader, call.parameter("name"), selector, resolve);
}

Result<ApiResponse> get_prompts(const ApiContext& /*context*/, const RouteCall& call,
                                Session& reader) {
    QueryParameters query(call.request);
    const PromptFilter filter{.name = query.text("name"),
                              .label = query.text("label"),
                              .tag = query.text("tag"),
                              .updated_from = query.time("fromUpdatedAt"),
                              .updated_to = query.time("toUpdatedAt"),
                              .version = query.integer("version", 1, k_version_max)};
    const Page page = query.page(k_list_limit, k_list_limit_max);
    if (!query.ok()) return query.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const PromptPage found,
              list_prompts(reader, project, filter, page.offset(), page.limit));
    OrderedJson data = OrderedJson::array();
    for (const PromptSummary& prompt : found.prompts) data.push_back(to_json(prompt));
    OrderedJson body;
    body["data"] = std::move(data);
    body["meta"] = page_meta(page, found.total);
    body["pagination"] = body["meta"];
    return json_response(200, body);
}

/// Labels of a body, each checked.
std::vector<std::string> read_labels(MemberReader& reader, const char* name) {
    std::vector<std::string> labels = reader.texts(name).value_or(std::vector<std::string>());
    if (labels.size() > limits::k_prompt_labels_max) {
        reader.refuse(name, "too_big",
                      fmt::format("Too big: at most {} labels", limits::k_prompt_labels_max));
    }
    for (const std::string& label : labels) {
        const auto checked = check_prompt_label(label);
        if (!checked) reader.refuse(name, "invalid_format", checked.error().message);
    }
    return labels;
}

NewPrompt read_new_prompt(MemberReader reader) {
    NewPrompt prompt{.name = reader.text("name").value_or(""),
                     .type = reader.choice("type", k_types).value_or("text"),
                     .content = {},
                     .created_by = k_author,
                     .commit_message = reader.text("commitMessage"),
                     .labels = read_labels(reader, "labels"),
                     .tags = reader.texts("tags")};
    if (reader.find("name").is_null()) {
        (void)reader.required_text("name");
    } else if (const auto checked = check_prompt_name(prompt.name);
               !checked && reader.find("name").is_string()) {
        reader.refuse("name", "custom", checked.error().message);
    }
    auto content = normalise_prompt(prompt.type, reader.find("prompt"));
    if (content) {
        prompt.content = std::move(*content);
    } else {
        reader.refuse("prompt", "custom", content.error().message);
    }
    if (!reader.find("config").is_null()) prompt.config = reader.find("config");
    if (prompt.tags && prompt.tags->size() > limits::k_prompt_tags_max) {
        reader.refuse("tags", "too_big",
                      fmt::format("Too big: at most {} tags", limits::k_prompt_tags_max));
    }
    if (reader.boolean("isActive").value_or(false)) {
        prompt.labels.emplace_back(k_production_label);
    }
    return prompt;
}

Result<WriteJob> create_prompt(const ApiContext& context, const RouteCall& call,
                               Generation generation) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    std::vector<Invalid> faults;
    NewPrompt prompt = read_new_prompt(MemberReader(body, faults));
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [prompt = std::move(prompt), project = call.project(), now = context.clock.now(),
            generation](Session& writer) mutable -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.ensure_project(project));
        ASSAY_TRY(const PromptRecord made, add_prompt(writer, row, std::move(prompt), now));
        return json_response(201, to_json(made, project, generation));
    };
}

Result<WriteJob> post_prompt(const ApiContext& context, const RouteCall& call) {
    return create_prompt(context, call, Generation::second);
}

Result<WriteJob> patch_labels(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    std::vector<Invalid> faults;
    MemberReader reader(body, faults);
    const std::vector<std::string> labels = read_labels(reader, "newLabels");
    if (reader.find("newLabels").is_null()) {
        reader.refuse("newLabels", "invalid_type", "Invalid input: expected array");
    }
    if (std::ranges::find(labels, k_latest_label) != labels.end()) {
        reader.refuse("newLabels", "custom",
                      "Label 'latest' is always assigned to the latest prompt version");
    }
    const Json version = parse_json(call.parameter("version")).value_or(Json());
    const bool is_version =
        version.is_number_unsigned() && version >= 1 && version <= k_version_max;
    if (!is_version) {
        faults.push_back({"invalid_type", {"promptVersion"}, "Invalid input: expected a version"});
    }
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [labels, name = call.parameter("name"), number = version.get<std::int64_t>(),
            project = call.project(),
            now = context.clock.now()](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const auto prompt, add_prompt_labels(writer, row, name, number, labels, now));
        if (prompt) return json_response(200, to_json(*prompt, project));
        return failure(ErrorCode::not_found, not_found_message(name, {.version = number}));
    };
}

Result<WriteJob> delete_prompts(const ApiContext& context, const RouteCall& call) {
    QueryParameters query(call.request);
    PromptSelector selector = selector_of(query);
    if (!query.ok()) return answer_job(query.refusal());
    return [selector = std::move(selector), name = call.parameter("name"), project = call.project(),
            now = context.clock.now()](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const std::int64_t removed, remove_prompts(writer, row, name, selector, now));
        if (removed == 0) return failure(ErrorCode::not_found, not_found_message(name, selector));
        return ApiResponse{.status = 204, .content_type = {}, .body = {}, .headers = {}};
    };
}

Result<ApiResponse> get_first_prompt(const ApiContext& /*context*/, const RouteCall& call,
                                     Session& reader) {
    QueryParameters query(call.request);
    const auto name = query.text("name");
    if (!name) query.refuse("name", "invalid_type", "Invalid input: expected string");
    PromptSelector selector{.version = query.integer("version", 1, k_version_max)};
    if (!query.ok()) return query.refusal();
    if (!selector.version) selector.label = k_production_label;
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto prompt, read_prompt(reader, project, *name, selector));
    if (!prompt) return error_response(call.errors, 404, "Prompt not found");
    return json_response(200, to_json(*prompt, call.project(), Generation::first));
}

Result<WriteJob> post_first_prompt(const ApiContext& context, const RouteCall& call) {
    return create_prompt(context, call, Generation::first);
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/v2/prompts", RouteAuth::project, ReadHandler{&get_prompts},
          "Prompts by name, with their versions and labels"},
    Route{"POST", "/api/public/v2/prompts", RouteAuth::project, WriteHandler{&post_prompt},
          "Make the next version of a prompt"},
    Route{"GET", "/api/public/v2/prompts/{name}", RouteAuth::project, ReadHandler{&get_prompt},
          "One version of a prompt: by version, by label, or the one in production"},
    Route{"DELETE", "/api/public/v2/prompts/{name}", RouteAuth::project,
          WriteHandler{&delete_prompts}, "Remove versions of a prompt"},
    Route{"PATCH", "/api/public/v2/prompts/{name}/versions/{version}", RouteAuth::project,
          WriteHandler{&patch_labels}, "Move labels to a version of a prompt"},
    Route{"GET", "/api/public/prompts", RouteAuth::project, ReadHandler{&get_first_prompt},
          "One version of a prompt: by version, or the active one"},
    Route{"POST", "/api/public/prompts", RouteAuth::project, WriteHandler{&post_first_prompt},
          "Make the next version of a prompt, active or not"},
};

}  // namespace

std::span<const Route> prompt_routes() { return k_routes; }

}  // namespace assay
