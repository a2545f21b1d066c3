#include "server/resources/dataset_items.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "core/base/files.hpp"
#include "core/base/random.hpp"
#include "datasets/dataset.hpp"
#include "server/store/sqlite_catalogue.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/resources/resource_store.hpp"

namespace assay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

DatasetRow dataset_row(ResourceStore& store, const char* name) {
    return find_dataset(store.session(), store.row(), name).value()->row;
}

/// The inputs of a dataset's items by id, as they were then.
std::map<std::string, Json> state_of(ResourceStore& store, const char* dataset,
                                     std::optional<Time> at = std::nullopt) {
    const DatasetItemQuery query{
        .project = store.row(), .dataset = dataset_row(store, dataset), .at = at};
    std::map<std::string, Json> state;
    for (const auto version :
         list_dataset_items(store.session(), query, ListRange{}).value().records) {
        DatasetItemRecord item = read_item_version(store.session(), version).value();
        state[item.id.value()] = std::move(item.input);
    }
    return state;
}

std::vector<std::string> ids_of(ResourceStore& store, const DatasetItemQuery& query) {
    return dataset_item_ids(store.session(), query).value();
}

}  // namespace

TEST_CASE("dataset items: what a change leaves out stays and a null clears it", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    const Time first = store.clock.now();
    const auto made = store.put_item({.id = DatasetItemId("x"),
                                      .dataset_name = "d",
                                      .input = Json{{"q", 1.5}},
                                      .expected_output = Json("a"),
                                      .metadata = Json{1, 2},
                                      .source_trace = "00ff",
                                      .source_observation = "not hex"});
    REQUIRE(made);
    CHECK(made->status == ItemStatus::active);
    CHECK(made->dataset_name == "d");
    CHECK(made->created == first);
    CHECK(made->updated == first);

    store.clock.advance(seconds(1));
    REQUIRE(store.put_item({.id = DatasetItemId("x"),
                            .dataset_name = "d",
                            .expected_output = Json(),
                            .source_trace = std::optional<std::string>()}));
    const auto read = find_dataset_item(store.session(), store.row(), DatasetItemId("x")).value();
    REQUIRE(read);
    CHECK(read->input == Json{{"q", 1.5}});
    CHECK(read->expected_output.is_null());
    CHECK(read->metadata == Json{1, 2});
    CHECK(read->source_trace == std::nullopt);
    CHECK(read->source_observation == "not hex");
    CHECK(read->created == first);
    CHECK(read->updated == store.clock.now());
}

TEST_CASE("dataset items: a dataset is there as it was at any instant", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    const auto put = [&](const char* id, const Json& input) {
        REQUIRE(store.put_item({.id = DatasetItemId(id), .dataset_name = "d", .input = input}));
    };
    const Time start = store.clock.now();
    put("a", 1);
    store.clock.advance(seconds(1));
    put("b", 1);
    store.clock.advance(seconds(1));
    put("a", 2);
    store.clock.advance(seconds(1));
    REQUIRE(store.put_item({.id = DatasetItemId("b"), .status = ItemStatus::archived}));

    using State = std::map<std::string, Json>;
    CHECK(state_of(store, "d", start - milliseconds(1)) == State{});
    CHECK(state_of(store, "d", start) == State{{"a", 1}});
    CHECK(state_of(store, "d", start + milliseconds(999)) == State{{"a", 1}});
    CHECK(state_of(store, "d", start + seconds(1)) == State{{"a", 1}, {"b", 1}});
    CHECK(state_of(store, "d", start + seconds(2)) == State{{"a", 2}, {"b", 1}});
    CHECK(state_of(store, "d", start + seconds(3)) == State{{"a", 2}});
    CHECK(state_of(store, "d") == State{{"a", 2}});

    const DatasetItemId a("a");
    const DatasetItemId b("b");
    CHECK(find_dataset_item(store.session(), store.row(), a, start).value()->input == 1);
    CHECK_FALSE(find_dataset_item(store.session(), store.row(), b, start).value());
    CHECK(find_dataset_item(store.session(), store.row(), b).value()->status ==
          ItemStatus::archived);
    CHECK(find_dataset_item(store.session(), store.row(), a).value()->created == start);
}

