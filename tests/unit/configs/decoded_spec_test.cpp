#include <catch2/catch.hpp>
#include <filesystem>

#include "configs/load_spec.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

/// The golden case with every available key, loaded once.
const ExperimentSpec& everything() {
    static const LoadedSpec k_loaded = [] {
        const std::map<std::string, std::string> environment = {{"LOCAL_KEY", "k-1"}};
        return load_spec(std::filesystem::path(ASSAY_SOURCE_DIR) /
                             "tests/golden/specs/all_available_keys/spec.yaml",
                         {.overrides = {}, .environment = &environment});
    }();
    if (!k_loaded.diagnostics.empty()) FAIL(to_string(k_loaded.diagnostics));
    return k_loaded.spec;
}

const VariantSpec& variant(std::string_view name) {
    const auto& variants = everything().variants;
    const auto found = std::ranges::find(variants, name, &VariantSpec::name);
    if (found == variants.end()) FAIL("no variant " << name);
    return *found;
}

TEST_CASE("decoded spec: what stands at the top") {
    const ExperimentSpec& spec = everything();
    CHECK(spec.experiment == "everything");
    CHECK(spec.description == "Each key once");
    CHECK(spec.tags == std::vector<std::string>{"ci", "2026"});
    CHECK(to_text(spec.metadata) == R"({"level":3,"owner":"support"})");
    CHECK(spec.repetitions == 3);
    CHECK(spec.folder.filename() == "all_available_keys");
    CHECK(spec.sha256.size() == 64);
}

TEST_CASE("decoded spec: a connection with its secrets read from the environment") {
    const ProviderSpec& local = everything().providers.at("local");
    CHECK(local.name == "local");
    CHECK(local.type == "openai-compatible");
    CHECK(local.base_url == "http://127.0.0.1:8000/v1");
    CHECK(local.api_key.reveal() == "k-1");
    CHECK(local.headers.at("X-Team").reveal() == "evals");
    CHECK(to_text(local.options) == R"({"top_k":1})");
    CHECK(local.price == std::map<std::string, double>{{"input", 0.5}, {"output", 1.0}});
    CHECK(local.proxy == "http://proxy.example:3128");
    CHECK(local.ca_file.filename() == "certificates.pem");
    CHECK(to_text(local.own) == R"({"region":"eu-k-1"})");
    const ProviderSpec& openai = everything().providers.at("openai");
    CHECK(openai.base_url.empty());
    CHECK(openai.api_key.empty());
    CHECK(openai.options == Json::object());
    CHECK_FALSE(openai.price.has_value());
}

TEST_CASE("decoded spec: the dataset with its paths and its condition compiled") {
    const DatasetSpec& dataset = everything().dataset;
    CHECK(dataset.file == "rows.jsonl");
    CHECK(std::filesystem::exists(dataset.path));
    REQUIRE(dataset.input);
    CHECK(dataset.input->fields.at("question").text() == "$.question");
    CHECK(dataset.input->fields.size() == 2);
    CHECK(dataset.input->pointer == "/dataset/input");
    REQUIRE(dataset.expected_output);
    CHECK(dataset.expected_output->path->text() == "$.answer");
    CHECK(dataset.id->text() == "$.question");
    CHECK(dataset.cluster->text() == "$.lang");
    CHECK(dataset.limit == 500);
    CHECK(dataset.sample->size == 200);
    CHECK(dataset.sample->seed == 7);
    CHECK(to_text(dataset.input_schema) == R"({"type":"object"})");
    REQUIRE(dataset.where);
    CHECK(dataset.where->matches(Json{{"metadata", {{"lang", "en"}}}, {"question", "x"}}));
    CHECK_FALSE(dataset.where->matches(Json{{"metadata", {{"lang", "de"}}}, {"question", "x"}}));
}

