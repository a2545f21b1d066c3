#include "runner/engine/bind_providers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "configs/spec_parts.hpp"
#include "core/base/files.hpp"
#include "evaluators/code_program.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

std::string environment_value(std::string_view name) {
    if (name.empty()) return {};
    const char* const value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::string() : value;
}

/// Whether the type alone does not say where the server is.
bool needs_address(const ProviderDefinition& definition) {
    return definition.is_model && definition.default_base_url.empty() &&
           definition.base_url_variable.empty() && definition.missing == nullptr;
}

std::string problem_of_name(std::string_view what, std::string_view name,
                            const std::vector<std::string>& known) {
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) hint = fmt::format("; known here: {}", fmt::join(known, ", "));
    return fmt::format("unknown {} \"{}\"{}", what, name, hint);
}

/// "" when there is enough for a call, else the end of "the provider ... needs".
std::string missing_for_call(const ProviderDefinition& definition, const ProviderSettings& settings,
                             bool has_own_address) {
    if (definition.missing != nullptr) return definition.missing(settings);
    const bool key_missing =
        definition.key_required && !has_own_address && settings.api_key.empty();
    if (!key_missing) return {};
    return fmt::format("a key: set {} or name an `api_key` under `providers:`",
                       definition.api_key_variable);
}

/// What the environment says of a type of provider.
ProviderSettings settings_from_environment(const ProviderDefinition& definition) {
    ProviderSettings settings{.name = std::string(definition.id),
                              .base_url = environment_value(definition.base_url_variable),
                              .api_key = Secret(environment_value(definition.api_key_variable)),
                              .options = Json::object()};
    for (const std::string_view variable : definition.variables) {
        std::string value = environment_value(variable);
        if (!value.empty()) settings.environment.emplace(variable, Secret(std::move(value)));
    }
    return settings;
}

/// Stands in where nothing will be called and something is missing for it.
class Unconfigured final : public Provider {
  public:
    explicit Unconfigured(std::string problem) : problem_(std::move(problem)) {}
    Task<ProviderReply> call(ProviderRequest /*request*/, Deadline /*deadline*/) override {
        co_return failure(ErrorCode::unauthenticated, problem_);
    }

  private:
    std::string problem_;
};

Json built_in_schema(std::string_view text) {
    if (text.empty()) return {{"type", "object"}, {"properties", Json::object()}};
    auto schema = parse_json(text);
    ASSAY_ASSERT(schema.has_value(), "the schema of a provider is JSON");
    return std::move(*schema);
}

}  // namespace

struct ProviderBinder::Connection {
    std::shared_ptr<Provider> provider;  // shared with the tasks that call it
    ConnectionPrices prices;
    std::string problem;  ///< what is missing for a call, as a sentence; "" = nothing
    bool embeds = false;
};

/// Looks for what is wrong with the parts of a spec that concern providers.
class ProviderBinder::Checks {
  public:
    Checks(const ProviderBinder& binder, const SourceMap& places, Diagnostics& diagnostics)
        : binder_(binder), places_(places), diagnostics_(diagnostics) {}

    void check(const ProviderSpec& connection);
    void check(const TaskSpec& task);
    void check_limit(const std::string& name);

  private:
    void check_own_keys(const ProviderSpec& connection, const Json& schema);
    /// What is wrong with a name before a colon; "" = nothing.
    [[nodiscard]] std::string problem_of(const std::string& name) const;
    void mistake(const std::string& pointer, std::string message) {
        diagnostics_.push_back({places_.find(pointer), std::move(message)});
    }

    const ProviderBinder& binder_;
    const SourceMap& places_;
    Diagnostics& diagnostics_;
};

void ProviderBinder::Checks::check(const ProviderSpec& connection) {
    if (connection.type.empty()) return;  // reported when it was loaded
    const ProviderDefinition* const definition = find_provider(connection.type);
    if (definition == nullptr || !definition->is_model) {
        mistake(pointer_to(connection.pointer, "type"),
                problem_of_name("provider type", connection.type, model_provider_ids()));
        return;
    }
    if (connection.base_url.empty() && needs_address(*definition)) {
        diagnostics_.push_back(
            {places_.find_key(connection.pointer),
             fmt::format("`providers.{}` needs the key `base_url`", connection.name)});
    }
    check_own_keys(connection, built_in_schema(definition->settings_schema));
}

void ProviderBinder::Checks::check_own_keys(const ProviderSpec& connection, const Json& schema) {
    const SpecReader own(connection.own, connection.pointer, {&places_, &diagnostics_});
    KnownNames known = {.names = provider_keys()};
    for (const auto& [key, property] : schema.value("properties", Json::object()).items()) {
        known.names.push_back(key);
    }
    (void)own.expect_map(known);
    const auto compiled = JsonSchema::compile(schema);
    ASSAY_ASSERT(compiled.has_value(), "the schema of a provider compiles");
    const auto violations = compiled->validate(connection.own);
    if (!violations) return mistake(connection.pointer, violations.error().message);
    for (const JsonSchema::Violation& violation : *violations) {
        const bool reported =
            violation.pointer.empty() && violation.keyword == "additionalProperties";
        if (reported) continue;
        const std::string pointer = connection.pointer + violation.pointer;
        const std::string title = SpecReader(connection.own, pointer, own.source()).title();
        mistake(pointer, violation.keyword == "required"
                             ? fmt::format("{} needs the key `{}`", title, violation.property)
                             : fmt::format("{} {}{}", title, violation.message,
                                           did_you_mean(violation.property, violation.known)));
    }
}

