#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "evaluators/json_schema/node.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay::json_schema {

using Violation = JsonSchema::Violation;

/// Where in the instance a check is: a chain on the stack, made text only for a violation.
struct InstancePath {
    const InstancePath* parent = nullptr;
    const std::string* name = nullptr;  ///< nullptr: an array's `index`
    std::size_t index = 0;
};
[[nodiscard]] std::string pointer_to(const InstancePath& path);

/// What `unevaluatedItems` and `unevaluatedProperties` leave alone: the members of one value that
/// other keywords have looked at.
struct Evaluated {
    std::size_t items = 0;  ///< the first so many
    std::unordered_set<std::size_t> further_items;
    bool all_properties = false;
    std::unordered_set<const std::string*> properties;  ///< keys of the instance, by address

    void merge(const Evaluated& other);
};

/// One pass of an instance through a schema. Without a place to put violations it stops at the
/// first one.
class Validation {
  public:
    explicit Validation(const CompiledSchema& schema) : schema_(schema) {}

    [[nodiscard]] bool is_valid(const Json& instance);
    /// At most `violations_max`, at least one. The instance is not valid.
    [[nodiscard]] std::vector<Violation> violations(const Json& instance,
                                                    std::size_t violations_max);
    /// The last answer means nothing: the schema recursed too deep or took too many steps.
    [[nodiscard]] bool exhausted() const { return exhausted_; }

  private:
    /// The schema resources entered on the way, innermost first.
    struct DynamicScope {
        const DynamicScope* outer;
        std::size_t resource;
    };
    struct Attempt {
        bool valid = false;
        std::vector<Violation> violations;
        Evaluated evaluated;
    };
    /// A value and what is known of it on the way through one schema.
    struct Subject {
        const Json& value;
        const InstancePath& path;
        Evaluated* evaluated;  ///< nullptr: nobody asks
    };

    bool check(const Node& node, const Subject& subject);
    bool check_tracked(const Node& node, const Subject& subject);
    bool check_rules(const Node& node, const Subject& subject);

    bool check_type(const Node& node, const Subject& subject);
    bool check_allowed(const AllowedValues& allowed, const Subject& subject);
    std::optional<std::string> canonical(const Json& value);
    bool check_number(const NumberRules& rules, const Subject& subject);
    bool check_string(const StringRules& rules, const Subject& subject);

    bool check_array(const ArrayRules& rules, const Subject& subject);
    bool check_items(const ArrayRules& rules, const Subject& subject);
    bool check_unique(const Subject& subject);
    bool check_contains(const ArrayRules& rules, const Subject& subject);
    bool check_unevaluated_items(const Node& node, const Subject& subject);

    bool check_object(const ObjectRules& rules, const Subject& subject);
    bool check_required(const std::vector<std::string>& names, const Subject& subject);
    bool check_properties(const ObjectRules& rules, const Subject& subject);
    bool check_property(const ObjectRules& rules, const Property* property, const std::string& name,
                        const Subject& subject);
    bool check_name(const Node& node, const std::string& name, const Subject& subject);
    bool check_dependency(const Dependency& dependency, const Subject& subject);
    bool check_unevaluated_properties(const Node& node, const Subject& subject);
    [[nodiscard]] std::vector<std::string> known_properties(const Node& node) const;

    bool check_in_place(const InPlaceRules& rules, const Subject& subject);
    bool check_branches(const InPlaceRules& rules, const Subject& subject);
    bool check_any_of(const InPlaceRules& rules, const Subject& subject);
    bool check_one_of(const InPlaceRules& rules, const Subject& subject);
    bool check_condition(const InPlaceRules& rules, const Subject& subject);
    [[nodiscard]] const Node& dynamic_target(const InPlaceRules& rules) const;

    /// `check` without violations.
    bool matches(const Node& node, const Subject& subject);
    std::vector<Attempt> attempt(const std::vector<const Node*>& branches, const Subject& subject);
    /// Reports the attempt that got furthest.
    bool fail_nearest(std::string_view keyword, std::vector<Attempt> attempts,
                      const Subject& subject);

    /// Runs the next rule unless the verdict is in and nobody collects more violations.
    template <class Rule>
    void also(bool& valid, Rule&& rule) {
        if (valid || collecting()) valid = rule() && valid;
    }
    [[nodiscard]] bool collecting() const {
        return sink_ != nullptr && sink_->size() < violations_max_ && !exhausted_ &&
               reported_bytes_ < limits::k_json_schema_report_bytes_max;
    }
    /// False; notes the violation when somebody collects. `message` is called only then.
    template <class Message>
    bool fail(const InstancePath& path, std::string_view keyword, Message&& message) {
        if (collecting()) add({pointer_to(path), std::string(keyword), message(), {}, {}});
        return false;
    }
    void add(Violation violation);
    /// Counts work; too much of it ends the pass.
    void spend(std::size_t steps) {
        steps_ += steps;
        if (steps_ > limits::k_json_schema_steps_max) exhausted_ = true;
    }
    void spend_on_bytes(std::size_t bytes) { spend(bytes / k_bytes_per_step); }
    static constexpr std::size_t k_bytes_per_step = 16;

    const CompiledSchema& schema_;
    const DynamicScope* scope_ = nullptr;
    std::vector<Violation>* sink_ = nullptr;
    std::size_t violations_max_ = 0;
    std::size_t depth_ = 0;
    std::size_t steps_ = 0;
    std::size_t reported_bytes_ = 0;
    bool exhausted_ = false;
};

}  // namespace assay::json_schema
