#include "runner/cli/repository.hpp"

#include <catch2/catch.hpp>

#include "runner/cli/console.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

TEST_CASE("repository: a file is named from the nearest repository above it") {
    const test::TemporaryFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("evals/inner/spec.yaml", "");
    const std::string spec = (folder.path() / "evals/inner/spec.yaml").string();
    CHECK(path_in_repository(spec) == "evals/inner/spec.yaml");
    CHECK(path_in_repository((folder.path() / "evals/inner/../a b.yaml").string()) ==
          "evals/a b.yaml");
    folder.write("evals/inner/.git", "gitdir: elsewhere\n");  // as in a worktree
    CHECK(path_in_repository(spec) == "spec.yaml");
}

TEST_CASE("repository: outside of one a path stays as it was given") {
    const test::TemporaryFolder folder;
    const std::string spec = (folder.path() / "spec.yaml").string();
    CHECK(path_in_repository(spec) == spec);
    CHECK_FALSE(repository_root(folder.path()).has_value());
    CHECK(path_in_repository("--set gates") == "--set gates");
    CHECK(path_in_repository("").empty());
}

TEST_CASE("github annotations: they carry their level and place") {
    const Diagnostic diagnostic{{"a,b.yaml", 3, 5}, "50 % of\nit"};
    CHECK(github_annotation(diagnostic, "notice") ==
          "::notice file=a%2Cb.yaml,line=3,col=5::50 %25 of%0Ait");
    CHECK(github_annotation({{"--set gates", 0, 0}, "no"}) == "::error::no");
}

}  // namespace
}  // namespace assay
