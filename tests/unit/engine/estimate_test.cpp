#include "runner/engine/estimate.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

// Prompts of 8 and of 12 bytes: 2 and 3 tokens.
constexpr const char* k_rows = R"({"input": "abcd", "expected_output": "x", "output": "x"}
{"input": "abcdefgh", "expected_output": "x", "output": "x"}
)";

constexpr const char* k_connection = R"(
experiment: e
dataset: rows.jsonl
providers:
  local:
    type: openai-compatible
    base_url: "http://127.0.0.1:9/v1"
    price: {input: 1, output: 4}
repetitions: 2
execution: {concurrency: 4}
)";

constexpr const char* k_model = R"(task: {provider: "local:m", prompt: "say {{input}}"}
evaluators: [exact_match]
)";

constexpr const char* k_steps = R"(task:
  steps:
    - {id: draft, provider: "local:m", prompt: "say {{input}}"}
    - {id: check, needs: [draft], provider: "local:m", prompt: "is {{steps.draft.output}} good"}
evaluators: [exact_match]
)";

constexpr const char* k_judged = R"(task: {provider: "local:m", prompt: "say {{input}}"}
variants: [{name: a}, {name: b}]
evaluators:
  - exact_match
  - {name: tone, type: rubric, provider: "local:j", criteria: "It is kind.", repetitions: 3,
     canaries: [{output: "Please!", verdict: {min: 0.5}}, {output: "No!", verdict: {max: 0.5}}]}
  - {name: better, type: pairwise, provider: "local:j"}
  - {name: flow, type: jury, jurors: ["local:j", {provider: "openai:j", name: other}],
     judge: {type: g_eval, criteria: "It flows."}}
)";

// What looks at `b`, and what it leads to, looks at no unit of `a`.
constexpr const char* k_compared = R"(task: {provider: "local:m", prompt: "say {{input}}"}
variants: [{name: a}, {name: b}]
evaluators:
  - {name: why, type: rubric, provider: "local:j", criteria: "It says why.", when: "kind_pass = 1"}
  - {name: kind, type: rubric, provider: "local:k", criteria: "It is kind.", needs: [better],
     threshold: 0.5, canaries: [{output: "Please!", verdict: {min: 0.5}}]}
  - {name: better, type: pairwise, provider: "local:p", against: {variant: a}}
  - {name: tone, type: rubric, provider: "local:t", criteria: "It is kind."}
)";

constexpr const char* k_recorded_step = R"(task:
  steps:
    - {id: find, recorded: $.output}
    - {id: say, needs: [find], provider: "local:m", prompt: "say {{steps.find.output}}"}
    - {id: check, needs: [say], provider: "local:m", prompt: "{{steps.say.output}}?"}
evaluators: [exact_match]
)";

constexpr const char* k_unpriced = R"(task: {prompt: "say {{input}}"}
variants:
  - {name: a, provider: "openai:m"}
  - {name: b, provider: "local:m"}
evaluators: [exact_match]
)";

/// A spec and what is estimated of it.
struct Scene {
    explicit Scene(std::string_view task)
        : folder(std::string(k_connection) + std::string(task), {{"rows.jsonl", k_rows}}),
          experiment(folder.bind()) {}

    std::vector<VariantEstimate> estimate(const std::map<std::string, UnitHistory>& history = {},
                                          ReplyCache* cache = nullptr,
                                          std::optional<Shard> shard = {}) {
        auto estimates =
            estimate_plan(experiment, folder.plan(experiment, {.shard = shard}), cache, history);
        REQUIRE(estimates);
        return std::move(*estimates);
    }

    SpecFolder folder;
    Experiment experiment;
};

const std::map<std::string, UnitHistory> k_tokens_known{
    {"default", {.output_tokens = 10, .latency_ms = 500}}};

}  // namespace

