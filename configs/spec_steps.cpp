#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "configs/task_form.hpp"
#include "core/base/dependency_order.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

constexpr std::size_t k_id_bytes_max = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What a template can name without quotes.
bool is_well_formed(std::string_view id) {
    const auto may_follow = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return id.size() <= k_id_bytes_max && is_letter(id.front()) &&
           std::ranges::all_of(id, may_follow);
}

/// Every place in a task where a template stands, with the paths of its variables.
struct TemplateUse {
    std::string pointer;
    std::vector<std::string> path;
};

void append_uses(const std::string& pointer, std::vector<std::vector<std::string>> paths,
                 std::vector<TemplateUse>& uses) {
    for (std::vector<std::string>& path : paths) uses.push_back({pointer, std::move(path)});
}

/// The places of messages in a file are those of the prompt that names it.
void append_uses(const PromptSpec& prompt, std::vector<TemplateUse>& uses) {
    for (std::size_t i = 0; i < prompt.messages.size(); ++i) {
        const PromptMessage& message = prompt.messages[i];
        const std::string pointer = pointer_to(pointer_to(prompt.pointer, i), "content");
        append_uses(pointer, message.content.paths(), uses);
        for (std::size_t part = 0; part < message.parts.size(); ++part) {
            const auto text = message.parts[part].find("text");
            if (text == message.parts[part].end() || !text->is_string()) continue;
            const auto parsed = TextTemplate::parse(text->get_ref<const std::string&>());
            if (parsed) {
                append_uses(pointer_to(pointer_to(pointer, part), "text"), parsed->paths(), uses);
            }
        }
    }
}

void append_uses(const ServiceSpec& service, const std::string& pointer,
                 std::vector<TemplateUse>& uses) {
    append_uses(pointer_to(pointer, "url"), service.url.paths(), uses);
    for (const auto& [name, text] : service.headers) {
        append_uses(pointer_to(pointer_to(pointer, "headers"), name), text.paths(), uses);
    }
    if (!service.body) return;
    for (const auto& [place, text] : service.body->texts) {
        append_uses(pointer_to(pointer, "body") + place.to_string(), text.paths(), uses);
    }
}

std::vector<TemplateUse> template_uses(const TaskSpec& task) {
    std::vector<TemplateUse> uses;
    if (task.prompt) append_uses(*task.prompt, uses);
    if (task.http) append_uses(*task.http, task.pointer, uses);
    return uses;
}

/// Reads the steps of one task and what they need of each other.
class StepsReader {
  public:
    StepsReader(const SpecReader& steps, std::chrono::milliseconds timeout,
                const TaskContext& context)
        : list_(steps), timeout_(timeout), context_(context) {}

    [[nodiscard]] std::vector<StepSpec> read();

  private:
    void read_step(const SpecReader& step);
    [[nodiscard]] std::string read_id(const SpecReader& step);
    [[nodiscard]] TaskSpec read_task_of(const SpecReader& step);
    [[nodiscard]] Dependencies read_needs();
    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view id) const;
    [[nodiscard]] std::string unknown(const std::string& id) const;
    void report_cycle(const std::vector<std::size_t>& cycle) const;
    void check_outputs_used(const Dependencies& needs) const;
    void check_templates(const Dependencies& needs) const;
    void check_use(const StepSpec& step, const std::vector<std::size_t>& needed,
                   const TemplateUse& use) const;
    void mistake(const std::string& pointer, std::string message) const {
        SpecReader(list_.value(), pointer, list_.source()).mistake(std::move(message));
    }

    const SpecReader& list_;
    std::chrono::milliseconds timeout_;
    const TaskContext& context_;
    std::vector<StepSpec> steps_;
    bool graph_known_ = true;  ///< else nothing can be said of what needs what
};

std::string StepsReader::read_id(const SpecReader& step) {
    const auto reader = step.require("id");
    const auto id = reader ? reader->text() : std::nullopt;
    const bool well_formed = id && is_well_formed(*id);
    const bool taken = id && index_of(*id);
    if (id && !well_formed) {
        reader->mistake(fmt::format(
            "the id of a step is a letter and up to {} more letters, digits, _ or -, not \"{}\"",
            k_id_bytes_max - 1, *id));
    } else if (taken) {
        reader->mistake(fmt::format("two steps are called \"{}\"; ids must differ", *id));
    }
    if (!well_formed || taken) graph_known_ = false;
    return id.value_or("");
}

TaskSpec StepsReader::read_task_of(const SpecReader& step) {
    const TaskKeys keys = task_keys_in(step);
    const TaskFormKeys* const form = form_in(keys);
    if (form == nullptr) {
        step.mistake(
            fmt::format("{} does not say what to run: it needs `provider`, `command`, "
                        "`http` or `recorded`",
                        step.title()));
        return {};
    }
    if (form->form == TaskForm::steps) return {};  // an unknown key, which is reported
    for (const auto& [key, reader] : keys) {
        if (!is_form(key) && !form->can_use(key)) report_useless(reader, form->key);
    }
    TaskSpec task = read_task(keys, *form, context_);
    if (!keys.contains("timeout")) task.timeout = timeout_;
    return task;
}

