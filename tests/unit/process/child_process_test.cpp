#include "core/process/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

/// Long enough that reaching it means a failure.
constexpr auto k_patience = 20s;

/// A loop and one process on it.
class Running {
  public:
    explicit Running(ProcessOptions options) {
        auto started = run_task(io, ChildProcess::start(std::move(options)));
        if (!started) FAIL(started.error().message);
        process = std::move(*started);
    }
    explicit Running(const std::string& script)
        : Running(ProcessOptions{.command = {"sh", "-c", script}}) {}

    Result<std::optional<std::string>> line(std::chrono::milliseconds patience = k_patience) {
        return run_task(io, process->read_line(in(patience)));
    }
    Result<std::string> all() { return run_task(io, process->read_all(in(k_patience))); }
    Result<void> write(std::string text, std::chrono::milliseconds patience = k_patience) {
        return run_task(io, process->write(std::move(text), in(patience)));
    }
    Result<ProcessExit> wait() { return run_task(io, process->wait(in(k_patience))); }

    asio::io_context io;
    std::unique_ptr<ChildProcess> process;
};

Error start_error(ProcessOptions options) {
    asio::io_context io;
    auto started = run_task(io, ChildProcess::start(std::move(options)));
    REQUIRE(!started);
    return started.error();
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator folder("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) != -1; }

/// Waits for the end of a process that is not our child.
class Observed {
  public:
    explicit Observed(const std::string& pid)
        : pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(pid), 0))) {
        REQUIRE(pidfd_ >= 0);
    }
    Observed(const Observed&) = delete;
    Observed& operator=(const Observed&) = delete;
    ~Observed() { ::close(pidfd_); }
    [[nodiscard]] bool ends() const {
        pollfd event{.fd = pidfd_, .events = POLLIN, .revents = 0};
        return ::poll(&event, 1, 10'000) == 1;
    }

  private:
    int pidfd_;
};

}  // namespace

TEST_CASE("process: lines go in and come out") {
    Running cat(ProcessOptions{.command = {"cat"}});
    REQUIRE(cat.write("one\ntwo\r\n\nlast"));
    CHECK(cat.line().value() == "one");
    CHECK(cat.line().value() == "two");
    CHECK(cat.line().value() == "");
    cat.process->close_input();
    CHECK(cat.line().value() == "last");
    CHECK(cat.line().value() == std::nullopt);
    CHECK(cat.wait().value().describe() == "ended with exit code 0");
    CHECK(!cat.process->is_running());
}

TEST_CASE("process: a megabyte goes through in both directions at once") {
    Running cat(ProcessOptions{.command = {"cat"}});
    const std::string line(1 << 20, 'x');
    REQUIRE(cat.write(line + "\n"));
    CHECK(cat.line().value() == line);
}

TEST_CASE("process: many short lines are read in order") {
    Running seq(ProcessOptions{.command = {"seq", "200000"}});
    for (int i = 1; i <= 200'000; ++i) {
        const auto line = seq.line();
        if (line.value() != std::to_string(i)) FAIL("line " << i << " is " << line.value().value());
    }
    CHECK(seq.line().value() == std::nullopt);
}

TEST_CASE("process: it runs in the folder it is told") {
    const TemporaryFolder folder;
    folder.write("here.sh", "#!/bin/sh\npwd -P\n");
    std::filesystem::permissions(folder.path() / "here.sh", std::filesystem::perms::owner_all);
    Running here(ProcessOptions{.command = {"./here.sh"}, .folder = folder.path()});
    CHECK(here.line().value() == std::filesystem::canonical(folder.path()).string());
}

TEST_CASE("process: what cannot be started says why and what to do") {
    const TemporaryFolder folder;
    folder.write("app.py", "print(1)\n");
    folder.write("text", "no program\n");
    folder.write("script", "#!/no/such/interpreter\n");
    for (const char* name : {"text", "script"}) {
        std::filesystem::permissions(folder.path() / name, std::filesystem::perms::owner_all);
    }
    const auto error = [&](const std::string& program) {
        return start_error({.command = {program}, .folder = folder.path()});
    };
    CHECK(error("no-such-program").code == ErrorCode::not_found);
    CHECK(error("no-such-program").message ==
          "there is no program \"no-such-program\"; is it installed and on PATH?");
    CHECK(error("app.py").message ==
          "there is no program \"app.py\" on PATH; for the file in the spec's folder write "
          "./app.py");
    CHECK(error("./gone.py").code == ErrorCode::not_found);
    CHECK(error("./app.py").code == ErrorCode::permission_denied);
    CHECK_THAT(error("./app.py").message, Catch::Contains("chmod +x"));
    CHECK(error("./text").code == ErrorCode::invalid_argument);
    CHECK_THAT(error("./script").message, Catch::Contains("interpreter"));
    CHECK(start_error({}).code == ErrorCode::invalid_argument);

    const Error no_folder = start_error({.command = {"cat"}, .folder = folder.path() / "gone"});
    CHECK(no_folder.code == ErrorCode::not_found);
    CHECK_THAT(no_folder.message, Catch::Contains("folder"));
    CHECK(!has_children());
}

