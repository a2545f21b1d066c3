// How fast the store takes in what clients send, without network and decoding: the rate that
// ingest_bench.py compares the server with.
//
//   ingest_bench FOLDER OBSERVATIONS GROUP
//
// Prints observations a second, GROUP of them committed together, without the time it takes to make
// them up.
//
// Traces of eight observations, half of them generations with usage, six members of metadata,
// inputs of 1.5 kB and outputs of 0.8 kB, committed durably in groups.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "server/tracing/ingest.hpp"

namespace assay {
namespace {

constexpr std::size_t k_observations_of_trace = 8;

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

IngestBatch batch_of(std::mt19937_64& random, std::size_t first, std::size_t count) {
    IngestBatch batch;
    for (std::size_t i = first; i < first + count; ++i) {
        const std::size_t trace = i / k_observations_of_trace;
        const Time at(std::chrono::milliseconds(1'700'000'000'000 + i));
        const TraceId trace_id(fmt::format("{:032x}", trace * 0x9E3779B97F4A7C15ULL));
        if (i % k_observations_of_trace == 0) {
            EntityEvent event{.at = at,
                              .fields = {{"name", "chat"},
                                         {"userId", fmt::format("user-{}", trace % 1000)},
                                         {"sessionId", fmt::format("session-{}", trace / 10)},
                                         {"tags", {"prod"}}}};
            batch.traces.push_back({trace_id, std::move(event)});
        }
        const std::int64_t start = at.time_since_epoch().count();
        EntityEvent event{.at = at,
                          .input = text_of(random, 1500),
                          .output = text_of(random, 800),
                          .fields = {{"type", i % 2 == 0 ? "GENERATION" : "SPAN"},
                                     {"name", fmt::format("step-{}", i % 8)},
                                     {"startTime", start},
                                     {"endTime", start + 250'000'000}}};
        event.fields["metadata"] = {{"customer", fmt::format("c{}", random() % 1000)},
                                    {"region", "eu"},
                                    {"attempt", i % 3},
                                    {"build", "2026.11"},
                                    {"flag", true},
                                    {"host", fmt::format("h{}", i % 16)}};
        if (i % 2 == 0) {
            event.fields["model"] = "gpt-4o-mini";
            event.fields["usageDetails"] = {{"input", 400}, {"output", 200}};
        }
        batch.observations.push_back({.id = ObservationId(fmt::format("{:016x}", random())),
                                      .trace = trace_id,
                                      .event = std::move(event)});
    }
    return batch;
}

/// Stores them in groups. @return observations a second.
Result<double> store(const std::filesystem::path& folder, std::size_t observations,
                     std::size_t group) {
    ASSAY_TRY(const auto database, Database::open(folder, Database::Missing::create));
    std::mt19937_64 random(1);
    std::chrono::nanoseconds spent{0};
    for (std::size_t first = 0; first < observations; first += group) {
        IngestBatch batch = batch_of(random, first, group);
        const auto began = std::chrono::steady_clock::now();
        ASSAY_CHECK(database->transact([&]() -> Result<void> {
            ASSAY_CHECK(ingest(database->writer(), ProjectId("project"), std::move(batch),
                               Time(std::chrono::seconds(1'700'000'000))));
            return {};
        }));
        (void)database->train_when_due(Durability::none);  // costs space only
        spent += std::chrono::steady_clock::now() - began;
    }
    return static_cast<double>(observations) / std::chrono::duration<double>(spent).count();
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
    if (count != 4) {
        fmt::print(stderr, "usage: ingest_bench FOLDER OBSERVATIONS GROUP\n");
        return 2;
    }
    const auto number = [&](int i) { return std::strtoull(arguments[i], nullptr, 10); };
    const auto rate = assay::store(arguments[1], number(2), number(3));
    if (!rate) {
        fmt::print(stderr, "{}\n", rate.error().message);
        return 1;
    }
    fmt::print("{:.0f}\n", *rate);
    return 0;
}
