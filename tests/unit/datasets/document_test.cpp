#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {
namespace {

Lines rows_of(const std::string& content) {
    const TemporaryFolder folder;
    return read_rows(folder.write("rows.json", content));
}

std::string open_error(const std::string& content) {
    const TemporaryFolder folder;
    const auto rows = open_rows(folder.write("rows.json", content));
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().code == ErrorCode::invalid_argument);
    return rows.error().message.substr(folder.path().string().size() + 1);
}

/// Stands in for the real reader: one row a line, "name: value".
Result<ParsedDocument> parse_flat(std::string_view text, std::string_view name) {
    if (text == "broken")
        return failure(ErrorCode::invalid_argument, std::string(name) + ":1: bad");
    if (text == "map") return ParsedDocument{Json::object(), {}};
    return ParsedDocument{Json::parse(text), {4, 9}};
}

}  // namespace

TEST_CASE("json rows: each element has the line it begins in") {
    CHECK(rows_of("\xEF\xBB\xBF [\n  {\"a\": 1},\n\n  {\n \"b\": [1, {\"c\": \"],}\\\"\"}]\n}\n, "
                  "{}]\n") == Lines{R"(2 {"a":1})", R"(4 {"b":[1,{"c":"],}\""}]})", "7 {}"});
}

TEST_CASE("json rows: an empty array has no rows") {
    CHECK(rows_of("[]").empty());
    CHECK(rows_of(" [ \n ] ").empty());
}

TEST_CASE("json rows: a mistake names line and column in the file") {
    const Lines rows = rows_of("[\n {\"a\": 1},\n   {\"a\":\n  oops}, {\"b\": 2}]");
    REQUIRE(rows.size() == 2);
    CHECK_THAT(rows[1], Catch::StartsWith("4:3: this is not JSON"));
    CHECK_THAT(rows_of("[{\"a\": x}]").back(), Catch::StartsWith("1:8: this is not JSON"));
}

TEST_CASE("json rows: an array that does not end well is a problem") {
    CHECK_THAT(rows_of("[{\"a\":1}").back(), Catch::Contains("not closed"));
    CHECK_THAT(rows_of("[{\"a\":1},").back(), Catch::Contains("this is not JSON"));
    CHECK_THAT(rows_of("[{\"a\":1},]").back(), Catch::Contains("this is not JSON"));
    CHECK_THAT(rows_of("[{\"a\":\"1}]").back(), Catch::Contains("this is not JSON"));
    CHECK_THAT(rows_of("[{\"a\":1}}]").back(), Catch::Contains("this is not JSON"));
    CHECK_THAT(rows_of("[{\"a\":1}]\n[{}]").back(),
               Catch::StartsWith("2: text follows the array of rows"));
    CHECK_THAT(rows_of("[{\"a\":1} {\"b\":2}]").back(), Catch::Contains("this is not JSON"));
    CHECK_THAT(rows_of("[").back(), Catch::Contains("this is not JSON"));
}

TEST_CASE("json rows: an element must be an object and reading goes on after one that is not") {
    CHECK(rows_of("[{}, 5,\n null, {}]") ==
          Lines{"1 {}",
                "1: a row must be an object such as {\"input\": ...}, but this is an integer",
                "2: a row must be an object such as {\"input\": ...}, but this is null", "2 {}"});
}

TEST_CASE("json rows: anything but an array is refused with what was found") {
    CHECK(open_error("{\"a\": 1}\n{\"a\": 2}\n") ==
          "rows.json: a dataset file must hold an array of rows, but this holds an object; if each "
          "line is a row, call the file .jsonl");
    CHECK(open_error("  ") ==
          "rows.json: a dataset file must hold an array of rows, but this holds nothing");
    CHECK_THAT(open_error("\"x\""), Catch::Contains("something else"));
}

TEST_CASE("json rows: nesting and strings cannot trick the walk over the text") {
    const std::string deep = std::string(1'000'000, '[');
    CHECK_THAT(rows_of("[" + deep).back(), Catch::Contains("nesting is deeper than 128"));
    CHECK_THAT(rows_of("[\"\\").back(), Catch::Contains("this is not JSON"));
}

TEST_CASE("yaml rows: come from the parser with their lines") {
    const TemporaryFolder folder;
    CHECK(read_rows(folder.write("rows.yaml", R"([{"a":1},{"b":2},7])"), parse_flat) ==
          Lines{R"(4 {"a":1})", R"(9 {"b":2})",
                "0: a row must be an object such as {\"input\": ...}, but this is an integer"});
}

TEST_CASE("yaml rows: a parser's error and a document that is no array are refused") {
    const TemporaryFolder folder;
    const auto broken = open_rows(folder.write("a.yml", "broken"), parse_flat);
    REQUIRE_FALSE(broken.has_value());
    CHECK_THAT(broken.error().message, Catch::EndsWith("a.yml:1: bad"));
    const auto map = open_rows(folder.write("b.yaml", "map"), parse_flat);
    REQUIRE_FALSE(map.has_value());
    CHECK_THAT(map.error().message, Catch::EndsWith("must hold an array of rows, but this holds "
                                                    "an object"));
    const auto without = open_rows(folder.write("c.yaml", "[]"));
    REQUIRE_FALSE(without.has_value());
    CHECK(without.error().code == ErrorCode::internal);
}

}  // namespace assay::test