void ProviderBinder::Checks::check(const TaskSpec& task) {
    for (const StepSpec& step : task.steps) check(step.task);
    if (task.form != TaskForm::provider || task.provider.empty()) return;
    const std::string problem = problem_of(task.provider);
    if (!problem.empty()) mistake(task.pointer, problem);
}

std::string ProviderBinder::Checks::problem_of(const std::string& name) const {
    if (binder_.specs_.contains(name)) return {};  // what is wrong with it is told there
    const auto named = binder_.named(name);
    return named ? std::string() : named.error().message;
}

void ProviderBinder::Checks::check_limit(const std::string& name) {
    const std::string problem = problem_of(name.substr(0, name.find(':')));
    if (problem.empty()) return;
    const std::string pointer = pointer_to("/execution/rate_limits", name);
    diagnostics_.push_back({places_.find_key(pointer), problem});
}

ProviderBinder::ProviderBinder(const ExperimentSpec& spec, KeysNeeded keys_needed)
    : specs_(spec.providers),
      folder_(spec.folder),
      workers_max_(spec.execution.concurrency),
      retries_(spec.execution.retries),
      keys_needed_(keys_needed) {
    const bool is_called = spec.execution.cache != CacheMode::replay;
    keys_needed_.by_tasks &= is_called;
    keys_needed_.by_judges &= is_called;
}

ProviderBinder::~ProviderBinder() = default;

void ProviderBinder::check(const ExperimentSpec& spec, const SourceMap& places,
                           Diagnostics& diagnostics) {
    Checks checks(*this, places, diagnostics);
    for (const auto& [name, connection] : spec.providers) checks.check(connection);
    for (const VariantSpec& variant : spec.variants) checks.check(variant.task);
    for (const auto& [name, limit] : spec.execution.rate_limits) checks.check_limit(name);
    if (spec.prices.empty()) return;
    const auto text = read_file(spec.prices, limits::k_spec_bytes_max);
    auto table = text ? PriceTable::parse(*text, spec.prices.string())
                      : Result<PriceTable>(std::unexpected(text.error()));
    if (table) {
        own_prices_ = std::move(*table);
    } else {
        diagnostics.push_back({{}, table.error().message});
    }
}

Result<ProviderBinder::Named> ProviderBinder::named(const std::string& name) const {
    const auto spec = specs_.find(name);
    const ProviderSpec* const connection = spec == specs_.end() ? nullptr : &spec->second;
    const ProviderDefinition* const definition =
        find_provider(connection == nullptr ? name : connection->type);
    if (definition == nullptr || !definition->is_model) {
        std::vector<std::string> known = model_provider_ids();
        if (connection != nullptr) {
            return failure(ErrorCode::invalid_argument,
                           problem_of_name("provider type", connection->type, known));
        }
        for (const auto& [other, settings] : specs_) {
            if (find_provider(other) == nullptr) known.push_back(other);
        }
        return failure(ErrorCode::invalid_argument, problem_of_name("provider", name, known));
    }
    if (connection == nullptr && needs_address(*definition)) {
        return failure(ErrorCode::invalid_argument,
                       "an OpenAI-compatible endpoint needs an address: give it a name with a "
                       "`base_url` under `providers`, and write \"name:model\" here");
    }
    return Named{.definition = definition, .spec = connection};
}

ProviderSettings ProviderBinder::settings_of(const std::string& name, const Named& named) const {
    ProviderSettings settings = settings_from_environment(*named.definition);
    settings.name = name;
    settings.folder = folder_;  // paths in the settings are relative to the spec
    if (named.spec != nullptr) {
        if (!named.spec->base_url.empty()) settings.base_url = named.spec->base_url;
        if (!named.spec->api_key.empty()) settings.api_key = named.spec->api_key;
        settings.headers = named.spec->headers;
        settings.options = named.spec->options;
        settings.own = named.spec->own;
        settings.proxy = named.spec->proxy;
        settings.ca_file = named.spec->ca_file.string();
    }
    return settings;
}

