#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/chat_model.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

namespace {

constexpr std::chrono::milliseconds k_patience = 20s;
constexpr std::chrono::milliseconds k_deadline = 300ms;  // for what never ends by itself
constexpr const char* k_answer = R"({"choices":[{"message":{"content":"Paris"}}]})";

std::string headers(const std::string& type, const std::string& more) {
    return fmt::format("HTTP/1.1 200 Stub\r\nContent-Type: {}\r\n{}\r\n", type, more);
}

StubReply raw(std::vector<StubPiece> pieces, StubFault fault = StubFault::hang_up) {
    return {.fault = fault, .raw = std::move(pieces)};
}

std::vector<StubPiece> slowly(const std::string& text) {
    std::vector<StubPiece> pieces;
    for (const char byte : text) pieces.push_back({std::string(1, byte), 1s});
    return pieces;
}

struct Fault {
    const char* name;
    StubReply reply;
    ErrorCode code;
    bool retryable;
    const char* said;
};

std::vector<Fault> faults() {
    const std::string json = headers("application/json", "Content-Length: 49\r\n");
    const std::string events = headers("text/event-stream", "Transfer-Encoding: chunked\r\n");
    const std::string half = R"({"choices":[{"message":)";
    const std::string delta = "data: {\"choices\":[{\"delta\":{\"content\":\"Par\"}}]}\n\n";
    const std::string delta_chunk = fmt::format("{:x}\r\n{}\r\n", delta.size(), delta);
    const auto page = [](int status, std::string body, std::string type = "application/json") {
        return StubReply{
            .status = status, .body = std::move(body), .headers = {{"Content-Type", type}}};
    };
    using enum ErrorCode;
    return {
        {"cut mid-body", raw({{json + half}}), unavailable, true, "broke before"},
        {"cut in the headers", raw({{"HTTP/1.1 200 OK\r\nContent-"}}), unavailable, true,
         "local: "},
        {"too short a length",
         raw({{headers("application/json", "Content-Length: 20\r\n") + k_answer}}), unavailable,
         true, "not valid JSON"},
        {"too long a length",
         raw({{headers("application/json", "Content-Length: 99\r\n") + k_answer}}), unavailable,
         true, "broke before"},
        {"cut without a length", raw({{headers("application/json", "") + half}}), unavailable, true,
         "not valid JSON"},
        {"stalled after the headers", raw({{json}}, StubFault::none), deadline_exceeded, true,
         "no complete answer"},
        {"a byte a second", raw(slowly(json + k_answer)), deadline_exceeded, true,
         "no complete answer"},
        {"a stream of a byte a second", raw(slowly(events + delta_chunk)), deadline_exceeded, true,
         "no complete answer"},
        {"a stream that stalls", raw({{events + delta_chunk}}, StubFault::none), deadline_exceeded,
         true, "no complete answer"},
        {"a stream that is cut", raw({{events + delta_chunk}}), unavailable, true, "broke before"},
        {"garbage",
         {.body = "\x01\x02 nothing of ours\r\n", .fault = StubFault::garbage},
         unavailable,
         true,
         "did not answer in HTTP"},
        {"closed at once", {.fault = StubFault::close}, unavailable, true, "without an answer"},
        {"never answered",
         {.fault = StubFault::stall},
         deadline_exceeded,
         true,
         "no complete answer"},
        {"malformed JSON", page(200, R"({"choices":[{]})"), unavailable, true, "not valid JSON"},
        {"an empty body", page(200, ""), unavailable, true, "not valid JSON"},
        {"no choices", page(200, R"({"choices":[]})"), unavailable, true, "has no choices"},
        {"invalid UTF-8", page(200, "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}"),
         unavailable, true, "not valid JSON"},
        {"HTML", page(200, "<html>Welcome</html>", "text/html"), invalid_argument, false, "HTML"},
        {"HTML that says JSON", page(200, "<html>Welcome</html>"), invalid_argument, false, "HTML"},
        {"a gateway's page", page(502, "<html>Bad gateway</html>", "text/html"), unavailable, true,
         "502"},
        {"overloaded", page(529, R"({"error":{"message":"overloaded"}})"), resource_exhausted, true,
         "overloaded"},
        {"too many requests", page(429, R"({"error":{"message":"slow down"}})"), resource_exhausted,
         true, "slow down"},
        {"a wrong request", page(400, R"({"error":{"message":"no such tool"}})"), invalid_argument,
         false, "no such tool"},
        {"a huge body", page(200, std::string((20U << 20U) + 1, ' ')), resource_exhausted, false,
         "larger than 20 MB"},
    };
}

}  // namespace

TEST_CASE(
    "openai faults: each is the right error by the deadline whether a stream is asked or not") {
    for (const Fault& fault : faults()) {
        const StubServer server(fault.reply);
        for (const bool streams : {false, true}) {
            INFO(fault.name << (streams ? ", a stream" : ""));
            ProviderRequest request = question();
            request.parameters = {{"stream", streams}};
            const bool is_endless = fault.code == ErrorCode::deadline_exceeded;
            const auto patience = is_endless ? k_deadline : k_patience;
            const auto began = std::chrono::steady_clock::now();
            const auto reply = Model(server.url()).ask(request, patience);
            CHECK(std::chrono::steady_clock::now() - began < patience + 1s);
            if (reply) FAIL(to_text(reply->output));
            INFO(reply.error().message);
            CHECK(reply.error().code == fault.code);
            CHECK(reply.error().retryable == fault.retryable);
            CHECK_THAT(reply.error().message, Catch::Contains(fault.said));
        }
    }
}

TEST_CASE("openai faults: after each of them the next question is answered") {
    for (const Fault& fault : faults()) {
        INFO(fault.name);
        const StubServer server([&fault, asked = 0](const StubRequest&) mutable {
            return ++asked == 1 ? fault.reply : StubReply{.body = k_answer};
        });
        Model model(server.url());
        CHECK(!model.ask(question(), k_deadline));
        const auto reply = model.ask(question());
        if (!reply) FAIL(reply.error().message);
        CHECK(reply->output == "Paris");
    }
}

}  // namespace assay::test