TEST_CASE("dataset items: one that is deleted never was and one of its id is another",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    const auto put = [&](const char* id, const Json& input) {
        return store.put_item({.id = DatasetItemId(id), .dataset_name = "d", .input = input})
            .value();
    };
    using State = std::map<std::string, Json>;
    const Time start = store.clock.now();
    put("a", 1);
    put("b", 1);
    store.clock.advance(seconds(1));
    put("a", 2);
    store.clock.advance(seconds(1));
    REQUIRE(store.remove_item("a").value());
    CHECK_FALSE(store.remove_item("a").value());
    const DatasetItemId id("a");
    for (const Time at : {start, start + seconds(1), start + seconds(2)}) {
        CHECK(state_of(store, "d", at) == State{{"b", 1}});
        CHECK_FALSE(find_dataset_item(store.session(), store.row(), id, at).value());
    }
    store.clock.advance(seconds(1));
    const DatasetItemRecord made = put("a", 3);
    CHECK(made.created == start + seconds(3));
    CHECK(find_dataset_item(store.session(), store.row(), id).value()->created == made.created);
    CHECK(state_of(store, "d", start + seconds(2)) == State{{"b", 1}});
    CHECK(ids_of(store, {.project = store.row()}) == std::vector<std::string>{"a", "b"});
    CHECK(made.metadata.is_null());
}

TEST_CASE("dataset items: nothing of what one said is in the files once it is deleted",
          "[resources]") {
    constexpr const char* k_canary = "canary-7d20e";
    ResourceStore store;
    const auto has_canary = [&] {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(store.folder())) {
            if (!entry.is_regular_file()) continue;
            if (read_file(entry.path(), 1U << 30U).value().contains(k_canary)) return true;
        }
        return false;
    };
    REQUIRE(store.put({.name = "d"}));
    // Once in a page, once in pages of its own that the compression leaves as they are.
    Rng rng(seed_of_test());
    std::string noise;
    for (int i = 0; i < 20'000; ++i) noise += static_cast<char>('!' + rng.next_below(90));
    for (const std::string& text : {std::string(k_canary), k_canary + noise}) {
        REQUIRE(store.put_item({.id = DatasetItemId("x"),
                                .dataset_name = "d",
                                .input = text,
                                .expected_output = Json{{k_canary, 1}},
                                .metadata = Json{k_canary},
                                .source_trace = k_canary,
                                .source_observation = k_canary}));
        store.clock.advance(seconds(1));
    }
    REQUIRE(store.put_item({.id = DatasetItemId("y"), .dataset_name = "d", .input = "kept"}));
    REQUIRE(has_canary());
    REQUIRE(store.remove_item("x").value());
    CHECK(store.database().writer().take_request_to_settle());
    REQUIRE(store.database().empty_log());
    CHECK_FALSE(has_canary());
    CHECK(state_of(store, "d") == std::map<std::string, Json>{{"y", "kept"}});
}

TEST_CASE("dataset items: versions are told apart by the milliseconds that are shown",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    store.clock.advance(std::chrono::microseconds(300));
    std::vector<Time> shown;
    for (int i = 0; i < 5; ++i) {
        const auto item =
            store.put_item({.id = DatasetItemId("x"), .dataset_name = "d", .input = i});
        shown.push_back(parse_rfc3339(to_rfc3339(item.value().updated)).value());
    }
    for (int i = 0; i < 5; ++i) {
        CHECK(state_of(store, "d", shown[static_cast<std::size_t>(i)]) ==
              std::map<std::string, Json>{{"x", i}});
    }
    store.clock.advance(-seconds(10));  // the clock went back: what is new is still the newest
    CHECK(store.put_item({.id = DatasetItemId("x"), .input = 9}).value().updated > shown.back());
    CHECK(state_of(store, "d") == std::map<std::string, Json>{{"x", 9}});
    REQUIRE(store.remove_item("x").value());
    CHECK(state_of(store, "d").empty());
}