Result<std::unique_ptr<ProviderBinder::Connection>> ProviderBinder::connect(
    const std::string& name) {
    ASSAY_TRY(const Named found, named(name));
    ProviderSettings settings = settings_of(name, found);
    const bool has_own_address = !settings.base_url.empty();
    if (!has_own_address) settings.base_url = found.definition->default_base_url;
    const std::string missing = missing_for_call(*found.definition, settings, has_own_address);
    std::string problem;
    if (!missing.empty()) problem = fmt::format("the provider \"{}\" needs {}", name, missing);

    ConnectionPrices::Sources sources;
    if (found.spec != nullptr) sources.connection = found.spec->price;
    if (own_prices_) sources.tables.push_back(&*own_prices_);
    auto made = found.definition->make(std::move(settings));
    if (!made && problem.empty()) return std::unexpected(std::move(made.error()));
    std::shared_ptr<Provider> provider;
    if (made) {
        provider = std::move(*made);
    } else {
        provider = std::make_shared<Unconfigured>(problem);
    }
    return std::make_unique<Connection>(
        std::move(provider),
        ConnectionPrices(std::string(found.definition->id), std::move(sources)), std::move(problem),
        found.definition->embeds);
}

Result<ProviderBinder::Connection*> ProviderBinder::connection_of(const std::string& name,
                                                                  bool by_judge) {
    auto known = connections_.find(name);
    if (known == connections_.end()) {
        ASSAY_TRY(auto connection, connect(name));
        providers_.push_back(connection->provider);
        Json identity = connection->provider->identity();
        if (!identity.is_null()) identities_[name] = std::move(identity);
        known = connections_.emplace(name, std::move(connection)).first;
    }
    Connection& connection = *known->second;
    const bool is_called = by_judge ? keys_needed_.by_judges : keys_needed_.by_tasks;
    if (is_called && !connection.problem.empty()) {
        return failure(ErrorCode::unauthenticated, connection.problem);
    }
    return &connection;
}

void ProviderBinder::remember(const CallLane& lane, const Connection& connection) {
    models_.insert_or_assign(lane, Model{.name = fmt::format("{}:{}", lane.provider, lane.model),
                                         .model = lane.model,
                                         .prices = &connection.prices,
                                         .by_judge = lane.is_judge});
}

Result<TaskProvider> ProviderBinder::for_task(const TaskSpec& task) {
    if (task.form != TaskForm::provider) return program_or_service(task);
    ASSAY_TRY(const Connection* const connection, connection_of(task.provider, false));
    remember({.provider = task.provider, .model = task.model}, *connection);
    return TaskProvider{
        .provider = connection->provider, .prices = &connection->prices, .retries = retries_};
}

Result<TaskProvider> ProviderBinder::program_or_service(const TaskSpec& task) {
    const bool is_program = task.form == TaskForm::command;
    const std::string key = is_program ? to_text(Json({task.command, task.once})) : "";
    if (const auto known = others_.find(key); known != others_.end()) {
        return TaskProvider{.provider = known->second, .retries = retries_};
    }
    ProviderSettings settings{.name = is_program ? "command" : "http"};
    if (is_program) {
        settings.command = task.command;
        settings.folder = folder_;
        settings.once = task.once;
        settings.workers_max = workers_max_;
    }
    ASSAY_TRY(std::shared_ptr<Provider> provider,
              find_provider(settings.name)->make(std::move(settings)));
    if (is_program) {
        // A program that lies beside the spec is one of its own files; one from elsewhere is
        // installed.
        std::vector<std::string> files = task.command;
        if (std::filesystem::path(files.front()).is_relative()) files.insert(files.begin(), "");
        const std::string hash = fingerprint_of_command(files, folder_);
        if (!hash.empty()) {
            identities_[fmt::format("{}", fmt::join(task.command, " "))] = {{"kind", "command"},
                                                                            {"files_sha256", hash}};
        }
    }
    others_.emplace(key, provider);
    providers_.push_back(provider);
    return TaskProvider{.provider = std::move(provider), .retries = retries_};
}

Result<ModelTarget> ProviderBinder::find(std::string_view name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a model is named by its provider and itself, as in "
                                   "\"openai:gpt-4.1-mini\", not \"{}\"",
                                   name));
    }
    const CallLane lane{.provider = std::string(name.substr(0, colon)),
                        .model = std::string(name.substr(colon + 1)),
                        .is_judge = true};
    ASSAY_TRY(const Connection* const connection, connection_of(lane.provider, true));
    remember(lane, *connection);
    return ModelTarget{.call = {.provider = connection->provider.get(),
                                .lane = lane,
                                .prices = &connection->prices,
                                .retries = retries_},
                       .model = lane.model,
                       .embeds = connection->embeds};
}

std::vector<ProviderBinder::Model> ProviderBinder::models() const {
    std::vector<Model> all;
    for (const auto& [lane, model] : models_) all.push_back(model);
    return all;
}

ProviderSetup setup_of(const ProviderDefinition& definition) {
    ProviderSettings settings = settings_from_environment(definition);
    if (settings.base_url.empty() && needs_address(definition)) {
        return {.missing = "a `base_url` under `providers:`"};
    }
    const bool has_own_address = !settings.base_url.empty();
    if (!has_own_address) settings.base_url = definition.default_base_url;
    return {.base_url = settings.base_url,
            .missing = missing_for_call(definition, settings, has_own_address)};
}

std::vector<std::string> model_provider_ids() {
    std::vector<std::string> ids;
    for (const ProviderDefinition* const definition : builtin_providers()) {
        if (definition->is_model) ids.emplace_back(definition->id);
    }
    return ids;
}

}  // namespace assay
