#include <catch2/catch.hpp>

#include "runner/engine/unit_source.hpp"
#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

constexpr const char* k_rows = "{\"id\": \"r\", \"input\": \"why?\", \"expected_output\": \"b\"}\n";
constexpr const char* k_head =
    "experiment: e\ndataset: {file: rows.jsonl, id: \"$.id\", input: \"$.input\"}\n";

/// What one unit comes to when the model gives this reply.
UnitResult run_unit(const std::string& task, const ProviderReply& reply) {
    const SpecFolder folder(k_head + task, {{"rows.jsonl", k_rows}});
    Experiment experiment = folder.bind();
    use_provider(experiment,
                 std::make_shared<FunctionProvider>([&](const ProviderRequest&) { return reply; }));
    MemoryJournal journal;
    const SystemClock clock;
    const auto run =
        execute(experiment, folder.plan(experiment), journal, clock, {.handle_signals = false});
    REQUIRE(run);
    REQUIRE(journal.units.size() == 1);
    return std::move(journal.units.front());
}

const std::string k_schema_task =
    "task:\n  provider: openai:m\n  prompt: \"{{input}}\"\n"
    "  response_schema: {type: object, required: [team], properties: {team: {type: string}}}\n";
const std::string k_text_task = "task: {provider: \"openai:m\", prompt: \"{{input}}\"}\n";

Observation observed(const std::string& task, const ProviderReply& reply) {
    const UnitResult unit = run_unit(task, reply);
    REQUIRE(unit.observations.size() == 1);
    return unit.observations.front();
}

std::string key_of(const std::string& task, const std::map<std::string, std::string>& files = {}) {
    std::map<std::string, std::string> all = files;
    all.emplace("rows.jsonl", k_rows);
    const SpecFolder folder(k_head + task, all);
    const Experiment experiment = folder.bind();
    DatasetItem item;
    item.id = DatasetItemId("r");
    item.input = {{"question", "why?"}, {"photo", "a.png"}};
    item.content_hash = "hash";
    return unit_key(item, experiment.variants.at(0), 0, 0).value();
}

}  // namespace

TEST_CASE("provider task: a reply that obeys the response schema is as it should be", "[engine]") {
    const Observation seen = observed(k_schema_task, {.output = {{"team", "sales"}}});
    CHECK(seen.level == ObservationLevel::normal);
    CHECK(seen.status_message.empty());
}

TEST_CASE("provider task: a reply that breaks the response schema is kept with a warning",
          "[engine]") {
    const UnitResult unit = run_unit(k_schema_task, {.output = {{"team", 3}}});
    REQUIRE(unit.observations.size() == 1);
    CHECK(to_text(unit.output) == R"({"team":3})");
    CHECK(unit.error.empty());
    CHECK(unit.observations[0].level == ObservationLevel::warning);
    CHECK(unit.observations[0].status_message ==
          "the reply breaks `response_schema`: $.team: must be a string, not an integer");
    CHECK(observed(k_schema_task, {.output = "sales"}).level == ObservationLevel::warning);
}

TEST_CASE("provider task: refusals and tool calls and cut replies are no broken schema",
          "[engine]") {
    const Json calls = {{"content", nullptr}, {"tool_calls", Json::array({{{"name", "find"}}})}};
    CHECK(observed(k_schema_task, {.output = calls}).level == ObservationLevel::normal);
    CHECK(observed(k_schema_task, {.output = "{\"te", .truncated = true}).status_message ==
          "the reply was cut at the length limit");
    CHECK(observed(k_schema_task, {.output = "No.", .refusal = "No."}).status_message ==
          "the model refused to answer");
}

TEST_CASE("provider task: a refusal is an output and is told apart", "[engine]") {
    const UnitResult unit = run_unit(k_text_task, {.refusal = "I will not."});
    CHECK(unit.output == "I will not.");
    CHECK(unit.error.empty());
    CHECK(unit.observations.at(0).metadata.at("refusal") == "I will not.");
    CHECK(unit.observations.at(0).level == ObservationLevel::warning);
}

TEST_CASE("provider task: what a model shows of its thinking is kept", "[engine]") {
    CHECK(observed(k_text_task, {.output = "b", .reasoning = "It follows."})
              .metadata.at("reasoning") == "It follows.");
    CHECK_FALSE(observed(k_text_task, {.output = "b"}).metadata.contains("reasoning"));
}

TEST_CASE("provider task: a response schema that is none is refused before the run", "[engine]") {
    const SpecFolder folder(
        std::string(k_head) +
            "task: {provider: \"openai:m\", prompt: x, response_schema: {type: objct}}\n",
        {{"rows.jsonl", k_rows}});
    CHECK_THAT(folder.mistakes(), Catch::Contains("`response_schema`: "));
}

// The keys of units name stored results: what these specs had before must never change.
TEST_CASE("provider task: keys of units stay what they were", "[engine]") {
    CHECK(key_of("task: {provider: \"openai:m\", prompt: \"Q: {{question}}\"}\n") ==
          "5a7be8f219a52b8567d0efcd72174967069b145a24518a9cff6559c9bd035f5b");
    CHECK(key_of("task:\n  provider: openai:m\n  prompt:\n"
                 "    - {role: user, content: [{type: text, text: \"{{question}}\"}]}\n"
                 "  tools: [{type: function, function: {name: f, parameters: {type: object}}}]\n"
                 "  response_schema: {type: object}\n") ==
          "207fa1593d8f183ab3fa69112c41c1b8818aba3769355f63a6305948c2d62b01");
}

TEST_CASE("provider task: the key covers the image that a row names", "[engine]") {
    const std::string task =
        "task:\n  provider: openai:m\n  prompt:\n"
        "    - {role: user, content: [{type: image, file: \"{{photo}}\"}]}\n";
    const std::string png = "\x89PNG\r\n\x1a\n";
    CHECK(key_of(task, {{"a.png", png + "1"}}) == key_of(task, {{"a.png", png + "1"}}));
    CHECK(key_of(task, {{"a.png", png + "1"}}) != key_of(task, {{"a.png", png + "2"}}));
}

}  // namespace assay::test
