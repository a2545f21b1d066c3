#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fstream>

#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

// Disks that fill up, and files that get damaged.

namespace {

/// A small file system of its own, as long as this lives.
class SmallDisk {
  public:
    SmallDisk(const std::filesystem::path& at, const char* options) : at_(at) {
        mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
    }
    ~SmallDisk() {
        if (mounted_) (void)::umount(at_.c_str());
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool is_mounted() const { return mounted_; }

  private:
    std::filesystem::path at_;
    bool mounted_ = false;
};

/// Lowers the largest size a file may have, as long as this lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        // The signal would kill; without it the write fails.
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit lowered = before_;
        lowered.rlim_cur = bytes;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &lowered) == 0);
    }
    ~FileSizeLimit() {
        (void)::setrlimit(RLIMIT_FSIZE, &before_);
        (void)std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

/// Text that does not compress to nothing.
std::string noise(Rng& rng, std::size_t size) {
    std::string text;
    while (text.size() < size) text.push_back(static_cast<char>('!' + rng.next_below(90)));
    return text;
}

/// Twenty units of about 2 kB each.
std::vector<UnitResult> make_group(const RunRecord& run, std::uint64_t group) {
    Rng rng(group);
    std::vector<UnitResult> units;
    for (std::uint64_t i = 0; i < 20; ++i) {
        units.push_back(make_unit(run, "one", group * 20 + i));
        units.back().output = noise(rng, 2000);
    }
    return units;
}

/// Commits groups until one fails.
/// @return how many were acknowledged; the failure in `error`.
std::uint64_t fill(Store& store, const RunRecord& run, Error& error) {
    for (std::uint64_t group = 0; group < 10'000; ++group) {
        const auto done = store.commit(run.id, make_group(run, group));
        if (done) continue;
        error = done.error();
        return group;
    }
    FAIL("the disk never filled up");
    return 0;
}

void check_groups(const Store& store, const RunRecord& run, std::uint64_t groups) {
    const std::vector<UnitResult> units = read_units(store, run);
    REQUIRE(units.size() == groups * 20);
    for (std::uint64_t group = 0; group < groups; ++group) {
        const std::vector<UnitResult> written = make_group(run, group);
        for (std::size_t i = 0; i < written.size(); ++i) {
            check_same_unit(units[group * 20 + i], written[i]);
        }
    }
}

}  // namespace

TEST_CASE("store: a full disk loses nothing and work goes on when space returns",
          "[crash][store]") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path(), "size=6m");
    if (!disk.is_mounted()) {
        WARN("not run: mounting a small file system needs root");
        return;
    }
    const auto ballast = folder.write("ballast", std::string(2U << 20U, 'x'));
    const RunRecord run = make_run();
    const auto inner = folder.path() / "store";
    {
        const auto store = value_of(Store::open(inner, default_project_id()));
        value_of(store->begin(run));
        Error error;
        const std::uint64_t groups = fill(*store, run, error);
        CHECK(groups > 10);
        CHECK(error.code == ErrorCode::resource_exhausted);
        CHECK_THAT(error.message, Catch::Contains(file_of(inner).string()) &&
                                      Catch::Contains("disk is full") &&
                                      Catch::Contains("run again"));
        check_groups(*store, run, groups);
        CHECK_FALSE(store->commit(run.id, make_group(run, groups)));
        check_groups(*store, run, groups);

        REQUIRE(std::filesystem::remove(ballast));
        value_of(store->commit(run.id, make_group(run, groups)));
        value_of(store->finish(run));
        check_groups(*store, run, groups + 1);
    }
    CHECK(query_file(file_of(inner), "PRAGMA integrity_check") == std::vector<std::string>{"ok"});
}

TEST_CASE("store: a disk that is full from the start is one clear message", "[crash][store]") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path(), "size=64k");
    if (!disk.is_mounted()) {
        WARN("not run: mounting a small file system needs root");
        return;
    }
    const auto store = Store::open(folder.path() / "store", default_project_id());
    REQUIRE_FALSE(store);
    CHECK(store.error().code == ErrorCode::resource_exhausted);
    CHECK_THAT(store.error().message, Catch::Contains("disk is full"));
}

