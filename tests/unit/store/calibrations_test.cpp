#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Store> open_store(const TemporaryFolder& folder,
                                  const ProjectId& project = default_project_id()) {
    return value_of(Store::open(folder.path(), project));
}

StoredCalibration calibration(const std::string& judge, std::int64_t seconds) {
    return {.judge = judge,
            .evaluator_hash = sha256_hex(judge),
            .score = judge + "_pass",
            .outputs = 200,
            .made = Time(std::chrono::seconds(seconds)),
            .sha256 = {}};
}

}  // namespace

TEST_CASE("calibrations: what was stored is read back with its document", "[store]") {
    const TemporaryFolder folder;
    {
        const auto store = open_store(folder);
        CHECK(value_of(store->put_calibration(calibration("tone", 1000), "document")) ==
              sha256_hex("document"));
    }
    const auto store = open_store(folder);
    const auto stored = value_of(store->calibrations());
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].judge == "tone");
    CHECK(stored[0].evaluator_hash == sha256_hex("tone"));
    CHECK(stored[0].score == "tone_pass");
    CHECK(stored[0].outputs == 200);
    CHECK(stored[0].made == Time(std::chrono::seconds(1000)));
    CHECK(stored[0].sha256 == sha256_hex("document"));
    CHECK(value_of(store->baseline_document(stored[0].sha256)) == "document");
}

TEST_CASE("calibrations: the newest comes first and earlier ones stay", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    CHECK(value_of(store->calibrations()).empty());
    CHECK(store->put_calibration(calibration("tone", 2000), "first"));
    CHECK(store->put_calibration(calibration("taste", 3000), "second"));
    CHECK(store->put_calibration(calibration("tone", 1000), "third"));  // a clock set back
    const auto stored = value_of(store->calibrations());
    REQUIRE(stored.size() == 3);
    CHECK(stored[0].sha256 == sha256_hex("third"));
    CHECK(stored[1].judge == "taste");
    CHECK(stored[2].sha256 == sha256_hex("first"));
}

TEST_CASE("calibrations: a project sees only its own", "[store]") {
    const TemporaryFolder folder;
    CHECK(open_store(folder)->put_calibration(calibration("tone", 1000), "document"));
    const auto other = open_store(folder, ProjectId("other"));
    CHECK(value_of(other->calibrations()).empty());
    CHECK_FALSE(other->baseline_document(sha256_hex("document")));
}

TEST_CASE("calibrations: what a run noted goes along when it is copied", "[store]") {
    const TemporaryFolder here;
    const TemporaryFolder there;
    const auto from = open_store(here);
    const auto into = open_store(there);
    const std::string sha256 =
        value_of(from->put_calibration(calibration("tone", 1000), "document"));
    RunRecord run = make_run();
    run.manifest["calibrations"] = Json::array(
        {{{"judge", "tone"}, {"sha256", sha256}}, {{"judge", "taste"}, {"sha256", nullptr}}});
    value_of(into->copy_baseline_documents(*from, run));
    CHECK(value_of(into->baseline_document(sha256)) == "document");

    value_of(from->begin(run));
    value_of(from->finish(run));
    const auto file = there.path() / "run.assayrun";
    value_of(from->export_run(run, file));
    const auto exported = value_of(Store::open_existing(file, default_project_id()));
    CHECK(value_of(exported->baseline_document(sha256)) == "document");
}

}  // namespace assay::test
