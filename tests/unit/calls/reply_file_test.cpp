#include "judges/calls/reply_file.hpp"

#include <limits>
#include <set>

#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/calls/cache_support.hpp"

namespace assay::test {
namespace {

ProviderRequest make_service_request() {
    ServiceRequest service;
    service.http.method = "POST";
    service.http.url = "http://127.0.0.1:8000/ask?key=url%20canary";
    service.http.headers.push_back({"Content-Type", Secret("application/json")});
    service.http.headers.push_back({"Authorization", Secret("Bearer canary-44dd")});
    service.http.body = R"({"question":"Hm?","token":"say \"canary\""})";
    service.output = value_of(JsonPath::parse("$.answer"));
    for (const char* secret : {"url canary", "canary-44dd", "say \"canary\"", ""}) {
        service.secrets.emplace_back(secret);
    }
    ProviderRequest request;
    request.service = std::move(service);
    return request;
}

std::string key_of(const Provider& provider, const ProviderRequest& request) {
    const auto canonical = canonical_request(provider, request);
    REQUIRE(canonical);
    return key_of_request(*canonical);
}

RecordedReply make_recorded(ProviderReply reply) {
    auto request = canonical_request(*make_model(), make_question());
    REQUIRE(request);
    return {.key = key_of_request(*request), .request = *request, .reply = std::move(reply)};
}

void check_same(const ProviderReply& a, const ProviderReply& b) {
    CHECK(to_text(a.output) == to_text(b.output));
    CHECK(a.model == b.model);
    CHECK(a.finish_reason == b.finish_reason);
    CHECK(a.usage == b.usage);
    CHECK(a.cost == b.cost);
    CHECK(a.log == b.log);
    CHECK(a.refusal == b.refusal);
    CHECK(a.reasoning == b.reasoning);
}

/// How reading fails.
std::string damage_of(const std::string& text) {
    const auto read = read_reply_file(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::data_loss);
    return read.error().message;
}

}  // namespace

TEST_CASE("reply key: a question to a model has the documented bytes and key", "[cache]") {
    const auto canonical = canonical_request(*make_model(), make_question());
    REQUIRE(canonical);
    CHECK(to_text(*canonical) ==
          R"({"assay_request":1,"messages":[{"content":"Answer with one word.","role":"system"},)"
          R"({"content":"Capital of Åland? \"quoted\"\n","role":"user"}],"model":"gpt-4.1-mini",)"
          R"("parameters":{"max_tokens":16,"temperature":0.2},"provider":{"headers":)"
          R"(["openai-project"],"kind":"openai_chat","options_sha256":)"
          R"("beced1fe696351bb996169a4f1987ca19b5f52f37c7ef3071f9c044cf3580bfc",)"
          R"("url":"https://api.openai.com/v1/chat/completions"},"repetition":2,)"
          R"("response_schema":null,"tools":null})");
    // Computed by another program: sha256 of these bytes.
    CHECK(key_of_request(*canonical) ==
          "a17cbf5730cc9cf5fe15ba0abf7bcbc22839f24d8a9a5e37d8d07600ac0a99ed");
}

