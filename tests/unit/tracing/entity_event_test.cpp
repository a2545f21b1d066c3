#include "server/tracing/entity_event.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "server/tracing/limits.hpp"

namespace assay::test {
namespace {

EntityEvent event_at(int second, const char* fields, bool is_update = true) {
    return {.at = Time(std::chrono::seconds(second)),
            .is_update = is_update,
            .fields = parse_json(fields).value()};
}

/// What the events say when they come one after the other, each in a message of its own.
MergedEntity received(const std::vector<EntityEvent>& events, FieldRules rules) {
    std::vector<EntityEvent> stored;
    for (const EntityEvent& event : events) {
        stored.push_back(event);
        reduce_events(stored, rules);
    }
    return merge_events(stored, rules);
}

/// The same by the definition: all of them in the order of their times.
MergedEntity defined(std::vector<EntityEvent> events, FieldRules rules) {
    std::ranges::sort(
        events, {}, [](const EntityEvent& event) { return std::pair(event.at, event.is_update); });
    return merge_events(events, rules);
}

bool same(const MergedEntity& a, const MergedEntity& b) {
    return a.input == b.input && a.output == b.output && a.fields == b.fields && a.first == b.first;
}

unsigned seed_of_run() {
    const char* const given = std::getenv("ASSAY_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                            : std::random_device{}();
}

/// An object of few names and values, so that events often speak of the same.
Json random_object(std::mt19937& random, int depth) {
    Json object = Json::object();
    for (const char* const name : {"a", "b", "c"}) {
        switch (random() % 5) {
            case 0: object[name] = random() % 3; break;
            case 1: object[name] = Json::array({random() % 2}); break;
            case 2:
                if (depth > 0) object[name] = random_object(random, depth - 1);
                break;
            default: break;
        }
    }
    return object;
}

EntityEvent random_event(std::mt19937& random, int second) {
    EntityEvent event{.at = Time(std::chrono::seconds(second)), .is_update = random() % 2 == 0};
    if (random() % 2 == 0) event.input = std::to_string(random() % 9);
    if (random() % 2 == 0) event.output = std::to_string(random() % 9);
    if (random() % 2 == 0) event.fields["name"] = std::to_string(random() % 9);
    if (random() % 2 == 0) event.fields["environment"] = std::to_string(random() % 9);
    if (random() % 2 == 0) event.fields["metadata"] = random_object(random, 2);
    if (random() % 2 == 0) event.fields["tags"] = {std::to_string(random() % 4)};
    return event;
}

}  // namespace

TEST_CASE("entity events: the latest value counts whenever it came", "[tracing]") {
    const auto merged = received({event_at(2, R"({"name":"new","version":"2"})"),
                                  event_at(1, R"({"name":"old","release":"r"})", false)},
                                 &trace_field_rule);
    CHECK(merged.fields == parse_json(R"({"name":"new","version":"2","release":"r"})").value());
    CHECK(merged.first == Time(std::chrono::seconds(1)));
}

TEST_CASE("entity events: what is fixed once stays with the earliest", "[tracing]") {
    const auto merged =
        received({event_at(3, R"({"startTime":3,"environment":"late"})"),
                  event_at(2, R"({"startTime":2})"), event_at(1, R"({"name":"n"})")},
                 &observation_field_rule);
    CHECK(merged.fields.at("startTime") == 2);
    CHECK(merged.fields.at("environment") == "late");
}

TEST_CASE("entity events: metadata are merged deeply and tags are a set", "[tracing]") {
    const auto merged =
        received({event_at(1, R"({"metadata":{"a":{"x":1},"b":1},"tags":["t","s"]})"),
                  event_at(2, R"({"metadata":{"a":{"y":2},"b":{"z":3}},"tags":["t","a"]})")},
                 &trace_field_rule);
    CHECK(merged.fields.at("metadata") == parse_json(R"({"a":{"x":1,"y":2},"b":{"z":3}})").value());
    CHECK(merged.fields.at("tags") == Json({"a", "s", "t"}));
}

TEST_CASE("entity events: a plain value hides what an object said before it", "[tracing]") {
    const std::vector<EntityEvent> events = {event_at(1, R"({"metadata":{"a":{"x":1}}})"),
                                             event_at(2, R"({"metadata":{"a":5}})"),
                                             event_at(3, R"({"metadata":{"a":{"y":2}}})")};
    const std::vector<EntityEvent> backwards(events.rbegin(), events.rend());
    const Json expected = parse_json(R"({"a":{"y":2}})").value();
    CHECK(received(events, &trace_field_rule).fields.at("metadata") == expected);
    CHECK(received(backwards, &trace_field_rule).fields.at("metadata") == expected);
}

TEST_CASE("entity events: all 120 orders of five updates with repeats give one state",
          "[tracing]") {
    const unsigned seed = seed_of_run();
    INFO("ASSAY_SEED=" << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 20; ++round) {
        std::vector<EntityEvent> events;
        for (int i = 0; i < 5; ++i) events.push_back(random_event(random, i));
        const MergedEntity expected = defined(events, &trace_field_rule);
        std::vector<int> order = {0, 1, 2, 3, 4};
        do {
            std::vector<EntityEvent> sent;
            for (const int i : order) sent.push_back(events[static_cast<std::size_t>(i)]);
            sent.push_back(events[random() % 5]);
            REQUIRE(same(received(sent, &trace_field_rule), expected));
        } while (std::ranges::next_permutation(order).found);
    }
}

TEST_CASE("entity events: sending a batch again changes nothing also at equal times", "[tracing]") {
    const std::vector<EntityEvent> batch = {event_at(1, R"({"name":"first"})"),
                                            event_at(1, R"({"name":"second"})")};
    std::vector<EntityEvent> twice = batch;
    twice.insert(twice.end(), batch.begin(), batch.end());
    CHECK(received(twice, &trace_field_rule).fields.at("name") == "second");
}

TEST_CASE("entity events: what is stored does not grow with what is repeated", "[tracing]") {
    std::vector<EntityEvent> stored;
    for (int i = 0; i < 1000; ++i) {
        stored.push_back(event_at(i, R"({"name":"n","userId":"u","tags":["t"]})"));
        reduce_events(stored, &trace_field_rule);
        REQUIRE(stored.size() <= 2);
    }
}

TEST_CASE("entity events: many that each know something of their own become fewer", "[tracing]") {
    std::vector<EntityEvent> stored;
    for (int i = 0; i < 200; ++i) {
        const std::string key = std::to_string(i);
        stored.push_back(event_at(i, "{}"));
        stored.back().fields["metadata"] = {{key, i}};
        reduce_events(stored, &trace_field_rule);
        REQUIRE(stored.size() <= limits::k_entity_events_max);
    }
    CHECK(merge_events(stored, &trace_field_rule).fields.at("metadata").size() == 200);
}

}  // namespace assay::test
