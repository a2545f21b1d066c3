#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "configs/task_form.hpp"

namespace assay {
namespace {

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
    TaskReader(const SpecReader& spec, const TaskContext& context)
        : spec_(spec), context_(context) {}

    [[nodiscard]] std::vector<VariantSpec> read();

  private:
    void read_variant(const SpecReader& variant, std::vector<VariantSpec>& read);
    /// nullptr when the keys choose none; `whole` is where they stand.
    [[nodiscard]] const TaskFormKeys* form_of(const TaskKeys& keys, const SpecReader& whole);
    [[nodiscard]] TaskSpec read_form(const TaskKeys& keys, const TaskFormKeys& form);
    void check_unread_keys();

    const SpecReader& spec_;
    const TaskContext& context_;
    TaskKeys task_keys_;
    std::set<std::string_view> forms_used_;
    std::set<std::string> keys_read_;  ///< pointers
    bool form_unknown_ = false;        ///< of some variant; then nothing can be called useless
};

const TaskFormKeys* TaskReader::form_of(const TaskKeys& keys, const SpecReader& whole) {
    const TaskFormKeys* const form = form_in(keys);
    if (form != nullptr) {
        forms_used_.insert(form->key);
        return form;
    }
    form_unknown_ = true;
    whole.mistake_at_key(
        fmt::format("{} does not say what to run: it needs `provider`, `command`, `http`, "
                    "`recorded` or `steps`",
                    whole.title()));
    return nullptr;
}

TaskSpec TaskReader::read_form(const TaskKeys& keys, const TaskFormKeys& form) {
    for (const auto& [key, reader] : keys) {
        if (key == form.key || form.can_use(key)) keys_read_.insert(reader.pointer());
    }
    return read_task(keys, form, context_);
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
    const TaskKeys own = task_keys_in(variant);
    const TaskKeys keys = overridden(task_keys_, own);
    if (const TaskFormKeys* const form = form_of(keys, variant)) {
        result.task = read_form(keys, *form);
        for (const auto& [key, reader] : own) {
            if (!is_form(key) && !form->can_use(key)) report_useless(reader, form->key);
        }
    }
    read.push_back(std::move(result));
}

/// What `task` says is held against all variants: one that can use a key is enough. A key that
/// every variant overrides is checked all the same.
void TaskReader::check_unread_keys() {
    for (const auto& [key, reader] : task_keys_) {
        if (keys_read_.contains(reader.pointer())) continue;
        const bool useful = std::ranges::any_of(task_forms(), [this, &key](const auto& form) {
            return forms_used_.contains(form.key) && form.can_use(key);
        });
        if (useful || is_form(key)) {
            TaskSpec overridden_by_all;
            read_task_key(key, reader, context_, overridden_by_all);
        } else if (!form_unknown_) {
            report_useless(reader, fmt::format("{}", fmt::join(forms_used_, "` or `")));
        }
    }
}

std::vector<VariantSpec> TaskReader::read() {
    std::vector<VariantSpec> read;
    const auto task = spec_.require("task");
    if (task && task->expect_map(task_keys())) task_keys_ = task_keys_in(*task);
    const auto variants = spec_.find("variants");
    if (variants && variants->expect_list()) {
        if (variants->value().empty()) variants->mistake("`variants` must have at least one entry");
        for (const SpecReader& variant : variants->items()) read_variant(variant, read);
    } else if (!variants && task && task->value().is_object()) {
        VariantSpec only{.name = "default", .pointer = task->pointer()};
        if (const TaskFormKeys* const form = form_of(task_keys_, *task)) {
            only.task = read_form(task_keys_, *form);
        }
        read.push_back(std::move(only));
    }
    check_unread_keys();
    return read;
}

}  // namespace

std::vector<VariantSpec> read_variants(const SpecReader& spec, const Environment& environment,
                                       SpecFiles& files) {
    const TaskContext context{.environment = environment, .files = files};
    return TaskReader(spec, context).read();
}

}  // namespace assay