TEST_CASE("decoded spec: a variant keeps what it does not override") {
    const TaskSpec& task = variant("file").task;
    CHECK(task.form == TaskForm::provider);
    CHECK(task.provider == "local");
    CHECK(task.model == "llama3:8b");
    CHECK(to_text(task.parameters) ==
          R"({"max_tokens":16,"seed":1,"stop":["\n"],"temperature":0})");
    CHECK(task.tools.size() == 1);
    CHECK(task.tools[0]["function"]["name"] == "add");
    CHECK(to_text(task.response_schema) == R"({"type":"object"})");
    CHECK(task.timeout == std::chrono::seconds(90));
    CHECK(task.pointer == "/task/provider");
    CHECK(variant("inline").task.provider == "openai");
    CHECK(variant("inline").task.pointer == "/variants/1/provider");
    CHECK(variant("inline").task.parameters == task.parameters);
}

TEST_CASE("decoded spec: a variant with another form keeps only what applies to it") {
    const TaskSpec& program = variant("program").task;
    CHECK(program.form == TaskForm::command);
    CHECK(program.command == std::vector<std::string>{"python3", "app.py"});
    CHECK(program.once);
    CHECK(program.timeout == std::chrono::milliseconds(500));
    CHECK_FALSE(program.prompt.has_value());
    CHECK(program.provider.empty());
    CHECK(program.parameters == Json::object());
    const TaskSpec& recorded = variant("recorded").task;
    CHECK(recorded.form == TaskForm::recorded);
    CHECK(recorded.recorded->text() == "$.v1");
    CHECK(recorded.timeout == std::chrono::seconds(90));
}

TEST_CASE("decoded spec: steps come after those they need and the last one is the end") {
    const TaskSpec& task = variant("graph").task;
    CHECK(task.form == TaskForm::steps);
    CHECK(task.pointer == "/variants/6/steps");
    std::vector<std::string> ids;
    for (const StepSpec& step : task.steps) ids.push_back(step.id);
    CHECK(ids == std::vector<std::string>{"find", "draft", "look-up", "answer"});

    const StepSpec& answer = task.steps[3];
    CHECK(answer.needs == std::vector<std::string>{"draft", "look-up"});
    CHECK(answer.pointer == "/variants/6/steps/0");
    CHECK(answer.task.form == TaskForm::provider);
    CHECK(answer.task.model == "llama3:8b");
    CHECK(answer.task.prompt->messages.size() == 2);
    CHECK(to_text(answer.task.parameters) == R"({"temperature":0})");
    CHECK(answer.task.timeout == std::chrono::minutes(1));
    // What stands beside the steps is for those that have none of their own.
    CHECK(task.steps[0].task.timeout == std::chrono::seconds(5));
    CHECK(task.steps[0].task.form == TaskForm::recorded);
    CHECK(task.steps[1].task.command == std::vector<std::string>{"python3", "app.py"});
    CHECK(task.steps[2].task.http.has_value());
}

TEST_CASE("decoded spec: a service with its templates and the environment") {
    const TaskSpec& task = variant("service").task;
    CHECK(task.form == TaskForm::http);
    CHECK(task.timeout == std::chrono::seconds(90));
    CHECK_FALSE(task.prompt.has_value());
    const ServiceSpec& service = task.http.value();
    CHECK(service.method == "PUT");
    CHECK(service.output->text() == "$.answer");
    const Json input = {{"question", "a/b"}, {"lang", "en"}, {"history", {1, 2}}};
    const TemplateScope scope = {.input = &input};
    CHECK(service.url.render(scope, Audience::service) ==
          "http://127.0.0.1:8080/v1/k-1/answer?q=a/b");
    CHECK(service.url.render(scope, Audience::people) ==
          "http://127.0.0.1:8080/v1/${LOCAL_KEY}/answer?q=a/b");
    CHECK(service.headers.at("Authorization").render(scope, Audience::service) == "Bearer k-1");
    CHECK(service.headers.at("X-Lang").render(scope, Audience::people) == "en");
    CHECK(to_text(service.body->render(scope, Audience::service).value()) ==
          R"({"history":[[1,2],3],"key":"k-1","question":"a/b"})");
    CHECK(to_text(service.body->render(scope, Audience::people).value()) ==
          R"({"history":[[1,2],3],"key":"${LOCAL_KEY}","question":"a/b"})");
    CHECK(service.secrets.size() == 3);
    const ServiceSpec& bare = variant("bare").task.http.value();
    CHECK(bare.method == "POST");
    CHECK_FALSE(bare.body.has_value());
    CHECK_FALSE(bare.output.has_value());
    CHECK(bare.secrets.empty());
    CHECK(bare.sha256 != service.sha256);
}

