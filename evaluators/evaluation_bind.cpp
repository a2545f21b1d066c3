#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/hash.hpp"
#include "evaluators/evaluation_state.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

constexpr std::string_view k_common_keys_schema = R"({
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1,
                 "description": "the name of the score; default: the type"},
        "type": {"type": "string", "description": "the evaluator; see `assay evaluators`"},
        "value": {"description":
                  "what to compare with; a text may hold {{...}}; default: expected_output"},
        "on": {"type": "string",
               "description":
               "what is judged: a JSONPath into the output ($.answer), input, or steps.ID.output"},
        "extract": {"type": "string",
                    "description":
                        "RE2: the first group of its last match in the output is judged"},
        "expected_extract": {"type": "string",
                             "description": "the same for the expected value"},
        "strip": {"type": "boolean", "default": false,
                  "description": "take white space off both sides of both texts"},
        "not": {"type": "boolean", "default": false,
                "description": "true becomes false, false true"},
        "threshold": {"type": "number",
                      "description":
                          "a number also becomes the BOOLEAN score NAME_pass: at least this"},
        "check": {"type": "boolean", "default": false,
                  "description": "a false value is a failed test case in JUnit"},
        "needs": {"type": "array", "items": {"type": "string"}, "uniqueItems": true,
                  "description": "evaluators that come first; without their scores it is skipped"},
        "when": {"type": "string", "minLength": 1,
                 "description": "a condition over the item, output and scores; else it is skipped"},
        "mapping": {"type": "object", "additionalProperties": {"type": "string"},
                    "description":
                    "names for a judge's templates: JSONPaths into {input, output, ...}"},
        "weight": {"type": "number", "description": "refused: scores are not added up"}
    }
})";

Json schema_of(std::string_view text) {
    auto schema = parse_json(text);
    ASSAY_ASSERT(schema.has_value(), "the schema of an evaluator is JSON");
    return std::move(*schema);
}

/// Turns one entry into a State and collects what is wrong with it.
class Binding {
  public:
    Binding(const EvaluatorDefinition& definition, const EvaluatorEnvironment& environment,
            std::vector<ParameterMistake>& mistakes)
        : definition_(definition),
          environment_(environment),
          mistakes_(mistakes),
          own_schema_(schema_of(definition.parameters_schema)),
          common_schema_(schema_of(k_common_keys_schema)),
          state_(std::make_unique<BoundEvaluator::State>()) {}

    std::unique_ptr<BoundEvaluator::State> bind(const BoundEvaluator::Entry& entry) {
        const std::size_t before = mistakes_.size();
        state_->definition = &definition_;
        state_->name = entry.name.empty() ? std::string(definition_.id) : entry.name;
        sort_keys(entry.parameters);
        sort_keys(entry.common);
        const std::size_t before_own = mistakes_.size();
        check_against(own_schema_, parameters_);
        const bool sound = mistakes_.size() == before_own;
        const bool by_parameters = sound && definition_.needs_expected_for != nullptr;
        state_->needs_expected = by_parameters ? definition_.needs_expected_for(parameters_)
                                               : definition_.needs_expected;
        refuse_keys();
        check_against(common_schema_, common_);

        bind_parameters();
        bind_on();
        bind_mapping();
        bind_order();
        bind_value();
        bind_expression("extract", &EvaluatorTexts::extract);
        bind_expression("expected_extract", &EvaluatorTexts::expected_extract);
        bind_scores(sound);
        bind_result();
        if (sound && state_->rendered.empty()) make();
        if (sound && definition_.make_async != nullptr) make_waiting();
        if (mistakes_.size() > before) return nullptr;
        state_->hash = hash();
        return std::move(state_);
    }

  private:
    void mistake(std::string_view key, std::string message) {
        const auto pointer = Json::json_pointer() / std::string(key);
        mistakes_.push_back({pointer.to_string(), std::move(message)});
    }

    [[nodiscard]] bool is_own(const std::string& key) const {
        return own_schema_.at("properties").contains(key);
    }
    [[nodiscard]] bool is_common(const std::string& key) const {
        return common_schema_.at("properties").contains(key);
    }

