// Sends observations to a server and waits for each answer before it sends the next, over several
// connections at once: what serve_bench.py measures with.
//
//   ingest_load PORT AUTHORIZATION native|otlp BATCH CONNECTIONS OBSERVATIONS
//
// All requests are made before the clock starts. Prints the seconds, the 50th and the 99th
// percentile of the answers' times in ms, and how many answers were not 2xx.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t k_observations_of_trace = 8;
constexpr std::uint64_t k_first_ns = 1'767'323'045'000'000'000;

struct Options {
    std::uint16_t port = 0;
    std::string authorization;
    bool is_native = true;
    std::size_t batch = 1;
    std::size_t connections = 1;
    std::size_t observations = 0;
};

/// Words that repeat as those of a language do.
std::string text_of(std::mt19937_64& random, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
        text += 'w';
        text += std::to_string(20 * 10'000 / (1 + random() % 10'000));
        text += ' ';
    }
    text.resize(bytes);
    return text;
}

void append_varint(std::string& to, std::uint64_t value) {
    for (; value > 0x7f; value >>= 7U) to += static_cast<char>(0x80U | (value & 0x7fU));
    to += static_cast<char>(value);
}

void append_bytes(std::string& to, unsigned field, std::string_view bytes) {
    append_varint(to, field << 3U | 2U);
    append_varint(to, bytes.size());
    to += bytes;
}

void append_time(std::string& to, unsigned field, std::uint64_t nanoseconds) {
    append_varint(to, field << 3U | 1U);
    for (unsigned i = 0; i < 8; ++i) to += static_cast<char>(nanoseconds >> (8 * i));
}

void append_attribute(std::string& to, std::string_view key, std::string_view text) {
    std::string value;
    append_bytes(value, 1, text);
    std::string pair;
    append_bytes(pair, 1, key);
    append_bytes(pair, 2, value);
    append_bytes(to, 9, pair);
}

std::string big_endian(std::uint64_t value) {
    std::string bytes;
    for (unsigned i = 8; i > 0; --i) bytes += static_cast<char>(value >> (8 * (i - 1)));
    return bytes;
}

/// Span of ExportTraceServiceRequest (OTLP 1.x): 1 trace id, 2 span id, 5 name, 7 and 8 times,
/// 9 attributes.
std::string span(std::mt19937_64& random, std::size_t i) {
    std::string bytes;
    append_bytes(bytes, 1, big_endian(1) + big_endian(1 + i / k_observations_of_trace));
    append_bytes(bytes, 2, big_endian(random() | 1U));
    append_bytes(bytes, 4, big_endian(1));
    append_bytes(bytes, 5, fmt::format("step-{}", i % 8));
    append_time(bytes, 7, k_first_ns + i * 1'000'000);
    append_time(bytes, 8, k_first_ns + i * 1'000'000 + 250'000'000);
    append_attribute(bytes, "langfuse.observation.type", i % 2 == 0 ? "generation" : "span");
    append_attribute(bytes, "langfuse.observation.input", text_of(random, 1500));
    append_attribute(bytes, "langfuse.observation.output", text_of(random, 800));
    append_attribute(bytes, "langfuse.observation.metadata.customer",
                     fmt::format("c{}", random() % 1000));
    append_attribute(bytes, "langfuse.observation.metadata.region", "eu");
    if (i % 2 == 0) {
        append_attribute(bytes, "langfuse.observation.model.name", "gpt-4o-mini");
        append_attribute(bytes, "langfuse.observation.usage_details",
                         R"({"input":400,"output":200})");
    }
    return bytes;
}

std::string otlp_body(std::mt19937_64& random, std::size_t first, std::size_t count) {
    std::string scope_spans;
    for (std::size_t i = first; i < first + count; ++i) {
        append_bytes(scope_spans, 2, span(random, i));
    }
    std::string resource_spans;
    append_bytes(resource_spans, 2, scope_spans);
    std::string body;
    append_bytes(body, 1, resource_spans);
    return body;
}

