#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::mistakes_in;
using test::outcome;

std::string found(const std::string& text) { return comment_of(bound("pii"), text); }

TEST_CASE("pii: mail addresses", "[pii]") {
    CHECK(found("ann@example.com") == "email a\u2026@e\u2026.com");
    CHECK(found("Write to <Ann.Lee+x@mail.example.co.uk>.") == "email A\u2026@m\u2026.uk");
    CHECK(found("mailto:a_b%c@x-y.org, please") == "email a\u2026@x\u2026.org");
    CHECK(found("a@b.io/c@d.io") == "email a\u2026@b\u2026.io, email c\u2026@d\u2026.io");
    for (const char* text : {"@ann", "ann@", "ann@localhost", "ann @example.com", "a@b.c1",
                             "x@1.2.3.4", "price @ 5.00", "@Override public", "a@-b.com",
                             "user@.com", "a@b..com", "git@{upstream}", "x.@y.com", "ann@com."}) {
        INFO(text);
        CHECK(found(text).empty());
    }
    CHECK(found(std::string(65, 'a') + "@example.com").empty());
}

TEST_CASE("pii: telephone numbers", "[pii]") {
    for (const char* text : {"+493012345678",
                             "+49 30 1234567",
                             "+1 (212) 555-0123",
                             "+44 20 7946 0958",
                             "+49 (0)30 1234567",
                             "tel:+33-1-23-45-67-89",
                             "(212) 555-0123",
                             "212-555-0123",
                             "212.555.0123",
                             "1-212-555-0123",
                             "1 (212) 555-0123",
                             "call 212-555-0123.",
                             "030 1234567",
                             "0171/1234567",
                             "(030) 123 45 67",
                             "01 23 45 67 89",
                             "01.23.45.67.89",
                             "020 7946 0958",
                             "Call 212-555-0123 (24 hours)",
                             "call 212-555-0123 5 times"}) {
        INFO(text);
        CHECK(found(text).starts_with("phone \u2026"));
        CHECK(found(text).find(", ") == std::string::npos);
    }
}

TEST_CASE("pii: accounts with their check digits", "[pii]") {
    // Examples of the SWIFT registry.
    for (const char* text :
         {"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19",
          "FR1420041010050500013M02606", "NL91 ABNA 0417 1643 00", "NO93 8601 1117 947",
          "IBAN: CH93 0076 2011 6238 5295 7.", "MT84MALT011000012345MTLCAST001S"}) {
        INFO(text);
        CHECK(found(text).starts_with("iban \u2026"));
    }
    for (const char* text : {"DE88370400440532013000", "DE89 3704 0044 0532 0130 01",
                             "XX89370400440532013000", "DE8937040044053201300", "de89 3704 0044",
                             "DE89370400440532013000X", "ADE89370400440532013000", "DE89"}) {
        INFO(text);
        CHECK(found(text).find("iban") == std::string::npos);
    }
}

TEST_CASE("pii: cards with their check digit", "[pii]") {
    // Numbers that the networks publish for tests.
    for (const char* text :
         {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4222222222222",
          "5555555555554444", "2223003122003222", "378282246310005", "3782 822463 10005",
          "30569309025904", "3056 930902 5904", "6011111111111117", "3530111333300000",
          "6200000000000005", "Pay with 4111 1111 1111 1111 12/27", "(4111111111111111)"}) {
        INFO(text);
        CHECK(found(text).starts_with("card \u2026"));
    }
    for (const char* text :
         {"4111111111111112", "1234567812345670", "41111111111111111", "4111 11111111 1111",
          "4111 1111-1111 1111", "9999999999999995", "x4111111111111111", "4111111111111111a",
          "0.4111111111111111", "4111111111111111@x", "4111.1111.1111.1111"}) {
        INFO(text);
        CHECK(found(text).find("card") == std::string::npos);
    }
}

TEST_CASE("pii: numbers of other kinds are none", "[pii]") {
    for (const char* text : {"2024-01-15",
                             "15.01.2024",
                             "01/02/2024",
                             "2024-01-15T10:30:00Z",
                             "01/02/2024 10:30",
                             "01.02.2024 10",
                             "192.168.0.1",
                             "10.0.0.1:8080",
                             "255.255.255.255",
                             "2001:db8::1",
                             "Order 1234567890",
                             "Order #123-4567890-1234567",
                             "ISBN 978-0-306-40615-7",
                             "ISBN 0-306-40615-2",
                             "v1.2.3-45",
                             "1,234,567.89",
                             "3.14159265358979",
                             "550e8400-e29b-41d4-a716-446655440000",
                             "d41d8cd98f00b204e9800998ecf8427e",
                             "https://example.com/2024/01/15/212-555-0123",
                             "0x0123456789",
                             "1e10",
                             "12:34:56",
                             "AAPL 0.5% 10-20 30-40",
                             "(1) 2 (3) 4",
                             "1 2 3 4 5 6 7 8 9 0 1 2 3 4",
                             "+5",
                             "3 + 12345",
                             "+0 123 456 789",
                             "000 000 0000",
                             "20230115123456",
                             "lat 52.520008, lon 13.404954",
                             "12345-6789",
                             "room 0123",
                             "00:00:00.000",
                             ""}) {
        INFO(text);
        CHECK(found(text).empty());
        CHECK(outcome(bound("pii"), text) == false);
    }
}

TEST_CASE("pii: only the kinds asked for count", "[pii]") {
    const char* const text = "ann@example.com, +49 30 1234567, 4111 1111 1111 1111";
    CHECK(comment_of(bound("pii", {{"kinds", {"phone"}}}), text) == "phone \u20264567");
    CHECK(outcome(bound("pii", {{"kinds", {"iban"}}}), text) == false);
    CHECK(outcome(bound("pii", {{"not", true}}), text) == false);
    std::string many;
    for (int i = 0; i < 2000; ++i) many += "a@b.io ";
    CHECK(outcome(bound("pii", {{"kinds", {"card"}}}), many + "4111111111111111") == true);
    CHECK(found(many).ends_with(" and 997 more"));
    CHECK(mistakes_in("pii", {{"kinds", {"name"}}}).size() == 1);
    CHECK(mistakes_in("pii", {{"kinds", Json::array()}}).size() == 1);
}

TEST_CASE("pii: values that are not text are searched as JSON", "[pii]") {
    CHECK(outcome(bound("pii"), json(R"({"user": {"mail": "ann@example.com"}})")) == true);
    CHECK(outcome(bound("pii"), json("[4111111111111111]")) == true);
}

}  // namespace
}  // namespace assay
