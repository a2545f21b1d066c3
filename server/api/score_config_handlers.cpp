#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/resources/score_configs.hpp"

// Score configs: what scores must be. They are archived, never removed, as scores name them.

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 16;
constexpr std::size_t k_name_characters_max = 35;
constexpr std::array<std::string_view, 4> k_data_types = {"NUMERIC", "BOOLEAN", "CATEGORICAL",
                                                          "TEXT"};
constexpr const char* k_not_found = "Score config not found within authorized project";

OrderedJson to_json(const ProjectId& project, const ScoreConfig& config) {
    OrderedJson categories;
    for (const ScoreCategory& category : config.categories) {
        categories.push_back({{"label", category.label}, {"value", category.value}});
    }
    OrderedJson json;
    json["id"] = config.id.value();
    json["createdAt"] = to_api_time(config.created);
    json["updatedAt"] = to_api_time(config.updated);
    json["projectId"] = project.value();
    json["name"] = config.name;
    json["dataType"] = config.data_type;
    json["isArchived"] = config.is_archived;
    json["minValue"] = or_null(config.min_value);
    json["maxValue"] = or_null(config.max_value);
    json["categories"] = std::move(categories);
    json["description"] = or_null(config.description);
    return json;
}

bool is_name_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || std::string_view(" _.()-").contains(character);
}

void check_name(const ScoreConfig& config, MemberReader& reader) {
    if (config.name.empty() || config.name.size() > k_name_characters_max) {
        reader.refuse("name", "too_big", "The name must have 1 to 35 characters");
    } else if (!std::ranges::all_of(config.name, is_name_character)) {
        reader.refuse("name", "invalid_format",
                      "The name may have letters, digits, spaces, underscores, periods, "
                      "parentheses and hyphens only");
    }
}

void check_bounds(const ScoreConfig& config, MemberReader& reader) {
    if (config.data_type != "NUMERIC" && (config.min_value || config.max_value)) {
        reader.refuse(config.min_value ? "minValue" : "maxValue", "custom",
                      "Only a NUMERIC score config has a minimum and a maximum");
    }
    if (config.min_value && config.max_value && *config.min_value >= *config.max_value) {
        reader.refuse("maxValue", "custom", "The maximum must be greater than the minimum");
    }
}

void check_categories(const ScoreConfig& config, MemberReader& reader) {
    const bool is_categorical = config.data_type == "CATEGORICAL";
    if (is_categorical && config.categories.empty()) {
        reader.refuse("categories", "custom", "A CATEGORICAL score config needs categories");
    }
    if (!is_categorical && config.data_type != "BOOLEAN" && !config.categories.empty()) {
        reader.refuse("categories", "custom", "Only a CATEGORICAL score config has categories");
    }
    std::set<std::string_view> labels;
    std::set<double> values;
    for (const ScoreCategory& category : config.categories) {
        labels.insert(category.label);
        values.insert(category.value);
    }
    if (labels.size() < config.categories.size() || values.size() < config.categories.size()) {
        reader.refuse("categories", "custom",
                      "The labels of categories must differ, and so must their values");
    }
}

void check(const ScoreConfig& config, MemberReader& reader) {
    check_name(config, reader);
    check_bounds(config, reader);
    check_categories(config, reader);
}

std::vector<ScoreCategory> read_categories(MemberReader& reader, const Json& list) {
    std::vector<ScoreCategory> categories;
    for (std::size_t i = 0; i < list.size(); ++i) {
        MemberReader element = reader.element("categories", i);
        ScoreCategory category{.label = element.required_text("label")};
        const auto value = element.number("value");
        if (!value && element.find("value").is_null()) {
            element.refuse("value", "invalid_type", "Invalid input: expected number");
        }
        category.value = value.value_or(0);
        categories.push_back(std::move(category));
    }
    return categories;
}

/// Puts what the body says over the config. A null clears what may be missing.
void change(ScoreConfig& config, MemberReader& reader, const Json& body) {
    config.name = reader.text("name").value_or(std::move(config.name));
    config.is_archived = reader.boolean("isArchived").value_or(config.is_archived);
    const auto minimum = reader.number("minValue");
    if (body.contains("minValue")) config.min_value = minimum;
    const auto maximum = reader.number("maxValue");
    if (body.contains("maxValue")) config.max_value = maximum;
    auto description = reader.text("description");
    if (body.contains("description")) config.description = std::move(description);
    if (const Json* const list = reader.array("categories")) {
        config.categories = read_categories(reader, *list);
    }
    if (config.data_type == "BOOLEAN") {
        config.categories = {{.label = "True", .value = 1}, {.label = "False", .value = 0}};
    }
}

