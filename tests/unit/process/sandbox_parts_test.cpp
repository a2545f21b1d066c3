#include <linux/filter.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/process/child_process.hpp"
#include "core/process/program_files.hpp"
#include "core/process/sandbox.hpp"
#include "core/process/seccomp.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

using std::chrono_literals::operator""s;
namespace fs = std::filesystem;

namespace {

Result<std::string> output_of(ProcessOptions options) {
    boost::asio::io_context io;
    auto process = run_task(io, ChildProcess::start(std::move(options)));
    if (!process) return std::unexpected(process.error());
    return run_task(io, (*process)->read_all(in(20s)));
}

void make_program(const fs::path& path) {
    fs::permissions(path, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
}

bool holds(const std::vector<fs::path>& paths, const fs::path& path) {
    return std::ranges::find(paths, path) != paths.end();
}

/// Another PATH as long as it lives.
class OtherPath {
  public:
    explicit OtherPath(const std::string& path) : before_(std::getenv("PATH")) {
        (void)::setenv("PATH", path.c_str(), 1);
    }
    OtherPath(const OtherPath&) = delete;
    OtherPath& operator=(const OtherPath&) = delete;
    ~OtherPath() { (void)::setenv("PATH", before_.c_str(), 1); }

  private:
    std::string before_;
};

}  // namespace

TEST_CASE("process: a program can be given another environment") {
    REQUIRE(::setenv("OURS", "seen", 1) == 0);
    const auto said = output_of(
        {.command = {"/usr/bin/env"}, .environment = std::vector<std::string>{"A=1", "B=two"}});
    CHECK(said.value() == "A=1\nB=two\n");
    CHECK_THAT(output_of({.command = {"/usr/bin/env"}}).value(), Catch::Contains("OURS=seen"));
    CHECK(output_of({.command = {"/usr/bin/env"}, .environment = std::vector<std::string>()})
              .value()
              .empty());
}

TEST_CASE("process: what is handed down is read from descriptor 3 and there is no other") {
    const std::string text(4096, 'x');
    const ProcessOptions options{.command = {"sh", "-c", "cat <&3; ls /proc/self/fd | wc -l"},
                                 .handed_down = text};
    CHECK(output_of(options).value() == text + "5\n");
    CHECK(output_of({.command = {"sh", "-c", "cat <&3 2>/dev/null || echo none"}}).value() ==
          "none\n");
}

TEST_CASE("seccomp: the filter is what the kernel accepts and fits into a pipe") {
    for (const bool network : {false, true}) {
        const std::string filter = seccomp_filter(network);
        CHECK(filter.size() % sizeof(sock_filter) == 0);
        CHECK(filter.size() / sizeof(sock_filter) <= BPF_MAXINSNS);
        CHECK(filter.size() <= 4096);
    }
    CHECK(seccomp_filter(true) != seccomp_filter(false));
}

TEST_CASE("program files: what stands below /usr needs nothing") {
    const ProgramFiles files = find_program_files("/usr/bin/env", "/").value();
    CHECK(files.program == "/usr/bin/env");
    CHECK(files.needed.empty());
}

TEST_CASE("program files: links and first lines lead to every installation") {
    const TemporaryFolder folder;
    const fs::path root = fs::canonical(folder.path());
    const fs::path real = folder.write("versions/3/bin/tool3",
                                       "\x7f"
                                       "ELF");
    make_program(real);
    fs::create_directories(root / "venv/bin");
    fs::create_symlink("tool3", root / "versions/3/bin/tool");
    fs::create_symlink(root / "versions/3/bin/tool", root / "venv/bin/tool");
    const OtherPath path((root / "venv/bin").string() + ":" + std::getenv("PATH"));

    const ProgramFiles files = find_program_files("tool", "/").value();
    CHECK(files.program == root / "venv/bin/tool");
    CHECK(holds(files.needed, root / "venv"));
    CHECK(holds(files.needed, root / "versions/3"));

    make_program(folder.write("spec/run.tool", "#!/usr/bin/env tool\n"));
    const ProgramFiles script = find_program_files("./run.tool", root / "spec").value();
    CHECK(script.program == root / "spec/run.tool");
    CHECK(holds(script.needed, root / "versions/3"));

    make_program(folder.write("manager/shims/shim", "#!/bin/sh\n"));
    const ProgramFiles shim =
        find_program_files((root / "manager/shims/shim").string(), "/").value();
    CHECK(holds(shim.needed, root / "manager"));
}

TEST_CASE("program files: nobody's whole home folder is an installation") {
    const TemporaryFolder folder;
    const fs::path home = fs::canonical(folder.path());
    make_program(folder.write("bin/tool",
                              "\x7f"
                              "ELF"));
    const std::string before = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
    REQUIRE(::setenv("HOME", home.c_str(), 1) == 0);
    const auto files = find_program_files((home / "bin/tool").string(), "/");
    REQUIRE(::setenv("HOME", before.c_str(), 1) == 0);
    CHECK(!holds(files.value().needed, home));
    CHECK(holds(files.value().needed, home / "bin/tool"));
}

TEST_CASE("program files: circles end and what is missing or no program is named") {
    const TemporaryFolder folder;
    const fs::path root = folder.path();
    fs::create_symlink(root / "b", root / "a");
    fs::create_symlink(root / "a", root / "b");
    folder.write("text", "no program");
    make_program(folder.write("self", "#!./self\n"));
    CHECK(find_program_files("./self", root));
    for (const char* name : {"./a", "./text", "./missing", "no-such-program"}) {
        const auto found = find_program_files(name, root);
        REQUIRE(!found);
        CHECK(found.error().code == ErrorCode::not_found);
        CHECK_THAT(found.error().message, Catch::Contains(name));
    }
}

TEST_CASE("sandbox: a path that is not there is refused before anything starts") {
    const TemporaryFolder folder;
    fs::permissions(folder.path(), fs::perms(0755));
    SandboxSpec spec;
    spec.read = {folder.path() / "missing"};
    const auto options = in_sandbox(spec, {.command = {"true"}, .folder = folder.path()});
    REQUIRE(!options);
    CHECK(options.error().code == ErrorCode::not_found);
}

TEST_CASE("sandbox: where bubblewrap is not found the reason is PATH and not another program") {
    const TemporaryFolder folder;
    const std::pair<std::string, std::string> cases[] = {
        {"", "PATH is empty"}, {folder.path().string(), "there is no bubblewrap on PATH"}};
    for (const auto& [value, reason] : cases) {
        const OtherPath path(value);
        const auto available = sandbox_available();
        REQUIRE(!available);
        CHECK(available.error().code == ErrorCode::unavailable);
        CHECK_THAT(available.error().message, Catch::Contains(reason));
        CHECK_THAT(available.error().message, !Catch::Contains("\"true\""));
        const auto python = in_sandbox({}, {.command = {"python3"}, .folder = "/usr"});
        REQUIRE(!python);
        CHECK(python.error().code == ErrorCode::not_found);
        CHECK_THAT(python.error().message, Catch::Contains("\"python3\""));
    }
}

TEST_CASE("sandbox: our variables are on no command line") {
    const TemporaryFolder folder;
    fs::permissions(folder.path(), fs::perms(0755));
    REQUIRE(::setenv("A_SECRET", "canary", 1) == 0);
    SandboxSpec spec;
    spec.environment = {"A_SECRET", "NOT_SET_ANYWHERE"};
    const auto options = in_sandbox(spec, {.command = {"true"}, .folder = folder.path()});
    REQUIRE(options);
    for (const std::string& word : options->command) {
        CHECK(word.find("canary") == std::string::npos);
    }
    REQUIRE(options->environment);
    CHECK(std::ranges::count(*options->environment, "A_SECRET=canary") == 1);
    CHECK(options->environment->size() == 5);
}

}  // namespace assay::test
