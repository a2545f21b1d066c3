#include "server/client/api_client.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/client/api_answer.hpp"

namespace assay {
namespace {

constexpr const char* k_place = "http://server";

HttpResponse response(int status, std::string body, std::string type = "application/json") {
    return {.status = status, .headers = {{"content-type", std::move(type)}}, .body = body};
}

/// A network whose answers a function decides.
class CannedTransport final : public HttpTransport {
  public:
    using Answer = std::function<Result<HttpResponse>(const HttpRequest& request)>;
    explicit CannedTransport(Answer answer) : answer_(std::move(answer)) {}

    Task<HttpResponse> send(HttpRequest request, Deadline /*deadline*/) override {
        co_return answer_(request);
    }

  private:
    Answer answer_;
};

std::unique_ptr<ApiClient> client(CannedTransport::Answer answer) {
    auto made = ApiClient::make(
        {.url = k_place, .public_key = "pk", .secret_key = Secret("sk")}, [](const std::string&) {},
        std::make_unique<CannedTransport>(std::move(answer)));
    REQUIRE(made);
    return std::move(*made);
}

std::int64_t field(const HttpRequest& request, const std::string& name) {
    const std::size_t at = request.url.find(name + "=");
    REQUIRE(at != std::string::npos);
    return std::stoll(request.url.substr(at + name.size() + 1));
}

/// Rows 0 to `total` - 1, in pages of at most `rows_max`, as far as the limit allows.
CannedTransport::Answer list_of(std::int64_t total, std::int64_t rows_max) {
    return [=](const HttpRequest& request) -> Result<HttpResponse> {
        const std::int64_t limit = field(request, "limit");
        if (limit > rows_max) return response(422, R"({"message": "more than 32 MB"})");
        OrderedJson body = {{"data", OrderedJson::array()}, {"meta", {{"totalItems", total}}}};
        const std::int64_t begin = (field(request, "page") - 1) * limit;
        for (std::int64_t i = begin; i < std::min(begin + limit, total); ++i) {
            body["data"].push_back({{"id", i}});
        }
        return response(200, to_text(body));
    };
}

TEST_CASE("server access: the command line goes before the variables of the environment") {
    std::map<std::string, std::string> variables = {{"LANGFUSE_PUBLIC_KEY", "pk"},
                                                    {"LANGFUSE_SECRET_KEY", "sk"},
                                                    {"LANGFUSE_HOST", "http://h"}};
    const auto url_of = [&](const std::string& url) {
        const auto access =
            read_server_access(url, [&](const char* name) { return variables[name]; });
        return access ? access->url : access.error().message;
    };
    CHECK(url_of("") == "http://h");
    CHECK(url_of("https://x:1/") == "https://x:1");
    CHECK(url_of("HTTP://x//") == "HTTP://x");
    CHECK(url_of("http://x/base/api/public/otel/v1/traces") == "http://x/base");
    variables["LANGFUSE_BASE_URL"] = "http://first";
    CHECK(url_of("") == "http://first");
    CHECK_THAT(url_of("x"), Catch::Contains("no address of a server"));
    CHECK_THAT(url_of("http://x?y"), Catch::Contains("query"));
    CHECK_THAT(url_of("\x1b"), Catch::Contains("\\x1b"));
    variables["LANGFUSE_PUBLIC_KEY"] = "";
    CHECK_THAT(url_of(""), Catch::StartsWith("LANGFUSE_PUBLIC_KEY is not set"));
}

TEST_CASE("api answer: each status means what whoever asked can do about it") {
    const auto code_of = [](int status, const std::string& body) {
        const auto answer = read_answer(response(status, body), k_place);
        REQUIRE_FALSE(answer);
        CHECK_THAT(answer.error().message, Catch::StartsWith(k_place));
        return answer.error().code;
    };
    const std::string told = R"({"message": "why"})";
    CHECK(code_of(400, told) == ErrorCode::invalid_argument);
    CHECK(code_of(401, told) == ErrorCode::unauthenticated);
    CHECK(code_of(401, "Unauthorized") == ErrorCode::unauthenticated);
    CHECK(code_of(403, told) == ErrorCode::permission_denied);
    CHECK(code_of(404, told) == ErrorCode::not_found);
    CHECK(code_of(404, "<html>") == ErrorCode::unavailable);
    CHECK(code_of(409, told) == ErrorCode::invalid_argument);
    CHECK(code_of(418, "") == ErrorCode::unavailable);
    CHECK(code_of(422, told) == ErrorCode::resource_exhausted);
    CHECK(code_of(429, "") == ErrorCode::resource_exhausted);
    CHECK(code_of(500, told) == ErrorCode::unavailable);
    CHECK(code_of(302, "") == ErrorCode::unavailable);
    CHECK(code_of(200, "[]") == ErrorCode::unavailable);
    CHECK(code_of(200, R"({"a": "\xff"})") == ErrorCode::unavailable);
}

TEST_CASE("api answer: only what passes is retryable and tells how long it takes") {
    HttpResponse busy = response(429, "");
    for (const auto& [text, seconds] :
         std::vector<std::pair<std::string, int>>{{"7", 7}, {"0", 0}, {"soon", -1}, {"-1", -1}}) {
        busy.headers["retry-after"] = text;
        const auto answer = read_answer(busy, k_place);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().retryable);
        CHECK(answer.error().retry_after.has_value() == (seconds >= 0));
        if (seconds >= 0) CHECK(*answer.error().retry_after == std::chrono::seconds(seconds));
    }
    CHECK_FALSE(read_answer(response(422, "{}"), k_place).error().retryable);
    CHECK_FALSE(read_answer(response(200, "<html>"), k_place).error().retryable);
}

TEST_CASE("api answer: keys keep their order and depth has a bound on both sides") {
    const auto answer = read_answer(response(200, R"({"b": 1, "a": {"d": 1, "c": 2}})"), k_place);
    REQUIRE(answer);
    CHECK(to_text(*answer) == R"({"b":1,"a":{"d":1,"c":2}})");
    const auto nested = [](std::size_t depth) {
        return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    CHECK(read_answer(response(200, nested(144)), k_place));
    CHECK_FALSE(read_answer(response(200, nested(145)), k_place));
    CHECK_FALSE(read_answer(response(200, nested(1'000'000)), k_place));
}

TEST_CASE("api client: all rows of a list come once and in order however large its pages are") {
    for (const std::int64_t rows_max : {100, 60, 10, 3, 1}) {
        for (const std::int64_t total : {0, 1, 9, 10, 11, 99, 100, 101, 230}) {
            CAPTURE(rows_max, total);
            const auto rows = client(list_of(total, rows_max))->all("/things", {}, "id");
            REQUIRE(rows);
            REQUIRE(std::ssize(*rows) == total);
            for (std::int64_t i = 0; i < total; ++i) {
                CHECK((*rows)[static_cast<std::size_t>(i)]["id"] == i);
            }
        }
    }
    const auto none = client(list_of(5, 0))->all("/things", {}, "id");
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("api client: targets name what is asked for and keys go into a header") {
    std::vector<HttpRequest> asked;
    const auto api = client([&](const HttpRequest& request) -> Result<HttpResponse> {
        asked.push_back(request);
        return request.url.ends_with("b") ? response(404, "{}") : response(200, R"({"ok": true})");
    });
    const auto found = api->find_each({api_target("/a b", {{"q", "x&y=z"}}), "/b", "/c"});
    REQUIRE(found.size() == 3);
    CHECK(asked[0].url == "http://server/api/public/a b?q=x%26y%3Dz");
    CHECK((found[0] && *found[0] && found[2] && *found[2]));
    REQUIRE(found[1]);
    CHECK_FALSE(*found[1]);
    CHECK(asked[0].headers[0].value.reveal() == "Basic cGs6c2s=");
    const auto missing = api->get("/b");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::unavailable);
}

TEST_CASE("api client: what changes something is sent once and reads until they succeed") {
    int asked = 0;
    const auto api = client([&](const HttpRequest&) -> Result<HttpResponse> {
        HttpResponse answer = ++asked < 5 ? response(503, "{}") : response(200, "{}");
        answer.headers["retry-after"] = "0";
        return answer;
    });
    const auto sent = api->send("POST", "/x", OrderedJson::object(), ApiClient::Repeat::never);
    REQUIRE_FALSE(sent);
    CHECK(asked == 1);
    CHECK(api->wait_to_repeat(sent.error(), 1));
    CHECK_FALSE(api->wait_to_repeat(sent.error(), 5));
    CHECK(api->get("/x"));
    CHECK(asked == 5);
}

}  // namespace
}  // namespace assay
