#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {

TEST_CASE("server log: a value begins no line of its own", "[api]") {
    for (const LogForm form : {LogForm::text, LogForm::json}) {
        TestLog log(form);
        log.info("event", {{"value", "a\n2026 info forged\x1b[2J"}, {"count", 3}});
        const std::string text = log.text();
        CHECK(std::ranges::count(text, '\n') == 1);
        CHECK(text.ends_with('\n'));
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK_THAT(text, Catch::Contains(form == LogForm::text ? "count=3" : "\"count\":3"));
    }
}

TEST_CASE("server log: a value in a line of text cannot be taken for another field", "[api]") {
    TestLog log(LogForm::text);
    log.info("event", {{"path", "/a peer=1"}, {"word", "/a"}, {"none", ""}, {"quote", "a\"b"}});
    CHECK_THAT(log.text(), Catch::EndsWith("info    event path=\"/a peer=1\" word=/a none=\"\" "
                                           "quote=\"a\\\"b\"\n"));
}

TEST_CASE("server log: a request is a line when that is wanted and never its secrets", "[api]") {
    for (const LogForm form : {LogForm::text, LogForm::json}) {
        TestLog log(form);
        TemporaryFolder folder;
        TestClock clock;
        const auto access = AccessStore::open(folder.path()).value();
        const ServerSecrets secrets{.salt = Secret("canary-salt"), .encryption_key = Secret()};
        const auto database = Database::open(folder.path(), Database::Missing::refuse).value();
        ReaderPool readers(*database);
        WriteQueue writes(*database);
        boost::asio::thread_pool access_thread{1};
        boost::asio::thread_pool workers{1};
        Api api({.access = *access,
                 .secrets = secrets,
                 .clock = clock,
                 .log = log,
                 .access_thread = access_thread.get_executor(),
                 .workers = workers.get_executor(),
                 .readers = readers,
                 .writes = writes,
                 .admin_key = Secret("canary-admin"),
                 .logs_requests = true});
        {
            const RunningServer server(api, {.trusted_proxies = {"127.0.0.1"}});
            (void)ask(server.port(),
                      request_text("GET", "/api/public/traces?userId=canary-query",
                                   bearer("canary-token") + "X-Forwarded-For: 203.0.113.7\r\n"));
            (void)ask(server.port(), request_text("PUT", "/x%0Ay", basic(make_key_pair())));
        }
        access_thread.join();
        workers.join();
        const std::string text = log.text();
        CHECK(std::ranges::count(text, '\n') == 2);
        CHECK_THAT(text, !Catch::Contains("canary"));
        CHECK_THAT(text, !Catch::Contains("sk-lf-"));
        for (const char* const part : {"203.0.113.7", "/api/public/traces", "401", "/x%0Ay"}) {
            CHECK_THAT(text, Catch::Contains(part));
        }
    }
}

}  // namespace assay::test
