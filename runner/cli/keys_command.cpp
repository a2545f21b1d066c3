#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "server/api/key_pair.hpp"
#include "server/store/access_store.hpp"

namespace assay {
namespace {

std::string owner_text(const KeyOwner& owner) {
    return owner.project ? "project " + owner.project->value()
                         : "organization " + owner.organization.value();
}

/// One command on one folder.
class KeysCommand {
  public:
    KeysCommand(const KeysArguments& arguments, AccessStore& access)
        : arguments_(arguments), access_(access) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    [[nodiscard]] Result<void> check_arguments() const;
    [[nodiscard]] Result<std::vector<Project>> all_projects() const;
    [[nodiscard]] Result<std::vector<ApiKey>> all_keys() const;
    [[nodiscard]] Result<KeyOwner> chosen_owner() const;

    [[nodiscard]] Result<ExitCode> create();
    [[nodiscard]] Result<ExitCode> list() const;
    [[nodiscard]] Result<ExitCode> revoke();

    const KeysArguments& arguments_;
    AccessStore& access_;
};

Result<void> KeysCommand::check_arguments() const {
    const bool is_revoke = arguments_.action == "revoke";
    const bool is_create = arguments_.action == "create";
    if (is_revoke == arguments_.key.empty()) {
        return failure(ErrorCode::invalid_argument,
                       is_revoke ? "`assay keys revoke` takes one KEY; `assay keys list` lists them"
                                 : fmt::format("`assay keys {}` takes no KEY", arguments_.action));
    }
    const bool has_create_options =
        !arguments_.project.empty() || !arguments_.organization.empty() || !arguments_.note.empty();
    if (!is_create && has_create_options) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--project, --organization and --note go with `assay keys "
                                   "create`, not with {}",
                                   arguments_.action));
    }
    return {};
}

Result<std::vector<Project>> KeysCommand::all_projects() const {
    ASSAY_TRY(const auto organizations, access_.organizations());
    std::vector<Project> all;
    for (const Organization& organization : organizations) {
        ASSAY_TRY(const auto projects, access_.projects(organization.id));
        all.insert(all.end(), projects.begin(), projects.end());
    }
    return all;
}

/// Those of organisations, then those of projects.
Result<std::vector<ApiKey>> KeysCommand::all_keys() const {
    std::vector<KeyOwner> owners;
    ASSAY_TRY(const auto organizations, access_.organizations());
    for (const Organization& each : organizations) owners.push_back({each.id, std::nullopt});
    ASSAY_TRY(const auto projects, all_projects());
    for (const Project& each : projects) owners.push_back({each.organization.id, each.id});
    std::vector<ApiKey> all;
    for (const KeyOwner& owner : owners) {
        ASSAY_TRY(const auto keys, access_.keys(owner));
        all.insert(all.end(), keys.begin(), keys.end());
    }
    return all;
}

Result<KeyOwner> KeysCommand::chosen_owner() const {
    std::vector<std::string> names;
    if (!arguments_.organization.empty()) {
        ASSAY_TRY(const auto organizations, access_.organizations());
        for (const Organization& each : organizations) {
            if (each.id.value() == arguments_.organization) return KeyOwner{each.id, std::nullopt};
            names.push_back(each.id.value());
        }
        return failure(ErrorCode::not_found,
                       fmt::format("there is no organisation \"{}\"{}", arguments_.organization,
                                   did_you_mean(arguments_.organization, names)));
    }
    ASSAY_TRY(const auto projects, all_projects());
    const bool is_only = arguments_.project.empty() && projects.size() == 1;
    for (const Project& each : projects) {
        if (is_only || each.id.value() == arguments_.project) {
            return KeyOwner{each.organization.id, each.id};
        }
        names.push_back(each.id.value());
    }
    if (projects.empty()) {
        return failure(ErrorCode::not_found,
                       fmt::format("{} has no project yet; `assay serve --data {}` makes the first",
                                   arguments_.data, arguments_.data));
    }
    if (arguments_.project.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("there are {} projects; name one with --project, e.g. {}",
                                   projects.size(), names.front()));
    }
    return failure(ErrorCode::not_found,
                   fmt::format("there is no project \"{}\"{}", arguments_.project,
                               did_you_mean(arguments_.project, names)));
}

