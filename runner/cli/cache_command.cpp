#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "core/base/clock.hpp"
#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/base/money.hpp"
#include "core/base/text.hpp"
#include "judges/calls/reply_file.hpp"
#include "judges/calls/reply_folder.hpp"
#include "runner/cli/commands.hpp"

namespace assay {
namespace {

constexpr std::size_t k_key_shown_digits = 12;
constexpr std::size_t k_damaged_shown_max = 20;

std::string in_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    const double kilobytes = static_cast<double>(bytes) / 1000;
    if (kilobytes < 1000) return fmt::format("{:.1f} kB", kilobytes);
    return fmt::format("{:.1f} MB", kilobytes / 1000);
}

std::string count_of(const std::vector<ReplyFileInfo>& replies) {
    std::uint64_t bytes = 0;
    for (const ReplyFileInfo& reply : replies) bytes += reply.bytes;
    return fmt::format("{} {}, {}", replies.size(), replies.size() == 1 ? "reply" : "replies",
                       in_bytes(bytes));
}

std::string shown_key(const ReplyFileInfo& file) { return file.key.substr(0, k_key_shown_digits); }

/// @error data_loss when the file is damaged; the message is the end of a sentence.
Result<RecordedReply> read_reply(const ReplyFileInfo& file) {
    ASSAY_TRY(const std::string text, read_file(file.path, limits::k_cache_file_bytes_max));
    ASSAY_TRY(RecordedReply recorded, read_reply_file(text));
    if (recorded.key == file.key) return recorded;
    return failure(ErrorCode::data_loss, "its name is not its key");
}

/// A member, or null: a file is only what its checksum says, not what we would have written.
const Json& member(const Json& object, const char* name) {
    static const Json k_null;
    if (!object.is_object()) return k_null;
    const auto found = object.find(name);
    return found == object.end() ? k_null : *found;
}

struct Summary {
    std::string model;  ///< that answered; "POST" for a service
    std::string asked;  ///< the last message; where the service is
};

Summary summary_of(const RecordedReply& recorded) {
    const Json& service = member(recorded.request, "service");
    if (service.is_object()) {
        return {as_text(member(service, "method")), as_text(member(service, "url"))};
    }
    const std::string& model = recorded.reply.model;
    const Json& messages = member(recorded.request, "messages");
    const bool is_asked = messages.is_array() && !messages.empty();
    return {model.empty() ? as_text(member(recorded.request, "model")) : model,
            is_asked ? as_text(member(messages.back(), "content")) : std::string()};
}

OrderedJson file_to_json(const ReplyFileInfo& file) {
    OrderedJson json;
    json["id"] = file.key;
    json["file"] = file.path.string();
    json["bytes"] = file.bytes;
    json["used_at"] = to_rfc3339(file.used);
    return json;
}

OrderedJson reply_to_json(const RecordedReply& recorded) {
    const ProviderReply& reply = recorded.reply;
    OrderedJson json;
    json["output"] = reply.output;
    json["model"] = reply.model;
    json["finish_reason"] = reply.finish_reason;
    json["usage"] = reply.usage;
    json["cost_usd"] = reply.cost ? OrderedJson(to_usd(*reply.cost)) : OrderedJson();
    json["log"] = reply.log;
    return json;
}

/// One command on one folder.
class CacheCommand {
  public:
    CacheCommand(const CacheArguments& arguments, const Console& console)
        : arguments_(arguments), console_(console) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    [[nodiscard]] Result<void> check_arguments() const;
    [[nodiscard]] Result<ReplyFileInfo> find(const std::string& key) const;
    [[nodiscard]] Result<std::vector<ReplyFileInfo>> chosen() const;
    [[nodiscard]] bool says_nothing_is_there() const;

    void print_row(std::string_view key, std::string_view used, std::string_view size,
                   const Summary& summary) const;
    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> show() const;
    [[nodiscard]] Result<ExitCode> remove() const;
    [[nodiscard]] Result<ExitCode> verify() const;

