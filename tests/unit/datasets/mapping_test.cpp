#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {

TEST_CASE("mapping: without one the usual members are taken and absent ones are null") {
    const Fixture rows("a.jsonl",
                       R"({"input":{"q":1},"expected_output":"x","metadata":{"m":2},"more":3})"
                       "\n"
                       R"({"input":"plain"})");
    const auto items = rows.items();
    REQUIRE(items.size() == 2);
    CHECK(items[0].input == Json{{"q", 1}});
    CHECK(items[0].expected_output == "x");
    CHECK(items[0].metadata == Json{{"m", 2}});
    CHECK(items[0].row["more"] == 3);
    CHECK(items[0].line == 1);
    CHECK(items[1].input == "plain");
    CHECK(items[1].expected_output.is_null());
    CHECK(items[1].metadata.is_null());
    CHECK(items[1].position == 1);
    CHECK(items[1].line == 2);
    CHECK(items[1].cluster.empty());
}

TEST_CASE("mapping: paths and maps of paths build the values") {
    Fixture rows("a.jsonl", R"({"t":{"subject":"S","tags":["a","b"]},"team":"billing","who":7})");
    MappingSpec input;
    input.fields.emplace("subject", json_path("$.t.subject"));
    input.fields.emplace("tags", json_path("$.t.tags[*]"));
    rows.spec.input = input;
    rows.spec.expected_output = mapping("$.team");
    MappingSpec metadata;
    metadata.fields.emplace("whole", json_path("$.t"));
    rows.spec.metadata = metadata;
    rows.spec.cluster = json_path("$.who");
    for (const bool keep_row : {true, false}) {
        rows.options.keep_row = keep_row;
        const auto items = rows.items();
        REQUIRE(items.size() == 1);
        CHECK(to_text(items[0].input) == R"({"subject":"S","tags":["a","b"]})");
        CHECK(items[0].expected_output == "billing");
        CHECK(to_text(items[0].metadata) == R"({"whole":{"subject":"S","tags":["a","b"]}})");
        CHECK(items[0].cluster == "7");
        CHECK(items[0].row.is_null() == !keep_row);
    }
}

TEST_CASE("mapping: one member may serve several values and the id with or without the row") {
    Fixture rows("a.jsonl", R"({"word":"same","input":"other"})");
    rows.spec.input = mapping("$.word");
    rows.spec.expected_output = mapping("$.word");
    rows.spec.id = json_path("$.word");
    rows.spec.cluster = json_path("$.word");
    for (const bool keep_row : {true, false}) {
        rows.options.keep_row = keep_row;
        const auto items = rows.items();
        CHECK(items[0].input == "same");
        CHECK(items[0].expected_output == "same");
        CHECK(items[0].id.value() == "same");
        CHECK(items[0].cluster == "same");
    }
}

TEST_CASE("mapping: the names of a map that lead nowhere are left out") {
    Fixture rows("a.jsonl", "{\"a\":1,\"b\":2}\n{\"a\":3}");
    MappingSpec input;
    input.fields.emplace("x", json_path("$.a"));
    input.fields.emplace("y", json_path("$.b"));
    rows.spec.input = input;
    CHECK(rows.inputs() == Lines{R"({"x":1,"y":2})", R"({"x":3})"});
}