TEST_CASE("reply key: a request to a service has the documented bytes and key", "[cache]") {
    const auto canonical = canonical_request(*make_provider("http", {}), make_service_request());
    REQUIRE(canonical);
    CHECK(to_text(*canonical) ==
          R"({"assay_request":1,"provider":{"kind":"http"},"repetition":0,"service":{"body":)"
          R"("{\"question\":\"Hm?\",\"token\":\"[redacted]\"}","headers":[["authorization",)"
          R"("e1d64f6e8274b3aa52242bf75f08f0afb6a8854e19f64f68bdb5e58d18a372e0"],["content-type",)"
          R"("bacb769b46f6d169fb227ea026550f411d46cbe66a9c2a6ba36449c8cf8e4dea"]],"method":"POST",)"
          R"("output":"$.answer","url":"http://127.0.0.1:8000/ask?key=[redacted]"}})");
    CHECK(key_of_request(*canonical) ==
          "3ec331b658d5108406b4d93e574ef9ce6d6ae3ea1fe5434a09b4e9e291e6cdb3");
}

TEST_CASE("reply key: all that can change the answer of a model changes the key", "[cache]") {
    const auto model = make_model();
    std::set<std::string> keys = {key_of(*model, make_question())};
    const auto add = [&](auto change) {
        ProviderRequest request = make_question();
        change(request);
        CHECK(keys.insert(key_of(*model, request)).second);
    };
    add([](ProviderRequest& r) { r.model = "gpt-4.1"; });
    add([](ProviderRequest& r) { r.messages[0].role = "developer"; });
    add([](ProviderRequest& r) { r.messages[1].content = "Capital of Aland?"; });
    add([](ProviderRequest& r) { r.messages[1].content = Json::array({{{"type", "text"}}}); });
    add([](ProviderRequest& r) { r.messages.pop_back(); });
    add([](ProviderRequest& r) { std::swap(r.messages[0], r.messages[1]); });
    add([](ProviderRequest& r) { r.parameters["temperature"] = 0.3; });
    add([](ProviderRequest& r) { r.tools = Json::array({{{"type", "function"}}}); });
    add([](ProviderRequest& r) { r.response_schema = {{"type", "string"}}; });
    add([](ProviderRequest& r) { r.repetition = 3; });
    add([](ProviderRequest& r) { r.texts = {"Paris"}; });
    add([](ProviderRequest& r) { r.texts = {"Paris", "Rome"}; });

    const auto add_provider = [&](ProviderSettings settings) {
        const auto other = make_provider("openai-compatible", std::move(settings));
        CHECK(keys.insert(key_of(*other, make_question())).second);
    };
    const ProviderSettings local{.name = "local", .base_url = "http://127.0.0.1:8000/v1"};
    ProviderSettings settings = local;
    add_provider(settings);
    settings.options = {{"seed", 8}};
    add_provider(settings);
    settings.headers = {{"X-Region", Secret("north")}};
    add_provider(settings);
    settings.base_url = "http://127.0.0.1:8001/v1";
    add_provider(settings);
}

TEST_CASE("reply key: what cannot change an answer does not change the key", "[cache]") {
    const std::string key = key_of(*make_model(), make_question());
    ProviderSettings settings{.name = "renamed",
                              .base_url = "https://api.openai.com/v1//",
                              .api_key = Secret("sk-of-somebody-else"),
                              .headers = {{"openai-PROJECT", Secret("another-project")}},
                              .options = {{"seed", 7}}};
    const auto same = make_provider("openai-compatible", std::move(settings));
    ProviderRequest request = make_question();
    request.unit = {{"id", "row 7"}};
    CHECK(key_of(*same, request) == key);
}

TEST_CASE("reply key: all that can change the answer of a service changes the key", "[cache]") {
    const auto http = make_provider("http", {});
    std::set<std::string> keys = {key_of(*http, make_service_request())};
    const auto add = [&](auto change) {
        ProviderRequest request = make_service_request();
        change(request, *request.service);
        CHECK(keys.insert(key_of(*http, request)).second);
    };
    using Request = ProviderRequest;
    using Service = ServiceRequest;
    add([](Request&, Service& s) { s.http.method = "PUT"; });
    add([](Request&, Service& s) { s.http.url += "&page=2"; });
    add([](Request&, Service& s) { s.http.body = R"({"question":"Ho?"})"; });
    add([](Request&, Service& s) { s.http.body = "caf\xE9"; });
    add([](Request&, Service& s) { s.http.body = "caf\xE8"; });
    add([](Request&, Service& s) { s.http.headers[0].value = Secret("text/plain"); });
    add([](Request&, Service& s) { s.http.headers[0].name = "X-Type"; });
    add([](Request&, Service& s) { s.http.headers.pop_back(); });
    add([](Request&, Service& s) { s.output = value_of(JsonPath::parse("$.text")); });
    add([](Request&, Service& s) { s.output.reset(); });
    add([](Request& r, Service&) { r.repetition = 1; });
}

TEST_CASE("reply key: another value of a variable of the environment changes nothing", "[cache]") {
    const auto http = make_provider("http", {});
    ProviderRequest request = make_service_request();
    request.service->http.url = "http://127.0.0.1:8000/ask?key=other%2Bkey";
    request.service->http.headers[1].value = Secret("Bearer longer-than-the-other-99");
    request.service->http.body = R"({"question":"Hm?","token":"other\\token"})";
    request.service->secrets.clear();
    for (const char* secret : {"other\\token", "longer-than-the-other-99", "other+key"}) {
        request.service->secrets.emplace_back(secret);
    }
    CHECK(key_of(*http, request) == key_of(*http, make_service_request()));
}

TEST_CASE("reply key: secrets that overlap leave no part of one", "[cache]") {
    const auto http = make_provider("http", {});
    ProviderRequest request = make_service_request();
    // The short ones are parts of the long one and of what stands for them.
    for (const char* secret : {"e", "abc", "abcdef", "d", "redacted"}) {
        request.service->secrets.emplace_back(secret);
    }
    request.service->http.body = "abcdef abc xdx";
    const auto canonical = canonical_request(*http, request);
    REQUIRE(canonical);
    CHECK((*canonical)["service"]["body"] == "[redacted] [redacted] x[redacted]x");
}

TEST_CASE("reply key: a chat has no texts in its key as before there were any", "[cache]") {
    const auto canonical = canonical_request(*make_model(), make_question());
    REQUIRE(canonical);
    CHECK_FALSE(canonical->contains("texts"));
}

TEST_CASE("reply key: the replies of programs have none", "[cache]") {
    ProviderSettings settings;
    settings.command = {"cat"};
    CHECK_FALSE(canonical_request(*make_provider("command", std::move(settings)), {}));
}

TEST_CASE("reply file: a reply comes back as it was", "[cache]") {
    ProviderReply reply = make_reply();
    reply.log = "a line\nand another\n";
    reply.output = {{"text", "naïve ✓ \u0000 end"},
                    {"numbers", {0.1, 1e300, -0.0, 5e-324, std::int64_t{-7}}},
                    {"large", std::numeric_limits<std::uint64_t>::max()},
                    {"nothing", nullptr}};
    reply.usage = {{"input", std::numeric_limits<std::int64_t>::max()}, {"total", 0}};
    for (const std::optional<NanoUsd> cost :
         {std::optional<NanoUsd>(), std::optional<NanoUsd>(0), std::optional<NanoUsd>(1),
          std::optional<NanoUsd>(std::numeric_limits<NanoUsd>::max())}) {
        reply.cost = cost;
        const RecordedReply recorded = make_recorded(reply);
        const RecordedReply read = value_of(read_reply_file(write_reply_file(recorded)));
        CHECK(read.key == recorded.key);
        CHECK(read.request == recorded.request);
        check_same(read.reply, reply);
    }
}

TEST_CASE("reply file: refusal and reasoning come back and are not there when there are none",
          "[cache]") {
    ProviderReply reply = make_reply();
    CHECK_THAT(write_reply_file(make_recorded(reply)), !Catch::Contains("refusal"));
    CHECK_THAT(write_reply_file(make_recorded(reply)), !Catch::Contains("reasoning"));
    reply.refusal = "I will not.";
    reply.reasoning = "It is forbidden.";
    check_same(value_of(read_reply_file(write_reply_file(make_recorded(reply)))).reply, reply);
}

TEST_CASE("reply file: times and limits of the moment are not in it", "[cache]") {
    ProviderReply reply = make_reply();
    const std::string text = write_reply_file(make_recorded(reply));
    reply.time_to_first_token = std::chrono::milliseconds(120);
    reply.rate_limits.requests_left = 59;
    CHECK(write_reply_file(make_recorded(reply)) == text);
    CHECK(text.ends_with("}\n"));
}

TEST_CASE("reply file: text that is not UTF-8 breaks neither key nor file", "[cache]") {
    RecordedReply recorded = make_recorded(make_reply("caf\xE9 \xFF"));
    recorded.reply.model = "m\xC3";
    const RecordedReply read = value_of(read_reply_file(write_reply_file(recorded)));
    CHECK(read.reply.output == "caf\uFFFD \uFFFD");
    CHECK(read.reply.model == "m\uFFFD");
    const ProviderRequest request = make_question("caf\xE9");
    const auto canonical = canonical_request(*make_model(), request);
    REQUIRE(canonical);
    recorded = {.key = key_of_request(*canonical), .request = *canonical, .reply = make_reply()};
    CHECK(value_of(read_reply_file(write_reply_file(recorded))).key == recorded.key);
}

TEST_CASE("reply file: a value as deep as any comes back", "[cache]") {
    Json deep = "end";
    for (std::size_t i = 0; i < limits::k_json_depth_max; ++i) deep = Json::array({deep});
    ProviderReply reply = make_reply();
    reply.output = deep;
    check_same(value_of(read_reply_file(write_reply_file(make_recorded(reply)))).reply, reply);
}

TEST_CASE("reply file: a file that was laid out anew is whole", "[cache]") {
    const std::string text = write_reply_file(make_recorded(make_reply()));
    std::string windows;
    for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    check_same(value_of(read_reply_file(windows)).reply, make_reply());
    check_same(value_of(read_reply_file(to_text(value_of(parse_json(text))))).reply, make_reply());
}

TEST_CASE("reply file: damage says what it is", "[cache]") {
    const std::string text = write_reply_file(make_recorded(make_reply()));
    CHECK_THAT(damage_of(""), Catch::Contains("no JSON"));
    CHECK_THAT(damage_of(text.substr(0, text.size() / 2)), Catch::Contains("no JSON"));
    CHECK_THAT(damage_of("[]"), Catch::Contains("no reply of the cache"));
    CHECK_THAT(damage_of("{}"), Catch::Contains("no reply of the cache"));
    CHECK_THAT(damage_of(R"({"assay_reply": 2})"), Catch::Contains("format 2"));
    const auto changed = [&](auto change, bool is_signed) {
        Json file = value_of(parse_json(text));
        change(file);
        file.erase("sha256");
        const std::string checksum = sha256_hex(to_text(file));
        file["sha256"] = is_signed ? checksum : sha256_hex(text);
        return damage_of(to_text(file));
    };
    CHECK_THAT(changed([](Json& file) { file["reply"]["output"] = "Stockholm"; }, false),
               Catch::Contains("changed after it was written"));
    CHECK_THAT(changed([](Json& file) { file["request"]["model"] = "other"; }, true),
               Catch::Contains("key is not that of its request"));
    CHECK_THAT(changed(
                   [](Json& file) {
                       file["request"] = Json::array();
                       file["key"] = key_of_request(Json::array());
                   },
                   true),
               Catch::Contains("key is not that of its request"));
    CHECK_THAT(changed([](Json& file) { file["reply"].erase("usage"); }, true),
               Catch::Contains("missing or of another type"));
    CHECK_THAT(changed([](Json& file) { file["reply"]["cost_usd_nanos"] = "1"; }, true),
               Catch::Contains("missing or of another type"));
    CHECK_THAT(changed([](Json& file) { file["reply"] = 1; }, true),
               Catch::Contains("missing or of another type"));
}

TEST_CASE("reply file: no damaged byte ever gives another reply", "[cache]") {
    const std::uint64_t seed = seed_of_test();
    CAPTURE(seed);
    Rng rng(seed);
    const RecordedReply recorded = make_recorded(make_reply());
    const std::string text = write_reply_file(recorded);
    int refused = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string broken = text;
        broken[at] = static_cast<char>(rng.next_below(256));
        const auto read = read_reply_file(broken);
        refused += static_cast<int>(!read);
        if (!read) continue;
        REQUIRE(read->request == recorded.request);
        REQUIRE(write_reply_file(*read) == text);
    }
    CHECK(refused > static_cast<int>(text.size()) / 2);
    for (std::size_t size = 0; size + 2 < text.size(); ++size) {
        REQUIRE_FALSE(read_reply_file(text.substr(0, size)));
    }
}

}  // namespace assay::test
