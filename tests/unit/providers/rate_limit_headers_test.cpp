#include "judges/providers/rate_limit_headers.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "core/base/clock.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using Wait = std::optional<std::chrono::milliseconds>;

namespace {

using Headers = std::map<std::string, std::string>;

HttpResponse response(Headers headers) { return {.status = 429, .headers = std::move(headers)}; }

constexpr const char* k_date = "Sun, 06 Nov 1994 08:49:37 GMT";

}  // namespace

TEST_CASE("rate limit headers: these statuses are worth another attempt and no others") {
    const std::set<int> retryable = {408, 425, 429, 500, 502, 503, 504,
                                     520, 521, 522, 523, 524, 529};
    for (int status = 100; status < 700; ++status) {
        INFO(status);
        CHECK(is_retryable_status(status) == retryable.contains(status));
    }
}

TEST_CASE("rate limit headers: Retry-After is read in all its forms") {
    struct Case {
        const char* text;
        Wait wait;
    };
    for (const auto& [text, wait] : std::vector<Case>{
             {"0", 0ms},
             {"1", 1s},
             {"20", 20s},
             {" 20 ", 20s},
             {"0.5", 500ms},
             {"0.0001", 1ms},  // never less than was asked for
             {"604800", 168h},
             {"604801", 168h},
             {"999999999999999999999999", 168h},
             {"Sun, 06 Nov 1994 08:49:40 GMT", 3s},
             {"Sunday, 06-Nov-94 08:50:37 GMT", 60s},
             {"Sun Nov  6 08:49:38 1994", 1s},
             {"Mon Nov 14 08:49:37 1994", 168h},
             {"Sun, 06 Nov 1994 08:49:37 GMT", 0ms},
             {"Sat, 05 Nov 1994 08:49:37 GMT", 0ms},
             {"Wed, 31 Dec 2098 23:59:59 GMT", 168h},
             {"", {}},
             {"-1", {}},
             {"+1", {}},
             {"1s", {}},
             {"1 2", {}},
             {"nan", {}},
             {"inf", {}},
             {"0x10", {}},
             {"1e3", {}},
             {"soon", {}},
             {"Sun, 06 Nov 1994 08:49:40", {}},
             {"Sun, 06 Nov 1994", {}},
             {"Sun", {}},
             {"Sun, 06 Nov 1994 08:49:40 CET", {}},
             {"Sun, 06 Nov 1994 08:49:40 GMT and more", {}},
             {"Sun, 31 Nov 1994 08:49:40 GMT", {}},
             {"Sun, 06 Foo 1994 08:49:40 GMT", {}},
             {"Sun, 06 Nov 1994 25:49:40 GMT", {}},
             {"Sun, 06 Nov 9999 08:49:40 GMT", {}},
         }) {
        INFO(text);
        CHECK(read_retry_after(response({{"date", k_date}, {"retry-after", text}})) == wait);
    }
    CHECK_FALSE(read_retry_after(response({})));
}

TEST_CASE("rate limit headers: milliseconds are taken before seconds where they make sense") {
    CHECK(read_retry_after(response({{"retry-after-ms", "1500"}, {"retry-after", "2"}})) == 1500ms);
    CHECK(read_retry_after(response({{"retry-after-ms", "0.2"}})) == 1ms);
    CHECK(read_retry_after(response({{"retry-after-ms", "soon"}, {"retry-after", "2"}})) == 2s);
    CHECK_FALSE(read_retry_after(response({{"retry-after-ms", "soon"}})));
}

TEST_CASE("rate limit headers: a date counts from the server's own and else from ours") {
    // Our clock is decades away from the server's.
    CHECK(read_retry_after(response(
              {{"date", k_date}, {"retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"}})) == 10s);
    for (const char* date : {"", "yesterday"}) {
        const HttpResponse undated =
            response({{"date", date}, {"retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"}});
        CHECK(read_retry_after(undated) == 0ms);
    }
    CHECK(read_retry_after(response({{"retry-after", "Wed, 31 Dec 2098 23:59:59 GMT"}})) == 168h);
}