std::string native_body(std::mt19937_64& random, std::size_t first, std::size_t count) {
    std::string body = R"({"batch":[)";
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string usage =
            i % 2 == 0 ? R"(,"model":"gpt-4o-mini","usageDetails":{"input":400,"output":200})" : "";
        body += fmt::format(
            R"({}{{"id":"e{:x}","timestamp":"2026-01-02T03:04:05.000Z","type":"{}","body":{{)"
            R"("id":"{:016x}","traceId":"{:032x}","name":"step-{}",)"
            R"("startTime":"2026-01-02T03:04:05.{:03}Z","endTime":"2026-01-02T03:04:07.000Z",)"
            R"("input":"{}","output":"{}","metadata":{{"customer":"c{}","region":"eu"}}{}}}}})",
            i == first ? "" : ",", i, i % 2 == 0 ? "generation-create" : "span-create", random(),
            1 + i / k_observations_of_trace, i % 8, i % 1000, text_of(random, 1500),
            text_of(random, 800), random() % 1000, usage);
    }
    return body + "]}";
}

std::string request_of(const Options& options, const std::string& body) {
    return fmt::format(
        "POST /api/public/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\n"
        "Content-Type: application/{}\r\nContent-Length: {}\r\n\r\n{}",
        options.is_native ? "ingestion" : "otel/v1/traces", options.authorization,
        options.is_native ? "json" : "x-protobuf", body.size(), body);
}

struct Work {
    std::vector<std::string> requests;
    std::size_t next = 0;
    std::vector<double> answered_ms;
    std::size_t refused = 0;
};

/// One connection: takes requests until there are none.
asio::awaitable<void> send(const Options& options, Work& work) {
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), options.port},
                                  asio::use_awaitable);
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::string received;
    while (work.next < work.requests.size()) {
        const std::string& request = work.requests[work.next++];
        const auto began = Clock::now();
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        const std::size_t head = co_await asio::async_read_until(
            socket, asio::dynamic_buffer(received), "\r\n\r\n", asio::use_awaitable);
        const std::size_t field = received.find("Content-Length: ");
        const std::size_t length =
            field < head ? std::strtoull(received.c_str() + field + 16, nullptr, 10) : 0;
        if (received.size() < head + length) {
            co_await asio::async_read(socket, asio::dynamic_buffer(received),
                                      asio::transfer_exactly(head + length - received.size()),
                                      asio::use_awaitable);
        }
        work.answered_ms.push_back(
            std::chrono::duration<double, std::milli>(Clock::now() - began).count());
        const bool has_errors = received.find("\"errors\":[{") < head + length;
        if (received[9] != '2' || has_errors) ++work.refused;
        received.erase(0, head + length);
    }
}

int run(const Options& options) {
    std::mt19937_64 random(1);
    Work work;
    for (std::size_t first = 0; first < options.observations; first += options.batch) {
        work.requests.push_back(request_of(options, options.is_native
                                                        ? native_body(random, first, options.batch)
                                                        : otlp_body(random, first, options.batch)));
    }
    asio::io_context io;
    for (std::size_t i = 0; i < options.connections; ++i) {
        asio::co_spawn(io, send(options, work), [](std::exception_ptr failed) {
            if (failed) std::rethrow_exception(failed);
        });
    }
    const auto began = Clock::now();
    io.run();
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    std::ranges::sort(work.answered_ms);
    const auto at = [&](double share) {
        const auto index = static_cast<std::size_t>(share * double(work.answered_ms.size() - 1));
        return work.answered_ms[index];
    };
    fmt::print("{} {} {} {}\n", seconds, at(0.5), at(0.99), work.refused);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) {
        fmt::print(stderr,
                   "usage: ingest_load PORT AUTHORIZATION native|otlp BATCH CONNECTIONS "
                   "OBSERVATIONS\n");
        return 2;
    }
    const auto number = [&](int i) { return std::strtoull(arguments[i], nullptr, 10); };
    return run({.port = static_cast<std::uint16_t>(number(1)),
                .authorization = arguments[2],
                .is_native = std::string_view(arguments[3]) == "native",
                .batch = number(4),
                .connections = number(5),
                .observations = number(6)});
}
