#include "judges/providers/aws_account.hpp"

#include <catch2/catch.hpp>

#include "core/base/limits.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {
namespace {

constexpr const char* k_credentials = R"([default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = default-secret
; a comment
[work]
# another
aws_access_key_id=AKIDWORK
aws_secret_access_key = work/secret+with=equals
aws_session_token =work-token
[ spaced ]
aws_access_key_id = AKIDSPACED
aws_secret_access_key = spaced-secret
[half]
aws_access_key_id = AKIDHALF
)";
constexpr const char* k_config = R"([default]
region = eu-west-1
[profile work]
region = ap-south-1
aws_access_key_id = AKIDCONFIG
s3 =
    region = never
[profile login]
sso_session = company
region = us-west-2
[profile inconfig]
aws_access_key_id = AKIDINCONFIG
aws_secret_access_key = inconfig-secret
)";

ProviderSettings settings_of(Json own, const std::map<std::string, std::string>& environment) {
    ProviderSettings settings;
    settings.name = "bedrock";
    settings.own = std::move(own);
    for (const auto& [name, value] : environment) {
        settings.environment.emplace(name, Secret(value));
    }
    return settings;
}

class Home {
  public:
    Home() {
        folder_.write(".aws/credentials", k_credentials);
        folder_.write(".aws/config", k_config);
    }
    [[nodiscard]] AwsAccount find(Json own, std::map<std::string, std::string> environment = {},
                                  const std::string& api_key = "") const {
        environment.emplace("HOME", folder_.path().string());
        ProviderSettings settings = settings_of(std::move(own), environment);
        settings.api_key = Secret(api_key);
        return find_aws_account(settings);
    }
    [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

  private:
    TemporaryFolder folder_;
};

const std::map<std::string, std::string> k_key_variables = {
    {"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "env-secret"}};

}  // namespace

TEST_CASE("aws account: the default profile is what is left when nobody says anything") {
    const AwsAccount account = Home().find(Json::object());
    CHECK(account.missing.empty());
    CHECK(account.region == "eu-west-1");
    CHECK(account.key.access_key_id == "AKIDDEFAULT");
    CHECK(account.key.secret_access_key.reveal() == "default-secret");
    CHECK(account.key.session_token.empty());
    CHECK(account.bearer_token.empty());
}

TEST_CASE("aws account: a profile gives key and token and region from both files") {
    const Home home;
    for (const bool by_variable : {true, false}) {
        const AwsAccount account = by_variable ? home.find({}, {{"AWS_PROFILE", "work"}})
                                               : home.find({{"profile", "work"}});
        CHECK(account.missing.empty());
        CHECK(account.region == "ap-south-1");
        CHECK(account.key.access_key_id == "AKIDWORK");
        CHECK(account.key.secret_access_key.reveal() == "work/secret+with=equals");
        CHECK(account.key.session_token.reveal() == "work-token");
    }
    CHECK(home.find({{"profile", "spaced"}}).key.access_key_id == "AKIDSPACED");
    CHECK(home.find({{"profile", "inconfig"}, {"region", "x"}}).key.access_key_id ==
          "AKIDINCONFIG");
}

TEST_CASE("aws account: what is said more directly wins") {
    const Home home;
    const Json own = {{"access_key_id", "AKIDOWN"}, {"secret_access_key", "own-secret"}};
    auto variables = k_key_variables;
    variables["AWS_PROFILE"] = "work";
    CHECK(home.find(own, variables, "token").key.access_key_id == "AKIDOWN");
    CHECK(home.find(own, variables, "token").bearer_token.empty());
    CHECK(home.find({{"profile", "work"}}, k_key_variables, "token").key.access_key_id ==
          "AKIDWORK");
    CHECK(home.find({}, variables, "token").bearer_token.reveal() == "token");
    CHECK(home.find({}, variables).key.access_key_id == "AKIDENV");
    CHECK(home.find({}, variables).key.session_token.empty());
    variables["AWS_SESSION_TOKEN"] = "env-token";
    CHECK(home.find({}, variables).key.session_token.reveal() == "env-token");
    variables.erase("AWS_SECRET_ACCESS_KEY");
    CHECK(home.find({}, variables).key.access_key_id == "AKIDWORK");
}

TEST_CASE("aws account: the region is found where AWS's own tools find it") {
    const Home home;
    const std::map<std::string, std::string> both = {{"AWS_REGION", "sa-east-1"},
                                                     {"AWS_DEFAULT_REGION", "us-east-2"}};
    CHECK(home.find({{"region", "ca-central-1"}}, both).region == "ca-central-1");
    CHECK(home.find({}, both).region == "sa-east-1");
    CHECK(home.find({}, {{"AWS_DEFAULT_REGION", "us-east-2"}}).region == "us-east-2");
    CHECK(home.find({{"profile", "work"}}).region == "ap-south-1");
}

TEST_CASE("aws account: files elsewhere are read instead") {
    const Home home;
    const auto keys = home.folder().write("elsewhere/keys",
                                          "[default]\naws_access_key_id=AKIDELSE\n"
                                          "aws_secret_access_key=else-secret\n");
    const auto config =
        home.folder().write("elsewhere/config", "[default]\r\nregion=us-gov-west-1\r\n");
    const AwsAccount account = home.find(
        {}, {{"AWS_SHARED_CREDENTIALS_FILE", keys.string()}, {"AWS_CONFIG_FILE", config.string()}});
    CHECK(account.key.access_key_id == "AKIDELSE");
    CHECK(account.region == "us-gov-west-1");
}

TEST_CASE("aws account: a file of profiles is read up to the limit") {
    const Home home;
    std::string keys =
        "[default]\naws_access_key_id=AKIDLONG\naws_secret_access_key=long-secret\n#";
    keys.resize(limits::k_aws_profiles_bytes_max, 'x');
    const auto found = [&home, &keys] {
        const auto file = home.folder().write("long", keys);
        return home.find({}, {{"AWS_SHARED_CREDENTIALS_FILE", file.string()}});
    };
    CHECK(found().key.access_key_id == "AKIDLONG");
    keys += 'x';
    CHECK(found().key.access_key_id.empty());
    CHECK(!found().missing.empty());
}

TEST_CASE("aws account: what is missing is said with the remedy and without a secret") {
    const Home home;
    for (const char* const name : {"login", "half", "none"}) {
        const std::string missing = home.find({{"profile", name}, {"region", "x"}}).missing;
        CHECK_THAT(missing, Catch::Contains(std::string("profile \"") + name + "\"") &&
                                Catch::Contains("export-credentials --profile") &&
                                Catch::Contains(".aws/credentials"));
        CHECK_THAT(missing, !Catch::Contains("secret"));
    }
    const AwsAccount keyless = find_aws_account(settings_of({{"region", "x"}}, {}));
    CHECK_THAT(keyless.missing, Catch::StartsWith("credentials: set AWS_ACCESS_KEY_ID"));
    const AwsAccount homeless = find_aws_account(settings_of({}, k_key_variables));
    CHECK(homeless.region.empty());
    CHECK(homeless.missing.empty());
}

}  // namespace assay::test