void StepsReader::read_step(const SpecReader& step) {
    KnownNames known = task_keys();
    std::erase(known.names, "steps");
    known.names.insert(known.names.begin(), {"id", "needs"});
    if (!step.expect_map(known)) {
        graph_known_ = false;
        return;
    }
    StepSpec read{.id = read_id(step), .pointer = step.pointer()};
    if (const auto needs = step.find("needs")) {
        read.needs = needs->texts();
        if (read.needs.size() != needs->value().size()) graph_known_ = false;
    }
    read.task = read_task_of(step);
    steps_.push_back(std::move(read));
}

std::optional<std::size_t> StepsReader::index_of(std::string_view id) const {
    const auto step = std::ranges::find(steps_, id, &StepSpec::id);
    if (step == steps_.end()) return std::nullopt;
    return static_cast<std::size_t>(step - steps_.begin());
}

std::string StepsReader::unknown(const std::string& id) const {
    std::vector<std::string> ids;
    for (const StepSpec& step : steps_) ids.push_back(step.id);
    std::string hint = did_you_mean(id, ids);
    if (hint.empty()) hint = fmt::format("; the steps are {}", fmt::join(ids, ", "));
    return fmt::format("unknown step \"{}\"{}", id, hint);
}

Dependencies StepsReader::read_needs() {
    Dependencies needs(steps_.size());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const std::string pointer = pointer_to(steps_[i].pointer, "needs");
        for (std::size_t n = 0; n < steps_[i].needs.size(); ++n) {
            const std::string& id = steps_[i].needs[n];
            const auto needed = index_of(id);
            if (!needed) {
                graph_known_ = false;
                mistake(pointer_to(pointer, n), unknown(id));
            } else if (std::ranges::find(needs[i], *needed) != needs[i].end()) {
                mistake(pointer_to(pointer, n), fmt::format("\"{}\" stands here twice", id));
            } else {
                needs[i].push_back(*needed);
            }
        }
    }
    return needs;
}

void StepsReader::report_cycle(const std::vector<std::size_t>& cycle) const {
    std::string named;
    for (const std::size_t step : cycle) named += steps_[step].id + " -> ";
    mistake(pointer_to(steps_[cycle.front()].pointer, "needs"),
            fmt::format("the steps need each other: {}{}", named, steps_[cycle.front()].id));
}

/// The output is that of the one step that no other needs; then all others lead to it.
void StepsReader::check_outputs_used(const Dependencies& needs) const {
    std::vector<std::size_t> last;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const bool needed = std::ranges::any_of(needs, [i](const std::vector<std::size_t>& own) {
            return std::ranges::find(own, i) != own.end();
        });
        if (!needed) last.push_back(i);
    }
    if (last.size() < 2) return;
    if (last.back() + 1 == steps_.size()) {
        last.pop_back();
        for (const std::size_t unused : last) {
            mistake(pointer_to(steps_[unused].pointer, "id"),
                    fmt::format("the step \"{}\" is of no use: the output is that of \"{}\", which "
                                "does not need it; add it to the `needs` of a step, or remove it",
                                steps_[unused].id, steps_.back().id));
        }
        return;
    }
    std::vector<std::string> names;
    for (const std::size_t step : last) names.push_back(steps_[step].id);
    list_.mistake_at_key(
        fmt::format("{} must end in one step, whose output is the task's, but no step needs {}",
                    list_.title(), fmt::join(names, " and none ")));
}

void StepsReader::check_use(const StepSpec& step, const std::vector<std::size_t>& needed,
                            const TemplateUse& use) const {
    if (use.path.front() != "steps") return;
    const std::string written = fmt::format("{{{{{}}}}}", fmt::join(use.path, "."));
    if (use.path.size() < 3 || use.path[2] != "output") {
        mistake(
            use.pointer,
            fmt::format("{}: of another step there is its output alone: {{{{steps.ID.output}}}}",
                        written));
        return;
    }
    const std::string& id = use.path[1];
    const auto used = index_of(id);
    if (!used) {
        mistake(use.pointer, fmt::format("{}: {}", written, unknown(id)));
    } else if (id == step.id) {
        mistake(use.pointer, fmt::format("{}: a step cannot use its own output", written));
    } else if (std::ranges::find(needed, *used) == needed.end()) {
        mistake(use.pointer, fmt::format("{}: add \"{}\" to the `needs` of the step \"{}\"",
                                         written, id, step.id));
    }
}

void StepsReader::check_templates(const Dependencies& needs) const {
    const Dependencies all = all_dependencies(needs);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        for (const TemplateUse& use : template_uses(steps_[i].task)) {
            check_use(steps_[i], all[i], use);
        }
    }
}

std::vector<StepSpec> StepsReader::read() {
    if (!list_.expect_list()) return {};
    const std::size_t count = list_.value().size();
    if (count == 0 || count > limits::k_task_steps_max) {
        list_.mistake(fmt::format("{} must have from 1 to {} steps, not {}", list_.title(),
                                  limits::k_task_steps_max, count));
        return {};
    }
    for (const SpecReader& step : list_.items()) read_step(step);
    const Dependencies needs = read_needs();
    check_templates(needs);
    const DependencyOrder found = order_dependencies(needs);
    if (!found.cycle.empty()) {
        report_cycle(found.cycle);
    } else if (graph_known_) {
        check_outputs_used(needs);
    }
    std::vector<StepSpec> sorted;
    for (const std::size_t step : found.order) sorted.push_back(std::move(steps_[step]));
    return sorted;
}

}  // namespace

std::vector<StepSpec> read_steps(const SpecReader& steps, std::chrono::milliseconds timeout,
                                 const TaskContext& context) {
    return StepsReader(steps, timeout, context).read();
}

}  // namespace assay