TEST_CASE("mapping: a row without input names its members and the line to write") {
    const Fixture rows("a.jsonl", R"({"question":"q","answer":"a"})");
    CHECK(
        rows.problems() ==
        Lines{R"(a.jsonl:1: the row has no "input"; it has "answer", "question": name the one to )"
              R"(use in the spec's dataset, e.g. input: "$.question")"});
    CHECK_THAT(Fixture("a.jsonl", R"({"Inptu":1,"x":2})").problems().at(0),
               Catch::Contains("e.g. input: \"$.Inptu\""));
    CHECK_THAT(Fixture("a.jsonl", R"({"6b":1})").problems().at(0),
               Catch::Contains("e.g. input: \"$['6b']\""));
    CHECK_THAT(Fixture("a.jsonl", R"({"it's":1})").problems().at(0),
               Catch::Contains(R"(e.g. input: "$['it\'s']")"));
    CHECK_THAT(Fixture("a.jsonl", "{}").problems().at(0), Catch::Contains("it is empty"));
    CHECK_THAT(Fixture("a.csv", "text,label\nhi,x\n").problems().at(0),
               Catch::StartsWith("a.csv:2: the row has no \"input\"") &&
                   Catch::Contains("e.g. input: \"$.text\""));
}

TEST_CASE("mapping: a written input path that leads nowhere names the row and the near name") {
    Fixture rows("a.jsonl", "{\"question\":\"q\"}\n{\"other\":\"q\"}");
    rows.spec.input = mapping("$.qestion");
    const Lines problems = rows.problems();
    REQUIRE(problems.size() == 2);
    CHECK(problems[0] ==
          R"(a.jsonl:1: the input "$.qestion" selects nothing in this row; it has "question"; did )"
          R"(you mean "question"?)");
    CHECK_THAT(problems[1], Catch::StartsWith("a.jsonl:2: the input"));
}

TEST_CASE("mapping: an empty map of paths selects nothing") {
    Fixture rows("a.jsonl", R"({"input":"q","metadata":{"m":1}})");
    rows.spec.metadata = MappingSpec{};
    CHECK(rows.items().at(0).metadata.is_null());
    rows.spec.input = MappingSpec{};
    CHECK(rows.problems().size() == 1);
}

TEST_CASE("mapping: an input that is null or an empty map is refused") {
    CHECK_THAT(Fixture("a.jsonl", R"({"input":null})").problems().at(0),
               Catch::Contains("is null in this row"));
    Fixture rows("a.jsonl", "{\"a\":1}\n{\"b\":1}");
    MappingSpec input;
    input.fields.emplace("x", json_path("$.a"));
    rows.spec.input = input;
    CHECK(
        rows.problems() ==
        Lines{R"(a.jsonl:2: none of the paths of input selects anything in this row; it has "b")"});
}

TEST_CASE("mapping: a path that leads nowhere in any row is a mistake and in some rows is not") {
    Fixture rows("a.jsonl", "{\"input\":1,\"tier\":\"gold\"}\n{\"input\":2}");
    MappingSpec metadata;
    metadata.fields.emplace("tier", json_path("$.tier"));
    rows.spec.metadata = metadata;
    CHECK(rows.items().at(1).metadata.is_null());
    metadata.fields.emplace("level", json_path("$.teir"));
    rows.spec.metadata = metadata;
    CHECK(rows.problems() ==
          Lines{R"(a.jsonl: the path of metadata.level, "$.teir", selects nothing in any row; did )"
                R"(you mean "tier"?)"});
    rows.spec.metadata.reset();
    rows.spec.cluster = json_path("$.customer");
    CHECK(rows.problems() ==
          Lines{R"(a.jsonl: the path of cluster, "$.customer", selects nothing in any row)"});
}

TEST_CASE("ids: by default they are the start of a hash over the mapped content") {
    const auto items =
        Fixture("a.jsonl", R"({"input":"q","expected_output":null,"extra":1})").items();
    const std::string hash = sha256_hex(R"({"expected_output":null,"input":"q","metadata":null})");
    CHECK(items[0].content_hash == hash);
    CHECK(items[0].id.value() == hash.substr(0, 24));
}

TEST_CASE("ids: neither the order of keys nor other members nor the file's kind change them") {
    const auto id = [](const std::string& name, const std::string& content) {
        return Fixture(name, content).items().at(0).id.value();
    };
    const std::string expected = id("a.jsonl", R"({"input":{"a":"1","b":"2"}})");
    CHECK(id("b.jsonl", R"({ "z": 1, "input": {"b":"2", "a":"1"} })") == expected);
    CHECK(id("c.json", R"([{"input":{"b":"2","a":"1"}}])") == expected);
    CHECK(id("d.jsonl", R"({"input":{"a":"1","b":"3"}})") != expected);
    CHECK(id("e.jsonl", R"({"input":"x"})") == id("f.csv", "input\nx\n"));
}

TEST_CASE("ids: rows of the same content are refused with both lines") {
    CHECK(
        Fixture("a.jsonl", "{\"input\":1}\n\n{\"input\":2}\n{\"input\":1,\"x\":2}\n").problems() ==
        Lines{"a.jsonl:4: the row has the same content as line 1; remove one, or give the rows ids "
              "(`id` of the spec's dataset)"});
}

TEST_CASE("ids: from a path they are text or integers and unique") {
    Fixture rows("a.jsonl",
                 "{\"input\":1,\"k\":\"x\"}\n{\"input\":1,\"k\":-7}\n{\"input\":2,\"k\":\"x\"}");
    rows.spec.id = json_path("$.k");
    CHECK(rows.problems() ==
          Lines{"a.jsonl:3: the row has the same id as line 1; ids must be unique"});
    rows.spec.limit = 2;
    Fixture fine("a.jsonl", "{\"input\":1,\"k\":\"x\"}\n{\"input\":1,\"k\":-7}\n");
    fine.spec.id = json_path("$.k");
    CHECK(fine.items().at(0).id.value() == "x");
    CHECK(fine.items().at(1).id.value() == "-7");
}

TEST_CASE("ids: what cannot be one is refused with the row") {
    const std::string longest(255, 'x');
    Fixture rows("a.jsonl",
                 "{\"input\":1}\n{\"input\":1,\"k\":\"\"}\n{\"input\":1,\"k\":1.5}\n"
                 "{\"input\":1,\"k\":null}\n{\"input\":1,\"k\":\"" +
                     longest +
                     "x\"}\n"
                     "{\"input\":1,\"k\":\"" +
                     longest + "\"}\n");
    rows.spec.id = json_path("$.k");
    CHECK(rows.problems() ==
          Lines{R"(a.jsonl:1: the id "$.k" selects nothing in this row; it has "input")",
                R"(a.jsonl:2: the id "$.k" is empty; give the row an id)",
                R"(a.jsonl:3: the id "$.k" is a number; an id is text or an integer)",
                R"(a.jsonl:4: the id "$.k" is null; an id is text or an integer)",
                R"(a.jsonl:5: the id "$.k" is longer than 255 characters)"});
}

TEST_CASE("mapping: rows as they were exported have an id each or that of their content") {
    const Fixture by_content("a.jsonl", R"({"input":1})");
    Fixture rows("a.jsonl",
                 "{\"input\":1}\n{\"id\":\"x\",\"input\":null}\n{\"id\":null,\"input\":2}");
    rows.spec.id = json_path("$.id");
    rows.options.as_exported = true;
    const auto items = rows.items();
    REQUIRE(items.size() == 3);
    CHECK(items[0].id == by_content.items()[0].id);
    CHECK(items[1].id.value() == "x");
    CHECK(items[1].input.is_null());
    CHECK(items[2].id.value() == items[2].content_hash.substr(0, 24));
}

TEST_CASE("mapping: a row as it was exported that lacks an input or repeats an id is told") {
    Fixture rows("a.jsonl",
                 "{\"id\":\"x\",\"question\":1}\n{\"input\":1}\n{\"input\":1}\n"
                 "{\"id\":\"\",\"input\":2}");
    rows.spec.id = json_path("$.id");
    rows.options.as_exported = true;
    const Lines problems = rows.problems();
    REQUIRE(problems.size() == 3);
    CHECK(problems[0] ==
          "a.jsonl:1: the row has no \"input\"; it has \"id\", \"question\": rename "
          "the one to use, e.g. \"question\"");
    CHECK(problems[1] ==
          "a.jsonl:3: the row has the same id as line 2, or no id and the same "
          "content; remove one, or give it another `id`");
    CHECK_THAT(problems[2], Catch::Contains("a.jsonl:4: the id \"$.id\" is empty"));
}

}  // namespace assay::test
