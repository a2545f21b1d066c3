#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

/// Why the schema is refused; "" when it is not.
std::string refusal(std::string_view schema) {
    const auto json = parse_json(schema);
    REQUIRE(json.has_value());
    const auto compiled = JsonSchema::compile(*json);
    if (compiled) return "";
    CHECK(compiled.error().code == ErrorCode::invalid_argument);
    return compiled.error().message;
}

struct Refusal {
    const char* schema;
    const char* message;  ///< after "the JSON Schema, at "
};

bool accepts(std::string_view schema, const Json& instance) {
    const auto compiled = JsonSchema::compile(*parse_json(schema));
    REQUIRE(compiled.has_value());
    return compiled->validate(instance)->empty();
}

}  // namespace

TEST_CASE("json schema: a keyword with a wrong value is refused with its place") {
    const Refusal refusals[] = {
        {"3", "#: must be a schema (an object, true or false), not an integer"},
        {R"({"properties": {"a": []}})",
         "#/properties/a: must be a schema (an object, true or false), not an array"},
        {R"({"properties": []})", "#/properties: must be an object of schemas, not an array"},
        {R"({"properties": {"a/b~": {"type": "strin"}}})",
         R"(#/properties/a~1b~0/type: "strin" is not a type; did you mean "string"?)"},
        {R"({"type": ["string", 1]})", "#/type/1: 1 is not a type"},
        {R"({"type": []})", "#/type: must name at least one type"},
        {R"({"enum": "a"})", "#/enum: must be a list of values, not a string"},
        {R"({"minimum": "1"})", "#/minimum: must be a number, not a string"},
        {R"({"multipleOf": 0})", "#/multipleOf: must be more than 0"},
        {R"({"multipleOf": -2})", "#/multipleOf: must be more than 0"},
        {R"({"minLength": -1})", "#/minLength: must be an integer of at least 0"},
        {R"({"maxItems": 1.5})", "#/maxItems: must be an integer of at least 0"},
        {R"({"uniqueItems": 1})", "#/uniqueItems: must be true or false, not an integer"},
        {R"({"pattern": 1})", "#/pattern: must be a string, not an integer"},
        {R"({"required": "a"})", "#/required: must be a list of property names"},
        {R"({"required": ["a", 1]})", "#/required: must be a list of property names"},
        {R"({"allOf": []})", "#/allOf: must hold at least one schema"},
        {R"({"anyOf": {}})", "#/anyOf: must be a list of schemas, not an object"},
        {R"({"items": [true]})",
         R"(#/items: must be a schema; a list of schemas is "prefixItems" in draft 2020-12)"},
        {R"({"dependentRequired": {"a": "b"}})",
         "#/dependentRequired/a: must be a list of property names"},
        {R"({"dependentRequired": []})", "#/dependentRequired: must be an object, not an array"},
        {R"({"dependencies": {"a": "b"}})",
         "#/dependencies/a: must be a schema (an object, true or false), not a string"},
        {R"({"$ref": 1})", "#/$ref: must be a string, not an integer"},
        {R"({"$id": 1})", "#/$id: must be a string"},
        {R"({"$id": "a#b"})", R"(#/$id: must not have a fragment; name a place by "$anchor")"},
        {R"({"$anchor": "1a"})",
         R"(#/$anchor: must be a name of letters, digits, "-", "_" and ".")"},
        {R"({"$dynamicAnchor": 1})",
         R"(#/$dynamicAnchor: must be a name of letters, digits, "-", "_" and ".")"},
        {R"({"$anchor": "a", "not": {"$anchor": "a"}})", R"(#/not: the anchor "a" stands twice)"},
        {R"({"$id": "http://x/a", "not": {"$id": "a"}})",
         R"(#/not/$id: "http://x/a" is the address of another schema too)"},
        {R"({"$schema": 1})", "#/$schema: must be a string"},
    };
    for (const Refusal& expected : refusals) {
        INFO(expected.schema);
        CHECK(refusal(expected.schema) == std::string("the JSON Schema, at ") + expected.message);
    }
}

TEST_CASE("json schema: a divisor that is not finite is refused") {
    const auto compiled =
        JsonSchema::compile({{"multipleOf", std::numeric_limits<double>::infinity()}});
    REQUIRE_FALSE(compiled.has_value());
    CHECK(compiled.error().message == "the JSON Schema, at #/multipleOf: must be more than 0");
}

TEST_CASE("json schema: a pattern that cannot be used is refused with its place") {
    CHECK(refusal(R"({"properties": {"a": {"pattern": "(?=a)b"}}})")
              .starts_with("the JSON Schema, at #/properties/a/pattern: "));
    CHECK(refusal(R"({"patternProperties": {"(": true}})")
              .starts_with("the JSON Schema, at #/patternProperties/(: "));
    CHECK(refusal(to_text(Json{{"pattern", std::string(5000, 'a')}})).find("4096 bytes") !=
          std::string::npos);
}

TEST_CASE("json schema: a reference that leads nowhere is refused with what is near") {
    CHECK(refusal(R"({"$ref": "#/$defs/nmae", "$defs": {"name": true}})") ==
          R"(the JSON Schema, at #/$ref: "#/$defs/nmae" leads nowhere: there is no "nmae" under )"
          R"(#/$defs; did you mean "name"?)");
    CHECK(refusal(R"({"items": {"$ref": "#nmae"}, "$defs": {"a": {"$anchor": "name"}}})") ==
          R"(the JSON Schema, at #/items/$ref: "#nmae" leads nowhere: no anchor "nmae"; )"
          R"(did you mean "name"?)");
    CHECK(refusal(R"({"$ref": "#/allOf/1", "allOf": [true]})") != "");
    CHECK(refusal(R"({"$ref": "#/allOf/x", "allOf": [true]})") != "");
    CHECK(refusal(R"({"$dynamicRef": "#a"})") != "");
    CHECK(refusal(R"({"$ref": "#/$defs/a", "$defs": {"a": 1}})") != "");
    CHECK(refusal(R"({"$ref": "#/x", "x": 1})") ==
          "the JSON Schema, at #/x: must be a schema (an object, true or false), not an integer");
}

TEST_CASE("json schema: another document is never fetched and the message says what to do") {
    CHECK(refusal(R"({"$id": "https://example.com/a/b", "$ref": "c.json#/x"})") ==
          R"(the JSON Schema, at #/$ref: "c.json#/x" leads to another document, )"
          R"("https://example.com/a/c.json"; references are never fetched: copy it under "$defs" )"
          R"(with its "$id")");
    CHECK(refusal(R"({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "c.json"})")
              .find(R"(under "definitions")") != std::string::npos);
}

TEST_CASE("json schema: other drafts are refused by name") {
    for (const char* const uri :
         {"http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#",
          "https://json-schema.org/draft/2019-09/schema", "https://example.com/my-dialect"}) {
        INFO(uri);
        CHECK(refusal(to_text(Json{{"$schema", uri}})) ==
              std::string("the JSON Schema, at #/$schema: \"") + uri +
                  "\" is not supported; use http://json-schema.org/draft-07/schema# or "
                  "https://json-schema.org/draft/2020-12/schema");
    }
    for (const char* const uri :
         {"http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema",
          "https://json-schema.org/draft/2020-12/schema",
          "https://json-schema.org/draft/2020-12/schema#"}) {
        INFO(uri);
        CHECK(refusal(to_text(Json{{"$schema", uri}})) == "");
    }
}

TEST_CASE("json schema: the draft decides what keywords mean") {
    const std::string draft_7 = R"({"$schema": "http://json-schema.org/draft-07/schema#", )";
    CHECK(accepts(draft_7 + R"("unevaluatedProperties": false})", {{"a", 1}}));
    CHECK(accepts(draft_7 + R"("prefixItems": [false]})", {1}));
    CHECK(accepts(draft_7 + R"("dependentRequired": {"a": ["b"]}})", {{"a", 1}}));
    CHECK(accepts(draft_7 + R"("$ref": "#/definitions/a", "type": "null", "definitions":
                  {"a": {"type": "integer"}}})",
                  1));
    CHECK(accepts(draft_7 + R"("items": [{"$ref": "#here"}], "definitions":
                  {"a": {"$id": "#here", "type": "integer"}}})",
                  {1}));
    CHECK_FALSE(accepts(draft_7 + R"("items": [true], "additionalItems": false})", {1, 2}));
    CHECK(accepts(draft_7 + R"("items": true, "additionalItems": false})", {1, 2}));
    CHECK(accepts(R"({"additionalItems": false})", {1, 2}));
}

TEST_CASE("json schema: an embedded schema may be of the other draft") {
    const char* const schema = R"({
        "$ref": "https://example.com/old",
        "$defs": {"old": {
            "$id": "https://example.com/old", "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{"type": "integer"}], "additionalItems": false}}})";
    CHECK(accepts(schema, {1}));
    CHECK_FALSE(accepts(schema, {1, 2}));
    CHECK_FALSE(accepts(schema, {"a"}));
    const char* const crossing = R"({"$ref": "http://json-schema.org/draft-07/schema#"})";
    CHECK(accepts(crossing, {{"items", {true}}}));
    CHECK_FALSE(accepts(crossing, {{"items", 1}}));
}

TEST_CASE("json schema: the published schemas of schemas compile and accept themselves") {
    for (const char* const uri : {"http://json-schema.org/draft-07/schema#",
                                  "https://json-schema.org/draft/2020-12/schema"}) {
        const auto metaschema = JsonSchema::compile({{"$ref", uri}});
        REQUIRE(metaschema.has_value());
        CHECK(metaschema->validate({{"$schema", uri}, {"$ref", uri}})->empty());
        CHECK_FALSE(metaschema->validate({{"properties", {{"a", {{"type", "x"}}}}}})->empty());
    }
}

}  // namespace assay
