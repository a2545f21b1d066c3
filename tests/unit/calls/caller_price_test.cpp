#include "configs/model_prices.hpp"
#include "tests/unit/calls/cache_support.hpp"
#include "tests/unit/calls/caller_parts.hpp"

namespace assay::test {

// What calls cost.

namespace {

using std::chrono_literals::operator""s;

/// Answers with what a test says.
class Priced final : public Provider {
  public:
    Task<ProviderReply> call(ProviderRequest /*request*/, Deadline /*deadline*/) override {
        co_return reply;
    }
    Json identity() const override { return {{"kind", "priced"}}; }

    ProviderReply reply = make_reply();  // 21 tokens in and 3 out
};

using Usd = std::map<std::string, double>;

ConnectionPrices prices_of(std::optional<Usd> usd) {
    return {"openai-compatible", {.connection = std::move(usd), .tables = {}}};
}

struct Scene : CallerParts {
    using CallerParts::CallerParts;

    CallOutcome ask(const ConnectionPrices* prices) {
        return make_call({.provider = &provider, .prices = prices}, make_question(), 20s);
    }

    Priced provider;
};

}  // namespace

TEST_CASE("call prices: a reply without a cost gets the price of what was used", "[calls]") {
    Scene scene;
    scene.provider.reply.cost.reset();
    const ConnectionPrices prices = prices_of(Usd{{"input", 1}, {"output", 10}});
    CHECK(scene.ask(&prices).reply->cost == 51'000);
    CHECK(scene.budget.settled().cost == 51'000);
}

TEST_CASE("call prices: what the provider itself says it cost stands", "[calls]") {
    Scene scene;
    scene.provider.reply.cost = 7;
    const ConnectionPrices prices = prices_of(Usd{{"input", 1}, {"output", 10}});
    CHECK(scene.ask(&prices).reply->cost == 7);
    CHECK(scene.budget.settled().cost == 7);
}

TEST_CASE("call prices: an unknown price leaves the cost unknown", "[calls]") {
    Scene scene;
    scene.provider.reply.cost.reset();
    const ConnectionPrices unknown = prices_of(std::nullopt);
    CHECK(scene.ask(&unknown).reply->cost == std::nullopt);
    CHECK(scene.ask(nullptr).reply->cost == std::nullopt);
}

TEST_CASE("call prices: kept replies are priced anew and keep no price", "[calls]") {
    Scene scene;
    scene.provider.reply.cost.reset();
    scene.mode = CacheMode::read_write;
    scene.cache = value_of(ReplyCache::open(scene.folder.path(), {}, scene.clock));
    const ConnectionPrices before = prices_of(Usd{{"input", 1}, {"output", 10}});
    const ConnectionPrices after = prices_of(Usd{{"input", 2}, {"output", 20}});
    CHECK(scene.ask(&before).reply->cost == 51'000);
    const CallOutcome again = scene.ask(&after);
    CHECK(again.is_cached);
    CHECK(again.reply->cost == 102'000);
    CHECK(scene.ask(nullptr).reply->cost == std::nullopt);
    CHECK(scene.budget.settled().cost == 51'000);
}

TEST_CASE("call prices: the budget sees priced calls", "[calls]") {
    Scene scene({.cost_usd = 0.000'1, .tokens = {}, .calls = {}, .wall_time = {}});
    scene.provider.reply.cost.reset();
    const ConnectionPrices prices = prices_of(Usd{{"input", 1}, {"output", 10}});
    CHECK(scene.ask(&prices).reply.has_value());
    const CallOutcome second = scene.ask(&prices);
    const CallOutcome third = scene.ask(&prices);
    CHECK((second.over_budget || third.over_budget));
}

}  // namespace assay::test
