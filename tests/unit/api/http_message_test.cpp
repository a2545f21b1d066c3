#include "server/api/http_message.hpp"

#include <catch2/catch.hpp>

#include "server/api/inflate.hpp"

namespace assay::test {

TEST_CASE("http message: a target is split before it is decoded", "[api]") {
    const HttpTarget target = parse_http_target("/a%2Fb//c%25?%3D=%26&flag&+=+").value();
    CHECK(target.path == "/a%2Fb//c%25");
    CHECK(target.segments == std::vector<std::string>{"a/b", "", "c%"});
    CHECK(target.query == HttpFields{{"=", "&"}, {"flag", ""}, {" ", " "}});
    CHECK(parse_http_target("/").value().segments == std::vector<std::string>{""});
    CHECK(parse_http_target("/?").value().query.empty());
    CHECK(parse_http_target("/gr%C3%BC%C3%9Fe").value().segments.front() == "grüße");
}

TEST_CASE("http message: a target that cannot be decoded is an error", "[api]") {
    for (const char* const target : {"", "*", "a", "?a", "/%", "/%1", "/%1g", "/%00", "/%C3",
                                     "/a?%", "/a?x=%00", "/a?x=%ED%A0%80"}) {
        INFO(target);
        const auto parsed = parse_http_target(target);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("http message: a clear head is not ambiguous", "[api]") {
    CHECK_FALSE(find_ambiguity("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_FALSE(find_ambiguity("GET / HTTP/1.0\r\n\r\n"));
    CHECK_FALSE(find_ambiguity("GET / HTTP/1.1\r\nhost:a\r\nTransfer-Encoding: Chunked\r\n\r\n"));
    CHECK_FALSE(find_ambiguity("GET / HTTP/1.1\r\nHost: \r\nContent-Length:\t0 \r\n\r\n"));
    CHECK(find_ambiguity(""));
}

TEST_CASE("http message: the first header of a name counts", "[api]") {
    const ApiRequest request{.headers = {{"a", "1"}, {"a", "2"}}};
    CHECK(request.header("a") == "1");
    CHECK_FALSE(request.header("b"));
}

TEST_CASE("http message: what is no gzip or zlib stream is not inflated", "[api]") {
    for (const char* const text : {"", "x", "\x1f\x8b", "\x1f\x8b\x08garbage", "\x78\x9cgarbage"}) {
        const auto inflated = inflate_body(text);
        REQUIRE_FALSE(inflated);
        CHECK(inflated.error().code == ErrorCode::invalid_argument);
    }
}

}  // namespace assay::test
