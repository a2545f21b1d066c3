#include "runner/engine/bind_providers.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

constexpr const char* k_rows = "{\"input\": \"a\", \"expected_output\": \"b\"}\n";

/// A spec with these lines and a recorded task, if they name none.
SpecFolder folder_of(const std::string& lines,
                     const std::map<std::string, std::string>& files = {}) {
    std::map<std::string, std::string> all = files;
    all.emplace("rows.jsonl", k_rows);
    const bool has_task = lines.contains("task:");
    return {"experiment: e\ndataset: rows.jsonl\n" +
                std::string(has_task ? "" : "task: {recorded: \"$.input\"}\n") + lines,
            all};
}

std::string mistakes_of(const std::string& lines,
                        const std::map<std::string, std::string>& files = {}) {
    return folder_of(lines, files).mistakes();
}

std::string known_types() {
    std::string text;
    for (const std::string& id : model_provider_ids()) text += (text.empty() ? "" : ", ") + id;
    return text;
}

/// Sets a variable of the environment and restores it.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) {
        const char* const before = std::getenv(name);
        if (before != nullptr) before_ = before;
        set(value);
    }
    ~Variable() { set(before_ ? before_->c_str() : nullptr); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    void set(const char* value) {
        if (value == nullptr) {
            ::unsetenv(name_);
        } else {
            ::setenv(name_, value, 1);
        }
    }

    const char* name_;
    std::optional<std::string> before_;
};

ProviderBinder binder_of(const SpecFolder& folder, ProviderBinder::KeysNeeded keys = {}) {
    const LoadedSpec loaded = load_spec(folder.folder.path() / "spec.yaml", {});
    REQUIRE(to_string(loaded.diagnostics) == "");
    return {loaded.spec, keys};
}

}  // namespace

TEST_CASE("bind providers: an unknown type is named with its place and the nearest one",
          "[engine]") {
    CHECK(mistakes_of("providers:\n  a: {type: opena}\n  b: {type: command}\n") ==
          "spec.yaml:5:13: unknown provider type \"opena\"; did you mean \"openai\"?\n"
          "spec.yaml:6:13: unknown provider type \"command\"; known here: " +
              known_types());
}

TEST_CASE("bind providers: a connection that is wrong is told once and not by all who use it",
          "[engine]") {
    CHECK(mistakes_of("providers: {a: {type: opena}}\n"
                      "execution: {rate_limits: {\"a:m\": {rpm: 1}}}\n"
                      "task: {provider: \"a:m\", prompt: x}\n") ==
          "spec.yaml:3:23: unknown provider type \"opena\"; did you mean \"openai\"?");
}

TEST_CASE("bind providers: an unknown provider of a task is named with the nearest one",
          "[engine]") {
    CHECK(mistakes_of("providers: {local: {type: ollama}}\n"
                      "task: {provider: \"openia:gpt\", prompt: x}\n") ==
          "spec.yaml:4:18: unknown provider \"openia\"; did you mean \"openai\"?");
    CHECK(mistakes_of("providers: {local: {type: ollama}}\n"
                      "task:\n  steps: [{id: a, provider: \"locl:m\", prompt: x}]\n") ==
          "spec.yaml:5:29: unknown provider \"locl\"; did you mean \"local\"?");
    CHECK(mistakes_of("task: {provider: \"zzzz:gpt\", prompt: x}\n") ==
          "spec.yaml:3:18: unknown provider \"zzzz\"; known here: " + known_types());
}

TEST_CASE("bind providers: an endpoint without an address is told how to get one", "[engine]") {
    CHECK(mistakes_of("task: {provider: \"openai-compatible:llama\", prompt: x}\n") ==
          "spec.yaml:3:18: an OpenAI-compatible endpoint needs an address: give it a name with a "
          "`base_url` under `providers`, and write \"name:model\" here");
    CHECK(mistakes_of("providers:\n  local: {type: openai-compatible}\n") ==
          "spec.yaml:5:3: `providers.local` needs the key `base_url`");
}

TEST_CASE("bind providers: keys that no provider of the type has are refused", "[engine]") {
    CHECK(mistakes_of("providers:\n  c: {type: anthropic, versoin: x, base_ulr: y}\n") ==
          "spec.yaml:5:24: unknown key \"versoin\" in `providers.c`; did you mean \"version\"?\n"
          "spec.yaml:5:36: unknown key \"base_ulr\" in `providers.c`; did you mean \"base_url\"?");
    CHECK_THAT(mistakes_of("providers:\n  o: {type: ollama, region: x}\n"),
               Catch::Contains("spec.yaml:5:21: unknown key \"region\" in `providers.o`"));
}

