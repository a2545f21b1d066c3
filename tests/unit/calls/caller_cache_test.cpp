#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>

#include "judges/calls/reply_folder.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/unit/calls/cache_support.hpp"
#include "tests/unit/calls/caller_parts.hpp"

namespace assay::test {

// How calls use the cache.

namespace {

namespace asio = boost::asio;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Answers what a test says, and counts.
class Scripted final : public Provider {
  public:
    Task<ProviderReply> call(ProviderRequest request, Deadline /*deadline*/) override {
        ++calls;
        co_return answer(request);
    }
    [[nodiscard]] Json identity() const override { return name; }

    std::function<Result<ProviderReply>(const ProviderRequest&)> answer =
        [](const ProviderRequest&) { return make_reply(); };
    Json name = {{"kind", "scripted"}};
    int calls = 0;
};

/// A caller with a cache.
struct Calls : CallerParts {
    Calls() { cache = value_of(ReplyCache::open(folder.path(), {}, clock)); }

    CallOutcome ask(Provider& whom, CacheMode wanted, const std::string& question = "Hm?") {
        mode = wanted;
        return make_call({.provider = &whom, .retries = 2}, make_question(question), 20s);
    }
    CallOutcome ask(CacheMode wanted, const std::string& question = "Hm?") {
        return ask(provider, wanted, question);
    }
    [[nodiscard]] std::size_t kept() const {
        return value_of(list_replies(folder.path())).replies.size();
    }

    Scripted provider;
};

}  // namespace

TEST_CASE("cached calls: a reply that was kept is not asked for again", "[cache]") {
    Calls calls;
    const CallOutcome first = calls.ask(CacheMode::read_write);
    CHECK_FALSE(first.is_cached);
    CHECK(first.calls == 1);
    for (const CacheMode mode : {CacheMode::read_write, CacheMode::read, CacheMode::replay}) {
        const CallOutcome again = calls.ask(mode);
        REQUIRE(again.reply);
        CHECK(again.is_cached);
        CHECK(again.calls == 0);
        CHECK(again.latency.count() == 0);
        CHECK(again.reply->output == first.reply->output);
        CHECK(again.reply->cost == first.reply->cost);
    }
    CHECK(calls.provider.calls == 1);
    CHECK(calls.budget.settled().calls == 1);
    CHECK_FALSE(calls.ask(CacheMode::read_write, "Ho?").is_cached);
    CHECK(calls.provider.calls == 2);
}

TEST_CASE("cached calls: each mode reads and writes what it says", "[cache]") {
    Calls calls;
    CHECK_FALSE(calls.ask(CacheMode::off).is_cached);
    CHECK_FALSE(calls.ask(CacheMode::read).is_cached);
    CHECK(calls.kept() == 0);
    CHECK_FALSE(calls.ask(CacheMode::write).is_cached);
    CHECK(calls.kept() == 1);
    calls.provider.answer = [](const ProviderRequest&) { return make_reply("anew"); };
    CHECK_FALSE(calls.ask(CacheMode::off).is_cached);
    CHECK(calls.ask(CacheMode::read).reply->output == make_reply().output);
    CHECK_FALSE(calls.ask(CacheMode::write).is_cached);
    CHECK(calls.ask(CacheMode::read).reply->output == "anew");
    CHECK(calls.provider.calls == 5);
}

TEST_CASE("cached calls: replaying calls nobody", "[cache]") {
    Calls calls;
    const CallOutcome missed = calls.ask(CacheMode::replay);
    REQUIRE_FALSE(missed.reply);
    CHECK_FALSE(missed.reply.error().retryable);
    CHECK_THAT(missed.reply.error().message, Catch::Contains("cache: read_write"));
    CHECK(calls.provider.calls == 0);
    CHECK(calls.kept() == 0);
}

TEST_CASE("cached calls: errors and replies cut short or empty are never kept", "[cache]") {
    Calls calls;
    const auto answers =
        std::vector<Result<ProviderReply>>{failure(ErrorCode::invalid_argument, "refused"),
                                           retryable_failure(ErrorCode::unavailable, "overloaded")};
    for (const Result<ProviderReply>& answer : answers) {
        calls.provider.answer = [&](const ProviderRequest&) { return answer; };
        CHECK_FALSE(calls.ask(CacheMode::read_write).reply);
    }
    ProviderReply truncated = make_reply();
    truncated.truncated = true;
    ProviderReply without_output = make_reply();
    without_output.output = nullptr;
    for (const ProviderReply& reply : {truncated, without_output}) {
        calls.provider.answer = [&](const ProviderRequest&) { return reply; };
        CHECK(calls.ask(CacheMode::read_write).reply);
        CHECK(calls.kept() == 0);
    }
    calls.provider.answer = [](const ProviderRequest&) { return make_reply(); };
    CHECK_FALSE(calls.ask(CacheMode::read_write).is_cached);
    CHECK(calls.kept() == 1);
}

TEST_CASE("cached calls: a reply after a retry is kept", "[cache]") {
    Calls calls;
    calls.provider.answer = [&](const ProviderRequest&) -> Result<ProviderReply> {
        if (calls.provider.calls == 1) return retryable_failure(ErrorCode::unavailable, "busy");
        return make_reply();
    };
    CHECK(calls.ask(CacheMode::read_write).retries == 1);
    CHECK(calls.ask(CacheMode::read_write).is_cached);
}

TEST_CASE("cached calls: who has no identity is called in every mode", "[cache]") {
    Calls calls;
    calls.provider.name = nullptr;
    for (const CacheMode mode : {CacheMode::read_write, CacheMode::read_write, CacheMode::replay}) {
        CHECK_FALSE(calls.ask(mode).is_cached);
    }
    CHECK(calls.provider.calls == 3);
    CHECK(calls.kept() == 0);
}

TEST_CASE("cached calls: a reply that cannot be kept is still the reply", "[cache]") {
    Calls calls;
    const std::string key = ReplyCache::key_of(calls.provider, make_question("Hm?")).value();
    std::ofstream(calls.folder.path() / key.substr(0, 2)) << "in the way";
    const CallOutcome outcome = calls.ask(CacheMode::read_write);
    REQUIRE(outcome.reply);
    CHECK(outcome.reply->output == make_reply().output);
    CHECK_THAT(outcome.reply->log, Catch::Contains("was not cached"));
}

TEST_CASE("cached calls: a key that a server repeats is in no file", "[cache]") {
    const std::string secret = "sk-canary-repeated-91ab";
    const StubServer server([&](const StubRequest& request) {
        const Json answer = {
            {"choices", {{{"message", {{"content", request.headers.at("authorization")}}}}}}};
        return StubReply{.body = to_text(answer)};
    });
    Calls calls;
    ProviderSettings settings;
    settings.name = "local";
    settings.base_url = server.url("/v1");
    settings.api_key = Secret(secret);
    const auto model = make_provider("openai-compatible", std::move(settings));
    const CallOutcome first = calls.ask(*model, CacheMode::read_write);
    REQUIRE(first.reply);
    CHECK(first.reply->output == "Bearer [redacted]");
    CHECK_THAT(first.reply->log, Catch::Contains("repeated a key"));
    const CallOutcome again = calls.ask(*model, CacheMode::replay);
    REQUIRE(again.reply);
    CHECK(again.reply->output == first.reply->output);
    CHECK(again.reply->log == first.reply->log);
    for (const ReplyFileInfo& file : value_of(list_replies(calls.folder.path())).replies) {
        CHECK_THAT(read_text(file.path), !Catch::Contains("canary"));
    }
}

}  // namespace assay::test
