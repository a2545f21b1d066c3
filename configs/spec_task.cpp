#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

/// The keys that say what a variant runs, from `task` and from the variant itself: which map a key
/// stands in is in its reader.
using TaskKeys = std::map<std::string, SpecReader>;

struct Form {
    std::string_view key;  ///< the key that chooses it
    TaskForm form;
    std::vector<std::string> uses;  ///< the other keys it can do something with

    [[nodiscard]] bool can_use(const std::string& other) const {
        return std::ranges::find(uses, other) != uses.end();
    }
};

const std::array<Form, 4>& task_forms() {
    static const std::array<Form, 4> k_forms = {
        Form{"provider",
             TaskForm::provider,
             {"prompt", "parameters", "tools", "response_schema", "timeout"}},
        Form{"command", TaskForm::command, {"mode", "timeout"}},
        Form{"http", TaskForm::http, {"timeout"}},
        Form{"recorded", TaskForm::recorded, {"timeout"}}};
    return k_forms;
}

const KnownNames& task_keys() {
    static const KnownNames k_keys = {
        .names = {"provider", "prompt", "parameters", "tools", "response_schema", "command", "mode",
                  "http", "recorded", "timeout"},
        .later = {"steps"}};
    return k_keys;
}

bool is_form(std::string_view key) {
    return key == "steps" || std::ranges::find(task_forms(), key, &Form::key) != task_forms().end();
}

/// The keys of a map that are known; more than one form in it is a mistake.
TaskKeys known_keys(const SpecReader& map) {
    TaskKeys keys;
    std::vector<std::string> forms;
    for (const auto& [key, member] : map.members()) {
        const auto& [names, later] = task_keys();
        const bool known = std::ranges::find(names, key) != names.end() ||
                           std::ranges::find(later, key) != later.end();
        if (known) keys.emplace(key, member);
        if (known && is_form(key)) forms.push_back(key);
    }
    if (forms.size() > 1) {
        map.mistake_at_key(fmt::format("{} says what to run more than once ({}); keep one",
                                       map.title(), fmt::join(forms, ", ")));
    }
    return keys;
}

/// `task` with what a variant overrides. Another form replaces the form of `task`.
TaskKeys overridden(const TaskKeys& task, const TaskKeys& variant) {
    TaskKeys keys = variant;
    const bool other_form =
        std::ranges::any_of(variant, [](const auto& entry) { return is_form(entry.first); });
    for (const auto& [key, reader] : task) {
        if (!(other_form && is_form(key))) keys.emplace(key, reader);
    }
    return keys;
}

/// Reads the variants of one spec and, at the end, knows which keys of `task` none of them can use.
class TaskReader {
  public:
    TaskReader(const SpecReader& spec, const Providers& providers, const Environment* environment,
               SpecFiles& files)
        : spec_(spec), providers_(providers), environment_(environment), files_(files) {}

    [[nodiscard]] std::vector<VariantSpec> read();

  private:
    void read_variant(const SpecReader& variant, std::vector<VariantSpec>& read);
    /// nullptr when the keys choose none that is available; `whole` is where they stand.
    [[nodiscard]] const Form* form_of(const TaskKeys& keys, const SpecReader& whole);
    [[nodiscard]] TaskSpec read_task(const TaskKeys& keys, const Form& form);
    void read_key(const std::string& key, const SpecReader& reader, TaskSpec& task);
    static void read_command(const SpecReader& command, TaskSpec& task);
    void check_unread_keys();
    static void report_useless(const SpecReader& reader, std::string_view form);

    const SpecReader& spec_;
    const Providers& providers_;
    const Environment* environment_;
    SpecFiles& files_;
    TaskKeys task_keys_;
    std::set<std::string_view> forms_used_;
    std::set<std::string> keys_read_;  ///< pointers
    bool form_unknown_ = false;        ///< of some variant; then nothing can be called useless
};

void TaskReader::read_key(const std::string& key, const SpecReader& reader, TaskSpec& task) {
    if (key == "provider") {
        read_provider_name(reader, providers_, task);
    } else if (key == "prompt") {
        task.prompt = read_prompt(reader, files_);
    } else if (key == "parameters") {
        if (reader.expect_map()) task.parameters = reader.value();
    } else if (key == "tools") {
        task.tools = files_.value_or_file(reader).value_or(Json::array());
        const bool is_list = task.tools.is_array();
        if (!is_list) reader.mistake(fmt::format("{} must be a list of tools", reader.title()));
    } else if (key == "response_schema") {
        task.response_schema = files_.schema_or_file(reader).value_or(nullptr);
    } else if (key == "command") {
        read_command(reader, task);
    } else if (key == "mode") {
        const auto mode = reader.text();
        const KnownNames modes = {.names = {"persistent", "once"}, .later = {}};
        if (mode && reader.expect_name("mode", *mode, modes)) task.once = *mode == "once";
    } else if (key == "http") {
        task.http = read_service(reader, environment_);
    } else if (key == "recorded") {
        task.recorded = read_json_path(reader);
    } else if (key == "timeout") {
        if (const auto timeout = reader.duration()) task.timeout = *timeout;
    }
}

