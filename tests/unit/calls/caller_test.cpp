#include "judges/calls/caller.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <deque>

#include "tests/unit/calls/cache_support.hpp"
#include "tests/unit/calls/caller_parts.hpp"

namespace assay::test {
namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

Error busy(std::optional<std::chrono::milliseconds> retry_after = {}) {
    return {.code = ErrorCode::unavailable,
            .message = "busy",
            .retryable = true,
            .retry_after = retry_after};
}

/// Gives its answers in turn, the last one again and again; notes when it was asked.
class ScriptedProvider final : public Provider {
  public:
    explicit ScriptedProvider(std::deque<Result<ProviderReply>> answers)
        : answers_(std::move(answers)) {}

    Task<ProviderReply> call(ProviderRequest /*request*/, Deadline deadline) override {
        asked.push_back(std::chrono::steady_clock::now());
        deadlines.push_back(deadline);
        Result<ProviderReply> answer = answers_.front();
        if (answers_.size() > 1) answers_.pop_front();
        co_return answer;
    }
    Json identity() const override { return has_identity ? Json{{"kind", "scripted"}} : Json(); }

    std::vector<MonotonicTime> asked;
    std::vector<Deadline> deadlines;
    bool has_identity = true;

  private:
    std::deque<Result<ProviderReply>> answers_;
};

/// A caller and whom it calls.
struct Scene : CallerParts {
    explicit Scene(std::deque<Result<ProviderReply>> answers, BudgetSpec spec = {})
        : CallerParts(std::move(spec)), provider(std::move(answers)) {}

    CallOutcome call(std::chrono::milliseconds time = 10s, const std::string& question = "?") {
        return make_call({.provider = &provider,
                          .lane = {.provider = "p", .model = "m"},
                          .timeout = timeout,
                          .retries = retries},
                         make_question(question), time);
    }

    void open_cache(CacheMode wanted) {
        mode = wanted;
        cache = value_of(ReplyCache::open(folder.path() / "cache", {}, clock));
    }

    ScriptedProvider provider;
    int retries = 3;
    std::chrono::milliseconds timeout = 5s;
};

}  // namespace

