#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "runner/cli/arguments.hpp"
#include "runner/cli/console.hpp"
#include "runner/cli/prepare.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

template <class Arguments>
Arguments parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "assay");
    auto result = parse_command_line(static_cast<int>(words.size()), words.data());
    auto* const line = std::get_if<CommandLine>(&result);
    REQUIRE(line != nullptr);
    REQUIRE(std::holds_alternative<Arguments>(line->command));
    return std::get<Arguments>(line->command);
}

int refused(std::vector<const char*> words) {
    words.insert(words.begin(), "assay");
    const auto result = parse_command_line(static_cast<int>(words.size()), words.data());
    REQUIRE(std::holds_alternative<int>(result));
    return std::get<int>(result);
}

}  // namespace

TEST_CASE("command line: every option of run is read", "[cli]") {
    const auto a = parsed<RunArguments>(
        {"run",           "s.yaml",    "--set",      "a=1",      "--set",      "b=2",
         "--limit",       "5",         "--sample",   "4",        "--seed",     "7",
         "--repetitions", "3",         "-j",         "9",        "--variant",  "x",
         "--variant",     "y",         "--filter",   "id = 'a'", "--run-name", "n",
         "--tag",         "t",         "--metadata", "k=v",      "--out",      "r.json",
         "--out",         "r.md",      "--progress", "plain",    "--quiet",    "--yes",
         "--store",       "elsewhere", "--env-file", ".env"});
    CHECK(a.specs == std::vector<std::string>{"s.yaml"});
    CHECK(a.overrides == std::vector<std::string>{"a=1", "b=2"});
    CHECK(a.limit == 5U);
    CHECK(a.sample == 4U);
    CHECK(a.seed == 7U);
    CHECK(a.repetitions == 3);
    CHECK(a.concurrency == 9);
    CHECK(a.variants == std::vector<std::string>{"x", "y"});
    CHECK(a.filter == "id = 'a'");
    CHECK(a.run_name == "n");
    CHECK(a.tags == std::vector<std::string>{"t"});
    CHECK(a.metadata == std::vector<std::string>{"k=v"});
    CHECK(a.out == std::vector<std::string>{"r.json", "r.md"});
    CHECK(a.progress == ProgressMode::plain);
    CHECK(a.quiet);
    CHECK(a.store == "elsewhere");
    CHECK(a.env_file == ".env");
}

TEST_CASE("command line: a repeated option does not swallow what follows", "[cli]") {
    const auto a = parsed<RunArguments>({"run", "--out", "r.json", "s.yaml"});
    CHECK(a.specs == std::vector<std::string>{"s.yaml"});
    CHECK(a.out == std::vector<std::string>{"r.json"});
}

TEST_CASE("command line: what the cache is told is read", "[cli]") {
    const auto run = parsed<RunArguments>({"run", "s.yaml", "--no-cache", "--cache-dir", "kept"});
    CHECK(run.no_cache);
    CHECK(run.cache_folder == "kept");
    const auto plain = parsed<RunArguments>({"run", "s.yaml"});
    CHECK_FALSE(plain.no_cache);
    CHECK(plain.cache_folder.empty());
    const auto rm = parsed<CacheArguments>({"cache", "rm", "3f", "90", "--dir", "kept", "--json"});
    CHECK(rm.action == "rm");
    CHECK(rm.keys == std::vector<std::string>{"3f", "90"});
    CHECK(rm.folder == "kept");
    CHECK(rm.json);
    const auto by_age = parsed<CacheArguments>({"cache", "rm", "--older-than", "30d"});
    CHECK(by_age.older_than == "30d");
    CHECK(by_age.folder == ".assay/cache");
    CHECK(parsed<CacheArguments>({"cache", "rm", "--all"}).all);
    CHECK(refused({"cache"}) == 2);
    CHECK(refused({"cache", "list"}) == 2);
}

TEST_CASE("command line: wrong usage is exit code 2 and help is 0", "[cli]") {
    CHECK(refused({}) == 2);
    CHECK(refused({"run"}) == 2);
    CHECK(refused({"run", "s.yaml", "--limit", "-3"}) == 2);
    CHECK(refused({"run", "s.yaml", "--limit", "many"}) == 2);
    CHECK(refused({"run", "s.yaml", "--progress", "loud"}) == 2);
    CHECK(refused({"nonsense"}) == 2);
    CHECK(refused({"--help"}) == 0);
    CHECK(refused({"run", "--help"}) == 0);
    CHECK(refused({"--version"}) == 0);
}

TEST_CASE("exit codes: every kind of error has one", "[cli]") {
    CHECK(exit_code_for(ErrorCode::invalid_argument) == ExitCode::usage);
    CHECK(exit_code_for(ErrorCode::not_found) == ExitCode::usage);
    CHECK(exit_code_for(ErrorCode::resource_exhausted) == ExitCode::incomplete);
    CHECK(exit_code_for(ErrorCode::unavailable) == ExitCode::incomplete);
    CHECK(exit_code_for(ErrorCode::cancelled) == ExitCode::interrupted);
}

TEST_CASE("annotations: what GitHub would take for syntax is escaped", "[cli]") {
    const Diagnostic diagnostic{{"a,b:c.yaml", 3, 5}, "100% wrong\nsecond line"};
    CHECK(github_annotation(diagnostic) ==
          "::error file=a%2Cb%3Ac.yaml,line=3,col=5::100%25 wrong%0Asecond line");
}

TEST_CASE("env file: comments and quotes are understood and what is set stays", "[cli]") {
    const test::TemporaryFolder folder;
    ::setenv("ASSAY_TEST_KEPT", "outside", 1);
    const auto file = folder.write(".env",
                                   "# a comment\n\nexport ASSAY_TEST_A='one two'\n"
                                   "ASSAY_TEST_B = \"x=y\"\nASSAY_TEST_KEPT=inside\n");
    REQUIRE(read_env_file(file.string()));
    CHECK(std::string(std::getenv("ASSAY_TEST_A")) == "one two");
    CHECK(std::string(std::getenv("ASSAY_TEST_B")) == "x=y");
    CHECK(std::string(std::getenv("ASSAY_TEST_KEPT")) == "outside");

    const auto broken = folder.write("broken.env", "GOOD=1\nno equals sign\n");
    const auto refused_file = read_env_file(broken.string());
    REQUIRE_FALSE(refused_file);
    CHECK(refused_file.error().message.find("broken.env:2") != std::string::npos);
    CHECK_FALSE(read_env_file((folder.path() / "none.env").string()));
}

}  // namespace assay