void TaskReader::read_command(const SpecReader& command, TaskSpec& task) {
    if (command.value().is_string()) {
        command.mistake(
            fmt::format("{} must be a list of the program and its arguments, as in "
                        "[python3, app.py]",
                        command.title()));
        return;
    }
    task.command = command.texts();
    const bool names_nothing = command.value() == Json::array();
    if (names_nothing) command.mistake(fmt::format("{} must name a program", command.title()));
}

const Form* TaskReader::form_of(const TaskKeys& keys, const SpecReader& whole) {
    const auto form = std::ranges::find_if(task_forms(), [&keys](const Form& candidate) {
        return keys.contains(std::string(candidate.key));
    });
    if (form != task_forms().end()) {
        forms_used_.insert(form->key);
        return &*form;
    }
    form_unknown_ = true;
    const bool later = keys.contains("steps");
    if (!later) {
        whole.mistake_at_key(
            fmt::format("{} does not say what to run: it needs `provider`, "
                        "`command`, `http` or `recorded`",
                        whole.title()));
    }
    return nullptr;
}

TaskSpec TaskReader::read_task(const TaskKeys& keys, const Form& form) {
    const SpecReader& chosen = keys.at(std::string(form.key));
    TaskSpec task{.form = form.form, .parameters = Json::object(), .pointer = chosen.pointer()};
    for (const auto& [key, reader] : keys) {
        if (key != form.key && !form.can_use(key)) continue;
        read_key(key, reader, task);
        keys_read_.insert(reader.pointer());
    }
    if (form.form == TaskForm::provider && !keys.contains("prompt")) {
        chosen.mistake_at_key("a task with `provider` needs a `prompt`");
    }
    return task;
}

void TaskReader::read_variant(const SpecReader& variant, std::vector<VariantSpec>& read) {
    KnownNames known = task_keys();
    known.names.insert(known.names.begin(), "name");
    if (!variant.expect_map(known)) return;
    VariantSpec result{.pointer = variant.pointer()};
    if (variant.require("name")) read_text(variant, "name", result.name);
    const bool taken = std::ranges::find(read, result.name, &VariantSpec::name) != read.end();
    if (taken && !result.name.empty()) {
        variant.find("name")->mistake(
            fmt::format("two variants are called \"{}\"; names must differ", result.name));
    }
    const TaskKeys own = known_keys(variant);
    const TaskKeys keys = overridden(task_keys_, own);
    if (const Form* const form = form_of(keys, variant)) {
        result.task = read_task(keys, *form);
        for (const auto& [key, reader] : own) {
            if (!is_form(key) && !form->can_use(key)) report_useless(reader, form->key);
        }
    }
    read.push_back(std::move(result));
}

void TaskReader::report_useless(const SpecReader& reader, std::string_view form) {
    reader.mistake_at_key(fmt::format("{} has no use in a task with `{}`", reader.title(), form));
}

/// What `task` says is held against all variants: one that can use a key is enough. A key that
/// every variant overrides is checked all the same.
void TaskReader::check_unread_keys() {
    for (const auto& [key, reader] : task_keys_) {
        if (keys_read_.contains(reader.pointer())) continue;
        const bool useful = std::ranges::any_of(task_forms(), [this, &key](const Form& form) {
            return forms_used_.contains(form.key) && form.can_use(key);
        });
        if (useful || is_form(key)) {
            TaskSpec overridden_by_all;
            read_key(key, reader, overridden_by_all);
        } else if (!form_unknown_) {
            report_useless(reader, fmt::format("{}", fmt::join(forms_used_, "` or `")));
        }
    }
}

std::vector<VariantSpec> TaskReader::read() {
    std::vector<VariantSpec> read;
    const auto task = spec_.require("task");
    if (task && task->expect_map(task_keys())) task_keys_ = known_keys(*task);
    const auto variants = spec_.find("variants");
    if (variants && variants->expect_list()) {
        if (variants->value().empty()) variants->mistake("`variants` must have at least one entry");
        for (const SpecReader& variant : variants->items()) read_variant(variant, read);
    } else if (!variants && task && task->value().is_object()) {
        VariantSpec only{.name = "default", .pointer = task->pointer()};
        if (const Form* const form = form_of(task_keys_, *task)) {
            only.task = read_task(task_keys_, *form);
        }
        read.push_back(std::move(only));
    }
    check_unread_keys();
    return read;
}

}  // namespace

std::vector<VariantSpec> read_variants(const SpecReader& spec, const Providers& providers,
                                       const Environment* environment, SpecFiles& files) {
    return TaskReader(spec, providers, environment, files).read();
}

}  // namespace assay
