#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "server/api/first_start.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {

namespace {

const Time k_now = parse_rfc3339("2026-11-01T09:30:00Z").value();

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

struct Opened {
    std::unique_ptr<AccessStore> access;
    ServerSecrets secrets;
    Result<std::optional<KeyPair>> made;
    std::string log;
};

Opened open(const TemporaryFolder& folder, std::map<std::string, std::string> variables = {}) {
    const Environment environment = environment_of(std::move(variables));
    auto access = AccessStore::open(folder.path()).value();
    ServerSecrets secrets = load_server_secrets(folder.path(), environment).value();
    TestLog log;
    auto made = prepare_access({.access = *access,
                                .secrets = secrets,
                                .environment = environment,
                                .log = log,
                                .now = k_now});
    return {std::move(access), std::move(secrets), std::move(made), log.text()};
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat facts{};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    return facts.st_mode & 0777U;
}

bool is_in_a_file(const std::filesystem::path& folder, const std::string& text) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file() && read_text(entry.path()).find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("access: the first start makes a pair and tells it once", "[api]") {
    const TemporaryFolder folder;
    std::string secret;
    {
        const Opened first = open(folder);
        REQUIRE(first.made.value());
        const KeyPair& pair = **first.made;
        secret = pair.secret_key.reveal();
        CHECK(pair.public_key.starts_with("pk-lf-"));
        CHECK(secret.starts_with("sk-lf-"));
        CHECK(secret.size() == 6 + 36);
        const auto key = first.access->find_key(hash_secret_key(first.secrets.salt, secret));
        REQUIRE(key.value());
        CHECK((*key)->owner.project == default_project_id());
        CHECK((*key)->shown_secret == "sk-lf-..." + secret.substr(secret.size() - 4));
    }
    const Opened again = open(folder);
    CHECK_FALSE(again.made.value());
    CHECK(again.access->find_key(hash_secret_key(again.secrets.salt, secret)).value());
    CHECK(mode_of(folder.path() / "salt") == 0600);
    CHECK(mode_of(folder.path() / "encryption_key") == 0600);
    CHECK_FALSE(is_in_a_file(folder.path(), secret));
    CHECK(is_in_a_file(folder.path(), secret.substr(secret.size() - 4)));  // as it is shown
}

TEST_CASE("access: another salt is noticed before every key is refused", "[api]") {
    const TemporaryFolder folder;
    REQUIRE(open(folder).made);
    const Opened changed = open(folder, {{"SALT", "another"}});
    REQUIRE_FALSE(changed.made);
    CHECK_THAT(changed.made.error().message, Catch::Contains("SALT"));
    CHECK(open(folder).made);
}

TEST_CASE("access: secrets of the server are checked", "[api]") {
    const TemporaryFolder folder;
    const auto load = [&](std::map<std::string, std::string> variables) {
        return load_server_secrets(folder.path(), environment_of(std::move(variables)));
    };
    const std::string hex(64, 'a');
    const auto given = load({{"SALT", "s"}, {"ENCRYPTION_KEY", hex}});
    REQUIRE(given);
    CHECK(given->encryption_key.reveal() == hex);
    CHECK(std::filesystem::is_empty(folder.path()));
    for (const std::string& wrong : {hex + "a", hex.substr(1), hex.substr(1) + "g"}) {
        const auto refused = load({{"SALT", "s"}, {"ENCRYPTION_KEY", wrong}});
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().message, !Catch::Contains(wrong));
    }
    const auto made = load({});
    REQUIRE(made);
    CHECK(load({})->salt.reveal() == made->salt.reveal());
    std::filesystem::permissions(folder.path() / "salt", std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    const auto open_to_others = load({});
    REQUIRE_FALSE(open_to_others);
    CHECK(open_to_others.error().code == ErrorCode::permission_denied);
    CHECK_THAT(open_to_others.error().message, Catch::Contains("chmod 600"));
}

TEST_CASE("access: names of projects are unique and those of removed ones are free", "[api]") {
    const TemporaryFolder folder;
    const Opened opened = open(folder);
    AccessStore& access = *opened.access;
    Project project{.id = ProjectId("p1"),
                    .organization = {OrganizationId("default"), "default"},
                    .name = "one",
                    .metadata = {{"team", "a"}},
                    .retention_days = 3};
    REQUIRE(access.add_project(project, k_now));
    CHECK(access.find_project(project.id).value()->metadata == project.metadata);
    CHECK(access.add_project(project, k_now).error().code == ErrorCode::already_exists);
    project.id = ProjectId("p2");
    CHECK(access.add_project(project, k_now).error().code == ErrorCode::already_exists);
    project.name = "two";
    REQUIRE(access.add_project(project, k_now));
    project.name = "one";
    CHECK(access.update_project(project, k_now).error().code == ErrorCode::already_exists);
    const KeyOwner owner{OrganizationId("default"), ProjectId("p1")};
    const KeyPair pair = make_key_pair();
    REQUIRE(access.add_key(make_api_key(pair, owner, std::nullopt, opened.secrets, k_now)));

    REQUIRE(access.remove_project(ProjectId("p1"), k_now));
    CHECK_FALSE(access.find_project(ProjectId("p1")).value());
    CHECK_FALSE(access.find_key(pair.public_key).value());
    CHECK(access.remove_project(ProjectId("p1"), k_now).error().code == ErrorCode::not_found);
    CHECK(access.update_project(project, k_now));
    project.id = ProjectId("p1");
    project.name = "again";
    CHECK(access.add_project(project, k_now).error().code == ErrorCode::already_exists);
}

TEST_CASE("access: a key is removed by its owner only", "[api]") {
    const TemporaryFolder folder;
    const Opened opened = open(folder);
    AccessStore& access = *opened.access;
    const KeyOwner organization{OrganizationId("default"), std::nullopt};
    const KeyOwner project{OrganizationId("default"), default_project_id()};
    const ApiKey key = make_api_key(make_key_pair(), organization, "CI", opened.secrets, k_now);
    REQUIRE(access.add_key(key));
    CHECK(access.add_key(key).error().code == ErrorCode::already_exists);
    CHECK(access.remove_key(project, key.id).error().code == ErrorCode::not_found);
    const KeyOwner nobody{OrganizationId("default"), ProjectId("none")};
    CHECK(access.remove_key(nobody, key.id).error().code == ErrorCode::not_found);
    const KeyOwner others{OrganizationId("none"), std::nullopt};
    CHECK(access.remove_key(others, key.id).error().code == ErrorCode::not_found);
    CHECK(access.keys(organization).value().size() == 1);
    CHECK(access.keys(organization).value()[0].note == "CI");
    CHECK(access.remove_key(organization, key.id));
    CHECK(access.keys(organization).value().empty());
}

}  // namespace assay::test
