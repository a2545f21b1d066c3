#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>

#include "core/base/random.hpp"
#include "tests/security/wire_forms.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/api/api_world.hpp"

// 10,000 requests to every route of the table, most of them damaged, plain, in gzip and in chunks,
// spans also in protobuf: none is answered with a 5xx, none hangs, and what was acknowledged
// between them is there.

namespace assay::test {
namespace {

constexpr int k_requests = 10'000;
constexpr int k_hundred = 100;
constexpr int k_requests_of_a_world = 500;
constexpr int k_lanes = 10;
constexpr const char* k_protobuf = "Content-Type: application/x-protobuf";
constexpr const char* k_spans = "/api/public/otel/v1/traces";

/// A request that can still be taken apart.
struct Request {
    std::string method;
    std::string target;
    std::vector<std::string> headers;
    std::string body;
    bool is_whole = true;    ///< where it ends is as it was
    std::string reads = {};  ///< after an answer of 2xx this is there; "" = nothing is promised
    bool is_packed = false;
    std::size_t chunks = 0;  ///< of so many bytes; 0 = none

    /// Packs what the body is now.
    void pack() {
        body = gzipped(body);
        headers.emplace_back("Content-Encoding: gzip");
        is_packed = true;
    }
    [[nodiscard]] bool is_chunked() const { return chunks != 0 && !body.empty(); }
    /// In which forms the body goes.
    [[nodiscard]] std::vector<std::string> forms() const {
        std::vector<std::string> all = {"any"};
        if (headers.front() == k_protobuf) all.emplace_back("protobuf");
        if (is_packed) all.emplace_back("gzip");
        if (is_chunked()) all.emplace_back("chunked");
        return all;
    }
    /// Makes the body a message of protobuf.
    void become_protobuf(std::string message) {
        body = std::move(message);
        headers.front() = k_protobuf;
    }
    [[nodiscard]] std::string text() const {
        std::string lines;
        for (const std::string& header : headers) lines += header + "\r\n";
        if (!is_chunked()) return request_text(method, target, lines, body);
        lines += "Transfer-Encoding: chunked\r\n";
        return request_text(method, target, lines) + in_chunks(body, chunks);
    }
};

const std::vector<std::string> k_odd_values = {"null",
                                               "true",
                                               "-1",
                                               "0.5",
                                               "1e308",
                                               "1e999",
                                               "18446744073709551616",
                                               "9007199254740993",
                                               R"("")",
                                               R"("\u0000")",
                                               R"("\ud800")",
                                               "\"\xff\"",
                                               "[]",
                                               "{}",
                                               R"({"a":{"b":[1,null]}})",
                                               std::string(200, '[') + std::string(200, ']'),
                                               '"' + std::string(20'000, 'x') + '"',
                                               '"' + std::string(801, 'i') + '"',
                                               "NaN",
                                               R"("2026-13-45T99:99:99Z")",
                                               R"("1970-01-01T00:00:00Z")",
                                               R"("9999-12-31T23:59:59Z")"};
const std::vector<std::string> k_odd_parameters = {"page=0",
                                                   "page=-1",
                                                   "page=99999999999999999999",
                                                   "limit=1000000",
                                                   "limit=x",
                                                   "page=2&page=3",
                                                   "cursor=%00",
                                                   "cursor=AAAA",
                                                   "cursor=e30",
                                                   "filter=%5B%5D",
                                                   "filter=%7B",
                                                   "filter=%5B%7B%22column%22%3A1%7D%5D",
                                                   "fields=,,",
                                                   "fields=core,io",
                                                   "orderBy=timestamp.up",
                                                   "orderBy=id.asc%3B",
                                                   "version=%C3%28",
                                                   "version=-1",
                                                   "fromTimestamp=yesterday",
                                                   "toTimestamp=2026-11-01T09:30:00Z",
                                                   "environment=",
                                                   "x=%zz",
                                                   "value=1&operator=~",
                                                   "userId=%27%20OR%201=1",
                                                   "name="
                                                   "%F0%9F%98%80",
                                                   "a&&=&b"};
const std::vector<std::string> k_odd_headers = {"Content-Encoding: gzip",
                                                "Content-Encoding: br",
                                                "Content-Type: text/plain",
                                                "Content-Type: application/x-protobuf",
                                                "Content-Length: 3",
                                                "Transfer-Encoding: chunked",
                                                "Expect: 100-continue",
                                                "Connection: close",
                                                "Host: other",
                                                "X-Forwarded-For: 1.2.3.4",
                                                "Origin: \"<>",
                                                "Authorization: Basic Og==",
                                                "X: \x80\xff",
                                                "Accept: */*",
                                                "Range: bytes=0-1",
                                                "If-None-Match: *",
                                                "Upgrade: h2c",
                                                "Cookie: a=b"};
const std::vector<std::string> k_methods = {"GET",  "POST",    "PUT",   "PATCH", "DELETE",
                                            "HEAD", "OPTIONS", "TRACE", "BREW"};

class Mutator {
  public:
    explicit Mutator(Rng& random) : random_(random) {}

    /// Damages the request in one to three ways, within what it may be packed in and around.
    std::string mutate(Request& request) {
        if (request.target == k_spans && random_.next_below(2) == 0) {
            request.become_protobuf(to_protobuf({.trace_id = "0123456789abcdef", .name = "n"}));
        }
        for (std::uint64_t left = 1 + random_.next_below(3); left > 0; --left) damage(request);
        dress(request);
        std::string text = request.text();
        if (random_.next_below(3) != 0) return text;
        request.is_whole = false;
        for (std::uint64_t left = 1 + random_.next_below(3); left > 0; --left) damage(text);
        return text;
    }
    /// Sends the body in one of the forms that there are.
    void dress(Request& request) {
        if (!request.body.empty() && random_.next_below(4) == 0) request.pack();
        if (random_.next_below(4) == 0) request.chunks = 1 + random_.next_below(300);
    }
    template <class List>
    const auto& any_of(const List& list) {
        return list[random_.next_below(list.size())];
    }

  private:
    void damage(Request& request) {
        switch (random_.next_below(8)) {
            case 0:
                request.target += request.target.find('?') == std::string::npos ? '?' : '&';
                request.target += any_of(k_odd_parameters);
                break;
            case 1: damage_target(request.target); break;
            case 2: request.method = any_of(k_methods); break;
            case 3:
                request.headers.push_back(any_of(k_odd_headers));
                request.is_whole = false;
                break;
            case 4:
                request.headers.push_back(any_of(request.headers));
                request.is_whole = false;
                break;
            case 5: damage_bytes(request.body); break;
            default: replace_value(request.body);
        }
    }
    void damage_target(std::string& target) {
        static const std::vector<std::string> pieces = {
            "%2F",  "%00", "%",  "%ff", "/", "..", "%252F", "a", std::string(900, 'p'),
            "\x01", "#",   "%20"};
        target.insert(1 + random_.next_below(target.size()), any_of(pieces));
    }
    void damage_bytes(std::string& body) {
        if (body.empty()) return;
        const std::size_t at = random_.next_below(body.size());
        body[at] = static_cast<char>(random_.next_below(256));
        if (random_.next_below(4) == 0) body.erase(at, 1 + random_.next_below(20));
        if (random_.next_below(4) == 0) body.insert(at, body.substr(at / 2, 30));
    }
    /// In JSON: what stands behind some colon becomes something else.
    void replace_value(std::string& body) {
        const std::size_t colon = body.find(':', random_.next_below(body.size() + 1));
        if (colon == std::string::npos) return;
        const std::size_t end = std::min(body.find_first_of(",}]", colon), body.size());
        body.replace(colon + 1, end - colon - 1, any_of(k_odd_values));
    }
    void damage(std::string& text) {
        const std::size_t at = random_.next_below(text.size());
        const auto byte = static_cast<char>(random_.next_below(256));
        switch (random_.next_below(4)) {
            case 0: text[at] = byte; break;
            case 1: text.insert(at, 1, byte); break;
            case 2: text.resize(std::max<std::size_t>(at, 1)); break;
            default: text.insert(at, text.substr(random_.next_below(text.size()), 30));
        }
    }

    Rng& random_;
};

/// A server with a project for what is kept, and others for what is damaged.
class DoorFixture : public ApiFixture {
  public:
    DoorFixture() {
        for (int i = 0; i < k_requests / k_requests_of_a_world; ++i) {
            const OrganizationId organization(fmt::format("organization-{}", i));
            const ProjectId id(fmt::format("project-{}", i));
            REQUIRE(access->ensure_organization({organization, "Damaged"}, clock.now()));
            const Project damaged{
                .id = id, .organization = {organization, "Damaged"}, .name = "damaged"};
            REQUIRE(access->add_project(damaged, clock.now()));
            keys_.push_back({add_key({organization, id}), add_key({organization, std::nullopt})});
        }
        for (int i = 0; i < k_lanes; ++i) lanes_.push_back(nullptr);
        REQUIRE(post("/api/public/v2/datasets", {{"name", "kept"}}).status == 200);
    }

    /// From now on damaged requests are about another project.
    void begin_world(std::size_t number) {
        ring_ = &keys_.at(number);
        world_ = std::make_unique<ApiWorld>(*this, *ring_, "w");
    }
    Request about(const Route& route) const {
        const auto call = world_->call_of(route).value();
        return {.method = call.method,
                .target = call.target,
                .headers = headers_for(ApiWorld::authorization(route, *ring_)),
                .body = call.body};
    }
    /// Something new whose acknowledgement is believed.
    Request kept(int number) const {
        const std::string id = fmt::format("kept-{}", number);
        Request request{
            .method = "POST", .target = {}, .headers = headers_for(basic(project)), .body = {}};
        const auto send = [&](const char* target, const Json& body, const std::string& reads) {
            request.target = target;
            request.body = to_text(body);
            request.reads = reads + id;
        };
        const auto send_span = [&] {
            const std::string trace_id = fmt::format("{:016}", number);
            send(k_spans, {}, "");
            request.become_protobuf(to_protobuf({.trace_id = trace_id, .name = id}));
            request.reads = "/api/public/traces/";
            for (const char digit : trace_id) request.reads += fmt::format("{:02x}", digit);
        };
        const Json trace = {{"id", id}, {"name", "n"}, {"metadata", {{"a", number}}}};
        switch (number / k_lanes % 5) {
            case 0:
                send("/api/public/ingestion",
                     {{"batch",
                       {{{"id", id},
                         {"type", "trace-create"},
                         {"timestamp", "2026-11-01T09:00:00Z"},
                         {"body", trace}}}}},
                     "/api/public/traces/");
                break;
            case 1:
                send("/api/public/scores",
                     {{"id", id}, {"traceId", "t"}, {"name", "n"}, {"value", number}},
                     "/api/public/v2/scores/");
                break;
            case 2:
                send("/api/public/dataset-items",
                     {{"id", id}, {"datasetName", "kept"}, {"input", number}},
                     "/api/public/dataset-items/");
                break;
            case 3: send_span(); break;
            default:
                send("/api/public/v2/prompts",
                     {{"name", id}, {"prompt", "p"}, {"labels", {"production"}}},
                     "/api/public/v2/prompts/");
        }
        return request;
    }

    RawClient& lane(std::size_t number) {
        auto& client = lanes_[number];
        if (!client) client = std::make_unique<RawClient>(server.port());
        return *client;
    }
    void end_lane(std::size_t number) { lanes_[number].reset(); }

  private:
    static std::vector<std::string> headers_for(std::string authorization) {
        std::vector<std::string> headers = {"Content-Type: application/json", "Accept: */*"};
        if (!authorization.empty()) {
            headers.push_back(authorization.substr(0, authorization.size() - 2));
        }
        return headers;
    }

    std::vector<KeyRing> keys_;
    const KeyRing* ring_ = nullptr;
    std::unique_ptr<ApiWorld> world_;
    std::vector<std::unique_ptr<RawClient>> lanes_;
};

/// What has come of the requests.
struct Tally {
    struct Form {
        int sent = 0;
        int valid = 0;  ///< answered with 2xx
    };
    std::map<std::string, Form> forms;
    std::vector<std::string> to_read;
};

/// Reads the answers to a request that was sent on a lane.
void receive(DoorFixture& fixture, std::size_t lane, const Request& request, Tally& tally) {
    RawClient& client = fixture.lane(lane);
    const bool has_body = request.method != "HEAD";
    bool goes_on = request.is_whole;
    int answers = 0;
    for (const std::string& form : request.forms()) ++tally.forms[form].sent;
    while (const auto response = client.read(has_body)) {
        ++answers;
        CHECK(response->status < 500);
        const bool is_valid = response->status >= 200 && response->status < 300;
        if (answers == 1 && is_valid) {
            for (const std::string& form : request.forms()) ++tally.forms[form].valid;
        }
        if (!request.reads.empty()) {
            INFO(response->body);
            CHECK(is_valid);
            tally.to_read.push_back(request.reads);
        }
        const auto connection = response->headers.find("connection");
        if (connection != response->headers.end() && connection->second == "close") goes_on = false;
        if (request.is_whole || !has_body) break;
    }
    if (request.is_whole) CHECK(answers == 1);
    if (goes_on) return;
    // What cannot be read as HEAD is refused with a body, which cannot be told from what follows.
    if (!has_body) return fixture.end_lane(lane);
    CHECK(client.is_closed());
    fixture.end_lane(lane);
}

void check_hundred(DoorFixture& fixture, Tally& tally) {
    CHECK(fixture.ask("GET", "/api/public/health").status == 200);
    for (const std::string& target : tally.to_read) {
        INFO(target);
        CHECK(fixture.get(target).status == 200);
    }
    tally.to_read.clear();
}

}  // namespace

TEST_CASE("mutated requests: 10000 do no harm and what was acknowledged is there", "[security]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    Mutator mutator(random);
    DoorFixture fixture;
    Tally tally;
    for (int sent = 0; sent < k_requests; sent += k_lanes) {
        if (sent % k_requests_of_a_world == 0) {
            fixture.begin_world(static_cast<std::size_t>(sent / k_requests_of_a_world));
        }
        std::array<Request, k_lanes> requests;
        std::array<std::string, k_lanes> texts;
        for (std::size_t i = 0; i < k_lanes; ++i) {
            const bool is_kept = i % 5 < 2;
            const int number = sent + static_cast<int>(i);
            requests[i] = is_kept ? fixture.kept(number) : fixture.about(mutator.any_of(routes()));
            if (is_kept) mutator.dress(requests[i]);
            texts[i] = is_kept ? requests[i].text() : mutator.mutate(requests[i]);
            fixture.lane(i).send(texts[i]);
            if (!requests[i].is_whole) fixture.lane(i).end();
        }
        for (std::size_t i = 0; i < k_lanes; ++i) {
            INFO(texts[i]);
            receive(fixture, i, requests[i], tally);
        }
        if ((sent + k_lanes) % k_hundred == 0) check_hundred(fixture, tally);
    }
    CHECK(tally.forms.size() == 4);
    for (const auto& [name, form] : tally.forms) {
        INFO(name);
        CHECK(form.sent > k_requests / 20);
        CHECK(form.valid >= form.sent * 3 / 10);
    }
}

}  // namespace assay::test
