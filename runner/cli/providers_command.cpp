#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "configs/load_spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/stored_prompts.hpp"
#include "runner/engine/bind_providers.hpp"
#include "runner/report/grid.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_test_timeout{60};
constexpr std::string_view k_question = "Reply with the word OK and nothing else.";

Json settings_schema(const ProviderDefinition& definition) {
    if (definition.settings_schema.empty()) return Json::object();
    auto schema = parse_json(definition.settings_schema);
    ASSAY_ASSERT(schema.has_value(), "the schema of a provider is JSON");
    return std::move(*schema);
}

/// Every variable of the environment that the provider reads.
std::vector<std::string> variables_of(const ProviderDefinition& definition) {
    std::vector<std::string> names;
    for (const std::string_view name :
         {definition.api_key_variable, definition.base_url_variable}) {
        if (!name.empty()) names.emplace_back(name);
    }
    names.insert(names.end(), definition.variables.begin(), definition.variables.end());
    return names;
}

OrderedJson to_json(const ProviderDefinition& definition) {
    const ProviderSetup setup = setup_of(definition);
    const auto text_or_null = [](std::string_view text) {
        return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
    };
    OrderedJson json;
    json["id"] = definition.id;
    json["summary"] = definition.summary;
    json["configured"] = setup.missing.empty();
    json["missing"] = text_or_null(setup.missing);
    json["base_url"] = text_or_null(setup.base_url);
    json["api_key_variable"] = definition.api_key_variable;
    json["base_url_variable"] = definition.base_url_variable;
    json["variables"] = variables_of(definition);
    json["models"] = definition.is_model;
    json["embeddings"] = definition.embeds;
    json["example_model"] = text_or_null(definition.example_model);
    json["settings"] = settings_schema(definition).value("properties", Json::object());
    return json;
}

// ---- list and show ------------------------------------------------------------------------------

ExitCode list_providers(bool as_json, const Console& console) {
    OrderedJson list = OrderedJson::array();
    std::size_t width = 0;
    for (const ProviderDefinition* const definition : builtin_providers()) {
        list.push_back(to_json(*definition));
        width = std::max(width, definition->id.size());
    }
    if (as_json) {
        print_out(to_pretty_text(list));
        return ExitCode::ok;
    }
    print_out("Providers (assay providers show NAME explains one):\n");
    for (const ProviderDefinition* const definition : builtin_providers()) {
        const std::string missing = setup_of(*definition).missing;
        const std::string state = missing.empty() ? "ready" : fmt::format("needs {}", missing);
        const std::size_t columns = console.columns - width - 4;
        std::string_view name = definition->id;
        for (const std::string_view text : {definition->summary, std::string_view(state)}) {
            for (const std::string& line : wrap(text, columns)) {
                print_out(fmt::format("  {:<{}}  {}\n", name, width, line));
                name = "";
            }
        }
    }
    return ExitCode::ok;
}

void print_settings(const Json& settings, const Console& console) {
    if (settings.empty()) return;
    print_out("\nKeys of its own under `providers:`\n");
    for (const auto& [name, setting] : settings.items()) {
        const std::string choices =
            setting.contains("enum") ? fmt::format("{}. ", fmt::join(setting["enum"], ", ")) : "";
        print_out(fmt::format("  {}\n", name));
        const std::string text = choices + setting.value("description", std::string());
        for (const std::string& line : wrap(text, console.columns - 6)) {
            print_out(fmt::format("      {}\n", line));
        }
    }
}

void print_example(const ProviderDefinition& definition) {
    if (!definition.is_model) return;
    const bool needs_name = definition.example_model.empty();
    print_out("\nExample\n");
    if (needs_name) {
        print_out(
            fmt::format("  providers:\n    local: {{type: {}, base_url: "
                        "\"http://127.0.0.1:8000/v1\"}}\n",
                        definition.id));
    }
    print_out(fmt::format("  task: {{provider: \"{}:{}\", prompt: \"{{{{input}}}}\"}}\n",
                          needs_name ? "local" : definition.id,
                          needs_name ? "MODEL" : definition.example_model));
}

const ProviderDefinition* find_named(const std::string& name) {
    const ProviderDefinition* const definition = find_provider(name);
    if (definition != nullptr) return definition;
    std::vector<std::string> known;
    for (const ProviderDefinition* const each : builtin_providers()) known.emplace_back(each->id);
    (void)report_error({ErrorCode::not_found,
                        fmt::format("unknown provider \"{}\"{} (`assay providers` lists them)",
                                    name, did_you_mean(name, known))});
    return nullptr;
}

ExitCode show_provider(const ProvidersArguments& arguments, const Console& console) {
    const ProviderDefinition* const definition = find_named(arguments.name);
    if (definition == nullptr) return ExitCode::usage;
    if (arguments.json) {
        print_out(to_pretty_text(OrderedJson::array({to_json(*definition)})));
        return ExitCode::ok;
    }
    const ProviderSetup setup = setup_of(*definition);
    print_out(fmt::format("{}\n{}\n\n", definition->id, definition->summary));
    print_field("state", setup.missing.empty() ? "ready" : "needs " + setup.missing);
    if (!setup.base_url.empty()) print_field("address", setup.base_url);
    const std::vector<std::string> variables = variables_of(*definition);
    if (!variables.empty()) print_field("reads", fmt::format("{}", fmt::join(variables, ", ")));
    if (definition->is_model) {
        print_field("answers", definition->embeds ? "chats and embeddings" : "chats");
    }
    print_settings(settings_schema(*definition).value("properties", Json::object()), console);
    print_example(*definition);
    return ExitCode::ok;
}

// ---- test ---------------------------------------------------------------------------------------

