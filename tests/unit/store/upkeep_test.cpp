#include "server/store/upkeep.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

constexpr std::uint64_t k_group_units = 64;
constexpr int k_groups_max = 2000;  // commits that a thread of its own had time during

std::vector<UnitResult> make_group(const RunRecord& run, std::uint64_t group) {
    std::vector<UnitResult> units;
    for (std::uint64_t i = 0; i < k_group_units; ++i) {
        units.push_back(make_unit(run, "one", group * k_group_units + i));
    }
    return units;
}

bool has_dictionary(const std::filesystem::path& folder) {
    return query_file(file_of(folder), "SELECT count(*) FROM dictionaries") ==
           std::vector<std::string>{"1"};
}

}  // namespace

TEST_CASE("upkeep: the log is copied and the dictionary trained while units are stored",
          "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    std::uint64_t groups = 0;
    {
        const auto store = value_of(Store::open(folder.path(), default_project_id()));
        value_of(store->begin(run));
        const auto size_before = std::filesystem::file_size(file_of(folder.path()));
        while (!has_dictionary(folder.path())) {
            REQUIRE(groups < k_groups_max);
            value_of(store->commit(run.id, make_group(run, groups), Durability::none));
            ++groups;
        }
        CHECK(std::filesystem::file_size(file_of(folder.path())) > size_before);
        value_of(store->finish(run));
    }
    CHECK(query_file(file_of(folder.path()), "PRAGMA integrity_check") ==
          std::vector<std::string>{"ok"});
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const std::vector<UnitResult> units = read_units(*store, run);
    REQUIRE(units.size() == groups * k_group_units);
    const std::vector<UnitResult> last = make_group(run, groups - 1);
    check_same_unit(units.front(), make_group(run, 0).front());
    check_same_unit(units.back(), last.back());
}

TEST_CASE("upkeep: where nothing can be put on the disk nothing more is committed", "[store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    value_of(store->begin(run));
    std::filesystem::rename(file_of(folder.path()), folder.path() / "moved");
    Result<void> committed;
    for (std::uint64_t group = 0; committed; ++group) {
        REQUIRE(group < k_groups_max);
        committed = store->commit(run.id, make_group(run, group), Durability::none);
    }
    CHECK_THAT(committed.error().message, Catch::Contains(file_of(folder.path()).string()));
    CHECK_FALSE(store->finish(run));
}

}  // namespace assay::test
