#include "judges/providers/aws_event_stream.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "core/base/limits.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/providers/aws_messages.hpp"

namespace assay::test {
namespace {

// By the npm package @smithy/eventstream-codec 4.5.2.
constexpr const char* k_delta_hex =
    "000000950000005789cbb35e0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a63"
    "6f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070005"
    "6576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a225061"
    "72227d7dced0a1ec";
constexpr const char* k_all_types_hex =
    "0000006100000051dd1ce0f6017400016601016202f9017303fed401690400011170016c05000000012a05f2000179"
    "0600020102017807000668c3a96c6c6f0164080000014f7e9b6f800175090102030405060708090a0b0c0d0e0f10fe"
    "d29fa5";
constexpr const char* k_nothing_hex = "000000100000000005c248eb7d98c8ff";

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

Result<std::vector<AwsEvent>> read(const std::vector<std::string>& pieces) {
    AwsEventStream stream;
    std::vector<AwsEvent> events;
    for (const std::string& piece : pieces) ASSAY_CHECK(stream.feed(piece, events));
    return events;
}

/// A frame whose lengths are what a test says, with the checksums that belong to them.
std::string frame(std::uint32_t message_bytes, std::uint32_t headers_bytes,
                  const std::string& content) {
    const std::string lengths = big_endian(message_bytes) + big_endian(headers_bytes);
    const std::string begin = lengths + big_endian(crc32_by_bits(lengths)) + content;
    return begin + big_endian(crc32_by_bits(begin));
}

std::string with_headers(const std::string& headers) {
    return frame(static_cast<std::uint32_t>(16 + headers.size()),
                 static_cast<std::uint32_t>(headers.size()), headers);
}

}  // namespace

TEST_CASE("aws event stream: messages of another implementation are read") {
    const auto events =
        read({from_hex(k_delta_hex) + from_hex(k_all_types_hex) + from_hex(k_nothing_hex)}).value();
    REQUIRE(events.size() == 3);
    CHECK(events[0].header(":event-type") == "contentBlockDelta");
    CHECK(events[0].header(":content-type") == "application/json");
    CHECK(events[0].header(":message-type") == "event");
    CHECK(events[0].header(":exception-type").empty());
    CHECK(events[0].payload == R"({"contentBlockIndex":0,"delta":{"text":"Par"}})");
    CHECK(events[1].headers ==
          std::map<std::string, std::string, std::less<>>{{"x", "h\u00e9llo"}});
    CHECK(events[1].payload.empty());
    CHECK(events[2].headers.empty());
}

TEST_CASE("aws event stream: our tests write what another implementation writes") {
    CHECK(aws_message({{":event-type", "contentBlockDelta"},
                       {":content-type", "application/json"},
                       {":message-type", "event"}},
                      R"({"contentBlockIndex":0,"delta":{"text":"Par"}})") ==
          from_hex(k_delta_hex));
}

TEST_CASE("aws event stream: it does not matter how the bytes are cut") {
    const std::string bytes = aws_event("a", "first") + aws_event("b", "") + aws_event("c", "last");
    const auto whole = read({bytes}).value();
    REQUIRE(whole.size() == 3);
    std::vector<std::string> single;
    for (const char byte : bytes) single.emplace_back(1, byte);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto events = read({bytes.substr(0, cut), bytes.substr(cut)}).value();
        REQUIRE(events.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(events[i].headers == whole[i].headers);
            CHECK(events[i].payload == whole[i].payload);
        }
    }
    CHECK(read(single).value().size() == 3);
}

TEST_CASE("aws event stream: every flipped bit of a message is noticed") {
    const std::string message = from_hex(k_delta_hex);
    const std::string next = aws_event("after", "{}");
    for (std::size_t i = 0; i < message.size(); ++i) {
        for (int change = 1; change < 256; ++change) {
            std::string damaged = message;
            damaged[i] = static_cast<char>(damaged[i] ^ change);
            const auto events = read({damaged + next});
            if (events) FAIL("byte " << i << " changed by " << change);
            REQUIRE(events.error().code == ErrorCode::unavailable);
            REQUIRE(events.error().retryable);
        }
    }
}