TEST_CASE("dataset items: any sequence of changes is there as of each of its instants",
          "[resources]") {
    ResourceStore store;
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    REQUIRE(store.put({.name = "d"}));
    std::map<std::string, Json> model;
    std::vector<std::pair<Time, std::map<std::string, Json>>> history;
    for (int step = 0; step < 60; ++step) {
        store.clock.advance(milliseconds(1 + static_cast<int>(rng.next_below(5))));
        const std::string id = "i" + std::to_string(rng.next_below(5));
        if (rng.next_below(4) == 0) {
            CHECK(store.remove_item(id.c_str()).value() == model.contains(id));
            model.erase(id);
            for (auto& [at, state] : history) state.erase(id);
        } else {
            REQUIRE(store.put_item({.id = DatasetItemId(id), .dataset_name = "d", .input = step}));
            model[id] = step;
        }
        history.emplace_back(store.clock.now(), model);
    }
    for (const auto& [at, state] : history) CHECK(state_of(store, "d", at) == state);
    CHECK(state_of(store, "d") == model);
}

TEST_CASE("dataset items: the id of another dataset's item is refused", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "one"}));
    REQUIRE(store.put({.name = "two"}));
    REQUIRE(store.put_item({.id = DatasetItemId("x"), .dataset_name = "one", .input = 1}));
    const DatasetItemChange change{.id = DatasetItemId("x"), .dataset_name = "two", .input = 2};
    const auto refused = store.put_item(change);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
    CHECK(state_of(store, "one") == std::map<std::string, Json>{{"x", 1}});
    CHECK(state_of(store, "two").empty());

    REQUIRE(store.remove_item("x"));
    REQUIRE(store.put_item(change));  // nobody has the id any more
    CHECK(state_of(store, "two") == std::map<std::string, Json>{{"x", 2}});
    CHECK(store.put_item({.id = DatasetItemId("x"), .dataset_name = "one"}).error().code ==
          ErrorCode::already_exists);
}

TEST_CASE("dataset items: an unknown dataset and nothing to go by are errors", "[resources]") {
    ResourceStore store;
    CHECK(store.put_item({.dataset_name = "none"}).error().code == ErrorCode::not_found);
    CHECK(store.put_item({.id = DatasetItemId("x"), .dataset_name = "none"}).error().code ==
          ErrorCode::not_found);
    CHECK(store.put_item({.id = DatasetItemId("x")}).error().code == ErrorCode::invalid_argument);
    REQUIRE(store.put({.name = "d"}));
    CHECK_FALSE(store.remove_item("x").value());
    CHECK_FALSE(find_dataset_item(store.session(), store.row(), DatasetItemId("x")).value());
    const auto made = store.put_item({.dataset_name = "d"}).value();
    CHECK(made.id.value().size() == 32);
    CHECK(made.input.is_null());
}