TEST_CASE("decoded spec: a prompt from a file loses the newline at its end") {
    const PromptSpec& prompt = *variant("file").task.prompt;
    CHECK(prompt.name == "ask");
    REQUIRE(prompt.messages.size() == 1);
    CHECK(prompt.messages[0].role == "user");
    const Json input = {{"question", "why?"}};
    CHECK(prompt.messages[0].content.render({.input = &input}) == "Question: why?");
    CHECK(prompt.sha256.size() == 64);
    CHECK(prompt.pointer == "/variants/0/prompt");
}

TEST_CASE("decoded spec: an inline text is one message of the user") {
    const PromptSpec& prompt = *variant("inline").task.prompt;
    CHECK(prompt.name == "inline");
    REQUIRE(prompt.messages.size() == 1);
    CHECK(prompt.messages[0].content.variables() == std::vector<std::string>{"question"});
    const Json input = Json::object();
    CHECK(prompt.messages[0].content.render({.input = &input}) == "none");
    CHECK(prompt.sha256 != variant("file").task.prompt->sha256);
}

TEST_CASE("decoded spec: chat messages with placeholders and content parts") {
    const test::TemporaryFolder folder;
    folder.write("rows.jsonl", "{}\n");
    const auto path = folder.write("spec.yaml", R"(
experiment: e
dataset: rows.jsonl
task:
  provider: openai:gpt-4.1-mini
  prompt:
    - {role: system, content: ""}
    - {type: placeholder, name: history}
    - {role: user, content: [{type: text, text: "{{q}}"}]}
)");
    const LoadedSpec loaded = load_spec(path, {});
    REQUIRE(to_string(loaded.diagnostics).empty());
    REQUIRE(loaded.spec.variants.size() == 1);
    CHECK(loaded.spec.variants[0].name == "default");
    CHECK(loaded.spec.variants[0].pointer == "/task");
    const auto& messages = loaded.spec.variants[0].task.prompt->messages;
    REQUIRE(messages.size() == 3);
    CHECK(messages[0].role == "system");
    CHECK(messages[0].parts.is_null());
    CHECK(messages[1].placeholder == "history");
    CHECK(to_text(messages[2].parts) == R"([{"text":"{{q}}","type":"text"}])");
}

TEST_CASE("decoded spec: an evaluator is split into common keys and its own") {
    const auto& evaluators = everything().evaluators;
    REQUIRE(evaluators.size() == 5);
    CHECK(evaluators[0].name == "exact_match");
    CHECK(evaluators[0].type == "exact_match");
    CHECK(evaluators[0].parameters == Json::object());
    CHECK(evaluators[0].common == Json::object());
    CHECK(evaluators[0].pointer == "/evaluators/0");
    CHECK(evaluators[1].name == "keyword");
    CHECK(evaluators[1].type == "contains");
    CHECK(to_text(evaluators[1].common) ==
          R"({"not":true,"on":"$.answer","value":"{{metadata.lang}}"})");
    CHECK(to_text(evaluators[3].parameters) == R"({"schema":{"type":"object"}})");
    CHECK(to_text(evaluators[4].common) ==
          R"({"needs":["shape"],"strip":true,"threshold":0.8,"when":"exact_match = 0"})");
}

TEST_CASE("decoded spec: gates in both forms") {
    const auto& gates = everything().gates;
    REQUIRE(gates.size() == 10);
    CHECK(gates[0].score == "exact_match");
    CHECK(gates[0].threshold == 0.85);
    CHECK(gates[0].place.line == 90);
    CHECK(gates[1].text == "exact_match >= 0.2");
    CHECK(gates[1].variant == "inline");
    CHECK(gates[2].text == "exact_match <= 0.9");
    CHECK(gates[2].op == GateOperator::less_equal);
    CHECK(gates[3].text == "team[billing] >= 0.2");
    CHECK(gates[3].category == "billing");
    CHECK(gates[4].measure == "error_rate");
    CHECK(gates[4].op == GateOperator::equal);
    CHECK(gates[4].score.empty());
    CHECK(gates[0].confidence == 0.95);
    CHECK(gates[0].correction == Correction::none);
    CHECK_FALSE(gates[4].confidence);
    const auto& run_evaluators = everything().run_evaluators;
    REQUIRE(run_evaluators.size() == 1);
    CHECK(run_evaluators[0].name == "typical");
    CHECK(run_evaluators[0].type == "median");
    CHECK(to_text(run_evaluators[0].parameters) == R"({"score":"near"})");
}

