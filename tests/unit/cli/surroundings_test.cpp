#include "runner/cli/surroundings.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.hpp"

extern char** environ;

namespace assay {
namespace {

/// As long as this lives, the environment has these variables and PATH, and no others.
class OnlyEnvironment {
  public:
    explicit OnlyEnvironment(const std::map<std::string, std::string>& wanted) {
        for (char** entry = environ; *entry != nullptr; ++entry) before_.emplace_back(*entry);
        const char* const path = std::getenv("PATH");
        const std::string kept = path == nullptr ? "" : path;
        (void)::clearenv();
        set("PATH", kept);
        for (const auto& [name, value] : wanted) set(name, value);
    }
    ~OnlyEnvironment() {
        (void)::clearenv();
        for (const std::string& entry : before_) {
            const std::size_t equals = entry.find('=');
            set(entry.substr(0, equals), entry.substr(equals + 1));
        }
    }
    OnlyEnvironment(const OnlyEnvironment&) = delete;
    OnlyEnvironment& operator=(const OnlyEnvironment&) = delete;

  private:
    static void set(const std::string& name, const std::string& value) {
        (void)::setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<std::string> before_;
};

Json ci_of(const std::map<std::string, std::string>& variables) {
    const OnlyEnvironment environment(variables);
    return describe_surroundings("/")["ci"];
}

Json ci(const Json& provider, const Json& url, const Json& pull_request) {
    return {{"provider", provider}, {"run_url", url}, {"pull_request", pull_request}};
}

}  // namespace

TEST_CASE("surroundings: branch and commit are read from the repository's own files", "[cli]") {
    const OnlyEnvironment environment({});
    const test::TemporaryFolder folder;
    CHECK(describe_surroundings(folder.path())["git"].is_null());
    folder.write(".git/HEAD", "ref: refs/heads/topic/x\n");
    folder.write(".git/packed-refs", "# pack-refs\nabc123 refs/heads/topic/x\n");
    folder.write("deep/er/spec.yaml", "");
    const Json git = describe_surroundings(folder.path() / "deep" / "er")["git"];
    CHECK(git["branch"] == "topic/x");
    CHECK(git["commit"] == "abc123");
    folder.write(".git/refs/heads/topic/x", "def456\n");
    CHECK(describe_surroundings(folder.path())["git"]["commit"] == "def456");
    folder.write(".git/HEAD", "0123456789\n");
    CHECK(describe_surroundings(folder.path())["git"]["commit"] == "0123456789");
    CHECK(describe_surroundings(folder.path())["git"]["branch"].is_null());
}

TEST_CASE("surroundings: a worktree finds its branch in the shared folder", "[cli]") {
    const OnlyEnvironment environment({});
    const test::TemporaryFolder folder;
    folder.write("main/.git/worktrees/w/HEAD", "ref: refs/heads/topic\n");
    folder.write("main/.git/worktrees/w/commondir", "../..\n");
    folder.write("main/.git/refs/heads/topic", "abc123\n");
    folder.write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
    const Json git = describe_surroundings(folder.path() / "w")["git"];
    CHECK(git["branch"] == "topic");
    CHECK(git["commit"] == "abc123");
    folder.write("w/.git", "something else\n");
    CHECK(describe_surroundings(folder.path() / "w")["git"].is_null());
}

TEST_CASE("surroundings: what git cannot tell is null", "[cli]") {
    const OnlyEnvironment environment({{"PATH", "/nowhere"}});
    const test::TemporaryFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/none\n");
    const Json git = describe_surroundings(folder.path())["git"];
    CHECK(git == Json{{"commit", nullptr}, {"branch", "none"}, {"dirty", nullptr}});
}

TEST_CASE("surroundings: each CI service is known by its documented variables", "[cli]") {
    CHECK(ci_of({}).is_null());
    CHECK(ci_of({{"CI", "true"}}) == ci("unknown", nullptr, nullptr));
    CHECK(ci_of({{"CI", "true"},
                 {"GITHUB_ACTIONS", "true"},
                 {"GITHUB_SERVER_URL", "https://github.com"},
                 {"GITHUB_REPOSITORY", "o/r"},
                 {"GITHUB_RUN_ID", "77"},
                 {"GITHUB_REF", "refs/pull/12/merge"}}) ==
          ci("github", "https://github.com/o/r/actions/runs/77", "12"));
    CHECK(ci_of({{"GITHUB_ACTIONS", "true"}, {"GITHUB_REF", "refs/heads/v2"}}) ==
          ci("github", nullptr, nullptr));
    CHECK(ci_of({{"GITLAB_CI", "true"},
                 {"CI_JOB_URL", "https://gitlab.com/o/r/-/jobs/5"},
                 {"CI_MERGE_REQUEST_IID", "3"}}) ==
          ci("gitlab", "https://gitlab.com/o/r/-/jobs/5", "3"));
    CHECK(ci_of({{"TF_BUILD", "True"},
                 {"SYSTEM_COLLECTIONURI", "https://dev.azure.com/o/"},
                 {"SYSTEM_TEAMPROJECT", "p"},
                 {"BUILD_BUILDID", "9"},
                 {"SYSTEM_PULLREQUEST_PULLREQUESTID", "4"}}) ==
          ci("azure", "https://dev.azure.com/o/p/_build/results?buildId=9", "4"));
    CHECK(ci_of({{"CIRCLECI", "true"},
                 {"CIRCLE_BUILD_URL", "https://circleci.com/gh/o/r/8"},
                 {"CIRCLE_PULL_REQUEST", "https://github.com/o/r/pull/21"}}) ==
          ci("circleci", "https://circleci.com/gh/o/r/8", "21"));
    CHECK(ci_of({{"BUILDKITE", "true"},
                 {"BUILDKITE_BUILD_URL", "https://buildkite.com/o/p/builds/1"},
                 {"BUILDKITE_PULL_REQUEST", "false"}}) ==
          ci("buildkite", "https://buildkite.com/o/p/builds/1", nullptr));
    CHECK(ci_of({{"BITBUCKET_BUILD_NUMBER", "6"},
                 {"BITBUCKET_GIT_HTTP_ORIGIN", "https://bitbucket.org/o/r"},
                 {"BITBUCKET_PR_ID", "2"}}) ==
          ci("bitbucket", "https://bitbucket.org/o/r/pipelines/results/6", "2"));
    CHECK(ci_of({{"TRAVIS", "true"},
                 {"TRAVIS_BUILD_WEB_URL", "https://travis-ci.com/o/r/builds/1"},
                 {"TRAVIS_PULL_REQUEST", "8"}}) ==
          ci("travis", "https://travis-ci.com/o/r/builds/1", "8"));
    CHECK(ci_of({{"DRONE", "true"},
                 {"DRONE_BUILD_LINK", "https://d/1"},
                 {"DRONE_PULL_REQUEST", "5"}}) == ci("drone", "https://d/1", "5"));
    CHECK(ci_of({{"JENKINS_URL", "https://j/"},
                 {"BUILD_URL", "https://j/job/x/3/"},
                 {"CHANGE_ID", "11"}}) == ci("jenkins", "https://j/job/x/3/", "11"));
}

TEST_CASE("surroundings: CI names the branch of a commit that was checked out alone", "[cli]") {
    const test::TemporaryFolder folder;
    folder.write(".git/HEAD", "0123456789\n");
    const OnlyEnvironment environment({{"GITHUB_ACTIONS", "true"},
                                       {"GITHUB_REF_NAME", "12/merge"},
                                       {"GITHUB_HEAD_REF", "topic"}});
    CHECK(describe_surroundings(folder.path())["git"]["branch"] == "topic");
}

}  // namespace assay