Result<ExitCode> KeysCommand::create() {
    ASSAY_TRY(const ServerSecrets secrets,
              load_server_secrets(arguments_.data, &process_environment));
    ASSAY_CHECK(access_.check_salt(salt_fingerprint(secrets.salt)));
    ASSAY_TRY(const KeyOwner owner, chosen_owner());
    std::optional<std::string> note;
    if (!arguments_.note.empty()) note = arguments_.note;
    const KeyPair pair = make_key_pair();
    const ApiKey key = make_api_key(pair, owner, std::move(note), secrets, SystemClock().now());
    ASSAY_CHECK(access_.add_key(key));
    if (arguments_.json) {
        print_out(to_pretty_text(OrderedJson{{"id", key.id.value()},
                                             {"public_key", pair.public_key},
                                             {"secret_key", pair.secret_key.reveal()}}));
        return ExitCode::ok;
    }
    print_out(
        fmt::format("A key of {}. Its secret is shown only now:\n\n"
                    "LANGFUSE_PUBLIC_KEY={}\nLANGFUSE_SECRET_KEY={}\n",
                    terminal_safe(owner_text(owner)), pair.public_key, pair.secret_key.reveal()));
    return ExitCode::ok;
}

Result<ExitCode> KeysCommand::list() const {
    ASSAY_TRY(const auto keys, all_keys());
    OrderedJson rows = OrderedJson::array();
    for (const ApiKey& key : keys) {
        OrderedJson row;
        row["id"] = key.id.value();
        row["public_key"] = key.public_key;
        row["secret_key"] = key.shown_secret;
        row["of"] = owner_text(key.owner);
        row["created_at"] = to_rfc3339(key.created);
        row["last_used_at"] =
            key.last_used ? OrderedJson(to_rfc3339(*key.last_used)) : OrderedJson();
        row["note"] = key.note ? OrderedJson(*key.note) : OrderedJson();
        rows.push_back(std::move(row));
    }
    if (arguments_.json) {
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (keys.empty()) print_out(fmt::format("There are no API keys in {}.\n", arguments_.data));
    for (const OrderedJson& row : rows) {
        print_out(row["public_key"].get<std::string>() + "\n");
        for (const char* const name :
             {"id", "secret_key", "of", "created_at", "last_used_at", "note"}) {
            if (!row[name].is_null()) print_field(name, Json(row[name]), 14);
        }
    }
    return ExitCode::ok;
}

Result<ExitCode> KeysCommand::revoke() {
    ASSAY_TRY(const auto keys, all_keys());
    const auto found = std::ranges::find_if(keys, [this](const ApiKey& key) {
        return key.id.value() == arguments_.key || key.public_key == arguments_.key;
    });
    if (found == keys.end()) {
        return failure(ErrorCode::not_found,
                       fmt::format("{} has no such API key; list them: assay keys list --data {}",
                                   arguments_.data, arguments_.data));
    }
    ASSAY_CHECK(access_.remove_key(found->owner, found->id));
    if (arguments_.json) {
        print_out(to_pretty_text(OrderedJson{{"revoked", found->id.value()}}));
    } else {
        print_out(fmt::format("Revoked {} of {}.\n", found->public_key,
                              terminal_safe(owner_text(found->owner))));
    }
    return ExitCode::ok;
}

Result<ExitCode> KeysCommand::run() {
    ASSAY_CHECK(check_arguments());
    if (arguments_.action == "create") return create();
    if (arguments_.action == "revoke") return revoke();
    return list();
}

Result<ExitCode> manage_keys(const KeysArguments& arguments) {
    ASSAY_TRY(const auto access, AccessStore::open_existing(arguments.data));
    return KeysCommand(arguments, *access).run();
}

}  // namespace

ExitCode keys_command(const KeysArguments& arguments, const Console& /*console*/) {
    return end_with(manage_keys(arguments));
}

}  // namespace assay