TEST_CASE("estimate: calls are counted and prompts are measured", "[engine]") {
    Scene scene(k_model);
    const auto estimates = scene.estimate();
    REQUIRE(estimates.size() == 1);
    const VariantEstimate& one = estimates[0];
    CHECK(one.name == "default");
    CHECK(one.units == 4);
    CHECK(one.calls == std::map<std::string, std::uint64_t>{{"local:m", 4}});
    CHECK(one.estimated_input_tokens == 2U * (2 + 3));
    CHECK(one.cached == 0);
    CHECK(one.unseen == 0);
}

TEST_CASE("estimate: what nothing tells is left open and not zero", "[engine]") {
    Scene scene(k_model);
    const VariantEstimate one = scene.estimate().at(0);
    CHECK_FALSE(one.estimated_output_tokens.has_value());
    CHECK_FALSE(one.estimated_cost_usd.has_value());
    CHECK_FALSE(one.estimated_seconds.has_value());
}

TEST_CASE("estimate: an earlier run tells tokens and time and the spec the price", "[engine]") {
    Scene scene(k_model);
    const VariantEstimate one = scene.estimate(k_tokens_known).at(0);
    CHECK(one.estimated_output_tokens == 40U);
    CHECK(one.estimated_cost_usd.value() == Approx((10 * 1.0 + 40 * 4.0) / 1e6));
    CHECK(one.estimated_seconds.value() == Approx(4 * 0.5 / 4));
}

TEST_CASE("estimate: what an earlier run cost goes before the price", "[engine]") {
    Scene scene(k_model);
    const VariantEstimate one =
        scene.estimate({{"default", {.output_tokens = 10, .cost_usd = 0.25}}}).at(0);
    CHECK(one.estimated_cost_usd.value() == Approx(1.0));
}

TEST_CASE("estimate: recorded outputs call nothing and cost nothing", "[engine]") {
    Scene scene("task: {recorded: $.output}\nevaluators: [exact_match]\n");
    const VariantEstimate one = scene.estimate().at(0);
    CHECK(one.units == 4);
    CHECK(one.calls.empty());
    CHECK(one.estimated_input_tokens == 0U);
    CHECK(one.estimated_cost_usd == 0.0);
}

TEST_CASE("estimate: a step that needs another is counted and its prompt is unseen", "[engine]") {
    Scene scene(k_steps);
    const VariantEstimate one = scene.estimate(k_tokens_known).at(0);
    CHECK(one.calls == std::map<std::string, std::uint64_t>{{"local:m", 8}});
    CHECK(one.unseen == 4);
    // A part of the prompts would look like all of them.
    CHECK_FALSE(one.estimated_input_tokens.has_value());
    // The price of half a unit would look like that of a whole one.
    CHECK_FALSE(one.estimated_cost_usd.has_value());
}

TEST_CASE("estimate: an earlier run tells what the prompts of later steps take", "[engine]") {
    Scene scene(k_steps);
    const VariantEstimate one =
        scene.estimate({{"default", {.input_tokens = 7.5, .output_tokens = 10, .cost_usd = 0.5}}})
            .at(0);
    CHECK(one.estimated_input_tokens == 30U);
    CHECK(one.estimated_output_tokens == 40U);
    CHECK(one.estimated_cost_usd == 2.0);
}

TEST_CASE("estimate: a step that needs recorded ones alone is seen", "[engine]") {
    Scene scene(k_recorded_step);
    const VariantEstimate one = scene.estimate().at(0);
    CHECK(one.calls == std::map<std::string, std::uint64_t>{{"local:m", 8}});
    CHECK(one.unseen == 4);
    const BoundVariant& variant = scene.experiment.variants.at(0);
    DatasetItem item;
    item.row = {{"output", "found"}};
    const auto planned = variant.task->calls({.item = item, .variant = variant.name});
    REQUIRE(planned.size() == 2);
    REQUIRE(planned[0].request.has_value());
    CHECK(planned[0].request->messages.at(0).content == "say found");
    CHECK_FALSE(planned[1].request.has_value());
    // A row without it: that unit will fail, and nothing is known of what it would have asked.
    item.row = Json::object();
    CHECK_FALSE(variant.task->calls({.item = item, .variant = variant.name})[0].request);
}