TEST_CASE("caller: a reply is passed on and counted") {
    Scene scene({make_reply()});
    const CallOutcome outcome = scene.call();
    REQUIRE(outcome.reply.has_value());
    CHECK(outcome.reply->output == "Mariehamn");
    CHECK(outcome.calls == 1);
    CHECK(outcome.retries == 0);
    CHECK_FALSE(outcome.is_cached);
    CHECK(outcome.failed_attempts.empty());
    CHECK(scene.budget.settled().calls == 1);
    CHECK(scene.budget.settled().tokens == 24);
    CHECK(scene.budget.settled().cost == 13'200);
}

TEST_CASE("caller: what may succeed is tried again and the attempts are told") {
    Scene scene({std::unexpected(busy()), std::unexpected(busy()), make_reply()});
    const CallOutcome outcome = scene.call();
    CHECK(outcome.reply.has_value());
    CHECK(outcome.calls == 3);
    CHECK(outcome.retries == 2);
    CHECK(outcome.failed_attempts == std::vector<std::string>{"busy", "busy"});
    CHECK(scene.budget.settled().calls == 3);
}

TEST_CASE("caller: after the last attempt the error is the reply") {
    Scene scene({std::unexpected(busy())});
    const CallOutcome outcome = scene.call();
    REQUIRE_FALSE(outcome.reply.has_value());
    CHECK(outcome.reply.error().message == "busy");
    CHECK(outcome.calls == 4);
    CHECK(outcome.retries == 3);
    CHECK(outcome.failed_attempts.size() == 3);
}

TEST_CASE("caller: what cannot succeed is called once") {
    Scene scene({failure(ErrorCode::invalid_argument, "no such parameter")});
    const CallOutcome outcome = scene.call();
    CHECK_FALSE(outcome.reply.has_value());
    CHECK(scene.provider.asked.size() == 1);
    CHECK(outcome.retries == 0);
}

TEST_CASE("caller: a time to wait that the provider names is kept") {
    Scene scene({std::unexpected(busy(60ms)), make_reply()});
    const CallOutcome outcome = scene.call();
    CHECK(outcome.reply.has_value());
    REQUIRE(scene.provider.asked.size() == 2);
    CHECK(scene.provider.asked[1] - scene.provider.asked[0] >= 60ms);
}

TEST_CASE("caller: it does not wait for an attempt that comes after the deadline") {
    Scene scene({std::unexpected(busy(1h))});
    const MonotonicTime began = std::chrono::steady_clock::now();
    const CallOutcome outcome = scene.call(5s);
    CHECK(std::chrono::steady_clock::now() - began < 4s);
    REQUIRE_FALSE(outcome.reply.has_value());
    CHECK(outcome.reply.error().message == "busy");
    CHECK(outcome.calls == 1);
    CHECK(outcome.retries == 0);
    CHECK(outcome.failed_attempts.empty());
}

TEST_CASE("caller: an attempt ends with its own time or the unit's whichever is earlier") {
    Scene scene({make_reply()});
    const MonotonicTime began = std::chrono::steady_clock::now();
    (void)scene.call(1h);
    CHECK(scene.provider.deadlines.back().at <= std::chrono::steady_clock::now() + 5s);
    CHECK(scene.provider.deadlines.back().at >= began + 5s);
    (void)scene.call(2s);
    CHECK(scene.provider.deadlines.back().at <= std::chrono::steady_clock::now() + 2s);
}

TEST_CASE("caller: when the time is over nothing is called") {
    Scene scene({make_reply()});
    const CallOutcome outcome = scene.call(0ms);
    REQUIRE_FALSE(outcome.reply.has_value());
    CHECK(outcome.reply.error().code == ErrorCode::deadline_exceeded);
    CHECK(scene.provider.asked.empty());
    CHECK(outcome.calls == 0);
    CHECK(scene.budget.settled().calls == 0);
}

TEST_CASE("caller: the budget is asked before each attempt") {
    Scene scene({std::unexpected(busy())}, {.calls = 2});
    const CallOutcome outcome = scene.call();
    REQUIRE_FALSE(outcome.reply.has_value());
    CHECK(outcome.over_budget);
    CHECK(outcome.reply.error().message == "the budget of 2 calls is used up");
    CHECK(scene.provider.asked.size() == 2);
    CHECK(outcome.calls == 2);
    CHECK(scene.limiter.lanes().at(0).under_way == 0);
}

TEST_CASE("caller: a reply from the cache calls nothing and costs no budget") {
    Scene scene({make_reply()}, {.calls = 1});
    scene.open_cache(CacheMode::read_write);
    CHECK_FALSE(scene.call().is_cached);
    const CallOutcome again = scene.call();
    CHECK(again.is_cached);
    CHECK(again.reply->output == "Mariehamn");
    CHECK(again.calls == 0);
    CHECK(again.latency.count() == 0);
    CHECK(scene.provider.asked.size() == 1);
    CHECK(scene.budget.settled().calls == 1);
    CHECK(scene.call(10s, "another question").over_budget);
}

TEST_CASE("caller: cancelled while it waits for the next attempt it ends at once") {
    Scene scene({std::unexpected(busy(5s))});
    Caller caller({.limiter = &scene.limiter,
                   .budget = &scene.budget,
                   .clock = &scene.clock,
                   .rng = &scene.rng});
    CallTarget target{.provider = &scene.provider, .lane = {.provider = "p", .model = "m"}};
    asio::cancellation_signal cancellation;
    std::optional<ErrorCode> ended;
    const MonotonicTime began = std::chrono::steady_clock::now();
    asio::co_spawn(
        scene.io, caller.call(std::move(target), make_question(), in(1min)),
        asio::bind_cancellation_slot(
            cancellation.slot(), [&](const std::exception_ptr& failed, const CallOutcome& outcome) {
                REQUIRE(failed == nullptr);
                REQUIRE_FALSE(outcome.reply.has_value());
                ended = outcome.reply.error().code;
            }));
    asio::post(scene.io, [&] { cancellation.emit(asio::cancellation_type::terminal); });
    scene.io.run();
    CHECK(ended == ErrorCode::cancelled);
    CHECK(std::chrono::steady_clock::now() - began < 4s);
    CHECK(scene.provider.asked.size() == 1);
    CHECK(scene.limiter.lanes().at(0).under_way == 0);
}

}  // namespace assay::test
