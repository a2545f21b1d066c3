#include "core/base/file_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <optional>

#include "tests/support/temporary_folder.hpp"

namespace assay {

TEST_CASE("file lock: one has it at a time and its end frees it", "[files]") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "below" / "one.lock";
    CHECK_FALSE(FileLock::is_held(file));
    CHECK(FileLock::holder(file).empty());
    {
        const auto lock = FileLock::acquire(file);
        REQUIRE(lock);
        CHECK(lock->file() == file);
        CHECK(FileLock::is_held(file));
        CHECK(FileLock::holder(file) == " (pid " + std::to_string(::getpid()) + ")");
        const auto second = FileLock::acquire(file);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == ErrorCode::already_exists);
        CHECK_THAT(second.error().message,
                   Catch::Contains("one.lock is locked by another") && Catch::Contains("(pid "));
    }
    CHECK_FALSE(std::filesystem::exists(file));
    CHECK(FileLock::acquire(file));
}

TEST_CASE("file lock: what is left of a process that was killed locks nothing", "[files]") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "one.lock";
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FileLock::acquire(file);
        const char done = lock ? 'y' : 'n';
        (void)!::write(ready[1], &done, 1);
        ::pause();
        ::_exit(0);
    }
    char done = 0;
    REQUIRE(::read(ready[0], &done, 1) == 1);
    CHECK(done == 'y');
    CHECK(FileLock::is_held(file));
    CHECK(FileLock::holder(file) == " (pid " + std::to_string(child) + ")");
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(std::filesystem::exists(file));
    CHECK_FALSE(FileLock::is_held(file));
    CHECK(FileLock::acquire(file));
    (void)::close(ready[0]);
    (void)::close(ready[1]);
}

TEST_CASE("file lock: a lock that is moved is released once", "[files]") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "one.lock";
    std::optional<FileLock> second;
    {
        auto first = FileLock::acquire(file);
        REQUIRE(first);
        second.emplace(std::move(*first));
    }
    CHECK(FileLock::is_held(file));
    second.reset();
    CHECK_FALSE(FileLock::is_held(file));
}

TEST_CASE("file lock: a place that cannot be written is an error with its path", "[files]") {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    const auto lock = FileLock::acquire(folder.path() / "file" / "one.lock");
    REQUIRE_FALSE(lock);
    CHECK(lock.error().code != ErrorCode::already_exists);
    CHECK_THAT(lock.error().message, Catch::Contains("file"));
    std::ofstream(folder.path() / "odd.lock") << "no number\n";
    CHECK(FileLock::holder(folder.path() / "odd.lock").empty());
}

}  // namespace assay
