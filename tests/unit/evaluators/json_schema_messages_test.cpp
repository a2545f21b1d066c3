#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

JsonSchema compiled(std::string_view schema) {
    auto json = parse_json(schema);
    REQUIRE(json.has_value());
    auto result = JsonSchema::compile(*json);
    INFO((result ? "" : result.error().message));
    REQUIRE(result.has_value());
    return std::move(*result);
}

std::vector<JsonSchema::Violation> violations_of(std::string_view schema,
                                                 std::string_view instance) {
    const JsonSchema checked = compiled(schema);
    auto json = parse_json(instance);
    REQUIRE(json.has_value());
    auto violations = checked.validate(*json);
    REQUIRE(violations.has_value());
    return std::move(*violations);
}

/// The violations as "keyword @ pointer: message".
std::vector<std::string> said(std::string_view schema, std::string_view instance) {
    std::vector<std::string> lines;
    for (const auto& violation : violations_of(schema, instance)) {
        lines.push_back(violation.keyword + " @ " + violation.pointer + ": " + violation.message);
    }
    return lines;
}

using Lines = std::vector<std::string>;

struct Message {
    const char* schema;
    const char* instance;
    const char* line;
};

}  // namespace

TEST_CASE("json schema: each keyword says what it wants") {
    const Message messages[] = {
        {R"({"type": "string"})", "3", "type @ : must be a string, not an integer"},
        {R"({"type": "integer"})", "1.5", "type @ : must be an integer, not 1.5"},
        {R"({"type": ["string", "null"]})", "{}",
         "type @ : must be a string or null, not an object"},
        {R"({"type": ["number", "integer"]})", "null", "type @ : must be a number, not null"},
        {R"({"const": {"a": 1}})", "[]", R"(const @ : must be {"a":1}, not an array)"},
        {R"({"enum": ["a", 1]})", R"("b")", R"(enum @ : must be one of "a", 1, not "b")"},
        {R"({"enum": ["a"]})", R"("b")", R"(enum @ : must be "a", not "b")"},
        {R"({"enum": []})", "1", R"(enum @ : is not allowed: the "enum" is empty)"},
        {R"({"minimum": 3})", "2", "minimum @ : must be at least 3, not 2"},
        {R"({"exclusiveMinimum": 3})", "3", "exclusiveMinimum @ : must be more than 3, not 3"},
        {R"({"maximum": 0.5})", "0.75", "maximum @ : must be at most 0.5, not 0.75"},
        {R"({"exclusiveMaximum": 3})", "3.0", "exclusiveMaximum @ : must be less than 3, not 3.0"},
        {R"({"multipleOf": 0.01})", "0.075",
         "multipleOf @ : must be a multiple of 0.01, not 0.075"},
        {R"({"minLength": 3})", R"("ab")", "minLength @ : must be at least 3 characters long"},
        {R"({"maxLength": 1})", R"("ab")", "maxLength @ : must be at most 1 character long"},
        {R"({"pattern": "^\\d+$"})", R"("ab")", R"(pattern @ : must match the pattern "^\d+$")"},
        {R"({"minItems": 2})", "[1]", "minItems @ : must have at least 2 items, not 1"},
        {R"({"maxItems": 1})", "[1, 2]", "maxItems @ : must have at most 1 item, not 2"},
        {R"({"uniqueItems": true})", "[1, 2, 1.0]",
         "uniqueItems @ : must not repeat an item, but items 0 and 2 are equal"},
        {R"({"items": {"type": "null"}})", "[null, 1]", "type @ /1: must be null, not an integer"},
        {R"({"prefixItems": [true], "items": false})", "[1, 2, 3]",
         "items @ : must have at most 1 item, not 3"},
        {R"({"contains": {"const": 1}})", "[2]",
         R"(contains @ : must have at least 1 item that "contains" describes, not 0)"},
        {R"({"contains": {"const": 1}, "minContains": 2})", "[1]",
         R"(minContains @ : must have at least 2 items that "contains" describes, not 1)"},
        {R"({"contains": {"const": 1}, "maxContains": 1})", "[1, 1]",
         R"(maxContains @ : must have at most 1 item that "contains" describes, not 2)"},
        {R"({"unevaluatedItems": false})", "[1]", "false @ /0: is not allowed"},
        {R"({"minProperties": 1})", "{}", "minProperties @ : must have at least 1 property, not 0"},
        {R"({"maxProperties": 2})", R"({"a": 1, "b": 2, "c": 3})",
         "maxProperties @ : must have at most 2 properties, not 3"},
        {R"({"required": ["name"]})", "{}", R"(required @ : must have the property "name")"},
        {R"({"properties": {"a": false}})", R"({"a": 1})", "false @ /a: is not allowed"},
        {R"({"properties": {"name": true}, "additionalProperties": false})", R"({"naem": 1})",
         R"(additionalProperties @ : has the unknown property "naem")"},
        {R"({"additionalProperties": {"type": "null"}})", R"({"a": 1})",
         "type @ /a: must be null, not an integer"},
        {R"({"unevaluatedProperties": false})", R"({"a": 1})",
         R"(unevaluatedProperties @ : has the unknown property "a")"},
        {R"({"patternProperties": {"^x": {"type": "null"}}})", R"({"x/~": 1})",
         "type @ /x~1~0: must be null, not an integer"},
        {R"({"propertyNames": {"minLength": 2}})", R"({"a": 1})",
         R"(propertyNames @ : has the property "a", whose name must be at least 2 characters )"
         "long"},
        {R"({"dependentRequired": {"a": ["b"]}})", R"({"a": 1})",
         R"(dependentRequired @ : must have the property "b" because it has "a")"},
        {R"({"dependencies": {"a": ["b"]}})", R"({"a": 1})",
         R"(dependencies @ : must have the property "b" because it has "a")"},
        {R"({"dependentSchemas": {"a": {"minProperties": 2}}})", R"({"a": 1})",
         "minProperties @ : must have at least 2 properties, not 1"},
        {R"({"not": {"type": "string"}})", R"("a")",
         R"(not @ : must not match the schema under "not")"},
        {R"({"oneOf": [{"minimum": 1}, {"type": "string"}, {"maximum": 9}]})", "5",
         "oneOf @ : must match exactly one of 3 alternatives, but matches numbers 1 and 3"},
        {R"({"if": true, "then": {"type": "null"}})", "1", "type @ : must be null, not an integer"},
        {R"({"if": false, "else": {"type": "null"}})", "1",
         "type @ : must be null, not an integer"},
        {"false", "1", "false @ : is not allowed"},
    };
    for (const Message& message : messages) {
        INFO(message.schema);
        CHECK(said(message.schema, message.instance) == Lines{message.line});
    }
}

