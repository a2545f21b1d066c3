#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {
namespace {

Lines rows_of(const std::string& content, const std::string& name = "rows.csv") {
    const TemporaryFolder folder;
    return read_rows(folder.write(name, content));
}

}  // namespace

TEST_CASE("csv: a row is an object of column and text and no type is guessed") {
    CHECK(rows_of("input,n,flag\nhello,017,true\n,1e3,\n") ==
          Lines{R"(2 {"flag":"true","input":"hello","n":"017"})",
                R"(3 {"flag":"","input":"","n":"1e3"})"});
}

TEST_CASE("csv: quoted cells hold separators and quotes and line breaks") {
    CHECK(rows_of("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"one\ntwo\n\",z\nlast,\"\"\n") ==
          Lines{R"(2 {"a":"x, y","b":"say \"hi\""})", R"(3 {"a":"one\ntwo\n","b":"z"})",
                R"(6 {"a":"last","b":""})"});
}

TEST_CASE("csv: CRLF and LF and a byte-order mark give the same rows") {
    const Lines expected = {R"(2 {"a":"1","b":"x\ny"})", R"(4 {"a":"2","b":""})"};
    CHECK(rows_of("a,b\n1,\"x\ny\"\n2,\n") == expected);
    CHECK(rows_of("\xEF\xBB\xBF"
                  "a,b\r\n1,\"x\r\ny\"\r\n2,\r\n") == expected);
    CHECK(rows_of("a,b\r\n1,\"x\ny\"\r\n2,") == expected);
}

TEST_CASE("csv: blank lines are skipped but a quoted empty cell is a row") {
    CHECK(rows_of("\n\na\n\n1\n\n\"\"\n\n") == Lines{R"(5 {"a":"1"})", R"(7 {"a":""})"});
}

TEST_CASE("csv: a quote within a plain cell is a character") {
    CHECK(rows_of("a,b\n5\" disk,x\n") == Lines{R"(2 {"a":"5\" disk","b":"x"})"});
}

TEST_CASE("csv: white space around a column's name does not belong to it") {
    CHECK(rows_of("input , expected_output\n a , b\n") ==
          Lines{R"(2 {"expected_output":" b","input":" a "})"});
}

TEST_CASE("tsv: cells are separated by tabs and commas are text") {
    CHECK(rows_of("a\tb\nx, y\t\"q\tr\"\n", "rows.tsv") == Lines{R"(2 {"a":"x, y","b":"q\tr"})"});
}

TEST_CASE("csv: a ragged row names both counts and reading goes on") {
    CHECK(rows_of("a,b\n1\n1,2,3\n4,5\n") ==
          Lines{"2: cells in the row: 1, columns in the header: 2; write an empty cell where "
                "there is no value",
                "3: cells in the row: 3, columns in the header: 2; a cell that holds a comma "
                "must be in double quotes",
                R"(4 {"a":"4","b":"5"})"});
}

TEST_CASE("csv: text after a closing quote names the cell") {
    CHECK(rows_of("a,b\n1,\"x\" y\n4,5\n") ==
          Lines{"2: text follows the closing quote of cell 2; inside a quoted cell write a quote "
                "as two",
                R"(3 {"a":"4","b":"5"})"});
}

TEST_CASE("csv: a quote that is never closed is named where its row begins") {
    const Lines rows = rows_of("a,b\n1,2\n3,\"open\n5,6\n7,8\n");
    REQUIRE(rows.size() == 2);
    CHECK_THAT(rows[1], Catch::StartsWith("3: a quote that opens in this row is never closed"));
}

TEST_CASE("csv: a header without a name or with a name twice is refused") {
    CHECK(rows_of("a,,b\n1,2,3\n") == Lines{"1: column 2 of the header has no name"});
    CHECK(rows_of("a,b, a\n1,2,3\n") == Lines{"1: the header names the column \"a\" twice"});
    CHECK(rows_of("a,\"b\n").size() == 1);
}

TEST_CASE("csv: an empty file and a header alone have no rows") {
    CHECK(rows_of("").empty());
    CHECK(rows_of("a,b\n").empty());
}

TEST_CASE("csv: bytes that are no text are named with their line") {
    CHECK(rows_of("a,b\n1,\xC3\n\"x\n\xFF\",2\n3,4\n") ==
          Lines{"2: byte 3 of the line is not valid UTF-8; save the file as UTF-8",
                "4: byte 1 of the line is not valid UTF-8; save the file as UTF-8",
                R"(5 {"a":"3","b":"4"})"});
    CHECK(rows_of(std::string("a\nx\0y\n", 6)) ==
          Lines{"2: byte 2 of the line is a NUL byte; save the file as UTF-8 text"});
}

TEST_CASE("csv: lines that end in CR alone are refused with the remedy") {
    const Lines rows = rows_of("a,b\r1,2\r");
    REQUIRE(rows.size() == 1);
    CHECK_THAT(rows[0], Catch::Contains("save the file with LF or CRLF line ends"));
}

TEST_CASE("csv: a record over the size limit ends the reading") {
    const std::string half(limits::k_dataset_row_bytes_max / 2, 'x');
    const Lines open = rows_of("a\n1\n\"" + half + "\n" + half + "\n");
    REQUIRE(open.size() == 2);
    CHECK_THAT(open[1], Catch::StartsWith("3: a quote that opens in this row is never closed"));
    const Lines closed = rows_of("a\n1\n\"" + half + "\n" + half + "\"\n2\n");
    REQUIRE(closed.size() == 2);
    CHECK_THAT(closed[1], Catch::StartsWith("3: the row is larger than 32 MB"));
    const Lines line = rows_of("a\n1\n" + half + half + "x\n2\n");
    REQUIRE(line.size() == 2);
    CHECK_THAT(line[1], Catch::StartsWith("3: the row is larger than 32 MB"));
    const Lines fits = rows_of("a\n\"" + half.substr(3) + "\n" + half.substr(2) + "\"\n2\n");
    CHECK(fits.size() == 2);
}

}  // namespace assay::test
