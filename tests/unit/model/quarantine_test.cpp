#include "core/model/quarantine.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

const QuarantinedItem k_whole{.item = DatasetItemId("T-1"),
                              .score = "",
                              .until = "2026-12-21T00:00:00.000Z",
                              .by = "ada",
                              .reason = "flips"};
const QuarantinedItem k_one_score{.item = DatasetItemId("T-2"),
                                  .score = "tone",
                                  .until = "2026-12-24T00:00:00.000Z",
                                  .by = "grace",
                                  .reason = "the judge wavers"};

}  // namespace

TEST_CASE("quarantine: what a manifest notes holds for its items and scores") {
    const Quarantine quarantine(Json{{"quarantine", to_json({k_whole, k_one_score})}});
    REQUIRE(quarantine.items().size() == 2);
    CHECK(quarantine.items()[1].until == k_one_score.until);
    CHECK(quarantine.items()[1].by == "grace");
    CHECK(quarantine.items()[1].reason == "the judge wavers");
    CHECK(quarantine.holds(DatasetItemId("T-1"), "tone"));
    CHECK(quarantine.holds(DatasetItemId("T-1"), "exact_match"));
    CHECK(quarantine.holds(DatasetItemId("T-2"), "tone"));
    CHECK_FALSE(quarantine.holds(DatasetItemId("T-2"), "exact_match"));
    CHECK_FALSE(quarantine.holds(DatasetItemId("T-3"), "tone"));
}

TEST_CASE("quarantine: a manifest without one or with something else holds nothing") {
    for (const Json& manifest :
         {Json(), Json::object(), Json{{"quarantine", 7}}, Json{{"quarantine", {1, "T-1"}}},
          Json{{"quarantine", {{{"item", 7}, {"until", "x"}}}}}}) {
        const Quarantine quarantine(manifest);
        CHECK(quarantine.items().empty());
        CHECK_FALSE(quarantine.holds(DatasetItemId("T-1"), "tone"));
    }
}

}  // namespace assay