TEST_CASE("json schema: an unknown property comes with the names that exist") {
    const auto violations = violations_of(
        R"({"properties": {"name": true, "size": true}, "additionalProperties": false})",
        R"({"naem": 1})");
    REQUIRE(violations.size() == 1);
    CHECK(violations[0].pointer == "");
    CHECK(violations[0].property == "naem");
    CHECK(violations[0].known == std::vector<std::string>{"name", "size"});
}

TEST_CASE("json schema: an unevaluated property knows the names of every schema that applies") {
    // "else" leads back to the root, which must not send the search in circles.
    const auto violations = violations_of(
        R"({"$ref": "#/$defs/common", "properties": {"own": true}, "unevaluatedProperties": false,
            "allOf": [{"properties": {"own": true, "shared": true}}],
            "oneOf": [{"required": ["a"], "properties": {"a": true}}, {"properties": {"b": true}}],
            "if": true, "else": {"$ref": "#"},
            "not": {"required": ["x"], "properties": {"x": true}},
            "dependentSchemas": {"own": {"properties": {"with_own": true}}},
            "$defs": {"common": {"properties": {"name": true}},
                      "far": {"properties": {"far": true}}}
        })",
        R"({"naem": 1})");
    REQUIRE(violations.size() == 1);
    CHECK(violations[0].keyword == "unevaluatedProperties");
    CHECK(violations[0].property == "naem");
    CHECK(violations[0].known ==
          std::vector<std::string>{"a", "b", "name", "own", "shared", "with_own"});
}

TEST_CASE("json schema: a missing property is named") {
    const auto violations = violations_of(R"({"required": ["a", "b"]})", R"({"a": 1})");
    REQUIRE(violations.size() == 1);
    CHECK(violations[0].property == "b");
    CHECK(violations[0].known.empty());
}