TEST_CASE("decoded spec: gates that are decided by an interval or a comparison") {
    const auto& gates = everything().gates;
    const Gate& slices = gates.at(5);
    CHECK(slices.text == "exact_match >= 0.7 by metadata.lang");
    CHECK(slices.slice == "metadata.lang");
    CHECK(slices.confidence == 0.9);
    CHECK(slices.method == IntervalMethod::student_t);
    CHECK(slices.tier == GateTier::supporting);
    CHECK(slices.on_inconclusive == OnInconclusive::warn);
    CHECK(slices.correction == Correction::bh);
    const Gate& drop = gates.at(6);
    CHECK(drop.text == "exact_match >= main - 2 %");
    CHECK(drop.form == GateForm::relative);
    CHECK(drop.op == GateOperator::greater_equal);
    CHECK(drop.threshold == -0.02);
    CHECK(drop.allow_changed == std::vector<std::string>{"dataset", "evaluator"});
    const Gate& rise = gates.at(7);
    CHECK(rise.text == "exact_match <= main + 50 %");
    CHECK(rise.op == GateOperator::less_equal);
    CHECK(rise.threshold == 0.5);
    const Gate& gain = gates.at(8);
    CHECK(gain.text == "exact_match >= file + 0");
    CHECK(gain.form == GateForm::difference);
    CHECK(gain.versus == "file");
    CHECK(gain.confidence == 0.95);
    const auto& stop = everything().stop;
    REQUIRE(stop);
    CHECK(stop->score == "exact_match");
    CHECK(stop->min_items == 50);
}

TEST_CASE("decoded spec: execution and its defaults") {
    const ExecutionSpec& execution = everything().execution;
    CHECK(execution.concurrency == 8);
    CHECK(execution.retries == 0);
    CHECK(execution.unit_deadline == std::chrono::hours(1));
    CHECK(execution.seed == 1);
    CHECK(execution.min_coverage == 0.9);
    CHECK(execution.cache == CacheMode::off);
    const ExecutionSpec defaults;
    CHECK(defaults.concurrency == 32);
    CHECK(defaults.min_coverage == 0.95);
    CHECK(defaults.cache == CacheMode::off);
    CHECK_FALSE(defaults.budget.cost_usd);
    CHECK(defaults.rate_limits.empty());
}

TEST_CASE("decoded spec: a budget limits what it names") {
    const BudgetSpec& budget = everything().execution.budget;
    CHECK(budget.cost_usd == 2.5);
    CHECK(budget.tokens == 2'000'000);
    CHECK(budget.calls == 1000);
    CHECK(budget.wall_time == std::chrono::hours(2));
}

TEST_CASE("decoded spec: rate limits by provider or by model") {
    const auto& rate_limits = everything().execution.rate_limits;
    REQUIRE(rate_limits.size() == 2);
    const RateLimitSpec& provider = rate_limits.at("openai");
    CHECK(provider.rpm == 5000);
    CHECK(provider.tpm == 800'000);
    CHECK(provider.concurrency_max == 64);
    CHECK_FALSE(provider.concurrency_start);
    CHECK_FALSE(provider.concurrency_min);
    const RateLimitSpec& model = rate_limits.at("local:llama3:8b");
    CHECK_FALSE(model.rpm);
    CHECK_FALSE(model.tpm);
    CHECK(model.concurrency_start == 4);
    CHECK(model.concurrency_min == 2);
    CHECK(model.concurrency_max == 16);
}

}  // namespace
}  // namespace assay
