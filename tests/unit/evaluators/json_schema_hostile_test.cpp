#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

JsonSchema compiled(std::string_view schema) {
    auto result = JsonSchema::compile(*parse_json(schema));
    INFO((result ? "" : result.error().message));
    REQUIRE(result.has_value());
    return std::move(*result);
}

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// [[[...]]], `depth` levels, built without recursion.
Json nested(std::size_t depth) {
    Json value = Json::array();
    for (std::size_t i = 1; i < depth; ++i) {
        Json outer = Json::array();
        outer.push_back(std::move(value));
        value = std::move(outer);
    }
    return value;
}

}  // namespace

TEST_CASE("json schema limits: a reference to itself is an error and no crash") {
    for (const char* const schema :
         {R"({"$ref": "#"})", R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                                "$ref": "#/$defs/a"})",
          R"({"not": {"$ref": "#"}})", R"({"anyOf": [{"$ref": "#"}, true]})",
          R"({"oneOf": [{"$ref": "#"}, {"$ref": "#"}]})", R"({"if": {"$ref": "#"}})",
          R"({"$dynamicAnchor": "a", "$dynamicRef": "#a"})",
          R"({"unevaluatedProperties": false, "allOf": [{"$ref": "#"}]})",
          R"({"propertyNames": {"$ref": "#/$defs/a"}, "$defs": {"a": {"$ref": "#/$defs/a"}}})"}) {
        INFO(schema);
        const auto violations = compiled(schema).validate({{"a", 1}});
        REQUIRE_FALSE(violations.has_value());
        CHECK(violations.error().code == ErrorCode::resource_exhausted);
        CHECK(violations.error().message.find("$ref") != std::string::npos);
    }
}

TEST_CASE("json schema limits: recursion down an instance is bounded on both sides") {
    const JsonSchema schema = compiled(R"({"type": "array", "items": {"$ref": "#"}})");
    // Each level of the instance takes two schemas: the reference and its target.
    CHECK(schema.validate(nested(limits::k_json_schema_depth_max / 2))->empty());
    const auto deeper = schema.validate(nested(limits::k_json_schema_depth_max / 2 + 1));
    REQUIRE_FALSE(deeper.has_value());
    CHECK(deeper.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("json schema limits: values far too deep for recursion are refused or not looked at") {
    const Json deep = nested(200'000);
    CHECK(compiled("{}").validate(deep)->empty());
    CHECK(compiled(R"({"type": "object"})").validate(deep)->size() == 1);
    CHECK(compiled(R"({"const": {}})").validate(deep)->size() == 1);
    CHECK_FALSE(compiled(R"({"const": []})").validate(deep).has_value());
    CHECK_FALSE(compiled(R"({"uniqueItems": true})").validate(deep).has_value());
    CHECK_FALSE(compiled(R"({"items": {"$ref": "#"}})").validate(deep).has_value());
}

TEST_CASE("json schema limits: a schema that is nested too deep is refused on both sides") {
    const auto not_not = [](std::size_t depth) {
        Json schema = Json::object();
        for (std::size_t i = 1; i < depth; ++i) {
            Json outer = Json::object();
            outer["not"] = std::move(schema);
            schema = std::move(outer);
        }
        return schema;
    };
    CHECK(JsonSchema::compile(not_not(limits::k_json_depth_max)).has_value());
    const auto deeper = JsonSchema::compile(not_not(limits::k_json_depth_max + 1));
    REQUIRE_FALSE(deeper.has_value());
    CHECK(deeper.error().code == ErrorCode::invalid_argument);
    CHECK_FALSE(JsonSchema::compile(not_not(200'000)).has_value());
}

TEST_CASE("json schema limits: exponential schemas stop at the limit of steps") {
    Json schema = {{"$ref", "#/$defs/n0"}, {"$defs", Json::object()}};
    for (int i = 0; i < 60; ++i) {
        const Json next = {{"$ref", "#/$defs/n" + std::to_string(i + 1)}};
        schema["$defs"]["n" + std::to_string(i)] = {{"allOf", {next, next}}};
    }
    schema["$defs"]["n60"] = true;
    const auto result = JsonSchema::compile(schema)->validate(1);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("json schema limits: a long chain of references below the limit holds") {
    Json schema = {{"$ref", "#/$defs/n0"}, {"$defs", Json::object()}};
    const int last = static_cast<int>(limits::k_json_schema_depth_max) - 2;
    for (int i = 0; i < last; ++i) {
        schema["$defs"]["n" + std::to_string(i)] = {{"$ref", "#/$defs/n" + std::to_string(i + 1)}};
    }
    schema["$defs"]["n" + std::to_string(last)] = {{"type", "null"}};
    const auto result = JsonSchema::compile(schema)->validate(1);
    REQUIRE(result.has_value());
    CHECK(result->size() == 1);
}

TEST_CASE("json schema limits: patterns take linear time on a megabyte") {
    const JsonSchema schema = compiled(R"({"pattern": "^(a*)*b$", "patternProperties": {}})");
    const Json text = std::string(1'000'000, 'a');
    CHECK(seconds_of([&] { CHECK(schema.validate(text)->size() == 1); }) < 2);
}

TEST_CASE("json schema limits: large arrays and objects do not take quadratic time") {
    Json numbers = Json::array();
    Json objects = Json::array();
    Json wide = Json::object();
    for (int i = 0; i < 100'000; ++i) {
        numbers.push_back(i);
        if (i % 4 == 0) objects.push_back({{"id", i}});
        if (i % 4 == 0) wide["name" + std::to_string(i)] = i;
    }
    const JsonSchema unique = compiled(R"({"uniqueItems": true})");
    CHECK(seconds_of([&] { CHECK(unique.validate(numbers)->empty()); }) < 2);
    CHECK(seconds_of([&] { CHECK(unique.validate(objects)->empty()); }) < 2);
    numbers.push_back(99'999.0);
    CHECK(unique.validate(numbers)->size() == 1);
    const auto among = JsonSchema::compile({{"items", {{"enum", numbers}}}});
    CHECK(seconds_of([&] { CHECK(among->validate(numbers)->empty()); }) < 4);
    const JsonSchema strict = compiled(R"({"unevaluatedProperties": false,
        "anyOf": [{"patternProperties": {"^name": {"type": "integer"}}}]})");
    CHECK(seconds_of([&] { CHECK(strict.validate(wide)->empty()); }) < 4);
    const JsonSchema refuses = compiled(R"({"additionalProperties": false})");
    CHECK(seconds_of([&] { CHECK(refuses.validate(wide)->size() == 100); }) < 2);
}

TEST_CASE("json schema limits: work that grows with the data counts as well") {
    Json values = Json::array();
    for (int i = 0; i < 100'000; ++i) values.push_back(i);
    Json branches = Json::array();
    for (int i = 0; i < 10'000; ++i) branches.push_back({{"const", {i}}});
    const auto comparing = JsonSchema::compile({{"anyOf", branches}});
    CHECK_FALSE(comparing->validate(values).has_value());
    Json patterns = Json::object();
    Json object = Json::object();
    for (int i = 0; i < 4000; ++i) {
        patterns["^" + std::to_string(i) + "x"] = true;
        object[std::to_string(i)] = i;
    }
    const auto matching = JsonSchema::compile({{"patternProperties", patterns}});
    CHECK_FALSE(matching->validate(object).has_value());
}

TEST_CASE("json schema limits: a report stays small whatever the names are") {
    const std::string name(1'000'000, 'n');
    Json instance = Json::object();
    instance[name] = std::vector<int>(1000, 1);
    const JsonSchema schema = compiled(R"({"additionalProperties": {"items": {"type": "null"}}})");
    CHECK(schema.validate(instance)->size() <= 2);
    const JsonSchema branches = compiled(R"({"additionalProperties": {"items": {
        "anyOf": [{"type": "null"}, {"type": "string"}, {"minimum": 9}]}}})");
    CHECK_FALSE(branches.validate(instance)->empty());
    // A long name in a schema is not copied for each schema below it.
    Json wide = Json::object();
    for (int i = 0; i < 10'000; ++i) wide[std::to_string(i)] = true;
    Json inner = {{"properties", std::move(wide)}};
    Json outer = {{"properties", Json::object()}};
    outer["properties"][name] = std::move(inner);
    CHECK(seconds_of([&] { CHECK(JsonSchema::compile(outer).has_value()); }) < 1);
}

TEST_CASE("json schema limits: bytes that are not UTF-8 are counted and reported") {
    const JsonSchema schema =
        compiled(R"({"pattern": "^a$", "maxLength": 1, "enum": ["b"], "not": {"minLength": 2}})");
    const auto violations = schema.validate(Json(std::string("\xff\xfe\xc3")));
    REQUIRE(violations.has_value());
    CHECK(violations->size() == 4);
    for (const auto& violation : *violations) {
        CHECK(find_invalid_utf8(violation.message) == std::string::npos);
    }
}

TEST_CASE("json schema: one schema serves several threads") {
    const JsonSchema schema =
        compiled(R"({"$ref": "https://json-schema.org/draft/2020-12/schema"})");
    const Json good = {{"type", "object"}, {"properties", {{"a", {{"pattern", "^x"}}}}}};
    const Json bad = {{"properties", {{"a", {{"type", "x"}}}}}};
    std::atomic<int> wrong = 0;
    const auto work = [&] {
        for (int i = 0; i < 200; ++i) {
            if (!schema.validate(good)->empty()) ++wrong;
            if (schema.validate(bad)->size() != 1) ++wrong;
            if (!JsonSchema::compile(good).has_value()) ++wrong;
        }
    };
    std::thread first(work);
    std::thread second(work);
    first.join();
    second.join();
    CHECK(wrong == 0);
}

}  // namespace assay
