#include "configs/judge_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "configs/judge_texts.hpp"
#include "configs/located_document.hpp"
#include "configs/spec_reader.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_id_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// What a judge's prompt reaches without describing it.
bool is_own_name(std::string_view head) { return head == "metadata" || head == "steps"; }

class TemplateReader {
  public:
    explicit TemplateReader(const SpecReader& file) : file_(file) {}

    std::optional<JudgeTemplate> read() {
        static const KnownNames k_keys = {
            .names = {"judge", "version", "summary", "variables", "output", "prompt"}, .later = {}};
        if (!file_.expect_map(k_keys)) return std::nullopt;
        read_head();
        read_variables();
        if (const auto output = file_.require("output")) {
            if (auto scale = read_verdict_scale(*output)) read_.output = std::move(*scale);
        }
        if (const auto prompt = file_.require("prompt")) read_prompt(*prompt);
        if (!file_.source().diagnostics->empty()) return std::nullopt;
        check_variables();
        if (!file_.source().diagnostics->empty()) return std::nullopt;
        return std::move(read_);
    }

  private:
    void read_head() {
        if (const auto id = file_.require("judge")) {
            read_.id = id->text().value_or("");
            const bool is_id = !read_.id.empty() && std::ranges::all_of(read_.id, is_id_character);
            if (!is_id) id->mistake("`judge` is a name of lower-case letters, digits, _ and -");
        }
        if (const auto version = file_.require("version")) {
            read_.version = static_cast<int>(version->whole(1, 1'000'000).value_or(1));
        }
        if (file_.require("summary")) read_text(file_, "summary", read_.summary);
    }

    void read_variables() {
        const auto variables = file_.require("variables");
        if (!variables || !variables->expect_map()) return;
        for (const auto& [name, description] : variables->members()) {
            if (auto text = description.text()) {
                read_.variables.push_back({.name = name, .description = std::move(*text)});
            }
        }
    }

    void read_prompt(const SpecReader& prompt) {
        if (prompt.value().is_string()) return read_content("user", prompt);
        if (!prompt.value().is_array()) {
            return prompt.wrong_type("text or a list of messages with `role` and `content`");
        }
        for (const SpecReader& message : prompt.items()) read_message(message);
        const bool ends_with_user = !read_.prompt.empty() && read_.prompt.back().role == "user";
        if (!ends_with_user) prompt.mistake("the last message of `prompt` is the user's");
    }

    void read_message(const SpecReader& message) {
        static const KnownNames k_roles = {.names = {"system", "user", "assistant"}, .later = {}};
        if (!message.expect_map({.names = {"role", "content"}, .later = {}})) return;
        const auto role = message.require("role");
        const auto content = message.require("content");
        const auto name = role ? role->text() : std::nullopt;
        if (!name || !content || !role->expect_name("role", *name, k_roles)) return;
        if (*name == "system" && !read_.prompt.empty()) {
            return role->mistake("only the first message may be the system's");
        }
        read_content(*name, *content);
    }

    void read_content(std::string role, const SpecReader& content) {
        const auto text = content.text();
        if (!text) return;
        auto parsed = TextTemplate::parse(trim(*text));
        if (!parsed) {
            return content.mistake(fmt::format("{}: {}", content.title(), parsed.error().message));
        }
        read_.prompt.push_back({.role = std::move(role), .content = std::move(*parsed)});
    }

    /// What the prompt uses is described, and what is described is used.
    void check_variables() {
        const SpecReader described = file_.find("variables").value_or(file_);
        const SpecReader prompt = file_.find("prompt").value_or(file_);
        std::set<std::string> used;
        std::set<std::string> needed;
        for (const JudgeTemplate::Message& message : read_.prompt) {
            collect(message.content, used, needed);
        }
        if (used.empty()) prompt.mistake("`prompt` has no variable: the judge would see nothing");
        std::vector<std::string> names;
        for (JudgeTemplate::Variable& variable : read_.variables) {
            names.push_back(variable.name);
            variable.needed = needed.contains(variable.name);
            if (used.contains(variable.name)) continue;
            described.find(variable.name)
                .value_or(described)
                .mistake_at_key(
                    fmt::format("the variable \"{}\" does not stand in `prompt`", variable.name));
        }
        for (const std::string& name : used) {
            if (is_among(names, name)) continue;
            prompt.mistake(
                fmt::format("`prompt` uses {{{{{}}}}}, which `variables` does not "
                            "describe{}",
                            name, did_you_mean(name, names)));
        }
    }

    static void collect(const TextTemplate& text, std::set<std::string>& used,
                        std::set<std::string>& needed) {
        const auto without_default = text.needed_variables();
        const auto written = text.variables();
        const auto paths = text.paths();
        for (std::size_t i = 0; i < written.size(); ++i) {
            const std::string& head = paths[i].front();  // "context" of "context.title"
            if (is_own_name(head)) continue;
            used.insert(head);
            if (is_among(without_default, written[i])) needed.insert(head);
        }
    }

    SpecReader file_;
    JudgeTemplate read_;
};

struct ShippedText {
    std::string_view name;
    std::string_view text;
};

std::vector<JudgeTemplate> read_shipped() {
    const std::vector<ShippedText> texts = {
#define ASSAY_JUDGE_TEMPLATE(name) {#name, k_##name##_yaml},
#include "configs/judges/builtin.def"
#undef ASSAY_JUDGE_TEMPLATE
    };
    std::vector<JudgeTemplate> templates;
    for (const ShippedText& shipped : texts) {
        Diagnostics diagnostics;
        auto read =
            read_judge_template(shipped.text, fmt::format("{}.yaml", shipped.name), diagnostics);
        ASSAY_ASSERT(read && read->id == shipped.name, "a shipped judge template is sound");
        templates.push_back(std::move(*read));
    }
    return templates;
}

}  // namespace

std::optional<JudgeTemplate> read_judge_template(std::string_view text, std::string_view name,
                                                 Diagnostics& diagnostics) {
    const LocatedDocument document = parse_located(text, name);
    Diagnostics found = document.diagnostics;
    std::optional<JudgeTemplate> read;
    if (found.empty()) {
        read = TemplateReader(SpecReader(document.value, {}, {&document.places, &found})).read();
    }
    if (read) {
        read->text = text;
        read->sha256 = sha256_hex(text);
    }
    std::ranges::move(found, std::back_inserter(diagnostics));
    return read;
}

const std::vector<JudgeTemplate>& list_judge_templates() {
    static const std::vector<JudgeTemplate> k_templates = read_shipped();
    return k_templates;
}

std::vector<std::string> judge_template_ids() {
    return {
#define ASSAY_JUDGE_TEMPLATE(name) #name,
#include "configs/judges/builtin.def"
#undef ASSAY_JUDGE_TEMPLATE
    };
}

const JudgeTemplate* find_judge_template(std::string_view id) {
    const auto& all = list_judge_templates();
    const auto found = std::ranges::find(all, id, &JudgeTemplate::id);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace assay
