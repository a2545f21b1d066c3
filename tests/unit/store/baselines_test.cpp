#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Store> open_store(const TemporaryFolder& folder,
                                  const ProjectId& project = default_project_id()) {
    return value_of(Store::open(folder.path(), project));
}

Time at(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

Baseline baseline(const std::string& name, const std::string& run = "20261101-093000-3f9a1c") {
    return {.name = name,
            .sha256 = {},
            .run = RunId(run),
            .created = at(1000),
            .created_by = "ada",
            .reason = "release 2.3",
            .removed = std::nullopt,
            .removed_by = {}};
}

constexpr auto k_refuse = Store::NameTaken::refuse;
constexpr auto k_replace = Store::NameTaken::replace;

}  // namespace

TEST_CASE("baselines: what was stored is read back by name and by hash", "[store]") {
    const TemporaryFolder folder;
    Rng rng(7);
    const std::string document = make_random_bytes(rng, 100'000);
    {
        const auto store = open_store(folder);
        value_of(store->put_baseline(baseline("main"), document, k_refuse));
    }
    const auto store = open_store(folder);
    const Baseline found = value_of(store->find_baseline("main"));
    CHECK(found.name == "main");
    CHECK(found.sha256 == sha256_hex(document));
    CHECK(found.run.value() == "20261101-093000-3f9a1c");
    CHECK(found.created == at(1000));
    CHECK(found.created_by == "ada");
    CHECK(found.reason == "release 2.3");
    CHECK_FALSE(found.removed);
    CHECK(value_of(store->baseline_document(found.sha256)) == document);
}

TEST_CASE("baselines: a name in use is refused and stays what it was", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_baseline(baseline("main"), "one", k_refuse));
    const auto refused = store->put_baseline(baseline("main", "other-run"), "two", k_refuse);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
    CHECK_THAT(refused.error().message, Catch::Contains("main"));
    CHECK(value_of(store->find_baseline("main")).sha256 == sha256_hex("one"));
    CHECK(value_of(store->baselines()).size() == 1);
    // The refused document went with the transaction.
    CHECK_FALSE(store->baseline_document(sha256_hex("two")));
}

TEST_CASE("baselines: replaced and removed names stay in the history", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_baseline(baseline("main"), "one", k_refuse));
    Baseline second = baseline("main", "second-run");
    second.created = at(2000);
    second.created_by = "grace";
    value_of(store->put_baseline(second, "two", k_replace));
    CHECK(value_of(store->find_baseline("main")).run.value() == "second-run");
    value_of(store->remove_baseline("main", at(3000), "alan"));
    CHECK_FALSE(store->find_baseline("main"));

    const std::vector<Baseline> all = value_of(store->baselines());
    REQUIRE(all.size() == 2);
    CHECK(all[0].run.value() == "second-run");
    CHECK(all[0].removed == at(3000));
    CHECK(all[0].removed_by == "alan");
    CHECK(all[1].removed == at(2000));
    CHECK(all[1].removed_by == "grace");
    CHECK(value_of(store->baseline_document(all[1].sha256)) == "one");

    value_of(store->put_baseline(baseline("main"), "one", k_refuse));
    CHECK(value_of(store->baselines()).size() == 3);
}

TEST_CASE("baselines: one document serves several names and is kept once", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_baseline(baseline("main"), "same", k_refuse));
    value_of(store->put_baseline(baseline("release"), "same", k_refuse));
    CHECK(value_of(store->put_baseline_document("same")) == sha256_hex("same"));
    CHECK(query_file(file_of(folder.path()), "SELECT count(*) FROM baseline_documents").at(0) ==
          "1");
}

TEST_CASE("baselines: unknown names name the nearest", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    value_of(store->put_baseline(baseline("release"), "one", k_refuse));
    const auto unknown = store->find_baseline("relaese");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::not_found);
    CHECK_THAT(unknown.error().message, Catch::Contains("did you mean \"release\""));
    const auto removed = store->remove_baseline("relaese", at(1), "ada");
    REQUIRE_FALSE(removed);
    CHECK(removed.error().code == ErrorCode::not_found);
}

TEST_CASE("baselines: projects do not see each other's", "[store]") {
    const TemporaryFolder folder;
    const auto mine = open_store(folder, ProjectId("mine"));
    const auto theirs = open_store(folder, ProjectId("theirs"));
    value_of(mine->put_baseline(baseline("main"), "one", k_refuse));
    CHECK_FALSE(theirs->find_baseline("main"));
    CHECK_FALSE(theirs->baseline_document(sha256_hex("one")));
    CHECK(value_of(theirs->baselines()).empty());
    value_of(theirs->put_baseline(baseline("main"), "two", k_refuse));
    CHECK(value_of(mine->find_baseline("main")).sha256 == sha256_hex("one"));
    value_of(theirs->remove_baseline("main", at(5), "ada"));
    CHECK(value_of(mine->find_baseline("main")).sha256 == sha256_hex("one"));
}

TEST_CASE("baselines: a document that is not what was kept is data loss", "[store]") {
    const TemporaryFolder folder;
    std::string first;
    {
        const auto store = open_store(folder);
        value_of(store->put_baseline(baseline("main"), "one", k_refuse));
        first = value_of(store->put_baseline_document("other"));
    }
    // The row of one document gets the bytes of the other: each is sound in itself.
    query_file(file_of(folder.path()),
               "UPDATE baseline_documents SET (dictionary, size, document) = "
               "(SELECT dictionary, size, document FROM baseline_documents ORDER BY 1 LIMIT 1) "
               "WHERE baseline_document = (SELECT max(baseline_document) FROM baseline_documents)");
    const auto store = open_store(folder);
    const bool first_fits = store->baseline_document(sha256_hex("one")).has_value();
    const bool other_fits = store->baseline_document(first).has_value();
    CHECK((first_fits != other_fits));
}

TEST_CASE("baselines: a document that is too large is refused", "[store]") {
    const TemporaryFolder folder;
    const auto store = open_store(folder);
    const auto refused =
        store->put_baseline_document(std::string(limits::k_baseline_bytes_max + 1, 'x'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("baselines: what a run was compared with goes along when it is copied", "[store]") {
    const TemporaryFolder here;
    const TemporaryFolder there;
    const auto from = open_store(here);
    const auto into = open_store(there);
    const std::string sha256 = value_of(from->put_baseline_document("document"));
    RunRecord run = make_run();
    run.manifest["baselines"] = Json::array(
        {{{"ref", "main"}, {"sha256", sha256}}, {{"ref", "missing"}, {"sha256", nullptr}}});
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
