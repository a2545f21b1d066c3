#include "datasets/dataset.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "core/base/limits.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {
namespace {

const char* const k_three = "{\"input\":1}\n{\"input\":2}\n{\"input\":3}\n";

Error next_error(Dataset::Items& items) {
    while (true) {
        auto item = items.next();
        if (!item) return item.error();
        REQUIRE(item->has_value());
    }
}

}  // namespace

TEST_CASE("dataset: facts count rows and items and hash the selection") {
    Fixture rows("a.jsonl", k_three);
    const DatasetFacts all = rows.facts();
    CHECK(all.rows == 3);
    CHECK(all.items == 3);
    CHECK(all.sha256.size() == 64);
    CHECK(rows.facts().sha256 == all.sha256);
    rows.spec.limit = 2;
    CHECK(rows.facts().sha256 != all.sha256);
    rows.spec.limit = 3;
    CHECK(rows.facts().sha256 == all.sha256);
    rows.spec.limit.reset();
    rows.spec.sample = SampleSpec{3, 1};
    CHECK(rows.facts().sha256 == all.sha256);
}

TEST_CASE("dataset: the hash follows the content and the order but not the bytes of the file") {
    const std::string hash = Fixture("a.jsonl", k_three).facts().sha256;
    CHECK(Fixture("a.jsonl", "{\"input\": 1}\n\n{\"input\":2}\n{\"input\":3}").facts().sha256 ==
          hash);
    CHECK(Fixture("a.json", R"([{"input":1},{"input":2},{"input":3}])").facts().sha256 == hash);
    CHECK(Fixture("a.jsonl", "{\"input\":2}\n{\"input\":1}\n{\"input\":3}").facts().sha256 != hash);
    CHECK(Fixture("a.jsonl", "{\"input\":1}\n{\"input\":2}\n{\"input\":4}").facts().sha256 != hash);
}

TEST_CASE("dataset: an empty file is a diagnostic") {
    CHECK(Fixture("a.jsonl", "").problems() ==
          Lines{"a.jsonl: the dataset has no rows; add at least one"});
    CHECK(Fixture("a.json", "[]").problems() ==
          Lines{"a.json: the dataset has no rows; add at least one"});
    CHECK(Fixture("a.csv", "input\n").problems() ==
          Lines{"a.csv: the dataset has no rows; add at least one"});
}

TEST_CASE("dataset: all bad rows are reported at once with their places") {
    const Lines problems = Fixture("a.jsonl", "{\"input\":1}\noops\n[]\n{\"x\":1}\n").problems();
    REQUIRE(problems.size() == 3);
    CHECK_THAT(problems[0], Catch::StartsWith("a.jsonl:2:1: this is not JSON"));
    CHECK_THAT(problems[1], Catch::StartsWith("a.jsonl:3: a row must be an object"));
    CHECK_THAT(problems[2], Catch::StartsWith("a.jsonl:4: the row has no \"input\""));
}

TEST_CASE("dataset: a hundred thousand bad rows make a short report") {
    std::string rows;
    for (int i = 0; i < 100'000; ++i) rows += fmt::format("{{\"question\":{}}}\n", i);
    const Lines problems = Fixture("a.jsonl", rows).problems();
    REQUIRE(problems.size() == 4);
    CHECK_THAT(problems[3],
               Catch::StartsWith("a.jsonl:4: ") && Catch::EndsWith("(and so in 99996 more rows)"));
}

TEST_CASE("dataset: more duplicates than can be listed are counted") {
    std::string rows;
    for (int i = 0; i < 300; ++i) rows += "{\"input\":1}\n";
    const Lines problems = Fixture("a.jsonl", rows).problems();
    CHECK(problems.size() <= limits::k_diagnostics_max);
    CHECK_THAT(problems.back(), Catch::Contains("... and ") && Catch::Contains("more"));
}

TEST_CASE("dataset: the caller's check sees every item and its words come with file and line") {
    Fixture rows("a.jsonl", k_three);
    std::vector<std::uint64_t> seen;
    rows.check = [&seen](const DatasetItem& item) {
        seen.push_back(item.line);
        return item.input == 2 ? std::string("input must not be 2") : std::string();
    };
    CHECK(rows.problems() == Lines{"a.jsonl:2: input must not be 2"});
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("dataset: items can be read again and again") {
    Fixture rows("a.jsonl", k_three);
    Dataset dataset = rows.open();
    (void)rows.validated(dataset);
    const Dataset moved = std::move(dataset);
    for (int pass = 0; pass < 2; ++pass) {
        const auto items = Fixture::drain(moved);
        REQUIRE(items.size() == 3);
        CHECK(items[2].position == 2);
    }
}

TEST_CASE("dataset: the end stays the end") {
    Fixture rows("a.jsonl", "{\"input\":1}\n");
    Dataset dataset = rows.open();
    (void)rows.validated(dataset);
    auto items = dataset.items();
    REQUIRE((*items)->next()->has_value());
    CHECK_FALSE((*items)->next()->has_value());
    CHECK_FALSE((*items)->next()->has_value());
}

TEST_CASE("dataset: a file that changed after the validation is data loss") {
    const std::vector<std::string> changes = {
        "{\"input\":1}\n{\"input\":2}\n{\"input\":4}\n",                 // another value
        "{\"input\":1}\n{\"input\":2}\n",                                // a row less
        "{\"input\":1}\n{\"input\":2}\n{\"input\":3}\n{\"input\":4}\n",  // a row more
        "{\"input\":1}\n{\"input\":2}\noops\n",                          // a row broken
        "",
    };
    for (const std::string& change : changes) {
        CAPTURE(change);
        Fixture rows("a.jsonl", k_three);
        Dataset dataset = rows.open();
        (void)rows.validated(dataset);
        auto before = dataset.items();  // opened in time
        rows.folder.write("a.jsonl", change);
        const Error error = next_error(**before);
        CHECK(error.code == ErrorCode::data_loss);
        CHECK_THAT(error.message, Catch::EndsWith("the dataset changed while the run was going on; "
                                                  "run again"));
        auto after = dataset.items();
        CHECK((after ? next_error(**after) : after.error()).code == ErrorCode::data_loss);
    }
}

TEST_CASE("dataset: a file replaced by another is data loss although its items are the same") {
    Fixture rows("a.jsonl", k_three);
    Dataset dataset = rows.open();
    (void)rows.validated(dataset);
    std::filesystem::rename(rows.folder.write("b.jsonl", k_three), rows.spec.path);
    auto items = dataset.items();
    REQUIRE_FALSE(items.has_value());
    CHECK(items.error().code == ErrorCode::data_loss);
}

TEST_CASE("dataset: a file that is gone is an error of reading") {
    Fixture rows("a.jsonl", k_three);
    Dataset dataset = rows.open();
    (void)rows.validated(dataset);
    std::filesystem::remove(rows.spec.path);
    auto items = dataset.items();
    REQUIRE_FALSE(items.has_value());
    CHECK(items.error().code == ErrorCode::not_found);
}

TEST_CASE("dataset: opening reports what open_rows reports") {
    Fixture rows("a.xlsx", "x");
    const auto dataset = Dataset::open(rows.spec, {});
    REQUIRE_FALSE(dataset.has_value());
    CHECK_THAT(dataset.error().message, Catch::Contains("\".xlsx\" is not a kind of dataset"));
}

}  // namespace assay::test