TEST_CASE("rate limit headers: OpenAI's are read") {
    const RateLimitNews news = read_rate_limit_news(response({
        {"x-ratelimit-limit-requests", "60"},
        {"x-ratelimit-limit-tokens", "150000"},
        {"x-ratelimit-remaining-requests", "59"},
        {"x-ratelimit-remaining-tokens", "149984"},
        {"x-ratelimit-reset-requests", "1s"},
        {"x-ratelimit-reset-tokens", "6m0s"},
    }));
    CHECK(news.requests_limit == 60);
    CHECK(news.requests_left == 59);
    CHECK(news.requests_reset == 1s);
    CHECK(news.tokens_limit == 150'000);
    CHECK(news.tokens_left == 149'984);
    CHECK(news.tokens_reset == 6min);
}

TEST_CASE("rate limit headers: a reset is a duration or seconds or a time") {
    struct Case {
        const char* text;
        Wait wait;
    };
    for (const auto& [text, wait] : std::vector<Case>{
             {"6m0s", 6min},
             {"1s", 1s},
             {"12ms", 12ms},
             {"1h2m3s", 1h + 2min + 3s},
             {"2m59.56s", 2min + 59'560ms},
             {"7.66s", 7660ms},
             {"1d2h", 26h},
             {"500us", 1ms},
             {"500µs", 1ms},
             {"1ns", 1ms},
             {"0s", 0ms},
             {"59.5", 59'500ms},
             {"60", 60s},
             {"0", 0ms},
             {"9999h", 168h},
             {"1994-11-06T08:49:40Z", 3s},
             {"1994-11-06T10:49:40+02:00", 3s},
             {"1994-11-06T08:49:37.250Z", 250ms},
             {"1994-11-06T08:49:30Z", 0ms},
             {"", {}},
             {"s", {}},
             {"-1s", {}},
             {"1m-1s", {}},
             {"1m0", {}},
             {"1 m", {}},
             {"1x", {}},
             {"1994-11-06", {}},
             {"never", {}},
         }) {
        INFO(text);
        const RateLimitNews news = read_rate_limit_news(
            response({{"date", k_date}, {"x-ratelimit-reset-requests", text}}));
        CHECK(news.requests_reset == wait);
        CHECK_FALSE(news.tokens_reset);
    }
}

TEST_CASE("rate limit headers: a count that is none is not told") {
    for (const char* text : {"", "-1", "+1", "many", "1.5", "1 ", "99999999999999999999", "0x1"}) {
        INFO(text);
        const RateLimitNews news = read_rate_limit_news(response(
            {{"x-ratelimit-remaining-requests", text}, {"x-ratelimit-remaining-tokens", "0"}}));
        CHECK(news.requests_left == (text == std::string("1 ") ? std::optional(1) : std::nullopt));
        CHECK(news.tokens_left == 0);
    }
}

TEST_CASE("rate limit headers: Anthropic's are read") {
    Headers headers = {
        {"date", k_date},
        {"anthropic-ratelimit-requests-limit", "4000"},
        {"anthropic-ratelimit-requests-remaining", "3999"},
        {"anthropic-ratelimit-requests-reset", "1994-11-06T08:49:38Z"},
        {"anthropic-ratelimit-input-tokens-limit", "400000"},
        {"anthropic-ratelimit-input-tokens-remaining", "300000"},
        {"anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:49:52Z"},
        {"anthropic-ratelimit-output-tokens-limit", "80000"},
        {"anthropic-ratelimit-output-tokens-remaining", "79000"},
        {"anthropic-ratelimit-output-tokens-reset", "1994-11-06T08:49:39Z"},
    };
    const RateLimitNews apart = read_rate_limit_news(response(headers));
    CHECK(apart.requests_limit == 4000);
    CHECK(apart.requests_left == 3999);
    CHECK(apart.requests_reset == 1s);
    CHECK(apart.tokens_limit == 80'000);
    CHECK(apart.tokens_left == 79'000);
    CHECK(apart.tokens_reset == 2s);

    headers["anthropic-ratelimit-tokens-limit"] = "480000";
    headers["anthropic-ratelimit-tokens-remaining"] = "1000";
    headers["anthropic-ratelimit-tokens-reset"] = "1994-11-06T08:50:37Z";
    const RateLimitNews together = read_rate_limit_news(response(headers));
    CHECK(together.tokens_limit == 480'000);
    CHECK(together.tokens_left == 1000);
    CHECK(together.tokens_reset == 60s);
}

TEST_CASE("rate limit headers: an answer without them tells nothing") {
    for (const Headers& headers :
         {Headers{}, Headers{{"content-type", "application/json"}, {"x-request-id", "1"}},
          Headers{{"x-ratelimit", "9"}}, Headers{{"x-ratelimit-remaining", "9"}}}) {
        const RateLimitNews news = read_rate_limit_news(response(headers));
        CHECK_FALSE(news.requests_left);
        CHECK_FALSE(news.tokens_left);
        CHECK_FALSE(news.requests_reset);
        CHECK_FALSE(news.tokens_reset);
        CHECK_FALSE(news.requests_limit);
        CHECK_FALSE(news.tokens_limit);
    }
}

}  // namespace assay::test