TEST_CASE("process: the end is told as exit code or signal") {
    CHECK(Running("exit 3").wait().value().describe() == "ended with exit code 3");
    Running killed("kill -9 $$");
    CHECK(killed.wait().value().describe() == "was killed by signal 9 (SIGKILL)");
    CHECK(killed.wait().value().exit_code == -1);
}

TEST_CASE("process: what came before the end is still read after it") {
    Running gone("echo first; echo second; echo lost >&2; exit 1");
    REQUIRE(gone.wait().value().exit_code == 1);
    CHECK(gone.line().value() == "first");
    CHECK(gone.line().value() == "second");
    CHECK(gone.line().value() == std::nullopt);
    CHECK(gone.process->take_log() == "lost\n");
}

TEST_CASE("process: stderr written before an answer is in the log with it") {
    Running program("echo warning >&2; echo answer; cat");
    REQUIRE(program.line().value() == "answer");
    CHECK(program.process->take_log() == "warning\n");
    CHECK(program.process->take_log().empty());
}

TEST_CASE("process: a flood on stderr neither blocks the program nor fills the memory") {
    Running program(ProcessOptions{
        .command = {"sh", "-c",
                    "echo begin >&2; head -c 50000000 /dev/zero >&2; echo end >&2; echo done"},
        .log_bytes_max = 1000});
    REQUIRE(program.line().value() == "done");
    const std::string log = program.process->take_log();
    CHECK_THAT(log, Catch::StartsWith("begin\n") && Catch::EndsWith("end\n") &&
                        Catch::Contains("bytes left out"));
    CHECK(log.size() < 1100);
}

TEST_CASE("process: a log that is not UTF-8 is made so") {
    Running program("printf 'a\\377b' >&2");
    REQUIRE(program.wait());
    CHECK(program.process->take_log() ==
          "a\xEF\xBF\xBD"
          "b");
}