/// What a small call came to.
struct Trial {
    std::string name;  ///< "openai:gpt-4.1-mini"
    CallOutcome outcome;
};

/// The spec whose connections may be named; without one there is the environment alone.
LoadedSpec loaded_spec(const ProvidersArguments& arguments) {
    return arguments.spec.empty()
               ? LoadedSpec()
               : load_spec(arguments.spec,
                           {.stored_prompts = stored_prompts(StoreArguments().store)});
}

/// "openai" stands for the model that its page names.
Result<std::string> model_named(const std::string& name, const ExperimentSpec& spec) {
    if (name.contains(':')) return name;
    const auto connection = spec.providers.find(name);
    const std::string type = connection == spec.providers.end() ? name : connection->second.type;
    const ProviderDefinition* const definition = find_provider(type);
    if (definition == nullptr || !definition->is_model) {
        std::vector<std::string> known = model_provider_ids();
        for (const auto& [other, settings] : spec.providers) known.push_back(other);
        return failure(ErrorCode::not_found,
                       fmt::format("unknown provider \"{}\"{} (`assay providers` lists them; "
                                   "--spec FILE adds those of a spec)",
                                   name, did_you_mean(name, known)));
    }
    if (definition->example_model.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("name a model as well, as in {}:MODEL", name));
    }
    return fmt::format("{}:{}", name, definition->example_model);
}

/// Some models only embed; their names say so.
ProviderRequest request_for(const ModelTarget& target) {
    const bool embeds = target.embeds && target.model.contains("embed");
    ProviderRequest request{.model = target.model};
    if (embeds) {
        request.texts = {"OK"};
    } else {
        request.messages = {{.role = "user", .content = k_question}};
    }
    return request;
}

CallOutcome call_once(const ModelTarget& target) {
    const SystemClock clock;
    CallLimiter limiter({}, clock);
    Budget budget({}, {}, clock.monotonic());
    Rng rng(1);
    Caller caller({.limiter = &limiter, .budget = &budget, .clock = &clock, .rng = &rng});
    CallTarget once = target.call;
    once.retries = 0;
    once.timeout = k_test_timeout;
    std::optional<CallOutcome> outcome;
    boost::asio::io_context loop{1};
    boost::asio::co_spawn(
        loop, caller.call(once, request_for(target), {clock.monotonic() + k_test_timeout}),
        [&](const std::exception_ptr& thrown, CallOutcome ended) {
            if (thrown) std::rethrow_exception(thrown);
            outcome = std::move(ended);
        });
    loop.run();
    target.call.provider->close();
    ASSAY_ASSERT(outcome.has_value(), "the loop runs until the call ended");
    return std::move(*outcome);
}

OrderedJson to_json(const Trial& trial) {
    OrderedJson json;
    json["id"] = trial.name;
    json["ok"] = trial.outcome.reply.has_value();
    if (!trial.outcome.reply) {
        json["error"] = trial.outcome.reply.error().message;
        return json;
    }
    const ProviderReply& reply = *trial.outcome.reply;
    json["model"] = reply.model;
    json["latency_ms"] = to_ms(trial.outcome.latency);
    json["tokens"] = reply.usage;
    json["cost_usd"] = reply.cost ? OrderedJson(to_usd(*reply.cost)) : OrderedJson(nullptr);
    json["error"] = nullptr;
    return json;
}

void print(const Trial& trial) {
    const ProviderReply& reply = *trial.outcome.reply;
    print_out(fmt::format("{} answers.\n", terminal_safe(trial.name)));
    if (!reply.model.empty()) print_field("model", reply.model);
    print_field("latency", fmt::format("{:.2f} s", to_ms(trial.outcome.latency) / 1000));
    std::vector<std::string> tokens;
    for (const auto& [kind, count] : reply.usage) {
        if (kind != "total" && count > 0) tokens.push_back(fmt::format("{} {}", count, kind));
    }
    print_field("tokens", tokens.empty() ? "not told" : fmt::format("{}", fmt::join(tokens, ", ")));
    print_field("cost", reply.cost ? fmt::format("${:.9f}", to_usd(*reply.cost))
                                   : "unknown: give the model a price under `providers:` or "
                                     "`prices:`");
}

Result<ExitCode> test_provider(const ProvidersArguments& arguments) {
    ASSAY_CHECK(read_env_file(arguments.env_file));
    LoadedSpec loaded = loaded_spec(arguments);
    ProviderBinder binder(loaded.spec, {});
    binder.check(loaded.spec, loaded.places, loaded.diagnostics);
    if (!loaded.diagnostics.empty()) return report_mistakes(loaded.diagnostics);
    ASSAY_TRY(const std::string name, model_named(arguments.name, loaded.spec));
    ASSAY_TRY(const ModelTarget target, binder.find(name));
    const Trial trial{.name = name, .outcome = call_once(target)};
    if (arguments.json) {
        print_out(to_pretty_text(OrderedJson::array({to_json(trial)})));
    } else if (trial.outcome.reply) {
        print(trial);
    } else {
        (void)report_error(trial.outcome.reply.error());
    }
    return trial.outcome.reply ? ExitCode::ok : ExitCode::incomplete;
}

}  // namespace

ExitCode providers_command(const ProvidersArguments& arguments, const Console& console) {
    const bool takes_name = arguments.action == "show" || arguments.action == "test";
    if (takes_name && arguments.name.empty()) {
        return report_error(
            {ErrorCode::invalid_argument,
             fmt::format("name a provider: assay providers {} NAME", arguments.action)});
    }
    if (arguments.action == "show") return show_provider(arguments, console);
    if (arguments.action == "test") return end_with(test_provider(arguments));
    return list_providers(arguments.json, console);
}

}  // namespace assay