    void sort_keys(const Json& keys) {
        for (const auto& [key, value] : keys.items()) {
            if (is_own(key)) {
                parameters_[key] = value;
            } else if (is_common(key)) {
                common_[key] = value;
            } else if (key == "ignore_case") {
                mistake(key, fmt::format("\"ignore_case\" does not apply to {}", definition_.id));
            } else {
                refuse_unknown(key);
            }
        }
    }

    void refuse_unknown(const std::string& key) {
        std::vector<std::string> known;
        for (const Json* schema : {&own_schema_, &common_schema_}) {
            for (const auto& [name, property] : schema->at("properties").items()) {
                known.push_back(name);
            }
        }
        std::string hint = did_you_mean(key, known);
        if (hint.empty()) hint = fmt::format("; known are {}", fmt::join(known, ", "));
        mistake(key, fmt::format("unknown key \"{}\"{}", key, hint));
    }

    void refuse_keys() {
        if (common_.erase("weight") > 0) {
            mistake("weight", "\"weight\" has no use: scores are not added up");
        }
        if (!definition_.takes_mapping && common_.erase("mapping") > 0) {
            mistake("mapping", fmt::format("\"mapping\" gives names to the templates of judges, "
                                           "and {} has none",
                                           definition_.id));
        }
        if (state_->needs_expected || definition_.make_async != nullptr) return;
        for (const char* key : {"value", "expected_extract"}) {
            if (common_.erase(key) == 0) continue;
            mistake(key, fmt::format("\"{}\" does not apply to {}, which looks at the output alone",
                                     key, definition_.id));
        }
    }

    void check_against(const Json& schema, const Json& keys) {
        const auto compiled = JsonSchema::compile(schema);
        ASSAY_ASSERT(compiled.has_value(), "the schema of an evaluator compiles");
        const auto violations = compiled->validate(keys);
        if (!violations) {
            mistakes_.push_back({"", violations.error().message});
            return;
        }
        for (const JsonSchema::Violation& violation : *violations) {
            mistakes_.push_back({violation.pointer, describe(violation)});
        }
    }

    [[nodiscard]] std::string describe(const JsonSchema::Violation& violation) const {
        if (violation.keyword == "required" && violation.pointer.empty()) {
            return fmt::format("{} needs \"{}\"", definition_.id, violation.property);
        }
        const std::string_view place = std::string_view(violation.pointer).substr(1);
        return fmt::format("\"{}\" {}{}", place, violation.message,
                           did_you_mean(violation.property, violation.known));
    }

    /// The text under a common key. What has the wrong type is a mistake already.
    [[nodiscard]] std::optional<std::string> text_at(const char* key) const {
        const auto found = common_.find(key);
        if (found == common_.end() || !found->is_string()) return std::nullopt;
        return found->get<std::string>();
    }
    [[nodiscard]] bool flag_at(const char* key) const {
        const auto found = common_.find(key);
        return found != common_.end() && found->is_boolean() && found->get<bool>();
    }

    /// The template in `text`; nothing when it is plain text, which may then be unescaped.
    std::optional<TextTemplate> template_in(std::string_view key, std::string& text) {
        if (text.find("{{") == std::string::npos) return std::nullopt;
        auto parsed = TextTemplate::parse(text);
        if (!parsed) {
            mistake(key, fmt::format("\"{}\": {}", key, parsed.error().message));
            return std::nullopt;
        }
        if (!parsed->has_variables()) {
            text = parsed->render({}).value_or(text);
            return std::nullopt;
        }
        for (std::string& name : parsed->variables()) {
            state_->variables.push_back(std::move(name));
        }
        state_->uses_steps |= std::ranges::any_of(
            parsed->paths(), [](const auto& path) { return path.front() == "steps"; });
        return std::move(*parsed);
    }

    void bind_parameters() {
        state_->texts.parameters = parameters_;
        if (definition_.make_async != nullptr) return;
        for (auto& [key, value] : state_->texts.parameters.items()) {
            if (!value.is_string()) continue;
            auto found = template_in(key, value.get_ref<std::string&>());
            if (found) state_->rendered.push_back({.text = std::move(*found), .parameter = key});
        }
    }