Result<ApiResponse> get_score_configs(const ApiContext& /*context*/, const RouteCall& call,
                                      Session& reader) {
    QueryParameters query(call.request);
    const Page page = query.page();
    if (!query.ok()) return query.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto list, list_score_configs(reader, project, {page.offset(), page.limit}));
    OrderedJson data = OrderedJson::array();
    for (const ScoreConfig& config : list.configs) data.push_back(to_json(call.project(), config));
    return page_response(std::move(data), page, list.total);
}

Result<ApiResponse> get_score_config(const ApiContext& /*context*/, const RouteCall& call,
                                     Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto config,
              find_score_config(reader, project, ScoreConfigId(call.parameter("configId"))));
    if (!config) return error_response(call.errors, 404, k_not_found);
    return json_response(200, to_json(call.project(), *config));
}

Result<WriteJob> post_score_config(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    const Time now = context.clock.now();
    ScoreConfig config{.id = ScoreConfigId(random_hex(k_id_bytes)),
                       .name = {},
                       .data_type = {},
                       .created = now,
                       .updated = now};
    std::vector<Invalid> faults;
    MemberReader reader(body, faults);
    const auto data_type = reader.choice("dataType", k_data_types);
    if (!data_type && faults.empty()) {
        reader.refuse("dataType", "invalid_type", "Invalid input: expected string");
    }
    config.data_type = data_type.value_or("");
    change(config, reader, body);
    if (faults.empty()) check(config, reader);
    if (!faults.empty()) return answer_job(invalid_data(faults));
    return [config = std::move(config),
            project = call.project()](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.ensure_project(project));
        ASSAY_CHECK(put_score_config(writer, row, config));
        return json_response(200, to_json(project, config));
    };
}

/// A change of a score config, on its way to the store.
struct ScoreConfigChange {
    ScoreConfigId id;
    Json body;
    ProjectId project;
    Time now;
};

Result<ApiResponse> apply(Session& writer, const ScoreConfigChange& wanted) {
    ASSAY_TRY(const std::int64_t row, writer.find_project(wanted.project));
    ASSAY_TRY(auto config, find_score_config(writer, row, wanted.id));
    if (!config) return failure(ErrorCode::not_found, k_not_found);
    std::vector<Invalid> faults;
    MemberReader reader(wanted.body, faults);
    if (reader.choice("dataType", k_data_types).value_or(config->data_type) != config->data_type) {
        reader.refuse("dataType", "custom", "The data type of a score config cannot be changed");
    }
    change(*config, reader, wanted.body);
    if (faults.empty()) check(*config, reader);
    if (!faults.empty()) return invalid_data(faults);
    config->updated = wanted.now;
    ASSAY_CHECK(put_score_config(writer, row, *config));
    return json_response(200, to_json(wanted.project, *config));
}

Result<WriteJob> patch_score_config(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Json body, parse_object(call.request));
    if (body.empty()) {
        return answer_job(invalid_data(
            Invalid{.code = "custom", .path = {}, .message = "The body says nothing to change"}));
    }
    return [wanted = ScoreConfigChange{.id = ScoreConfigId(call.parameter("configId")),
                                       .body = std::move(body),
                                       .project = call.project(),
                                       .now = context.clock.now()}](Session& writer) {
        return apply(writer, wanted);
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/score-configs", RouteAuth::project, ReadHandler{&get_score_configs},
          "The score configs of the project"},
    Route{"POST", "/api/public/score-configs", RouteAuth::project, WriteHandler{&post_score_config},
          "Make a score config"},
    Route{"GET", "/api/public/score-configs/{configId}", RouteAuth::project,
          ReadHandler{&get_score_config}, "A score config"},
    Route{"PATCH", "/api/public/score-configs/{configId}", RouteAuth::project,
          WriteHandler{&patch_score_config}, "Change or archive a score config"},
};

}  // namespace

std::span<const Route> score_config_routes() { return k_routes; }

}  // namespace assay
