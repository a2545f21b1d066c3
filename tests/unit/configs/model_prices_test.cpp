#include "configs/model_prices.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "configs/schemas.hpp"

namespace assay {
namespace {

const Time k_now = *parse_rfc3339("2026-11-21T00:00:00Z");

Time day(const std::string& text) { return *parse_rfc3339(text + "T00:00:00Z"); }

PriceTable table_of(std::string_view text) {
    auto table = PriceTable::parse(text, "prices.yaml");
    if (!table) FAIL(table.error().message);
    return std::move(*table);
}

/// What is wrong with a table.
std::string mistakes_in(std::string_view text) {
    const auto table = PriceTable::parse(text, "prices.yaml");
    if (table) return "";
    CHECK(table.error().code == ErrorCode::invalid_argument);
    return table.error().message;
}

std::optional<NanoUsd> shipped_cost(const std::string& type, const std::string& model,
                                    const UsageDetails& usage, Time at = k_now) {
    return ConnectionPrices(type, {}).cost_of(model, "", usage, at);
}

constexpr NanoUsd k_usd = 1'000'000'000;

}  // namespace

TEST_CASE("model prices: every shipped price is sound and says where it comes from") {
    const PriceTable& table = PriceTable::shipped();
    CHECK_FALSE(table.date().empty());
    CHECK(table.prices().size() >= 50);
    for (const ModelPrice& price : table.prices()) {
        INFO(price.provider << ":" << price.model);
        CHECK_FALSE(price.source.empty());
        CHECK_FALSE(price.provider.empty());
        REQUIRE_FALSE(price.tiers.empty());
        CHECK(price.tiers.back().conditions.empty());
        CHECK(price.match.compiled().has_value());
        for (const ModelPrice::Tier& tier : price.tiers) {
            for (const auto& condition : tier.conditions) {
                CHECK(condition.usage.compiled().has_value());
            }
            CHECK(tier.usd_per_million.contains("input"));
            for (const auto& [kind, usd] : tier.usd_per_million) {
                INFO(kind);
                CHECK(usd >= 0);
                CHECK(usd <= 120);  // what gpt-4-32k asked for its answers
            }
            if (!tier.usd_per_million.contains("output")) continue;
            CHECK(tier.usd_per_million.at("output") >= tier.usd_per_million.at("input"));
        }
    }
}

TEST_CASE("model prices: the shipped table is a file as the user's own") {
    const auto table = PriceTable::parse(k_prices_json, "prices.json");
    if (!table) FAIL(table.error().message);
    CHECK(table->date() == PriceTable::shipped().date());
    CHECK(table->prices().size() == PriceTable::shipped().prices().size());
}

TEST_CASE("model prices: no two shipped prices speak of one model on one day") {
    std::set<std::string> seen;
    for (const ModelPrice& price : PriceTable::shipped().prices()) {
        const std::string start = price.start ? to_rfc3339(*price.start) : "";
        CHECK(seen.insert(price.provider + " " + price.match.pattern() + " " + start).second);
    }
}

// Figures of the public price lists, each worked out by hand from the page and not from the table.
TEST_CASE("model prices: known models cost what the lists say") {
    const UsageDetails million_each = {{"input", 1'000'000}, {"output", 1'000'000}};
    CHECK(shipped_cost("openai", "gpt-4o-mini", million_each) == 75 * k_usd / 100);
    CHECK(shipped_cost("openai", "gpt-4.1-2025-04-14", million_each) == 10 * k_usd);
    CHECK(shipped_cost("openai", "gpt-3.5-turbo", million_each) == 2 * k_usd);
    CHECK(shipped_cost("openai", "gpt-3.5-turbo-0613", million_each) == 35 * k_usd / 10);
    CHECK(shipped_cost("openai", "gpt-3.5-turbo-16k", million_each) == 7 * k_usd);
    CHECK(shipped_cost("openai", "gpt-4", million_each) == 90 * k_usd);
    CHECK(shipped_cost("openai", "gpt-4-32k-0613", million_each) == 180 * k_usd);
    for (const char* const turbo : {"gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4-turbo-preview",
                                    "gpt-4-1106-preview", "gpt-4-vision-preview"}) {
        CHECK(shipped_cost("openai", turbo, million_each) == 40 * k_usd);
    }
    CHECK(shipped_cost("openai", "chatgpt-4o-latest", million_each) == 20 * k_usd);
    CHECK(shipped_cost("openai", "o1-mini", million_each) == 55 * k_usd / 10);
    CHECK(shipped_cost("anthropic", "claude-2.1", million_each) == 32 * k_usd);
    CHECK(shipped_cost("anthropic", "claude-3-sonnet-20240229", million_each) == 18 * k_usd);
    CHECK(shipped_cost("openai", "gpt-5", million_each) == 1125 * k_usd / 100);
    CHECK(shipped_cost("openai", "text-embedding-3-small", {{"input", 500'000}}) == k_usd / 100);
    CHECK(shipped_cost("anthropic", "claude-haiku-4-5", million_each) == 6 * k_usd);
    CHECK(shipped_cost("anthropic", "claude-opus-4-1-20250805", million_each) == 90 * k_usd);
    CHECK(shipped_cost("google-ai-studio", "gemini-2.5-flash", {{"input", 1'000}}) == 300'000);
    CHECK(shipped_cost("bedrock", "us.amazon.nova-lite-v1:0", {{"output", 1'000'000}}) ==
          24 * k_usd / 100);
    CHECK(shipped_cost("ollama", "whatever:7b", {}) == 0);
}

TEST_CASE("model prices: what is not in the table is unknown") {
    const UsageDetails usage = {{"input", 10}};
    CHECK(shipped_cost("openai", "gpt-4o-imaginary", usage) == std::nullopt);
    CHECK(shipped_cost("openai", "gpt-4-turbo-imaginary", usage) == std::nullopt);
    CHECK(shipped_cost("openai", "gpt-3x5-turbo", usage) == std::nullopt);
    CHECK(shipped_cost("openai", "my-gpt-4o", usage) == std::nullopt);
    CHECK(shipped_cost("openai", "gpt-4o ", usage) == std::nullopt);
    CHECK(shipped_cost("openai", "", usage) == std::nullopt);
    // The same name elsewhere is another offer.
    CHECK(shipped_cost("openai-compatible", "gpt-4o", usage) == std::nullopt);
    // Sound costs many times what text does.
    CHECK(shipped_cost("openai", "gpt-4o", {{"input", 10}, {"input_audio_tokens", 1}}) ==
          std::nullopt);
}

TEST_CASE("model prices: cached tokens cost less and reasoning as much as what is said") {
    CHECK(shipped_cost("openai", "gpt-4.1", {{"input_cached_tokens", 1'000'000}}) == k_usd / 2);
    CHECK(shipped_cost("openai", "o4-mini", {{"output_reasoning_tokens", 1'000'000}}) ==
          44 * k_usd / 10);
    const std::string claude = "claude-sonnet-4-5-20250929";
    CHECK(shipped_cost("anthropic", claude, {{"input_cached_tokens", 100'000}}) == 3 * k_usd / 100);
    CHECK(shipped_cost("anthropic", claude, {{"input_cache_creation", 100'000}}) ==
          375 * k_usd / 1000);
    CHECK(shipped_cost("anthropic", claude, {{"input_cache_creation_5m", 100'000}}) ==
          375 * k_usd / 1000);
    CHECK(shipped_cost("anthropic", claude, {{"input_cache_creation_1h", 100'000}}) ==
          6 * k_usd / 10);
}

TEST_CASE("model prices: the price is that of the day") {
    const UsageDetails usage = {{"output", 1'000'000}};
    CHECK(shipped_cost("openai", "o3", usage, day("2025-06-09")) == 40 * k_usd);
    CHECK(shipped_cost("openai", "o3", usage, day("2025-06-10")) == 8 * k_usd);
    const PriceTable table = table_of(R"(
prices:
  - {model: m, start: 2026-01-01, usd_per_million: {input: 3}}
  - {model: m, start: 2025-01-01, usd_per_million: {input: 2}}
)");
    CHECK(table.find("any", "m", day("2024-12-31")) == nullptr);
    CHECK(table.find("any", "m", day("2025-06-01"))->tiers[0].usd_per_million.at("input") == 2);
    CHECK(table.find("any", "m", day("2026-06-01"))->tiers[0].usd_per_million.at("input") == 3);
}

TEST_CASE("model prices: a tier holds by the tokens that it counts") {
    const std::string pro = "gemini-2.5-pro";
    const std::string studio = "google-ai-studio";
    CHECK(shipped_cost(studio, pro, {{"input", 200'000}}) == 25 * k_usd / 100);
    CHECK(shipped_cost(studio, pro, {{"input", 200'001}}) == 500'002'500);
    // Cached tokens are part of the prompt.
    CHECK(shipped_cost(studio, pro,
                       {{"input", 100'000}, {"input_cached_tokens", 200'000}, {"output", 1000}}) ==
          250'000'000 + 50'000'000 + 15'000'000);
    const PriceTable table = table_of(R"(
prices:
  - model: m
    tiers:
      - name: few
        conditions: [{usage: ^in, op: lt, value: 10}, {usage: ^out, op: lte, value: 2}]
        usd_per_million: {input: 1, output: 1}
      - name: exactly
        conditions: [{usage: ^input$, op: eq, value: 50}]
        usd_per_million: {input: 2, output: 2}
      - name: other
        conditions: [{usage: ^input$, op: neq, value: 60}, {usage: ^input$, op: gte, value: 55}]
        usd_per_million: {input: 3, output: 3}
      - {name: default, usd_per_million: {input: 4, output: 4}}
)");
    const ConnectionPrices prices("any", {.connection = {}, .tables = {&table}});
    CHECK(prices.cost_of("m", "", {{"input", 9}, {"output", 2}}, k_now) == 11'000);
    CHECK(prices.cost_of("m", "", {{"input", 9}, {"output", 3}}, k_now) == 48'000);
    CHECK(prices.cost_of("m", "", {{"input", 50}}, k_now) == 100'000);
    CHECK(prices.cost_of("m", "", {{"input", 55}}, k_now) == 165'000);
    CHECK(prices.cost_of("m", "", {{"input", 60}}, k_now) == 240'000);
}

TEST_CASE("model prices: the connection goes before the user's table and that before ours") {
    const PriceTable own = table_of(R"(
prices:
  - {model: gpt-4o, provider: openai, usd_per_million: {input: 1, output: 1}}
)");
    const UsageDetails usage = {{"input", 1'000'000}, {"total", 1'000'000}};
    const ConnectionPrices tables("openai", {.connection = {}, .tables = {&own}});
    CHECK(tables.cost_of("gpt-4o", "", usage, k_now) == k_usd);
    CHECK(tables.cost_of("gpt-4.1", "", usage, k_now) == 2 * k_usd);
    CHECK(tables.knows("gpt-4.1", k_now));
    CHECK_FALSE(tables.knows("gpt-9", k_now));
    const ConnectionPrices connection(
        "openai", {.connection = std::map<std::string, double>{{"input", 7}}, .tables = {&own}});
    CHECK(connection.cost_of("gpt-4o", "", usage, k_now) == 7 * k_usd);
    CHECK(connection.cost_of("gpt-4o", "", {{"output", 1}}, k_now) == std::nullopt);
    CHECK(connection.knows("anything", k_now));
}

TEST_CASE("model prices: a deployment is priced by the model that answers") {
    const ConnectionPrices prices("openai", {});
    const UsageDetails usage = {{"input", 1'000'000}};
    CHECK(prices.cost_of("our-deployment", "gpt-4.1-2025-04-14", usage, k_now) == 2 * k_usd);
    CHECK(prices.cost_of("our-deployment", "", usage, k_now) == std::nullopt);
    CHECK(prices.cost_of("gpt-4o", "gpt-4.1-2025-04-14", usage, k_now) == 25 * k_usd / 10);
}

TEST_CASE("model prices: what was used is unknown and so is the cost unless it is free") {
    const ConnectionPrices priced(
        "t",
        {.connection = std::map<std::string, double>{{"input", 1}, {"output", 0}}, .tables = {}});
    CHECK(priced.cost_of("m", "", {}, k_now) == std::nullopt);
    CHECK(priced.cost_of("m", "", {{"total", 5}}, k_now) == std::nullopt);
    CHECK(priced.cost_of("m", "", {{"input", 0}, {"output", 0}}, k_now) == std::nullopt);
    CHECK(priced.cost_of("m", "", {{"output", 5}}, k_now) == 0);
    const ConnectionPrices free(
        "t", {.connection = std::map<std::string, double>{{"input", 0}}, .tables = {}});
    CHECK(free.cost_of("m", "", {}, k_now) == 0);
}

TEST_CASE("model prices: a cost is rounded once") {
    const ConnectionPrices prices(
        "t", {.connection = std::map<std::string, double>{{"input", 0.0004}, {"output", 0.0003}},
              .tables = {}});
    // 0.4 and 0.3 nano-dollars: neither alone comes to one.
    CHECK(prices.cost_of("m", "", {{"input", 1}, {"output", 1}}, k_now) == 1);
    CHECK(prices.cost_of("m", "", {{"input", 1}}, k_now) == 0);
}

TEST_CASE("model prices: the manifest gets the prices with their source") {
    const PriceTable table = table_of(R"(
prices:
  - {model: m, source: a page, usd_per_million: {input: 3}}
)");
    const ConnectionPrices prices("any", {.connection = {}, .tables = {&table}});
    CHECK(to_text(prices.describe("m", k_now)) ==
          R"({"source":"a page","tiers":[{"conditions":[],"usd_per_million":{"input":3.0}}]})");
    CHECK(prices.describe("n", k_now).is_null());
    const ConnectionPrices connection(
        "any", {.connection = std::map<std::string, double>{{"input", 2}}, .tables = {&table}});
    CHECK(to_text(connection.describe("n", k_now)) ==
          R"({"source":"the spec","usd_per_million":{"input":2.0}})");
}

TEST_CASE("model prices: mistakes in a table are all told with their places") {
    CHECK(mistakes_in("prices: []\n") == "");
    CHECK(mistakes_in("[]\n") == "prices.yaml:1:1: the file must be a map, not a list");
    CHECK(mistakes_in("date: 2026-11-21\n") == "prices.yaml:1:1: the file needs the key `prices`");
    CHECK(mistakes_in(R"(date: yesterday
prices:
  - {modle: m, usd_per_million: {input: -1, outptu: 3}}
  - {model: m, match: "(", usd_per_million: {}}
  - {model: m, start: soon, usd_per_million: {input: 1}}
  - {model: m}
  - {model: m, usd_per_million: {input: 1}, tiers: []}
  - model: m
    tiers:
      - {name: default, usd_per_million: {input: 1}}
      - {conditions: [{usage: "^in", op: above, value: 3}], usd_per_million: {input: x}}
)") == R"(prices.yaml:1:7: `date` must be a day, as in 2026-11-01, not "yesterday"
prices.yaml:3:5: `prices[0]` needs the key `model`
prices.yaml:3:6: unknown key "modle" in `prices[0]`; did you mean "model"?
prices.yaml:3:41: `prices[0].usd_per_million.input` must be US dollars per )"
       R"(million tokens, 0 or more, not -1
prices.yaml:3:45: unknown key "outptu" in `prices[0].usd_per_million`; did you mean "output"?
prices.yaml:4:23: `prices[1].match`: )" +
              Regex::compile("(").error().message + R"(
prices.yaml:4:45: `prices[1].usd_per_million` gives no price
prices.yaml:5:23: `prices[2].start` must be a day, as in 2026-11-01, not "soon"
prices.yaml:6:5: `prices[3]` needs the key `usd_per_million`
prices.yaml:7:45: `tiers` and `usd_per_million` exclude each other; keep one
prices.yaml:7:52: `prices[4].tiers` must end with the default, a tier without `conditions`
prices.yaml:11:9: `prices[5].tiers[1]` needs the key `name`
prices.yaml:11:9: a tier without `conditions` is the default and stands last
prices.yaml:11:42: unknown operator "above"; known here: gt, gte, lt, lte, eq, neq
prices.yaml:11:86: `prices[5].tiers[1].usd_per_million.input` must be a number, not a string)");
}

}  // namespace assay