TEST_CASE("aws event stream: a message that is cut short gives nothing and what was before it") {
    const std::string message = from_hex(k_delta_hex);
    for (std::size_t size = 0; size < message.size(); ++size) {
        CHECK(read({message.substr(0, size)}).value().empty());
        CHECK(read({message + message.substr(0, size)}).value().size() == 1);
    }
}

TEST_CASE("aws event stream: lengths that contradict each other are refused") {
    const auto code = [](const std::string& bytes) { return read({bytes}).error().code; };
    CHECK(code(frame(0, 0, "")) == ErrorCode::unavailable);
    CHECK(code(frame(15, 0, "")) == ErrorCode::unavailable);
    CHECK(code(frame(16, 1, "")) == ErrorCode::unavailable);
    CHECK(code(frame(20, 0xFFFFFFFF, "abcd")) == ErrorCode::unavailable);
    CHECK(read({frame(20, 0, "abcd")}).value().front().payload == "abcd");
}

TEST_CASE("aws event stream: a message is not kept beyond the limit") {
    constexpr auto k_most = static_cast<std::uint32_t>(limits::k_sse_event_bytes_max);
    const auto refused = read({frame(k_most + 1, 0, "")});
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
    CHECK_THAT(refused.error().message, Catch::Contains("1 MB"));
    CHECK(read({frame(k_most, 0, std::string(k_most - 16, 'x'))}).value().size() == 1);
    CHECK(read({frame(0xFFFFFFFF, 0, "")}).error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("aws event stream: headers that are cut short are refused") {
    using namespace std::string_literals;
    const std::vector<std::string> broken = {
        "\x01"s,                   // a name without a name
        "\x01x"s,                  // no type
        "\x01x\x07"s,              // no length
        "\x01x\x07\x00"s,          // half a length
        "\x01x\x07\x00\x02y"s,     // half a value
        "\x01x\x06\xFF\xFFy"s,     // the same of bytes
        "\x01x\x08\x00\x00\x00"s,  // half a time
        "\x01x\x0A"s,              // a type that there is not
        "\x01x\x00\x05y"s,         // garbage after a header
        "\xFFx\x07\x00\x01y"s,     // a name longer than all
    };
    for (const std::string& headers : broken) {
        const auto events = read({with_headers(headers)});
        REQUIRE(!events);
        CHECK_THAT(events.error().message, Catch::Contains("headers"));
    }
    CHECK(read({with_headers("\x01x\x07\x00\x00"s)}).value().front().header("x").empty());
}

TEST_CASE("aws event stream: of damaged bytes in any pieces all is read that was before them") {
    for (const std::uint64_t seed : seeds_of_test(300)) {
        INFO("ASSAY_SEED=" << seed);
        std::mt19937_64 random(seed);
        std::string bytes;
        std::vector<std::string> sent;
        bool is_damaged = false;
        for (int i = 0; i < 20; ++i) {
            const auto draw = random();
            const std::string name = "e" + std::to_string(i);
            std::string message = aws_event(name, std::string(draw % 50, 'x'));
            const std::size_t size = message.size();
            if (draw % 13 == 0) message.resize(size - 1 - draw % (size - 1));
            is_damaged = is_damaged || message.size() != size;
            if (!is_damaged) sent.push_back(name);
            bytes += message;
        }
        AwsEventStream stream;
        std::vector<AwsEvent> events;
        Result<void> fed;
        for (std::size_t i = 0; fed && i < bytes.size();) {
            const std::size_t size = 1 + random() % 40;
            fed = stream.feed(std::string_view(bytes).substr(i, size), events);
            i += size;
        }
        std::vector<std::string> read;
        for (const AwsEvent& event : events) read.emplace_back(event.header(":event-type"));
        CHECK(read == sent);
        if (!is_damaged) CHECK(fed);
    }
}

}  // namespace assay::test