TEST_CASE("estimate: a shard is estimated by its own units", "[engine]") {
    Scene scene(k_model);
    std::uint64_t units = 0;
    std::uint64_t tokens = 0;
    for (int index = 1; index <= 3; ++index) {
        const VariantEstimate part =
            scene.estimate({}, nullptr, Shard{.index = index, .count = 3}).at(0);
        units += part.units;
        tokens += part.estimated_input_tokens.value();
    }
    CHECK(units == 4);
    CHECK(tokens == 10);
}

TEST_CASE("estimate: what the cache has is neither sent nor paid", "[engine]") {
    Scene scene(k_model);
    const SystemClock clock;
    auto cache = ReplyCache::open(scene.folder.folder.path() / "cache", {}, clock);
    REQUIRE(cache);
    const BoundVariant& variant = scene.experiment.variants.at(0);
    DatasetItem item;
    item.input = "abcd";
    const auto planned =
        variant.task->calls({.item = item, .variant = variant.name, .repetition = 1});
    const Provider& provider = *planned.at(0).target->provider;
    const ProviderRequest& request = planned.at(0).request.value();
    const ProviderReply reply{.output = "x"};
    REQUIRE((*cache)->put(ReplyCache::key_of(provider, request).value(), provider, request, reply));

    const VariantEstimate one = scene.estimate(k_tokens_known, cache->get()).at(0);
    CHECK(one.cached == 1);
    CHECK(one.calls.at("local:m") == 4);
    CHECK(one.estimated_input_tokens == 10U - 2);
    CHECK(one.estimated_output_tokens == 30U);
}

TEST_CASE("estimate: judges are counted apart from the task", "[engine]") {
    Scene scene(k_judged);
    const auto estimates = scene.estimate({{"a", {.output_tokens = 10, .judge_cost_usd = 0.5}}});
    REQUIRE(estimates.size() == 2);
    CHECK(estimates[0].calls == std::map<std::string, std::uint64_t>{{"local:m", 4}});
    // 3 repetitions of the rubric, 2 orders, and each juror once; once a run two canaries of the
    // rubric, 3 times each, and the steps of each juror.
    CHECK(estimates[0].judge_calls ==
          std::map<std::string, std::uint64_t>{{"local:j", 4 * (3 + 2 + 1) + 6 + 1},
                                               {"openai:j", 4 + 1}});
    CHECK(estimates[1].judge_calls ==
          std::map<std::string, std::uint64_t>{{"local:j", 4 * 6}, {"openai:j", 4}});
    CHECK(estimates[0].estimated_judge_cost_usd == 2.0);
    CHECK_FALSE(estimates[1].estimated_judge_cost_usd.has_value());
    CHECK(Scene(k_model).estimate().at(0).estimated_judge_cost_usd == 0.0);
    CHECK(unpriced_models(scene.experiment, SystemClock().now()) ==
          std::vector<std::string>{"openai:j"});
}

TEST_CASE("estimate: a variant that the others are compared with is not judged", "[engine]") {
    Scene scene(k_compared);
    const auto estimates = scene.estimate();
    REQUIRE(estimates.size() == 2);
    // The canary of the run, and the judge that compares nothing.
    CHECK(estimates[0].judge_calls ==
          std::map<std::string, std::uint64_t>{{"local:k", 1}, {"local:t", 4}});
    CHECK(estimates[1].judge_calls ==
          std::map<std::string, std::uint64_t>{
              {"local:j", 4}, {"local:k", 4}, {"local:p", 2 * 4}, {"local:t", 4}});
    CHECK(skipped_evaluators(scene.experiment, "a") == std::vector{true, true, true, false});
    CHECK(skipped_evaluators(scene.experiment, "b") == std::vector<bool>(4));
}

TEST_CASE("estimate: models without a price are named", "[engine]") {
    const Scene scene(k_unpriced);
    CHECK(unpriced_models(scene.experiment, SystemClock().now()) ==
          std::vector<std::string>{"openai:m"});
    CHECK(unpriced_models(Scene(k_steps).experiment, SystemClock().now()).empty());
}

}  // namespace assay::test