TEST_CASE("json schema: anyOf reports the alternative that got furthest") {
    const char* const shapes = R"({"anyOf": [
        {"type": "string"},
        {"type": "object", "required": ["kind", "radius"], "additionalProperties": false,
         "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}},
        {"type": "object", "required": ["kind", "side"], "additionalProperties": false,
         "properties": {"kind": {"const": "square"}, "side": {"type": "number"}}}]})";
    CHECK(said(shapes, R"({"kind": "square", "side": "2"})") ==
          Lines{"type @ /side: must be a number, not a string"});
    CHECK(said(shapes, R"({"kind": "circle", "raduis": 2})") ==
          Lines{R"(required @ : must have the property "radius")",
                R"(additionalProperties @ : has the unknown property "raduis")"});
    CHECK(said(shapes, "5") ==
          Lines{"anyOf @ : matches none of 3 alternatives: must be a string, not an integer, or "
                "must be an object, not an integer"});
    CHECK(
        said(R"({"oneOf": [{"type": "string"}, {"items": {"type": "integer"}, "type": "array"}]})",
             R"([1, "x", "y"])") == Lines{"type @ /1: must be an integer, not a string",
                                          "type @ /2: must be an integer, not a string"});
    CHECK(said(R"({"anyOf": [{"type": "string"}, {"type": "string"}]})", "1") ==
          Lines{"anyOf @ : must be a string, not an integer"});
}

TEST_CASE("json schema: what the nearest alternative knows is not called unknown") {
    const char* const schema = R"({"properties": {"a": true}, "unevaluatedProperties": false,
        "anyOf": [{"properties": {"b": {"type": "string"}}, "required": ["b"]},
                  {"type": "null"}]})";
    CHECK(said(schema, R"({"a": 1, "b": 2})") ==
          Lines{"type @ /b: must be a string, not an integer"});
    CHECK(said(schema, R"({"a": 1, "b": 2, "c": 3})") ==
          Lines{R"(unevaluatedProperties @ : has the unknown property "c")",
                "type @ /b: must be a string, not an integer"});
}

TEST_CASE("json schema: a wrong type is the only thing said of a value") {
    CHECK(said(R"({"type": "string", "enum": ["a"], "minLength": 1})", "1") ==
          Lines{"type @ : must be a string, not an integer"});
}

TEST_CASE("json schema: violations come in the order of the instance") {
    const char* const schema = R"({"allOf": [
        {"properties": {"b": {"items": {"type": "null"}}}}, {"properties": {"a": {"type": "null"}}},
        {"required": ["z"]}]})";
    CHECK(said(schema, R"({"a": 1, "b": [null, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]})").front() ==
          R"(required @ : must have the property "z")");
    std::vector<std::string> pointers;
    for (const auto& violation :
         violations_of(schema, R"({"a": 1, "b": [null, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]})")) {
        pointers.push_back(violation.pointer);
    }
    CHECK(pointers == std::vector<std::string>{"", "/a", "/b/1", "/b/2", "/b/3", "/b/4", "/b/5",
                                               "/b/6", "/b/7", "/b/8", "/b/9", "/b/10"});
}

TEST_CASE("json schema: no more violations than asked for") {
    const JsonSchema schema = compiled(R"({"items": {"type": "null"}})");
    const Json instance = std::vector<int>(1000, 7);
    CHECK(schema.validate(instance)->size() == 100);
    CHECK(schema.validate(instance, 3)->size() == 3);
    CHECK(schema.validate(instance, 0)->size() == 1);
    CHECK(schema.validate(instance, 5000)->size() == 1000);
}

TEST_CASE("json schema: long values and long lists are cut in messages") {
    const std::string text(1'000'000, 'x');
    const auto violations = compiled(R"({"enum": ["a"]})").validate(Json(text));
    REQUIRE(violations->size() == 1);
    CHECK(violations->front().message.size() < 120);
    Json values = Json::array();
    for (int i = 0; i < 1000; ++i) values.push_back(i);
    const auto schema = JsonSchema::compile({{"enum", values}});
    const auto refused = schema->validate(Json("x"));
    CHECK(refused->front().message.ends_with("18, 19 and 980 more, not \"x\""));
}

TEST_CASE("json schema: a violation is printed with its place as a path") {
    const auto printed = [](std::string pointer) {
        return to_string(JsonSchema::Violation{std::move(pointer), "type", "is wrong", {}, {}});
    };
    CHECK(printed("") == "$: is wrong");
    CHECK(printed("/items/2/name") == "$.items[2].name: is wrong");
    CHECK(printed("/6b/a b/x~1y/m~0n") == "$['6b']['a b']['x/y']['m~n']: is wrong");
    CHECK(printed("/") == "$['']: is wrong");
    CHECK(printed("/it's") == "$['it\\'s']: is wrong");
}

}  // namespace assay
