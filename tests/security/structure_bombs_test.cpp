#include <fmt/format.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"
#include "tests/support/gzip.hpp"
#include "tests/unit/api/api_world.hpp"

// Bodies and parameters that are small to send and dear to read: each is answered at once, in the
// right shape, and never with a 5xx.

namespace assay::test {
namespace {

constexpr double k_answer_seconds_max = 3;  // of an unoptimised build under a sanitizer

struct Bomb {
    const char* name;
    std::string json;
};

std::string repeated(std::size_t times, std::string_view text) {
    std::string all;
    all.reserve(times * text.size());
    for (; times > 0; --times) all += text;
    return all;
}

/// @param size  of the large ones.
std::vector<Bomb> make_bombs(std::size_t size) {
    std::string members = "{";
    for (std::size_t i = 0; i < size / 2; ++i) members += fmt::format("\"k{}\":1,", i);
    return {
        {"open lists", repeated(size, "[")},
        {"deep lists", repeated(size, "[") + repeated(size, "]")},
        {"deep objects", repeated(size / 2, R"({"a":)") + "1" + repeated(size / 2, "}")},
        {"lists to the depth that is read", repeated(120, "[") + repeated(120, "]")},
        {"many members", members + "\"k\":1}"},
        {"the same member often", "{" + repeated(size / 4, R"("k":1,)") + R"("k":2})"},
        {"many elements", "[" + repeated(size, "1,") + "1]"},
        {"a long number", std::string(size, '9')},
        {"a long fraction", "0." + std::string(size, '1')},
        {"numbers beyond all", "[1e400,-1e400,1e-400,18446744073709551616,-9223372036854775809]"},
        {"a long exponent", "1e" + std::string(size / 4, '9')},
        {"halves of surrogates", R"(["\ud800","\udc00\ud800","a\ud83d"])"},
        {"NUL", R"("a\u0000b")"},
        {"no UTF-8", "\"\xff\xc3\x28\xed\xa0\x80\""},
        {"overlong UTF-8", "\"\xc0\xaf\xf0\x82\x82\xac\""},
        {"a long text", '"' + std::string(4 * size, 'x') + '"'},
        {"an id that is too long", '"' + std::string(801, 'i') + '"'},
        {"escapes", '"' + repeated(size / 2, R"(\u0001)") + '"'},
        {"repetitions of repetitions", "\"((((a{1,100}){1,100}){1,100}){1,100})\""},
        {"references", '"' + repeated(size / 100, "@@@langfusePrompt:name=") + '"'},
        {"a schema of itself", R"({"$ref":"#","allOf":[{"$ref":"#"},{"$ref":"#"}]})"}};
}

double cpu_seconds() {
    rusage used{};
    REQUIRE(::getrusage(RUSAGE_SELF, &used) == 0);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// The body with one value after the other replaced, on every level.
void replace_each(Json& part, const std::function<void()>& replaced) {
    if (!part.is_structured()) return;
    for (Json& member : part) {
        replace_each(member, replaced);
        Json kept = std::exchange(member, Json("<bomb>"));
        replaced();
        member = std::move(kept);
    }
}

class Range : public ApiFixture {
  public:
    Range() : ring_{project, organization}, world_(*this, ring_, "w") {}

    /// How a route is asked, about what is there again after earlier requests.
    ApiWorld::Call call_of(const Route& route) {
        world_.fill();
        const auto call = world_.call_of(route);
        REQUIRE(call);
        return *call;
    }

    void ask_with(const Route& route, std::string_view target, std::string_view headers,
                  std::string_view body) {
        const double began = cpu_seconds();
        const RawResponse response =
            ask(route.method, target, ApiWorld::authorization(route, ring_) + std::string(headers),
                body);
        INFO(route.method << ' ' << fit_width(target, 60) << ": " << fit_width(response.body, 300));
        CHECK(response.status >= 200);
        CHECK(response.status < 500);
        CHECK(cpu_seconds() - began < k_answer_seconds_max);
        if (response.status >= 400) CHECK(body_of(response).is_object());
    }

  private:
    KeyRing ring_;
    ApiWorld world_;
};

constexpr const char* k_json = "Content-Type: application/json\r\n";

}  // namespace

TEST_CASE("structure bombs: any body of any route is answered at once", "[security]") {
    Range range;
    const std::vector<Bomb> bombs = make_bombs(200'000);
    for (const Route& route : routes()) {
        const ApiWorld::Call call = range.call_of(route);
        if (call.body.empty()) continue;
        for (const Bomb& bomb : bombs) {
            INFO(bomb.name);
            range.ask_with(route, call.target, k_json, bomb.json);
        }
    }
}

TEST_CASE("structure bombs: any value of any body is answered at once", "[security]") {
    Range range;
    const std::vector<Bomb> bombs = make_bombs(1'000);
    for (const Route& route : routes()) {
        const ApiWorld::Call call = range.call_of(route);
        if (call.body.empty()) continue;
        Json body = parse_json(call.body).value();
        replace_each(body, [&] {
            for (const Bomb& bomb : bombs) {
                INFO(bomb.name << " in " << to_text(body));
                range.ask_with(route, call.target, k_json,
                               replaced(to_text(body), "\"<bomb>\"", bomb.json));
            }
        });
    }
}

TEST_CASE("structure bombs: any parameter of any list is answered at once", "[security]") {
    Range range;
    const std::string deep = repeated(1'000, "[");
    const std::vector<std::string> parameters = {
        "filter=" + percent_encode(deep),
        "filter=" + percent_encode("[" + repeated(60, R"({"type":"null"},)") + "{}]"),
        "filter=" + percent_encode(R"([{"type":"string","column":"name","operator":"matches",)"
                                   R"("value":")" +
                                   repeated(500, "a ") + "\"}]"),
        "cursor=" + percent_encode(to_base64(deep)),
        "cursor=" + percent_encode(to_base64(R"({"t":1e400,"i":[]})")),
        "page=9223372036854775807&limit=100",
        "limit=" + std::string(400, '9'),
        "fields=" + repeated(500, "core,"),
        "name=" + percent_encode(std::string(800, '%')),
        repeated(1'000, "tags=a&") + "tags=b",
        "fromTimestamp=9999-12-31T23:59:59Z&toTimestamp=0001-01-01T00:00:00Z"};
    for (const Route& route : routes()) {
        if (route.method != "GET") continue;
        const ApiWorld::Call call = range.call_of(route);
        const char separator = call.target.find('?') == std::string::npos ? '?' : '&';
        for (const std::string& parameter : parameters) {
            INFO(fit_width(parameter, 40));
            range.ask_with(route, call.target + separator + parameter, "", "");
        }
    }
}

TEST_CASE("structure bombs: what is packed too well or twice is refused", "[security]") {
    Range range;
    const std::string packed_json = std::string(k_json) + "Content-Encoding: gzip\r\n";
    const std::string packed_spans =
        "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n";
    struct Case {
        std::string packed;
        int status;
    };
    const std::string batch = R"({"batch":[]})";
    for (const Case& tried : {Case{gzipped(batch), 207}, Case{gzipped(gzipped(batch)), 400},
                              Case{gzipped(std::string(60U << 20U, ' ')), 413},
                              Case{gzipped(std::string(3U << 20U, '[')), 413}}) {
        const std::string headers = basic(range.project) + packed_json;
        CHECK(range.ask("POST", "/api/public/ingestion", headers, tried.packed).status ==
              tried.status);
    }
    for (const Case& tried : {Case{gzipped(""), 200}, Case{gzipped(gzipped("")), 400},
                              Case{gzipped(std::string(60U << 20U, '\n')), 413}}) {
        const std::string headers = basic(range.project) + packed_spans;
        CHECK(range.ask("POST", "/api/public/otel/v1/traces", headers, tried.packed).status ==
              tried.status);
    }
    CHECK(range.ask("GET", "/api/public/health").status == 200);
}

}  // namespace assay::test
