#include <catch2/catch.hpp>
#include <set>

#include "core/base/random.hpp"
#include "tests/unit/datasets/rows.hpp"

namespace assay::test {
namespace {

std::string numbered(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) rows += fmt::format("{{\"input\":{}}}\n", i);
    return rows;
}

bool is_ascending(const Lines& inputs) {
    return std::ranges::is_sorted(inputs, {}, [](const std::string& t) { return std::stoi(t); });
}

}  // namespace

TEST_CASE("where: sees the row's fields and the mapped values and the id") {
    Fixture rows(
        "a.jsonl",
        "{\"q\":\"one\",\"level\":\"gold\",\"n\":1}\n{\"q\":\"two\",\"level\":\"tin\",\"n\":2}\n"
        "{\"q\":\"three\",\"n\":3}\n");
    rows.spec.input = mapping("$.q");
    MappingSpec metadata;
    metadata.fields.emplace("tier", json_path("$.level"));
    rows.spec.metadata = metadata;
    const auto selected = [&](const std::string& condition) {
        rows.spec.where = filter(condition);
        return rows.inputs();
    };
    CHECK(selected("n >= 2") == Lines{"two", "three"});
    CHECK(selected("level = 'gold'") == Lines{"one"});
    CHECK(selected("metadata.tier = 'tin'") == Lines{"two"});
    CHECK(selected("not metadata exists") == Lines{"three"});
    CHECK(selected("input contains 't'") == Lines{"two", "three"});
    const std::string id = rows.items().at(0).id.value();
    CHECK(selected("id = '" + id + "'") == Lines{"two"});
}

TEST_CASE("where: id is the row's own member when it has one") {
    Fixture rows("a.jsonl", "{\"input\":1,\"id\":10}\n{\"input\":2,\"id\":20}\n");
    rows.spec.where = filter("id > 15");
    CHECK(rows.inputs() == Lines{"2"});
}

TEST_CASE("where: a row that it leaves out need not make an item") {
    Fixture rows("a.jsonl",
                 "{\"kind\":\"comment\"}\n{\"input\":1}\n{\"input\":1,\"kind\":\"old\"}\n");
    rows.spec.where = filter("not kind exists");
    CHECK(rows.inputs() == Lines{"1"});
    CHECK(rows.facts().rows == 3);
    CHECK(rows.facts().items == 1);
}

TEST_CASE("where: nothing left is a diagnostic that repeats the conditions") {
    Fixture rows("a.jsonl", numbered(3));
    rows.spec.where = filter("input > 1");
    rows.selection.filter = filter("input < 1");
    CHECK(rows.problems() == Lines{"a.jsonl: none of the 3 rows is selected, `where` input > 1, "
                                   "filter input < 1; widen the selection"});
}

TEST_CASE("limit: takes the first items and the smaller of two holds") {
    Fixture rows("a.jsonl", numbered(10));
    rows.spec.limit = 4;
    CHECK(rows.inputs() == Lines{"0", "1", "2", "3"});
    rows.selection.limit = 2;
    CHECK(rows.inputs() == Lines{"0", "1"});
    rows.selection.limit = 7;
    CHECK(rows.inputs().size() == 4);
    rows.spec.limit.reset();
    rows.selection.limit = 11;
    CHECK(rows.inputs().size() == 10);
}

TEST_CASE("limit: rows behind it are checked all the same") {
    Fixture rows("a.jsonl", numbered(3) + "oops\n");
    rows.selection.limit = 1;
    CHECK(rows.problems().size() == 1);
}

TEST_CASE("sample: the same seed takes the same items in the file's order") {
    Fixture rows("a.jsonl", numbered(200));
    rows.spec.sample = SampleSpec{20, 7};
    const Lines first = rows.inputs();
    CHECK(first.size() == 20);
    CHECK(is_ascending(first));
    CHECK(rows.inputs() == first);
    rows.spec.sample->seed = 8;
    const Lines other = rows.inputs();
    CHECK(other.size() == 20);
    CHECK(other != first);
}

TEST_CASE("sample: the order of the rows does not change what is taken") {
    Fixture rows("a.jsonl", numbered(50));
    rows.spec.sample = SampleSpec{10, 3};
    Lines expected = rows.inputs();
    std::string reversed;
    for (int i = 49; i >= 0; --i) reversed += fmt::format("{{\"input\":{}}}\n", i);
    rows.folder.write("a.jsonl", reversed);
    Lines taken = rows.inputs();
    std::ranges::reverse(taken);
    CHECK(taken == expected);
}

TEST_CASE("sample: one at least as large as the dataset takes everything and none takes nothing") {
    Fixture rows("a.jsonl", numbered(5));
    for (const std::uint64_t size : {5U, 6U, 1000U}) {
        rows.spec.sample = SampleSpec{size, 1};
        CHECK(rows.inputs().size() == 5);
    }
    rows.spec.sample = SampleSpec{4, 1};
    CHECK(rows.inputs().size() == 4);
    rows.spec.sample = SampleSpec{0, 1};
    CHECK(rows.problems().size() == 1);
}

TEST_CASE("sample: one from the command line is a part of the spec's") {
    Fixture rows("a.jsonl", numbered(200));
    rows.spec.sample = SampleSpec{50, 7};
    const Lines wide = rows.inputs();
    rows.selection.sample = SampleSpec{10, 99};
    const Lines narrow = rows.inputs();
    CHECK(narrow.size() == 10);
    CHECK(std::ranges::includes(std::set<std::string>(wide.begin(), wide.end()),
                                std::set<std::string>(narrow.begin(), narrow.end())));
    rows.selection.sample = SampleSpec{100, 99};
    CHECK(rows.inputs() == wide);
}

TEST_CASE("sample: every item has the same chance") {
    // 400 samples of 10 out of 40: each item is expected 100 times with a standard deviation of
    // 8.7. The seeds are fixed, so this cannot fail by chance.
    Fixture rows("a.jsonl", numbered(40));
    std::map<std::string, int> taken;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        rows.spec.sample = SampleSpec{10, seed};
        for (const std::string& input : rows.inputs()) ++taken[input];
    }
    CHECK(taken.size() == 40);
    for (const auto& [input, count] : taken) {
        CAPTURE(input);
        CHECK(count > 65);
        CHECK(count < 135);
    }
}

TEST_CASE("selection: where and filter come before sample and sample before limit") {
    Fixture rows("a.jsonl", numbered(100));
    rows.spec.where = filter("input >= 20");
    rows.selection.filter = filter("input < 60");
    rows.spec.sample = SampleSpec{10, 5};
    const Lines sampled = rows.inputs();
    REQUIRE(sampled.size() == 10);
    for (const std::string& input : sampled) {
        CHECK(std::stoi(input) >= 20);
        CHECK(std::stoi(input) < 60);
    }
    rows.selection.limit = 3;
    CHECK(rows.inputs() == Lines(sampled.begin(), sampled.begin() + 3));
    CHECK(rows.facts().items == 3);
}

}  // namespace assay::test