    const CacheArguments& arguments_;
    const Console& console_;
    std::vector<ReplyFileInfo> replies_;  ///< by key
};

Result<void> CacheCommand::check_arguments() const {
    const auto refuse = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    const std::string& action = arguments_.action;
    const bool is_rm = action == "rm";
    if (!is_rm && (arguments_.all || !arguments_.older_than.empty())) {
        return refuse(
            fmt::format("--all and --older-than go with `assay cache rm`, not with {}", action));
    }
    if (action == "show" && arguments_.keys.size() != 1) {
        return refuse("`assay cache show` takes one KEY; `assay cache ls` lists them");
    }
    const bool takes_keys = is_rm || action == "show";
    if (!takes_keys && !arguments_.keys.empty()) {
        return refuse(fmt::format("`assay cache {}` takes no KEY", action));
    }
    const int ways = static_cast<int>(!arguments_.keys.empty()) +
                     static_cast<int>(!arguments_.older_than.empty()) +
                     static_cast<int>(arguments_.all);
    if (is_rm && ways != 1) {
        return refuse(
            "say which replies to remove: KEY..., --older-than AGE or --all, one of them");
    }
    return {};
}

/// The reply with this key, or the only one whose key begins so.
Result<ReplyFileInfo> CacheCommand::find(const std::string& key) const {
    std::vector<const ReplyFileInfo*> found;
    for (const ReplyFileInfo& file : replies_) {
        if (!key.empty() && file.key.starts_with(key)) found.push_back(&file);
    }
    if (found.size() == 1) return *found.front();
    if (found.empty()) {
        return failure(ErrorCode::not_found,
                       fmt::format("{} holds no reply whose key begins with \"{}\"; list them: "
                                   "assay cache ls --dir {}",
                                   arguments_.folder, key, arguments_.folder));
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} keys begin with \"{}\", among them {} and {}; give more digits",
                               found.size(), key, found[0]->key, found[1]->key));
}

Result<std::chrono::milliseconds> age_of(const std::string& text) {
    const auto age = parse_age(text);
    if (age) return *age;
    return failure(age.error().code, "--older-than: " + age.error().message);
}

/// What rm removes. Everything is found before anything is removed.
Result<std::vector<ReplyFileInfo>> CacheCommand::chosen() const {
    if (arguments_.all) return replies_;
    std::vector<ReplyFileInfo> files;
    if (arguments_.older_than.empty()) {
        for (const std::string& key : arguments_.keys) {
            ASSAY_TRY(ReplyFileInfo file, find(key));
            const bool is_twice = std::ranges::any_of(
                files, [&](const ReplyFileInfo& chosen) { return chosen.key == file.key; });
            if (!is_twice) files.push_back(std::move(file));
        }
        return files;
    }
    ASSAY_TRY(const std::chrono::milliseconds age, age_of(arguments_.older_than));
    const Time now = SystemClock().now();
    std::ranges::copy_if(replies_, std::back_inserter(files),
                         [&](const ReplyFileInfo& file) { return now - file.used > age; });
    return files;
}

bool CacheCommand::says_nothing_is_there() const {
    if (!replies_.empty()) return false;
    if (arguments_.json) {
        print_out("[]\n");
    } else {
        print_out(fmt::format(
            "No replies are cached in {}.\n"
            "Keep them: `cache: read_write` under `execution:` in the spec, then assay run SPEC\n",
            arguments_.folder));
    }
    return true;
}

void CacheCommand::print_row(std::string_view key, std::string_view used, std::string_view size,
                             const Summary& summary) const {
    constexpr std::size_t k_model_columns = 14;
    constexpr std::size_t k_fixed_columns = k_key_shown_digits + 16 + 8 + k_model_columns + 4 * 2;
    const std::size_t room =
        console_.columns > k_fixed_columns + 8 ? console_.columns - k_fixed_columns : 8;
    const std::string model = fit_width(terminal_safe(summary.model), k_model_columns);
    print_out(fmt::format("{:<12}  {:<16}  {:>8}  {}{:<{}}  {}\n", key, used, size, model, "",
                          k_model_columns - display_width(model),
                          fit_width(terminal_safe(summary.asked), room)));
}

