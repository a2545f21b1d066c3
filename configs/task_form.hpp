#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "configs/spec_parts.hpp"

namespace assay {

// What spec_task.cpp (variants) and spec_steps.cpp (steps) share.

/// The keys that say what a task runs. They may come from several maps: where each stands is in its
/// reader.
using TaskKeys = std::map<std::string, SpecReader>;

struct TaskFormKeys {
    std::string_view key;  ///< the key that chooses the form
    TaskForm form;
    std::vector<std::string> uses;  ///< the other keys it can do something with

    [[nodiscard]] bool can_use(const std::string& other) const;
};
[[nodiscard]] const std::vector<TaskFormKeys>& task_forms();
[[nodiscard]] bool is_form(std::string_view key);
/// Every key that a task may have.
[[nodiscard]] const KnownNames& task_keys();

/// The keys of a map that are a task's; more than one form in it is a mistake.
[[nodiscard]] TaskKeys task_keys_in(const SpecReader& map);
/// The form that the keys choose; nullptr when they choose none.
[[nodiscard]] const TaskFormKeys* form_in(const TaskKeys& keys);
/// Reports a key that the form can do nothing with.
void report_useless(const SpecReader& key, std::string_view form);

/// What the keys of a task are read with.
struct TaskContext {
    const Environment& environment;
    SpecFiles& files;
};
/// The form and the keys it uses.
[[nodiscard]] TaskSpec read_task(const TaskKeys& keys, const TaskFormKeys& form,
                                 const TaskContext& context);
/// One key alone, for what is wrong with it.
void read_task_key(const std::string& key, const SpecReader& reader, const TaskContext& context,
                   TaskSpec& task);

/// `steps` in an order in which each comes after those it needs.
/// @param timeout  of the steps that have none of their own.
[[nodiscard]] std::vector<StepSpec> read_steps(const SpecReader& steps,
                                               std::chrono::milliseconds timeout,
                                               const TaskContext& context);

}  // namespace assay
