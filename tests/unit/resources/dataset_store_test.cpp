#include "server/resources/dataset_store.hpp"

#include <catch2/catch.hpp>

#include "server/resources/dataset_items.hpp"
#include "tests/unit/resources/resource_store.hpp"

namespace assay::test {
namespace {

Json schema_of(const char* type) { return {{"type", type}}; }

}  // namespace

TEST_CASE("datasets: what a change leaves out stays and a null clears it", "[resources]") {
    ResourceStore store;
    const auto made = store.put({.name = "a + 7?/ü",
                                 .description = "first",
                                 .metadata = Json{{"k", 1}},
                                 .input_schema = schema_of("object")});
    CHECK(made.value().created == store.clock.now());
    store.clock.advance(std::chrono::seconds(1));
    const auto kept = store.put({.name = "a + 7?/ü", .metadata = Json("text")}).value();
    CHECK(kept.id == made->id);
    CHECK(kept.description == "first");
    CHECK(kept.metadata == "text");
    CHECK(kept.input_schema == schema_of("object"));
    CHECK(kept.created == made->created);
    CHECK(kept.updated == store.clock.now());
    const auto cleared = store
                             .put({.name = "a + 7?/ü",
                                   .description = std::optional<std::string>(),
                                   .metadata = Json(),
                                   .input_schema = Json()})
                             .value();
    CHECK(cleared.description == std::nullopt);
    CHECK(cleared.metadata.is_null());
    CHECK(cleared.input_schema.is_null());

    const auto read = find_dataset(store.session(), store.row(), "a + 7?/ü").value();
    REQUIRE(read);
    CHECK(read->id == made->id);
    CHECK(read->updated == cleared.updated);
    CHECK(find_dataset(store.session(), store.row(), made->id).value()->name == "a + 7?/ü");
    CHECK_FALSE(find_dataset(store.session(), store.row(), "a + 7").value());
}

TEST_CASE("datasets: the list has the newest first and is of one project", "[resources]") {
    ResourceStore store;
    for (const char* const name : {"one", "two", "three"}) {
        REQUIRE(store.put({.name = name}));
        store.clock.advance(std::chrono::seconds(1));
    }
    const ProjectId other("other");
    REQUIRE(store.write(
        [&](Session& writer) { return put_dataset(writer, other, {.name = "one"}, store.clock); }));
    const auto list =
        list_datasets(store.session(), store.row(), {.offset = 1, .limit = 5}).value();
    CHECK(list.total == 3);
    REQUIRE(list.records.size() == 2);
    CHECK(list.records[0].name == "two");
    CHECK(list.records[1].name == "one");
    CHECK(list_datasets(store.session(), -1, {.offset = 0, .limit = 5}).value().total == 0);
    const auto theirs = store.session().find_project(other).value();
    CHECK_FALSE(find_dataset(store.session(), theirs, list.records[1].id).value());
}

TEST_CASE("datasets: a schema that is none is refused", "[resources]") {
    ResourceStore store;
    const auto refused =
        store.put({.name = "d", .expected_schema = Json{{"type", "no such type"}}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().message.starts_with("expectedOutputSchema is no JSON Schema"));
    CHECK_FALSE(find_dataset(store.session(), store.row(), "d").value());
}

TEST_CASE("datasets: a schema that items violate is refused with the items", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    const auto add = [&](const char* id, const Json& input) {
        REQUIRE(store.put_item({.id = DatasetItemId(id), .dataset_name = "d", .input = input}));
    };
    add("good", {{"q", 1}});
    add("bad", "text");
    add("gone", "text");
    add("archived", 5);
    REQUIRE(store.put_item({.id = DatasetItemId("archived"), .status = ItemStatus::archived}));
    REQUIRE(store.remove_item("gone"));

    const DatasetChange change{.name = "d", .input_schema = schema_of("object")};
    const auto refused = store.put(change);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(refused.error().message,
               Catch::StartsWith("Schema validation failed for 2 items of the dataset"));
    CHECK_THAT(refused.error().message, Catch::Contains("item \"bad\": input $: must be"));
    CHECK_THAT(refused.error().message, Catch::Contains("item \"archived\""));
    CHECK_THAT(refused.error().message, !Catch::Contains("gone"));
    CHECK(find_dataset(store.session(), store.row(), "d").value()->input_schema.is_null());

    add("bad", Json::object());
    add("archived", Json::object());
    CHECK(store.put(change));
}

TEST_CASE("datasets: no more than ten faulty items are named", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    for (int i = 0; i < 12; ++i) {
        REQUIRE(store.put_item(
            {.id = DatasetItemId("i" + std::to_string(i)), .dataset_name = "d", .input = "text"}));
    }
    const auto refused = store.put({.name = "d", .input_schema = schema_of("object")});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::StartsWith("Schema validation failed for 12"));
    CHECK_THAT(refused.error().message, Catch::EndsWith("; ..."));
    std::size_t named = 0;
    for (int i = 0; i < 12; ++i) {
        if (refused.error().message.contains("\"i" + std::to_string(i) + "\"")) ++named;
    }
    CHECK(named == 10);
}

TEST_CASE("datasets: holding many items against a schema ends in time", "[resources]") {
    ResourceStore store;
    REQUIRE(store.put({.name = "d"}));
    for (int i = 0; i < 3; ++i) REQUIRE(store.put_item({.dataset_name = "d"}));
    store.clock.pace = std::chrono::seconds(2);
    const auto refused = store.put({.name = "d", .input_schema = Json::object()});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("take too long"));
}

}  // namespace assay::test
