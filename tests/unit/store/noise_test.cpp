#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Store> open_store(const TemporaryFolder& folder,
                                  const ProjectId& project = default_project_id()) {
    return value_of(Store::open(folder.path(), project));
}

Time at(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

MeasuredNoise noise(const std::string& variant, double floor) {
    return {.experiment = "tickets",
            .dataset_sha256 = std::string(64, 'a'),
            .repetitions = 3,
            .variant = variant,
            .score = "team",
            .category = "billing",
            .evaluator_hash = "not hex",
            .floor = floor,
            .runs = 5,
            .measured = at(1000)};
}

QuarantineEntry entry(const std::string& item, const std::string& score = {}) {
    return {.experiment = "tickets",
            .item = DatasetItemId(item),
            .score = score,
            .until = at(5000),
            .created = at(1000),
            .created_by = "ada",
            .reason = "flips",
            .released = std::nullopt,
            .released_by = {}};
}

QuarantineEntry release_of(const std::string& item, Time when) {
    QuarantineEntry released = entry(item);
    released.released = when;
    released.released_by = "grace";
    return released;
}

}  // namespace

TEST_CASE("noise: what was measured is read back whole and by experiment", "[store]") {
    const TemporaryFolder folder;
    value_of(open_store(folder)->put_noise(std::vector{noise("short", 0.021), noise("long", 0)}));
    const auto store = open_store(folder);
    const std::vector<MeasuredNoise> found = value_of(store->noise("tickets"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].experiment == "tickets");
    CHECK(found[0].dataset_sha256 == std::string(64, 'a'));
    CHECK(found[0].repetitions == 3);
    CHECK(found[0].variant == "short");
    CHECK(found[0].score == "team");
    CHECK(found[0].category == "billing");
    CHECK(found[0].evaluator_hash == "not hex");
    CHECK(found[0].floor == 0.021);
    CHECK(found[0].runs == 5);
    CHECK(found[0].measured == at(1000));
    CHECK(found[1].floor == 0);
    CHECK(value_of(store->noise("other")).empty());
}

TEST_CASE("noise: a new measurement takes the place of the old one", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_noise(std::vector{noise("short", 0.021)}));
    MeasuredNoise second = noise("short", 0.03);
    second.runs = 9;
    second.measured = at(2000);
    MeasuredNoise other = noise("short", 0.5);
    other.evaluator_hash = "another";
    value_of(store->put_noise(std::vector{second, other}));
    const std::vector<MeasuredNoise> found = value_of(store->noise("tickets"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].floor == 0.03);
    CHECK(found[0].runs == 9);
    CHECK(found[0].measured == at(2000));
}

TEST_CASE("quarantine: entries are read back newest first", "[store]") {
    const TemporaryFolder folder;
    value_of(open_store(folder)->put_quarantine(entry("T-1")));
    const auto store = open_store(folder);
    value_of(store->put_quarantine(entry("T-2", "tone")));
    const std::vector<QuarantineEntry> found = value_of(store->quarantine());
    REQUIRE(found.size() == 2);
    CHECK(found[0].item.value() == "T-2");
    CHECK(found[0].score == "tone");
    CHECK(found[1].experiment == "tickets");
    CHECK(found[1].item.value() == "T-1");
    CHECK(found[1].score.empty());
    CHECK(found[1].until == at(5000));
    CHECK(found[1].created == at(1000));
    CHECK(found[1].created_by == "ada");
    CHECK(found[1].reason == "flips");
    CHECK_FALSE(found[1].released);
}

TEST_CASE("quarantine: an entry counts until its time is over or it is released", "[store]") {
    QuarantineEntry timed = entry("T-1");
    CHECK(timed.is_active(at(4999)));
    CHECK_FALSE(timed.is_active(at(5000)));
    CHECK_FALSE(release_of("T-1", at(2000)).is_active(at(3000)));
}

TEST_CASE("quarantine: what is released or set anew stays in the list", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_quarantine(entry("T-1")));
    QuarantineEntry longer = entry("T-1");
    longer.until = at(9000);
    longer.created = at(2000);
    longer.created_by = "alan";
    value_of(store->put_quarantine(longer));
    value_of(store->put_quarantine(entry("T-1", "tone")));  // another score: by itself
    std::vector<QuarantineEntry> all = value_of(store->quarantine());
    REQUIRE(all.size() == 3);
    CHECK(all[2].released == at(2000));
    CHECK(all[2].released_by == "alan");
    CHECK_FALSE(all[1].released);

    value_of(store->release(release_of("T-1", at(3000))));
    all = value_of(store->quarantine());
    REQUIRE(all.size() == 3);
    CHECK(all[1].released == at(3000));
    CHECK(all[1].released_by == "grace");
    CHECK(all[2].released == at(2000));
    CHECK_FALSE(all[0].released);
}

TEST_CASE("quarantine: releasing what is not there is refused by name", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const auto refused = store->release(release_of("T-1", at(1)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_found);
    CHECK_THAT(refused.error().message, Catch::Contains("T-1"));
    value_of(store->put_quarantine(entry("T-1")));
    value_of(store->release(release_of("T-1", at(2))));
    CHECK_FALSE(store->release(release_of("T-1", at(3))));
}

TEST_CASE("noise: one project sees nothing of another", "[store]") {
    const TemporaryFolder folder;
    const auto mine = open_store(folder);
    value_of(mine->put_noise(std::vector{noise("short", 0.021)}));
    value_of(mine->put_quarantine(entry("T-1")));
    const auto theirs = open_store(folder, ProjectId("another"));
    CHECK(value_of(theirs->noise("tickets")).empty());
    CHECK(value_of(theirs->quarantine()).empty());
    CHECK_FALSE(theirs->release(release_of("T-1", at(1))));
    CHECK(value_of(mine->quarantine()).size() == 1);
}

}  // namespace assay::test