TEST_CASE("process: a line may be as long as the limit and no longer") {
    const auto options = [](const char* script) {
        return ProcessOptions{.command = {"sh", "-c", script}, .output_bytes_max = 5};
    };
    Running fits(options("echo 12345; echo 6"));
    CHECK(fits.line().value() == "12345");
    CHECK(fits.line().value() == "6");
    CHECK(Running(options("echo 123456; cat")).line().error().code ==
          ErrorCode::resource_exhausted);
    CHECK(Running(options("printf 12345")).all().value() == "12345");
    CHECK(Running(options("printf 123456")).all().error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("process: a gigabyte on stdout is refused and the program killed") {
    auto program = std::make_unique<Running>("echo $$ >&2; exec head -c 1073741824 /dev/zero");
    CHECK(program->all().error().code == ErrorCode::resource_exhausted);
    const Observed flood(program->process->take_log());
    program->process.reset();
    CHECK(flood.ends());
}

TEST_CASE("process: every wait ends at its deadline") {
    Running silent("exec sleep 300");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(silent.line(50ms).error().code == ErrorCode::deadline_exceeded);
    CHECK(run_task(silent.io, silent.process->read_all(in(50ms))).error().code ==
          ErrorCode::deadline_exceeded);
    CHECK(run_task(silent.io, silent.process->wait(in(50ms))).error().code ==
          ErrorCode::deadline_exceeded);
    CHECK(silent.write(std::string(1 << 20, 'x'), 50ms).error().code ==
          ErrorCode::deadline_exceeded);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK(silent.process->is_running());
}

TEST_CASE("process: a flood of short lines cannot outlast a deadline") {
    Running yes(ProcessOptions{.command = {"yes"}});
    const Deadline deadline = in(200ms);
    const auto read_until_error = [&]() -> Error {
        while (true) {
            const auto line = run_task(yes.io, yes.process->read_line(deadline));
            if (!line) return line.error();
        }
    };
    CHECK(read_until_error().code == ErrorCode::deadline_exceeded);
}

TEST_CASE("process: writing to a program that closed its input is an error and no signal") {
    Running program("exec 0<&-; echo ready; exec sleep 300");
    REQUIRE(program.line().value() == "ready");
    CHECK(program.write("text\n").error().code == ErrorCode::unavailable);
    Running gone("exit 0");
    REQUIRE(gone.wait());
    CHECK(gone.write("text\n").error().code == ErrorCode::unavailable);
}

TEST_CASE("process: children that hold the pipe do not keep us waiting") {
    Running in_group("sleep 300 & echo $!");
    const auto output = in_group.all();
    REQUIRE(output);
    CHECK(in_group.wait().value().exit_code == 0);
    Running flooding("setsid sh -c 'yes >&2' & sleep 0.1; echo out");
    CHECK(flooding.all().value() == "out\n");
    CHECK(!flooding.process->take_log().empty());
    // One that left the group is out of reach, but its pipe is not waited for either.
    Running escaped("setsid sleep 2 & sleep 0.2; echo out");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(escaped.all().value() == "out\n");
    CHECK(std::chrono::steady_clock::now() - begin < 1500ms);
}

TEST_CASE("process: destroying it kills its whole group") {
    auto program = std::make_unique<Running>("sleep 300 & echo $!; wait");
    const Observed grandchild(program->line().value().value());
    program->process.reset();
    CHECK(grandchild.ends());
    CHECK(!has_children());
}

TEST_CASE("process: no descriptor and no zombie is left") {
    const TemporaryFolder folder;
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 30; ++i) {
        Running program("cat");
        REQUIRE(program.write("x\n"));
        REQUIRE(program.line().value() == "x");
        CHECK(start_error({.command = {"no-such-program"}}).code == ErrorCode::not_found);
    }
    CHECK(open_descriptors() == before);
    CHECK(!has_children());
}

TEST_CASE("process: the program inherits three descriptors and no signal setting") {
    const int leak = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
    REQUIRE(leak >= 0);
    Running sh("[ -e /proc/$$/fd/" + std::to_string(leak) + " ] && echo leaked || echo clean; " +
               "exec grep -E 'SigIgn|SigBlk' /proc/self/status");
    CHECK(sh.line().value() == "clean");
    CHECK(sh.line().value() == "SigBlk:\t0000000000000000");
    const std::string ignored = sh.line().value().value();
    REQUIRE_THAT(ignored, Catch::StartsWith("SigIgn:\t"));
    // glibc keeps the signals 32 and 33 for itself.
    CHECK((std::stoull(ignored.substr(8), nullptr, 16) & 0x7FFFFFFFU) == 0);
    ::close(leak);
}

TEST_CASE("process: stop lets the program end by itself") {
    const TemporaryFolder folder;
    Running program(ProcessOptions{.command = {"sh", "-c", "echo ready; cat; echo bye > ended"},
                                   .folder = folder.path()});
    REQUIRE(program.line().value() == "ready");
    program.process->stop(k_patience);
    program.process.reset();
    program.io.restart();
    program.io.run();
    CHECK(read_text(folder.path() / "ended") == "bye\n");
    CHECK(!has_children());
}

TEST_CASE("process: stop kills what does not end in time") {
    Running program("trap '' TERM; echo $$; exec sleep 300");
    const Observed stubborn(program.line().value().value());
    program.process->stop(20ms);
    program.process.reset();
    program.io.restart();
    program.io.run();
    CHECK(stubborn.ends());
    CHECK(!has_children());
}

TEST_CASE("process: a loop that is destroyed takes stopping programs with it") {
    auto program = std::make_unique<Running>("echo $$; exec sleep 300");
    const Observed stubborn(program->line().value().value());
    program->process->stop(k_patience);
    program.reset();
    CHECK(stubborn.ends());
    CHECK(!has_children());
}

TEST_CASE("process: a cancelled wait ends at once") {
    Running silent("exec sleep 300");
    asio::cancellation_signal cancel;
    std::optional<Result<std::optional<std::string>>> line;
    asio::co_spawn(silent.io, store_result(silent.process->read_line(in(k_patience)), line),
                   asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
    asio::post(silent.io, [&] { cancel.emit(asio::cancellation_type::terminal); });
    silent.io.restart();
    while (!line) silent.io.run_one();
    CHECK(line->error().code == ErrorCode::cancelled);
}

TEST_CASE("process: a coroutine destroyed while it waits leaves nothing behind") {
    {
        asio::io_context io;
        auto started = run_task(io, ChildProcess::start({.command = {"sleep", "300"}}));
        REQUIRE(started);
        std::optional<Result<void>> written;
        asio::co_spawn(io, store_result((*started)->write(std::string(1 << 20, 'x'), {}), written),
                       [](std::exception_ptr) {});
        io.restart();
        io.run_for(20ms);
        CHECK(!written);
        started->reset();
    }
    CHECK(!has_children());
}

}  // namespace assay::test