    void bind_expression(const char* key, std::optional<std::string> EvaluatorTexts::* expression) {
        auto text = text_at(key);
        if (!text) return;
        auto found = template_in(key, *text);
        if (found) {
            state_->rendered.push_back({.text = std::move(*found), .expression = expression});
        } else if (const auto compiled = Regex::compile(*text); !compiled) {
            mistake(key, fmt::format("\"{}\": {}", key, compiled.error().message));
        }
        state_->texts.*expression = std::move(text);
    }

    void bind_on() {
        const auto on = text_at("on");
        if (!on) return;
        const bool later = *on == "trace" || on->starts_with("trace.");
        if (later) return mistake("on", fmt::format("\"on: {}\" is not available yet", *on));
        if (on->starts_with("steps.")) return bind_step(*on);
        state_->on_input = *on == "input";
        if (state_->on_input) return;
        if (!on->starts_with('$')) {
            return mistake("on", fmt::format("\"on\" is a JSONPath into the output, such as "
                                             "$.answer, or input, or steps.ID.output; \"{}\" is "
                                             "none of them",
                                             *on));
        }
        auto path = JsonPath::parse(*on);
        if (!path) return mistake("on", fmt::format("\"on\": {}", path.error().message));
        state_->path = std::move(*path);
    }

    void bind_step(std::string_view on) {
        constexpr std::string_view k_before = "steps.";
        constexpr std::string_view k_after = ".output";
        const bool named = on.ends_with(k_after) && on.size() > k_before.size() + k_after.size();
        if (!named) {
            return mistake("on", fmt::format("\"on\" takes the whole output of a step, as in "
                                             "steps.ID.output, not \"{}\"",
                                             on));
        }
        on.remove_prefix(k_before.size());
        on.remove_suffix(k_after.size());
        state_->on_step = on;
    }

    void bind_mapping() {
        const auto mapping = common_.find("mapping");
        if (mapping == common_.end() || !mapping->is_object()) return;
        for (const auto& [name, text] : mapping->items()) {
            if (!text.is_string()) continue;
            auto path = JsonPath::parse(text.get_ref<const std::string&>());
            if (path) {
                state_->mapping.emplace_back(name, std::move(*path));
                continue;
            }
            const auto pointer = Json::json_pointer("/mapping") / name;
            mistakes_.push_back({pointer.to_string(),
                                 fmt::format("\"mapping\": {}: {}", name, path.error().message)});
        }
    }

    void bind_order() {
        state_->when = text_at("when").value_or("");
        const auto needs = common_.find("needs");
        if (needs == common_.end() || !needs->is_array()) return;
        for (const Json& name : *needs) {
            if (name.is_string()) state_->needs.push_back(name.get<std::string>());
        }
    }

    void bind_value() {
        const auto found = common_.find("value");
        if (found == common_.end()) return;
        Json value = *found;
        if (value.is_string()) {
            state_->value_template = template_in("value", value.get_ref<std::string&>());
        }
        state_->value = std::move(value);
    }

    /// The scores that the entry gives, with their names and what is known of their types.
    void bind_scores(bool sound) {
        if (definition_.scores_for != nullptr) {
            state_->scores =
                sound ? definition_.scores_for(parameters_) : std::vector<DeclaredScore>(1);
        } else {
            state_->scores = {{.data_type = definition_.data_type_for != nullptr
                                                ? definition_.data_type_for(parameters_)
                                                : definition_.data_type}};
        }
        for (DeclaredScore& score : state_->scores) {
            if (score.name.empty()) score.name = state_->name + score.suffix;
        }
    }

    [[nodiscard]] bool may_give(ScoreDataType type) const {
        return std::ranges::any_of(state_->scores, [type](const DeclaredScore& score) {
            return score.data_type.value_or(type) == type;
        });
    }
    /// Of a score that is not of the type that a key is for.
    [[nodiscard]] const char* type_given() const {
        return to_string(state_->scores.front().data_type.value_or(ScoreDataType::categorical));
    }

