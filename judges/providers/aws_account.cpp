#include "judges/providers/aws_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

using Section = std::map<std::string, std::string, std::less<>>;

std::string variable(const ProviderSettings& settings, std::string_view name) {
    const auto found = settings.environment.find(name);
    return found == settings.environment.end() ? std::string() : found->second.reveal();
}

std::string first_of(std::initializer_list<std::string> texts) {
    const auto* const found = std::ranges::find_if(texts, [](const auto& t) { return !t.empty(); });
    return found == texts.end() ? std::string() : *found;
}

std::string value_of(const Section& section, std::string_view name) {
    const auto found = section.find(name);
    return found == section.end() ? std::string() : found->second;
}

/// The `name = value` lines below `[TITLE]`; none when there is no such file or title.
Section read_section(const std::filesystem::path& file, std::string_view title) {
    Section section;
    const auto text = read_file(file, limits::k_aws_profiles_bytes_max);
    if (!text) return section;
    bool is_inside = false;
    for (const std::string_view line : split(*text, '\n')) {
        const std::string_view content = trim(line);
        if (content.empty() || content.starts_with('#') || content.starts_with(';')) continue;
        if (content.starts_with('[')) {
            const std::size_t end = content.find(']');
            is_inside = end != std::string_view::npos && trim(content.substr(1, end - 1)) == title;
            continue;
        }
        const std::size_t equals = content.find('=');
        const bool is_nested = line.starts_with(' ') || line.starts_with('\t');
        if (!is_inside || is_nested || equals == std::string_view::npos) continue;
        section.insert_or_assign(std::string(trim(content.substr(0, equals))),
                                 std::string(trim(content.substr(equals + 1))));
    }
    return section;
}

/// The file that the variable names, or the usual one; "" when there is no home.
std::string file_of(const ProviderSettings& settings, const char* name_variable,
                    const char* usual_name) {
    const std::string named = variable(settings, name_variable);
    const std::string home = variable(settings, "HOME");
    return !named.empty() || home.empty() ? named : fmt::format("{}/.aws/{}", home, usual_name);
}

/// What the two files say of one profile.
class Profile {
  public:
    Profile(const ProviderSettings& settings, std::string name) : name_(std::move(name)) {
        keys_file_ = file_of(settings, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
        config_file_ = file_of(settings, "AWS_CONFIG_FILE", "config");
        values_ = read_section(keys_file_, name_);
        const std::string title = name_ == "default" ? name_ : "profile " + name_;
        values_.merge(read_section(config_file_, title));
    }

    [[nodiscard]] std::string region() const { return value_of(values_, "region"); }
    [[nodiscard]] AwsKey key() const {
        return {.access_key_id = value_of(values_, "aws_access_key_id"),
                .secret_access_key = Secret(value_of(values_, "aws_secret_access_key")),
                .session_token = Secret(value_of(values_, "aws_session_token"))};
    }
    [[nodiscard]] std::string missing() const {
        return fmt::format(
            "keys for the profile \"{0}\", which neither {1} nor {2} has: roles and single sign-on "
            "are not followed; set what `aws configure export-credentials --profile {0} --format "
            "env` prints",
            terminal_safe(name_), keys_file_, config_file_);
    }

  private:
    std::string name_;
    std::string keys_file_;
    std::string config_file_;
    Section values_;
};

bool is_complete(const AwsKey& key) {
    return !key.access_key_id.empty() && !key.secret_access_key.empty();
}

AwsKey own_key(const ProviderSettings& settings) {
    return {.access_key_id = text_member(settings.own, "access_key_id"),
            .secret_access_key = Secret(text_member(settings.own, "secret_access_key")),
            .session_token = Secret(text_member(settings.own, "session_token"))};
}

AwsKey environment_key(const ProviderSettings& settings) {
    return {.access_key_id = variable(settings, "AWS_ACCESS_KEY_ID"),
            .secret_access_key = Secret(variable(settings, "AWS_SECRET_ACCESS_KEY")),
            .session_token = Secret(variable(settings, "AWS_SESSION_TOKEN"))};
}

/// @param names_profile  whether somebody named the profile.
void find_credentials(const ProviderSettings& settings, const Profile& profile, bool names_profile,
                      AwsAccount& account) {
    const bool has_own_profile = !text_member(settings.own, "profile").empty();
    account.key = own_key(settings);
    if (is_complete(account.key)) return;
    if (!has_own_profile) {
        account.bearer_token = settings.api_key;
        if (!account.bearer_token.empty()) return;
        account.key = environment_key(settings);
        if (is_complete(account.key)) return;
    }
    account.key = profile.key();
    if (is_complete(account.key)) return;
    account.missing = names_profile
                          ? profile.missing()
                          : "credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                            "AWS_BEARER_TOKEN_BEDROCK, or name a `profile` under `providers:`";
}

}  // namespace

AwsAccount find_aws_account(const ProviderSettings& settings) {
    const std::string name =
        first_of({text_member(settings.own, "profile"), variable(settings, "AWS_PROFILE")});
    const Profile profile(settings, name.empty() ? "default" : name);
    AwsAccount account;
    account.region =
        first_of({text_member(settings.own, "region"), variable(settings, "AWS_REGION"),
                  variable(settings, "AWS_DEFAULT_REGION"), profile.region()});
    find_credentials(settings, profile, !name.empty(), account);
    return account;
}

}  // namespace assay