TEST_CASE("bind providers: a key of a type has a value of its type", "[engine]") {
    CHECK_THAT(mistakes_of("providers:\n  c: {type: anthropic, version: 3}\n"),
               Catch::StartsWith("spec.yaml:5:33: `providers.c.version` must be "));
    CHECK_THAT(mistakes_of("providers:\n  c: {type: anthropic, beta: [a, 3]}\n"),
               Catch::StartsWith("spec.yaml:5:34: `providers.c.beta[1]` must be "));
}

TEST_CASE("bind providers: limits name providers that there are", "[engine]") {
    CHECK(mistakes_of("providers: {local: {type: ollama}}\nexecution:\n  rate_limits:\n"
                      "    opnai: {rpm: 1}\n    \"locl:llama3\": {rpm: 2}\n    local: {rpm: 3}\n"
                      "    \"anthropic:claude\": {rpm: 4}\n") ==
          "spec.yaml:7:5: unknown provider \"opnai\"; did you mean \"openai\"?\n"
          "spec.yaml:8:5: unknown provider \"locl\"; did you mean \"local\"?");
}

TEST_CASE("bind providers: mistakes of the loader do not hide those of providers", "[engine]") {
    const std::string text = mistakes_of("providers: {a: {type: opena}}\nrepetitions: none\n");
    CHECK_THAT(text, Catch::Contains("unknown provider type"));
    CHECK_THAT(text, Catch::Contains("`repetitions` must be"));
}

TEST_CASE("bind providers: a table of prices is checked with its places", "[engine]") {
    const std::string text =
        mistakes_of("prices: mine.yaml\n",
                    {{"mine.yaml", "prices:\n  - {model: m, usd_per_milion: {input: 1}}\n"}});
    CHECK_THAT(text, Catch::Contains("mine.yaml:2:16: unknown key \"usd_per_milion\""));
    CHECK_THAT(mistakes_of("prices: minee.yaml\n", {{"mine.yaml", "prices: []\n"}}),
               Catch::Contains("did you mean \"mine.yaml\"?"));
}

TEST_CASE("bind providers: each connection is made once for tasks and judges", "[engine]") {
    const SpecFolder folder = folder_of(
        "providers: {local: {type: openai-compatible, base_url: \"http://127.0.0.1:9/v1\"}}\n");
    ProviderBinder binder = binder_of(folder);
    TaskSpec task{.provider = "local", .model = "m"};
    const auto for_task = binder.for_task(task);
    const auto for_judge = binder.find("local:other:7b");
    REQUIRE(for_task);
    REQUIRE(for_judge);
    CHECK(for_judge->call.provider == for_task->provider.get());
    CHECK(for_judge->call.prices == for_task->prices);
    CHECK(for_judge->model == "other:7b");
    CHECK(for_judge->call.lane ==
          CallLane{.provider = "local", .model = "other:7b", .is_judge = true});
    CHECK(for_judge->call.timeout == limits::k_task_timeout_default);
    CHECK(for_judge->embeds);
    CHECK(binder.providers().size() == 1);
    CHECK(binder.identities().size() == 1);
    CHECK(binder.identities().contains("local"));
    REQUIRE(binder.models().size() == 2);
    CHECK(binder.models()[0].name == "local:m");
    CHECK_FALSE(binder.models()[0].by_judge);
    CHECK(binder.models()[1].by_judge);
}

TEST_CASE("bind providers: a model is named by its provider and itself", "[engine]") {
    ProviderBinder binder = binder_of(folder_of(""));
    for (const char* const name : {"", "gpt-4.1", ":m", "openai:", ":"}) {
        const auto found = binder.find(name);
        REQUIRE_FALSE(found.has_value());
        CHECK_THAT(found.error().message, Catch::Contains("is named by its provider and itself"));
    }
    CHECK(binder.find("opnai:m").error().message ==
          "unknown provider \"opnai\"; did you mean \"openai\"?");
    CHECK(binder.models().empty());
}