Result<ExitCode> CacheCommand::list() {
    if (says_nothing_is_there()) return ExitCode::ok;
    std::ranges::sort(replies_, std::ranges::greater(),
                      [](const ReplyFileInfo& file) { return std::pair(file.used, file.key); });
    OrderedJson rows = OrderedJson::array();
    std::size_t damaged = 0;
    if (!arguments_.json) print_row("KEY", "USED", "SIZE", {"MODEL", "ASKED"});
    for (const ReplyFileInfo& file : replies_) {
        const auto recorded = read_reply(file);
        if (!recorded && recorded.error().code == ErrorCode::not_found) continue;
        damaged += static_cast<std::size_t>(!recorded);
        const Summary summary = recorded ? summary_of(*recorded) : Summary{"damaged", ""};
        if (!arguments_.json) {
            std::string used = to_rfc3339(file.used).substr(0, 16);
            used[10] = ' ';
            print_row(shown_key(file), used, in_bytes(file.bytes), summary);
            continue;
        }
        rows.push_back(file_to_json(file));
        rows.back()["model"] = recorded ? OrderedJson(summary.model) : OrderedJson();
        rows.back()["asked"] = recorded ? OrderedJson(summary.asked) : OrderedJson();
        rows.back()["damaged"] = !recorded;
    }
    if (arguments_.json) {
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    print_out(fmt::format("{} in {}\n", count_of(replies_), arguments_.folder));
    if (damaged > 0) {
        print_out(fmt::format("{} damaged: assay cache verify --dir {}\n",
                              damaged == 1 ? "One is" : "Some are", arguments_.folder));
    }
    return ExitCode::ok;
}

/// Members that say something, each under its name; a conversation message by message.
void print_members(const Json& object) {
    for (const auto& [name, value] : object.items()) {
        if (value.is_null() || value == "" || (value.is_structured() && value.empty())) continue;
        if (name != "messages") {
            print_field(name, value);
            continue;
        }
        for (const Json& message : value) {
            print_field(as_text(member(message, "role")), member(message, "content"));
        }
    }
}

void print_recorded(const RecordedReply& recorded) {
    Json request = recorded.request;
    const Json service = member(request, "service");
    request.erase("assay_request");
    request.erase("service");
    print_out("\nrequest\n");
    print_members(request);
    print_members(service);

    Json facts = Json(reply_to_json(recorded));
    facts.erase("output");
    if (const auto cost = recorded.reply.cost) {
        facts["cost_usd"] = fmt::format("{:.6f}", to_usd(*cost));
    }
    print_out("\nreply\n");
    print_field("output", recorded.reply.output);
    print_members(facts);
}

Result<ExitCode> CacheCommand::show() const {
    ASSAY_TRY(const ReplyFileInfo file, find(arguments_.keys.front()));
    auto recorded = read_reply(file);
    if (!recorded) {
        return failure(recorded.error().code,
                       fmt::format("{} is damaged: {}; remove it: assay cache rm {} --dir {}",
                                   file.path.string(), recorded.error().message, shown_key(file),
                                   arguments_.folder));
    }
    if (arguments_.json) {
        OrderedJson entry = file_to_json(file);
        entry["request"] = recorded->request;
        entry["reply"] = reply_to_json(*recorded);
        print_out(to_pretty_text(OrderedJson::array({entry})));
        return ExitCode::ok;
    }
    print_out(fmt::format("reply {}\n", file.key));
    print_field("file", file.path.string());
    print_field("used", to_rfc3339(file.used));
    print_recorded(*recorded);
    return ExitCode::ok;
}

Result<ExitCode> CacheCommand::remove() const {
    ASSAY_TRY(const std::vector<ReplyFileInfo> files, chosen());
    OrderedJson removed = OrderedJson::array();
    for (const ReplyFileInfo& file : files) {
        ASSAY_CHECK(remove_reply(file.path));
        removed.push_back(file_to_json(file));
    }
    if (arguments_.json) {
        print_out(to_pretty_text(removed));
    } else if (files.empty()) {
        print_out(
            fmt::format("Nothing to remove: {} in {}.\n", count_of(replies_), arguments_.folder));
    } else {
        print_out(fmt::format("Removed {} from {}.\n", count_of(files), arguments_.folder));
    }
    return ExitCode::ok;
}

Result<ExitCode> CacheCommand::verify() const {
    if (says_nothing_is_there()) return ExitCode::ok;
    OrderedJson damaged = OrderedJson::array();
    std::string keys;
    for (const ReplyFileInfo& file : replies_) {
        const auto recorded = read_reply(file);
        if (recorded || recorded.error().code == ErrorCode::not_found) continue;
        damaged.push_back(file_to_json(file));
        damaged.back()["damage"] = recorded.error().message;
        if (damaged.size() <= k_damaged_shown_max) keys += " " + shown_key(file);
        if (arguments_.json) continue;
        print_out(
            fmt::format("{}: {}\n", file.path.string(), terminal_safe(recorded.error().message)));
    }
    if (arguments_.json) {
        print_out(to_pretty_text(damaged));
    } else if (damaged.empty()) {
        print_out(fmt::format("{} in {}: all are as they were written.\n", count_of(replies_),
                              arguments_.folder));
    } else {
        print_out(
            fmt::format("{} of {} replies are damaged; runs take no reply from them.\n"
                        "Remove them: assay cache rm{} --dir {}\n",
                        damaged.size(), replies_.size(), keys, arguments_.folder));
    }
    return damaged.empty() ? ExitCode::ok : ExitCode::incomplete;
}

Result<ExitCode> CacheCommand::run() {
    ASSAY_CHECK(check_arguments());
    ASSAY_TRY(ReplyFolder folder, list_replies(arguments_.folder));
    replies_ = std::move(folder.replies);
    if (arguments_.action == "show") return show();
    if (arguments_.action == "rm") return remove();
    if (arguments_.action == "verify") return verify();
    return list();
}

}  // namespace

ExitCode cache_command(const CacheArguments& arguments, const Console& console) {
    return end_with(CacheCommand(arguments, console).run());
}

}  // namespace assay