    void bind_result() {
        state_->strip = flag_at("strip");
        state_->invert = flag_at("not");
        state_->is_check = flag_at("check");
        const auto threshold = common_.find("threshold");
        if (threshold != common_.end() && threshold->is_number()) {
            state_->threshold = threshold->get<double>();
        }
        const bool boolean = may_give(ScoreDataType::boolean);
        if (state_->invert && !boolean) {
            mistake("not",
                    fmt::format("\"not\" turns true and false round, but {} gives a {} score",
                                definition_.id, type_given()));
        }
        if (state_->threshold && !may_give(ScoreDataType::numeric)) {
            mistake("threshold",
                    fmt::format("\"threshold\" is for numbers, but {} gives a {} score",
                                definition_.id, type_given()));
        }
        if (state_->is_check && !boolean && !state_->threshold) {
            mistake("check", fmt::format("\"check\" needs a score that can be false; give {} a "
                                         "`threshold`",
                                         definition_.id));
        }
    }

    void make_waiting() {
        auto made = definition_.make_async(parameters_, environment_);
        if (!made) return refuse_parameters(std::move(made.error().message));
        state_->waiting = std::move(*made);
        for (std::string& written : state_->waiting->variables()) keep_variable(std::move(written));
    }

    /// What the unit's output decides, and what is mapped from it, is only known when it is there.
    void keep_variable(std::string written) {
        const auto parsed = TextTemplate::parse(fmt::format("{{{{{}}}}}", written));
        ASSAY_ASSERT(parsed.has_value(), "the variable of a template stands in one");
        state_->variables.push_back(std::move(written));
        const std::string head = parsed->paths().front().front();
        const bool is_mapped = std::ranges::any_of(
            state_->mapping, [&](const auto& mapped) { return mapped.first == head; });
        const bool is_later = head == "output" || head == "steps" || head == "vars" || is_mapped;
        if (!is_later) state_->of_item.push_back(*parsed);
    }

    void make() {
        // A bad expression has been reported at its own place.
        auto made = make_instance(definition_, {.parameters = state_->texts.parameters});
        if (!made) return refuse_parameters(std::move(made.error().message));
        const bool known_value = state_->value && !state_->value_template;
        if (made->evaluator && known_value && !state_->texts.expected_extract) {
            const auto checked = made->evaluator->check_expected(*state_->value);
            if (!checked) mistake("value", fmt::format("\"value\": {}", checked.error().message));
        }
        auto complete = make_instance(definition_, state_->texts);
        if (complete) state_->fixed.emplace(std::move(*complete));
    }

    /// Puts a message of the definition at the parameter that it begins with.
    void refuse_parameters(std::string message) {
        for (const auto& [key, value] : parameters_.items()) {
            if (message.starts_with(fmt::format("\"{}\"", key))) {
                return mistake(key, std::move(message));
            }
        }
        mistakes_.push_back({"", std::move(message)});
    }

    [[nodiscard]] std::string hash() const {
        Json scoring = common_;
        scoring.erase("check");
        Json own = parameters_;
        for (const auto& [key, property] : own_schema_.at("properties").items()) {
            if (property.value("unscored", false)) own.erase(key);
        }
        Json material = {{"name", state_->name},
                         {"type", definition_.id},
                         {"version", definition_.version},
                         {"parameters", std::move(own)},
                         {"common", std::move(scoring)}};
        std::string beyond = state_->waiting ? state_->waiting->fingerprint() : std::string();
        if (!beyond.empty()) material["fingerprint"] = std::move(beyond);
        return sha256_hex(to_text(material));
    }

    const EvaluatorDefinition& definition_;
    const EvaluatorEnvironment& environment_;
    std::vector<ParameterMistake>& mistakes_;
    Json own_schema_;
    Json common_schema_;
    Json parameters_ = Json::object();
    Json common_ = Json::object();
    std::unique_ptr<BoundEvaluator::State> state_;
};

}  // namespace

std::optional<BoundEvaluator> BoundEvaluator::bind(const EvaluatorDefinition& definition,
                                                   Entry entry,
                                                   std::vector<ParameterMistake>& mistakes,
                                                   const EvaluatorEnvironment& environment) {
    auto state = Binding(definition, environment, mistakes).bind(entry);
    if (!state) return std::nullopt;
    return BoundEvaluator(std::move(state));
}

std::string_view common_keys_schema() { return k_common_keys_schema; }

}  // namespace assay
