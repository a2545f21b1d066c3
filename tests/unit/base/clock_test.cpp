#include "core/base/clock.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string_view>
#include <vector>

namespace assay {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Time time_at(std::int64_t seconds, std::int64_t nanos = 0) {
    return Time(std::chrono::seconds(seconds) + nanoseconds(nanos));
}

}  // namespace

TEST_CASE("clock: times are written as RFC 3339 in UTC with milliseconds", "[clock]") {
    CHECK(to_rfc3339(time_at(0)) == "1970-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(time_at(1'793'525'400, 123'999'999)) == "2026-11-01T09:30:00.123Z");
    CHECK(to_rfc3339(time_at(951'782'399)) == "2000-02-28T23:59:59.000Z");
    CHECK(to_rfc3339(time_at(-1)) == "1969-12-31T23:59:59.000Z");
    CHECK(to_rfc3339(time_at(-1, 1)) == "1969-12-31T23:59:59.000Z");
}

TEST_CASE("clock: RFC 3339 is read with any offset and fraction", "[clock]") {
    struct Example {
        std::string_view text;
        Time expected;
    };
    for (const Example& example : std::vector<Example>{
             {"1970-01-01T00:00:00Z", time_at(0)},
             {"2026-11-01T09:30:00Z", time_at(1'793'525'400)},
             {"2026-11-01t09:30:00z", time_at(1'793'525'400)},
             {"2026-11-01 09:30:00Z", time_at(1'793'525'400)},
             {"2026-11-01T11:30:00+02:00", time_at(1'793'525'400)},
             {"2026-11-01T04:00:00-05:30", time_at(1'793'525'400)},
             {"2026-11-01T09:30:00.5Z", time_at(1'793'525'400, 500'000'000)},
             {"2026-11-01T09:30:00.123456789Z", time_at(1'793'525'400, 123'456'789)},
             {"2026-11-01T09:30:00.1234567899Z", time_at(1'793'525'400, 123'456'789)},
             {"2000-02-29T00:00:00Z", time_at(951'782'400)},
             {"1969-12-31T23:59:59Z", time_at(-1)},
         }) {
        CAPTURE(example.text);
        const auto parsed = parse_rfc3339(example.text);
        REQUIRE(parsed);
        CHECK(*parsed == example.expected);
    }
}

TEST_CASE("clock: what is no time is refused", "[clock]") {
    for (const std::string_view text : {"",
                                        "now",
                                        "2026-11-01",
                                        "2026-11-01T09:30:00",
                                        "2026-11-01T09:30Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-02-29T00:00:00Z",
                                        "2026-11-31T00:00:00Z",
                                        "2026-11-01T24:00:00Z",
                                        "2026-11-01T00:60:00Z",
                                        "2026-11-01T00:00:61Z",
                                        "2026-11-01T00:00:00.Z",
                                        "2026-11-01T00:00:00+2:00",
                                        "2026-11-01T00:00:00+0200",
                                        "2026-11-01T00:00:00+24:00",
                                        "2026-11-01T00:00:00Zx",
                                        "2026/11/01T00:00:00Z",
                                        "2026-11-01x00:00:00Z",
                                        " 2026-11-01T00:00:00Z",
                                        "2026-1a-01T00:00:00Z"}) {
        CAPTURE(text);
        const auto parsed = parse_rfc3339(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("clock: times round trip to the millisecond", "[clock]") {
    for (const std::int64_t ms :
         {0LL, 1LL, 999LL, 1'793'525'400'123LL, -62'135'596'800'000LL / 8}) {
        const Time time{milliseconds(ms)};
        CHECK(*parse_rfc3339(to_rfc3339(time)) == time);
    }
}

TEST_CASE("clock: years that nanoseconds cannot hold are refused", "[clock][limits]") {
    CHECK(parse_rfc3339("2262-04-09T23:59:59.999999999-23:59"));
    CHECK(parse_rfc3339("1677-09-23T00:00:00+23:59"));
    CHECK_FALSE(parse_rfc3339("2262-04-10T00:00:00Z"));
    CHECK_FALSE(parse_rfc3339("1677-09-22T00:00:00Z"));
    CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59Z"));
    CHECK_FALSE(parse_rfc3339("0001-01-01T00:00:00Z"));
}

TEST_CASE("clock: durations have a unit or are seconds", "[clock]") {
    CHECK(*parse_duration("250ms") == milliseconds(250));
    CHECK(*parse_duration("60s") == milliseconds(60'000));
    CHECK(*parse_duration("10m") == milliseconds(600'000));
    CHECK(*parse_duration("2h") == milliseconds(7'200'000));
    CHECK(*parse_duration("5") == milliseconds(5000));
    CHECK(*parse_duration("1.5s") == milliseconds(1500));
    CHECK(*parse_duration(" 3s ") == milliseconds(3000));
    CHECK(*parse_duration("1ms") == milliseconds(1));
    CHECK(*parse_duration("0.001") == milliseconds(1));
}

TEST_CASE("clock: what is no duration is refused", "[clock]") {
    for (const std::string_view text :
         {"", "s", "abc", "0", "0s", "-1s", "-5", "1d", "10 s", "1sec", "0.5ms", "nan", "inf",
          "1e400s", "1e30h", "10s10s"}) {
        CAPTURE(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("clock: ages may have days besides", "[clock]") {
    CHECK(*parse_age("30d") == std::chrono::days(30));
    CHECK(*parse_age("1.5d") == std::chrono::hours(36));
    CHECK(*parse_age("12h") == std::chrono::hours(12));
    for (const std::string_view text : {"", "d", "0d", "-1d", "30days", "1e300d", "soon"}) {
        CAPTURE(text);
        const auto parsed = parse_age(text);
        REQUIRE_FALSE(parsed);
        CHECK_THAT(parsed.error().message, Catch::Contains("30d"));
    }
}

TEST_CASE("clock: the earlier of two deadlines wins", "[clock]") {
    const MonotonicTime now = SystemClock().monotonic();
    const Deadline near{now};
    const Deadline far{now + milliseconds(1)};
    CHECK(near.earlier(far).at == now);
    CHECK(far.earlier(near).at == now);
    CHECK(Deadline{}.earlier(near).at == now);
    CHECK(Deadline{}.is_never());
    CHECK_FALSE(near.is_never());
}

TEST_CASE("clock: the system's clock is past 2024 and the monotonic one does not go back",
          "[clock]") {
    const SystemClock clock;
    CHECK(clock.now() > time_at(1'704'067'200));
    const MonotonicTime first = clock.monotonic();
    CHECK(clock.monotonic() >= first);
    CHECK(to_ms(std::chrono::microseconds(1500)) == 1.5);
}

}  // namespace assay
