#include "configs/task_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace assay {
namespace {

void read_command(const SpecReader& command, TaskSpec& task) {
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

void read_tools(const SpecReader& tools, SpecFiles& files, TaskSpec& task) {
    task.tools = files.value_or_file(tools).value_or(Json::array());
    const bool is_list =
        task.tools.is_array() &&
        std::ranges::all_of(task.tools, [](const Json& tool) { return tool.is_object(); });
    if (!is_list) tools.mistake(fmt::format("{} must be a list of tools", tools.title()));
}

void read_mode(const SpecReader& mode, TaskSpec& task) {
    const auto name = mode.text();
    const KnownNames modes = {.names = {"persistent", "once"}, .later = {}};
    if (name && mode.expect_name("mode", *name, modes)) task.once = *name == "once";
}

}  // namespace

bool TaskFormKeys::can_use(const std::string& other) const {
    return std::ranges::find(uses, other) != uses.end();
}

const std::vector<TaskFormKeys>& task_forms() {
    static const std::vector<TaskFormKeys> k_forms = {
        {"provider",
         TaskForm::provider,
         {"prompt", "parameters", "tools", "response_schema", "timeout"}},
        {"command", TaskForm::command, {"mode", "timeout"}},
        {"http", TaskForm::http, {"timeout"}},
        {"recorded", TaskForm::recorded, {"timeout"}},
        {"steps", TaskForm::steps, {"timeout"}}};
    return k_forms;
}

bool is_form(std::string_view key) {
    return std::ranges::find(task_forms(), key, &TaskFormKeys::key) != task_forms().end();
}

const KnownNames& task_keys() {
    static const KnownNames k_keys = {
        .names = {"provider", "prompt", "parameters", "tools", "response_schema", "command", "mode",
                  "http", "recorded", "steps", "timeout"},
        .later = {}};
    return k_keys;
}

TaskKeys task_keys_in(const SpecReader& map) {
    TaskKeys keys;
    std::vector<std::string> forms;
    for (const auto& [key, member] : map.members()) {
        const auto& known = task_keys().names;
        if (std::ranges::find(known, key) == known.end()) continue;
        keys.emplace(key, member);
        if (is_form(key)) forms.push_back(key);
    }
    if (forms.size() > 1) {
        map.mistake_at_key(fmt::format("{} says what to run more than once ({}); keep one",
                                       map.title(), fmt::join(forms, ", ")));
    }
    return keys;
}

const TaskFormKeys* form_in(const TaskKeys& keys) {
    const auto form = std::ranges::find_if(task_forms(), [&keys](const TaskFormKeys& candidate) {
        return keys.contains(std::string(candidate.key));
    });
    return form == task_forms().end() ? nullptr : &*form;
}

void report_useless(const SpecReader& key, std::string_view form) {
    key.mistake_at_key(fmt::format("{} has no use in a task with `{}`", key.title(), form));
}

void read_task_key(const std::string& key, const SpecReader& reader, const TaskContext& context,
                   TaskSpec& task) {
    if (key == "provider") {
        read_provider_name(reader, task);
    } else if (key == "prompt") {
        task.prompt = read_prompt(reader, context.files);
    } else if (key == "parameters") {
        if (reader.expect_map()) task.parameters = reader.value();
    } else if (key == "tools") {
        read_tools(reader, context.files, task);
    } else if (key == "response_schema") {
        task.response_schema = context.files.schema_or_file(reader).value_or(nullptr);
    } else if (key == "command") {
        read_command(reader, task);
    } else if (key == "mode") {
        read_mode(reader, task);
    } else if (key == "http") {
        task.http = read_service(reader, context.environment);
    } else if (key == "recorded") {
        task.recorded = read_json_path(reader);
    } else if (key == "timeout") {
        if (const auto timeout = reader.duration()) task.timeout = *timeout;
    } else if (key == "steps") {
        task.steps = read_steps(reader, task.timeout, context);
    }
}

TaskSpec read_task(const TaskKeys& keys, const TaskFormKeys& form, const TaskContext& context) {
    const std::string form_key(form.key);
    const SpecReader& chosen = keys.at(form_key);
    TaskSpec task{.form = form.form, .parameters = Json::object(), .pointer = chosen.pointer()};
    for (const auto& [key, reader] : keys) {
        if (form.can_use(key)) read_task_key(key, reader, context, task);
    }
    // Last, because steps take the time-out from beside them.
    read_task_key(form_key, chosen, context, task);
    if (form.form == TaskForm::provider && !keys.contains("prompt")) {
        chosen.mistake_at_key("a task with `provider` needs a `prompt`");
    }
    return task;
}

}  // namespace assay
