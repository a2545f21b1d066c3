#include "core/http/curl_error.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

namespace assay::test {

namespace {

const Endpoint k_endpoint{"model.example", "8000"};

Error error_of(CURLcode code, long os_error = 0) {
    return transfer_error({code, os_error, "model.example: its own words"}, k_endpoint);
}

}  // namespace

TEST_CASE("curl error: a URL is taken apart into host and port") {
    CHECK(parse_endpoint("http://model.example:8000/v1?key=x").value().text() ==
          "model.example:8000");
    CHECK(parse_endpoint("https://model.example/v1").value().text() == "model.example:443");
    CHECK(parse_endpoint("http://[::1]:8000/").value().text() == "[::1]:8000");
}

TEST_CASE("curl error: what is no http URL is refused without its secrets") {
    for (const char* url : {"", "model.example", "ftp://h/", "file:///etc/passwd", "http://",
                            "http://h:99999/", "http://a b/", "http://h\r\nX: y/", "gopher://h/"}) {
        INFO(url);
        REQUIRE(!parse_endpoint(url));
        CHECK(parse_endpoint(url).error().code == ErrorCode::invalid_argument);
    }
    const std::string message =
        parse_endpoint("ftp://user:canary-1@h/v1?key=canary-2#canary-3").error().message;
    CHECK(message == "\"ftp://h/v1\" is no URL that begins with http:// or https://");
}

TEST_CASE("curl error: a URL with a user name or password is refused without them") {
    for (const char* url : {"http://user:canary@h/v1", "http://user@h/v1", "http://:canary@h/v1"}) {
        INFO(url);
        REQUIRE(!parse_endpoint(url));
        CHECK(parse_endpoint(url).error().message ==
              "\"http://h/v1\" holds a user name or password; send it in a header");
    }
}

TEST_CASE("curl error: each failure has a cause and a remedy in plain words") {
    CHECK(error_of(CURLE_COULDNT_CONNECT, ECONNREFUSED).message ==
          "connection refused by model.example:8000: is the server running?");
    CHECK_THAT(error_of(CURLE_COULDNT_CONNECT, EHOSTUNREACH).message, Catch::Contains("no route"));
    CHECK_THAT(error_of(CURLE_COULDNT_CONNECT, EMFILE).message, Catch::Contains("ulimit"));
    CHECK_THAT(error_of(CURLE_COULDNT_CONNECT, ETIMEDOUT).message,
               Catch::StartsWith("cannot connect to model.example:8000"));
    CHECK_THAT(error_of(CURLE_COULDNT_RESOLVE_HOST).message,
               Catch::Contains("cannot find the host model.example"));
    CHECK_THAT(error_of(CURLE_COULDNT_RESOLVE_PROXY).message, Catch::Contains("HTTPS_PROXY"));
    CHECK_THAT(error_of(CURLE_PEER_FAILED_VERIFICATION).message, Catch::Contains("not trusted"));
    CHECK_THAT(error_of(CURLE_SSL_CONNECT_ERROR).message, Catch::Contains("does it speak https?"));
    CHECK_THAT(error_of(CURLE_GOT_NOTHING).message, Catch::Contains("without an answer"));
    CHECK(error_of(CURLE_URL_MALFORMAT).code == ErrorCode::invalid_argument);
    CHECK(error_of(CURLE_OUT_OF_MEMORY).code == ErrorCode::resource_exhausted);
}

TEST_CASE("curl error: only what may end differently is retryable") {
    for (const CURLcode code : {CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING,
                                CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2}) {
        CHECK(error_of(code).retryable);
    }
    for (const CURLcode code :
         {CURLE_PEER_FAILED_VERIFICATION, CURLE_URL_MALFORMAT, CURLE_COULDNT_RESOLVE_PROXY}) {
        CHECK(!error_of(code).retryable);
    }
}

TEST_CASE("curl error: every code of libcurl gives words and names the endpoint or the proxy") {
    for (int code = 1; code < static_cast<int>(CURL_LAST); ++code) {
        const Error error = error_of(static_cast<CURLcode>(code));
        INFO(code << ": " << error.message);
        const bool names_place = error.message.find("model.example") != std::string::npos ||
                                 error.message.find("proxy") != std::string::npos;
        CHECK(names_place);
        CHECK(error.code != ErrorCode::internal);
    }
}

}  // namespace assay::test
