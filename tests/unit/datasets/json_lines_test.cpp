#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {
namespace {

Lines rows_of(const std::string& content) {
    const TemporaryFolder folder;
    return read_rows(folder.write("rows.jsonl", content));
}

}  // namespace

TEST_CASE("json lines: rows come with their lines and blank lines are skipped") {
    CHECK(rows_of("{\"a\":1}\n\n  \t\n{\"b\":2}\n") == Lines{"1 {\"a\":1}", "4 {\"b\":2}"});
}

TEST_CASE("json lines: byte-order mark and CRLF and a missing last newline do not matter") {
    CHECK(rows_of("\xEF\xBB\xBF{\"a\":1}\r\n{\"b\":2}\n{\"c\":3}") ==
          Lines{"1 {\"a\":1}", "2 {\"b\":2}", "3 {\"c\":3}"});
}

TEST_CASE("json lines: an empty file has no rows") {
    CHECK(rows_of("").empty());
    CHECK(rows_of("\n\n").empty());
    CHECK(rows_of("\xEF\xBB\xBF").empty());
}

TEST_CASE("json lines: a syntax error names line and column and reading goes on") {
    const Lines rows = rows_of("{\"a\":1}\n{\"a\": oops}\n{\"a\":3}\n");
    REQUIRE(rows.size() == 3);
    CHECK_THAT(rows[1], Catch::StartsWith("2:7: this is not JSON: "));
    CHECK(rows[2] == "3 {\"a\":3}");
}

TEST_CASE("json lines: a row that is cut off is a problem of its line") {
    const Lines rows = rows_of("{\"a\":1}\n{\"a\":");
    REQUIRE(rows.size() == 2);
    CHECK_THAT(rows[1], Catch::StartsWith("2:") && Catch::Contains("this is not JSON"));
}

TEST_CASE("json lines: a row must be an object") {
    const std::string must = "a row must be an object such as {\"input\": ...}, but this is ";
    CHECK(rows_of("[1]\n\"x\"\n3\nnull\n") ==
          Lines{"1: " + must + "an array", "2: " + must + "a string", "3: " + must + "an integer",
                "4: " + must + "null"});
}

TEST_CASE("json lines: invalid UTF-8 names the byte") {
    CHECK(rows_of("{\"a\":1}\n{\"a\":\"\xFF\"}\n") ==
          Lines{"1 {\"a\":1}", "2: byte 7 of the line is not valid UTF-8; save the file as UTF-8"});
}

TEST_CASE("json lines: a NUL byte is named") {
    CHECK(rows_of(std::string("{\"a\":\"\0\"}\n", 10)) ==
          Lines{"1: byte 7 of the line is a NUL byte; save the file as UTF-8 text"});
}

TEST_CASE("json lines: an integer beyond 64 bits and deep nesting are refused") {
    const Lines rows =
        rows_of("{\"a\":123456789012345678901234567890}\n{\"a\":" + std::string(200'000, '[') +
                std::string(200'000, ']') + "}\n");
    REQUIRE(rows.size() == 2);
    CHECK_THAT(rows[0], Catch::Contains("does not fit in 64 bits"));
    CHECK_THAT(rows[1], Catch::Contains("nesting is deeper than 128 levels"));
}

TEST_CASE("json lines: a row at the size limit is read and one above it ends the reading") {
    const auto row_of_size = [](std::size_t bytes) {
        return "{\"a\":\"" + std::string(bytes - 8, 'x') + "\"}";
    };
    const TemporaryFolder folder;
    const std::string fits = row_of_size(limits::k_dataset_row_bytes_max);
    CHECK(read_rows(folder.write("fits.jsonl", fits + "\n{\"b\":1}\n")).size() == 2);
    const std::string large = row_of_size(limits::k_dataset_row_bytes_max + 1);
    const Lines rows = read_rows(folder.write("large.jsonl", "{}\n" + large + "\n{\"b\":1}\n"));
    CHECK(rows == Lines{"1 {}",
                        "2: the row is larger than 32 MB; keep large content in files of its own "
                        "and let the row name them"});
}

TEST_CASE("json lines: a long wrong text is not repeated in the message") {
    const Lines rows = rows_of("{\"a\":\"" + std::string(100'000, 'x'));
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].size() < 400);
}

TEST_CASE("open_rows: a file that cannot be read says why") {
    const TemporaryFolder folder;
    const auto message = [&](const std::string& name) {
        const auto rows = open_rows(folder.path() / name);
        REQUIRE_FALSE(rows.has_value());
        return rows.error().message.substr(rows.error().message.find(name));
    };
    CHECK(message("absent.jsonl") == "absent.jsonl: there is no such file");
    CHECK(message("absent.json") == "absent.json: there is no such file");
    CHECK(message("absent.csv") == "absent.csv: there is no such file");
    std::filesystem::create_directory(folder.path() / "folder.jsonl");
    CHECK(message("folder.jsonl") == "folder.jsonl: it is a folder, not a file");
    folder.write("plain", "{}");
    CHECK(message("plain") ==
          "plain: a file without an ending is not a kind of dataset; known endings are .jsonl "
          ".ndjson .json .yaml .yml .csv .tsv");
    CHECK_THAT(message("rows.jsonll"), Catch::Contains("did you mean \".jsonl\"?"));
}

TEST_CASE("open_rows: a pipe is refused at once instead of waited for") {
    const TemporaryFolder folder;
    const std::filesystem::path pipe = folder.path() / "pipe.jsonl";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const auto rows = open_rows(pipe);
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(rows.error().message, Catch::Contains("must be a regular file"));
}

TEST_CASE("open_rows: endings are known in any case and .ndjson is .jsonl") {
    const TemporaryFolder folder;
    CHECK(read_rows(folder.write("A.JSONL", "{}")).size() == 1);
    CHECK(read_rows(folder.write("a.ndjson", "{}\n{}")).size() == 2);
    CHECK(read_rows(folder.write("a.Csv", "x\n1\n2\n")).size() == 2);
}

}  // namespace assay::test