TEST_CASE("bind providers: keys are needed by what is called and by nothing else", "[engine]") {
    const Variable key("OPENAI_API_KEY", nullptr);
    const Variable url("OPENAI_BASE_URL", nullptr);
    const SpecFolder folder = folder_of("");
    const TaskSpec task{.provider = "openai", .model = "m"};
    const std::string problem =
        "the provider \"openai\" needs a key: set OPENAI_API_KEY or name an `api_key` under "
        "`providers:`";
    ProviderBinder both = binder_of(folder);
    CHECK(both.for_task(task).error().message == problem);
    CHECK(both.find("openai:m").error().message == problem);
    CHECK(both.find("openai:m").error().code == ErrorCode::unauthenticated);
    ProviderBinder judges = binder_of(folder, {.by_tasks = false, .by_judges = true});
    CHECK(judges.for_task(task).has_value());
    CHECK(judges.find("openai:m").error().message == problem);
    ProviderBinder none = binder_of(folder, {.by_tasks = false, .by_judges = false});
    CHECK(none.for_task(task).has_value());
    CHECK(none.find("openai:m").has_value());
    ProviderBinder replay = binder_of(folder_of("execution: {cache: replay}\n"));
    CHECK(replay.for_task(task).has_value());
    CHECK(replay.find("openai:m").has_value());
}

TEST_CASE("bind providers: a spec can be looked at where a provider is not configured",
          "[engine]") {
    const Variable endpoint("AZURE_OPENAI_ENDPOINT", nullptr);
    const Variable key("AZURE_OPENAI_API_KEY", nullptr);
    const SpecFolder folder = folder_of("");
    ProviderBinder looking = binder_of(folder, {.by_tasks = false, .by_judges = false});
    const auto found = looking.for_task({.provider = "azure-openai", .model = "m"});
    REQUIRE(found.has_value());
    // Where nobody is known to answer there is nothing to hold a later run against.
    CHECK(looking.identities().empty());
    ProviderBinder running = binder_of(folder);
    const auto refused = running.for_task({.provider = "azure-openai", .model = "m"});
    REQUIRE_FALSE(refused.has_value());
    CHECK_THAT(refused.error().message, Catch::StartsWith("the provider \"azure-openai\" needs "));
}

TEST_CASE("bind providers: a connection's prices are the spec's and then the tables'", "[engine]") {
    const SpecFolder folder = folder_of(
        "providers:\n"
        "  dear: {type: openai, api_key: k, price: {input: 9, output: 9}}\n"
        "  plain: {type: openai, api_key: k}\n"
        "prices: mine.yaml\n",
        {{"mine.yaml", "prices:\n  - {model: gpt-4o, usd_per_million: {input: 5, output: 5}}\n"}});
    LoadedSpec loaded = load_spec(folder.folder.path() / "spec.yaml", {});
    ProviderBinder binder(loaded.spec, {});
    Diagnostics mistakes;
    binder.check(loaded.spec, loaded.places, mistakes);
    REQUIRE(to_string(mistakes) == "");
    const UsageDetails usage = {{"input", 1'000'000}};
    const auto cost = [&](const std::string& name) {
        const auto target = binder.find(name);
        REQUIRE(target);
        return target->call.prices->cost_of(target->model, "", usage, SystemClock().now());
    };
    CHECK(cost("dear:gpt-4o") == 9'000'000'000);
    CHECK(cost("plain:gpt-4o") == 5'000'000'000);
    CHECK(cost("plain:gpt-4.1") == 2'000'000'000);
    CHECK(cost("plain:gpt-unknown") == std::nullopt);
}

TEST_CASE("bind providers: programs and services have no price and no model", "[engine]") {
    ProviderBinder binder = binder_of(folder_of(""));
    const auto program = binder.for_task({.form = TaskForm::command, .command = {"cat"}});
    const auto service = binder.for_task({.form = TaskForm::http});
    REQUIRE(program);
    REQUIRE(service);
    CHECK(program->prices == nullptr);
    CHECK(service->prices == nullptr);
    CHECK(binder.for_task({.form = TaskForm::command, .command = {"cat"}})->provider ==
          program->provider);
    CHECK(binder.models().empty());
}

TEST_CASE("bind providers: the manifest's hash of prices covers those of all models", "[engine]") {
    const auto hash = [](const std::string& lines) {
        const SpecFolder folder = folder_of(lines);
        const Experiment experiment = folder.bind();
        return folder.plan(experiment).run.manifest.at("prices_sha256");
    };
    const std::string task = "task: {provider: \"openai:MODEL\", prompt: x}\n";
    const auto with = [&](const std::string& model, const std::string& more = "") {
        std::string text = task;
        return hash(text.replace(text.find("MODEL"), 5, model) + more);
    };
    CHECK(hash("").is_null());
    CHECK(with("no-such-model").is_null());
    CHECK(with("gpt-4o").is_string());
    CHECK(with("gpt-4o") != with("gpt-4.1"));
    CHECK(with("gpt-4o") !=
          with("gpt-4o", "providers: {openai: {type: openai, price: {input: 1, output: 1}}}\n"));
}

}  // namespace assay::test