TEST_CASE("dataset items: schemas hold for what is said and not for a change of status",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d", .input_schema = Json{{"type", "object"}}}));
    const auto refused = store.put_item({.dataset_name = "d", .input = Json("text")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().message ==
          "Dataset item validation failed: input $: must be an object, not a string");
    CHECK_FALSE(store.put_item({.dataset_name = "d"}));

    // A run of a spec asks no schema.
    SqliteCatalogue catalogue(store.database());
    DatasetItem item;
    item.id = DatasetItemId("x");
    item.input = "text";
    REQUIRE(store.write([&](Session&) {
        return catalogue.put_item(store.project(), "d", item, store.clock.now());
    }));
    CHECK(store.put_item({.id = DatasetItemId("x"), .status = ItemStatus::archived}));
    CHECK_FALSE(store.put_item({.id = DatasetItemId("x"), .input = Json("other")}));
    CHECK(store.put_item({.id = DatasetItemId("x"), .input = Json::object()}));
}

TEST_CASE("dataset items: a list has the active ones from the newest to the oldest and then by id",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    REQUIRE(store.put({.name = "other"}));
    const auto put = [&](const char* id, const char* dataset = "d") {
        REQUIRE(store.put_item({.id = DatasetItemId(id),
                                .dataset_name = dataset,
                                .source_trace = std::string("t-") + dataset}));
    };
    for (const char* const id : {"0c", "b", "aa", "z"}) put(id);  // at the same time
    store.clock.advance(std::chrono::microseconds(1));            // within the millisecond
    put("new");
    put("elsewhere", "other");
    store.clock.advance(seconds(1));
    put("b");  // changed, not new
    REQUIRE(store.put_item({.id = DatasetItemId("z"), .status = ItemStatus::archived}));

    const DatasetItemQuery query{.project = store.row(), .dataset = dataset_row(store, "d")};
    CHECK(ids_of(store, query) == std::vector<std::string>{"new", "0c", "aa", "b"});
    const auto page = list_dataset_items(store.session(), query, {.offset = 1, .limit = 2}).value();
    CHECK(page.total == 4);
    REQUIRE(page.records.size() == 2);
    CHECK(read_item_version(store.session(), page.records[0]).value().id.value() == "0c");
    CHECK(read_item_version(store.session(), page.records[1]).value().id.value() == "aa");
    CHECK(list_dataset_items(store.session(), query, {.offset = 9, .limit = 2}).value().total == 4);

    CHECK(ids_of(store, {.project = store.row()}).size() == 5);
    CHECK(ids_of(store, {.project = store.row(), .source_trace = "t-other"}) ==
          std::vector<std::string>{"elsewhere"});
    CHECK(ids_of(store, {.project = store.row(), .source_observation = "t-other"}).empty());
    CHECK(ids_of(store, {.project = -1}).empty());
    DatasetItemQuery with_archived = query;
    with_archived.with_archived = true;
    CHECK(ids_of(store, with_archived).size() == 5);
    CHECK(find_dataset_item(store.session(), store.row(), DatasetItemId("z")).value()->status ==
          ItemStatus::archived);
}

TEST_CASE("dataset items: what runs wrote is there and of an id that datasets share the newest",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "one"}));
    REQUIRE(store.put({.name = "two"}));
    SqliteCatalogue catalogue(store.database());
    const auto put = [&](const char* dataset, const Json& input, const char* hash, Time at) {
        DatasetItem item;
        item.id = DatasetItemId("x");
        item.input = input;
        item.content_hash = hash;
        REQUIRE(store.write(
            [&](Session&) { return catalogue.put_item(store.project(), dataset, item, at); }));
    };
    const Time now = store.clock.now();
    put("one", 1, "0a", now);
    put("two", 2, "0b", now + seconds(1));
    put("one", 3, "0c", now + seconds(2));
    const DatasetItemId id("x");
    CHECK(find_dataset_item(store.session(), store.row(), id).value()->input == 3);
    CHECK(find_dataset_item(store.session(), store.row(), id, now + seconds(1)).value()->input ==
          2);
    CHECK(state_of(store, "two") == std::map<std::string, Json>{{"x", 2}});

    // A client changes the one of the dataset that it names, and the newest when it names none.
    REQUIRE(store.put_item({.id = id, .dataset_name = "two", .input = 4}));
    CHECK(state_of(store, "two") == std::map<std::string, Json>{{"x", 4}});
    REQUIRE(store.put_item({.id = id, .status = ItemStatus::archived}));
    CHECK(state_of(store, "one").empty());
}

TEST_CASE("dataset items: a run finds what clients wrote and brings back what was deleted",
          "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    SqliteCatalogue catalogue(store.database());
    DatasetItem item;
    item.id = DatasetItemId("x");
    item.input = 1;
    item.expected_output = "one";
    item.content_hash = content_hash_of(item);
    const auto run = [&] {
        return store
            .write([&](Session&) {
                return catalogue.put_item(store.project(), "d", item, store.clock.now());
            })
            .value();
    };
    const auto written = store.put_item({.id = item.id,
                                         .dataset_name = "d",
                                         .input = item.input,
                                         .expected_output = item.expected_output});
    CHECK(run() == written.value().version);
    store.clock.advance(seconds(1));
    REQUIRE(store.remove_item("x").value());
    const Time between = store.clock.now();
    store.clock.advance(seconds(1));
    CHECK(run() != written.value().version);
    CHECK(state_of(store, "d") == std::map<std::string, Json>{{"x", 1}});
    CHECK(state_of(store, "d", between).empty());
}

}  // namespace assay::test
