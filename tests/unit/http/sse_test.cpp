#include "core/http/sse.hpp"

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay::test {

namespace {

/// "type|data" of each event, for one comparison.
std::vector<std::string> texts_of(const std::vector<SseEvent>& events) {
    std::vector<std::string> texts;
    for (const SseEvent& event : events) texts.push_back(event.type + "|" + event.data);
    return texts;
}

std::vector<std::string> read(const std::vector<std::string_view>& pieces) {
    SseParser parser;
    std::vector<SseEvent> events;
    for (const std::string_view piece : pieces) REQUIRE(parser.feed(piece, events));
    parser.finish(events);
    return texts_of(events);
}

using Texts = std::vector<std::string>;

constexpr std::string_view k_stream =
    "\xEF\xBB\xBF: a comment\n"
    "data: one\n\n"
    "event: delta\r\ndata:two\r\ndata:  lines\r\n\r\n"
    "data\rid: 7\rretry: 10\rdata: {\"a\": \"b: c\"}\r\r"
    "event: nothing\n\n"
    "unknown: field\ndata:\n\n"
    "\n\r\n\r"
    "data: \xE2\x82\xAC\n\n"
    "data: [DONE]\n\n";

const Texts k_events = {"|one", "delta|two\n lines", "|\n{\"a\": \"b: c\"}",
                        "|",    "|\xE2\x82\xAC",     "|[DONE]"};

}  // namespace

TEST_CASE("sse: events with every line end and comments and fields that mean nothing to us") {
    CHECK(read({k_stream}) == k_events);
}

TEST_CASE("sse: the same events wherever the stream is split") {
    for (std::size_t first = 0; first <= k_stream.size(); ++first) {
        INFO(first);
        CHECK(read({k_stream.substr(0, first), k_stream.substr(first)}) == k_events);
    }
    for (std::size_t length = 1; length < 8; ++length) {
        std::vector<std::string_view> pieces;
        for (std::size_t at = 0; at < k_stream.size(); at += length) {
            pieces.push_back(k_stream.substr(at, length));
        }
        INFO(length);
        CHECK(read(pieces) == k_events);
    }
}

TEST_CASE("sse: line ends of one kind do not depend on the kind") {
    const std::string lines = "event: e#data: 1#data: 2##data: 3##";
    for (const std::string end : {"\n", "\r", "\r\n"}) {
        std::string stream;
        for (const char c : lines) stream += c == '#' ? end : std::string(1, c);
        CHECK(read({stream}) == Texts{"e|1\n2", "|3"});
    }
}

TEST_CASE("sse: events are given as soon as they are complete") {
    SseParser parser;
    std::vector<SseEvent> events;
    REQUIRE(parser.feed("data: 1\n", events));
    CHECK(events.empty());
    REQUIRE(parser.feed("\ndata: 2", events));
    CHECK(texts_of(events) == Texts{"|1"});
}

TEST_CASE("sse: a last event without its blank line is not lost") {
    CHECK(read({"data: 1\n\ndata: 2\n"}) == Texts{"|1", "|2"});
    CHECK(read({"data: 1\n\ndata: 2"}) == Texts{"|1", "|2"});
    CHECK(read({""}).empty());
    CHECK(read({": only a comment"}).empty());
}

TEST_CASE("sse: only one space behind the colon belongs to the notation") {
    CHECK(read({"data:  x\n\n"}) == Texts{"| x"});
    CHECK(read({"data:x:y\n\n"}) == Texts{"|x:y"});
    CHECK(read({" data: x\n\n"}).empty());
    CHECK(read({"DATA: x\n\n"}).empty());
}

TEST_CASE("sse: no stream gives other events when it comes in other pieces") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    const std::vector<std::string> parts = {"data", ":",    " ",  "event",        "x",   "\n", "\r",
                                            "\r\n", "\n\n", "id", "\xEF\xBB\xBF", "\xFF"};
    for (int round = 0; round < 2000; ++round) {
        std::string stream;
        for (int i = 0; i < 40; ++i) stream += parts[rng.next_below(parts.size())];
        std::vector<std::string_view> pieces;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t length = 1 + rng.next_below(6);
            pieces.push_back(std::string_view(stream).substr(at, length));
            at += length;
        }
        INFO(stream);
        CHECK(read(pieces) == read({stream}));
    }
}

TEST_CASE("sse: an event is bounded on both sides of the limit") {
    const std::string fits(limits::k_sse_event_bytes_max - 6, 'x');
    CHECK(read({"data: ", fits, "\n\n"}).at(0).size() == fits.size() + 1);
    CHECK(read({"data: ", fits, "\n\ndata: ", fits, "\n\n"}).size() == 2);

    SseParser parser;
    std::vector<SseEvent> events;
    const auto one_line = parser.feed("data: " + fits + "x\n\n", events);
    REQUIRE(!one_line);
    CHECK(one_line.error().code == ErrorCode::resource_exhausted);
    CHECK(one_line.error().message == "an event of the stream is longer than 1024 kB");

    SseParser many_lines;
    Result<void> fed;
    std::size_t lines = 0;
    while (fed && lines < 200'000) {
        fed = many_lines.feed("data: 0123456789\n", events);
        ++lines;
    }
    CHECK(!fed);
    CHECK(lines < limits::k_sse_event_bytes_max / 10);
    CHECK(events.empty());
}

}  // namespace assay::test