TEST_CASE("store: a file system that is read-only is one clear message", "[crash][store]") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path(), "size=6m");
    if (!disk.is_mounted()) {
        WARN("not run: mounting a small file system needs root");
        return;
    }
    const RunRecord run = make_run();
    value_of(value_of(Store::open(folder.path(), default_project_id()))->begin(run));
    REQUIRE(::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=6m") ==
            0);
    const auto store = Store::open(folder.path(), default_project_id());
    REQUIRE_FALSE(store);
    CHECK(store.error().code == ErrorCode::permission_denied);
    CHECK_THAT(store.error().message, Catch::Contains(folder.path().string()));
}

TEST_CASE("store: a file at its size limit loses nothing and work goes on after",
          "[crash][store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    value_of(store->begin(run));
    std::uint64_t groups = 0;
    {
        const FileSizeLimit limit(2U << 20U);
        Error error;
        groups = fill(*store, run, error);
        CHECK(error.code == ErrorCode::resource_exhausted);
        CHECK_THAT(error.message, Catch::Contains(file_of(folder.path()).string()) &&
                                      Catch::Contains("size limit"));
        check_groups(*store, run, groups);
    }
    CHECK(groups > 3);
    value_of(store->commit(run.id, make_group(run, groups)));
    check_groups(*store, run, groups + 1);
    CHECK(query_file(file_of(folder.path()), "PRAGMA integrity_check") ==
          std::vector<std::string>{"ok"});
}

namespace {

/// Reads all there is, then writes. Whatever happens must be an error or the truth.
/// @return how many units could be read.
std::size_t use_damaged(const std::filesystem::path& folder, const RunRecord& run,
                        const std::vector<UnitResult>& written) {
    const auto store = Store::open(folder, default_project_id());
    if (!store) return 0;
    const auto runs = (*store)->runs();
    if (runs && !runs->empty()) check_same_run(runs->front(), run);
    std::size_t read = 0;
    const auto visited = (*store)->for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        ++read;
        const std::size_t offset = unit.variant == "one" ? 0 : written.size() / 2;
        REQUIRE(unit.item.position < written.size() / 2);
        check_same_unit(unit, written[offset + unit.item.position]);
        (void)(*store)->observations(unit.trace_id);
        return {};
    });
    (void)visited;
    (void)(*store)->run_scores(run.variants[0].dataset_run_id);
    RunRecord next = make_run("next");
    if (!(*store)->begin(next)) return read;
    (void)(*store)->commit(next.id, written);
    (void)(*store)->commit(next.id, std::span(written).first(3));
    (void)(*store)->finish(next);
    return read;
}

}  // namespace

TEST_CASE("store: flipped bytes are an error or have no effect", "[crash][store]") {
    const TemporaryFolder folder;
    const RunRecord run = make_run();
    std::vector<UnitResult> written;
    for (const char* const variant : {"one", "two"}) {
        for (std::uint64_t position = 0; position < 40; ++position) {
            written.push_back(make_unit(run, variant, position));
            written.back().observations[0].metadata = Json{{"customer", position % 7}};
        }
    }
    {
        const auto store = value_of(Store::open(folder.path() / "whole", default_project_id()));
        value_of(store->begin(run));
        value_of(store->commit(run.id, written));
    }
    const std::string whole = read_text(file_of(folder.path() / "whole"));
    const std::vector<std::uint64_t> seeds = seeds_of_test(300);
    std::size_t rounds_read = 0;
    std::size_t rounds_whole = 0;
    for (const std::uint64_t seed : seeds) {
        INFO("ASSAY_SEED=" << seed);
        Rng rng(seed);
        std::string damaged = whole;
        for (std::uint64_t flips = 1 + rng.next_below(30); flips > 0; --flips) {
            const std::size_t at = rng.next_below(damaged.size());
            damaged[at] =
                static_cast<char>(damaged[at] ^ static_cast<char>(1 + rng.next_below(255)));
        }
        if (rng.next_below(10) == 0) damaged.resize(rng.next_below(damaged.size()));
        const TemporaryFolder copy;
        (void)copy.write("assay.db", damaged);
        const std::size_t read = use_damaged(copy.path(), run, written);
        rounds_read += read > 0 ? 1 : 0;
        rounds_whole += read == written.size() ? 1 : 0;
    }
    if (seeds.size() == 1) return;
    // The damage is neither always fatal nor always harmless, or the test would show nothing.
    CHECK(rounds_read > 30);
    CHECK(rounds_whole < 200);
}

}  // namespace assay::test
