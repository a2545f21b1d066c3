#include "evaluators/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/evaluation_state.hpp"

namespace assay {
namespace {

using Scores = std::vector<Score>;

/// A value that is looked at where it is, and held only when it had to be made. `missing` says why
/// there is none.
struct Part {
    const Json* value = nullptr;
    std::string missing;
    Json parsed;
    Json held;

    void hold(std::string text) {
        held = std::move(text);
        value = &held;
    }
};

const Json* unless_null(const Json& value) { return value.is_null() ? nullptr : &value; }

/// Follows the path of `on`; a text is read as JSON for it.
Result<void> follow(const JsonPath& path, const Json& output, Part& part) {
    const Json* root = &output;
    if (output.is_string()) {
        auto parsed = parse_json(output.get_ref<const std::string&>());
        if (!parsed) {
            part.missing = fmt::format("the output is not JSON: {}", parsed.error().message);
            return {};
        }
        part.parsed = std::move(*parsed);
        root = &part.parsed;
    }
    ASSAY_TRY(part.value, path.value(*root, part.held));
    if (part.value == nullptr) {
        part.missing = fmt::format("{} selects nothing in the output", path.text());
    }
    return {};
}

Result<void> cut_out(const Regex& expression, std::string_view what, Part& part) {
    std::string scratch;
    const std::string_view text = as_text(*part.value, scratch);
    ASSAY_TRY(const std::optional<std::string_view> found, expression.extract_last(text));
    if (found) {
        part.hold(std::string(*found));
        return {};
    }
    part.missing = fmt::format("{} does not match {}: {}", what,
                               quoted_excerpt(expression.pattern()), quoted_excerpt(text));
    return {};
}

void turn_round(Score& score) {
    bool* const value = std::get_if<bool>(&score.value);
    if (value == nullptr) return;
    *value = !*value;
    if (!*value && score.comment.empty()) score.comment = "it is so, and `not` is set";
}

/// A unit whose texts that hold JSON are what they hold.
Json with_texts_as_json(Json unit) {
    for (Json& member : unit) {
        if (!member.is_string()) continue;
        auto parsed = parse_json(member.get_ref<const std::string&>());
        if (parsed && parsed->is_structured()) member = std::move(*parsed);
    }
    return unit;
}

void strip_text(Part& part) {
    if (!part.value->is_string()) return;
    const std::string_view text = part.value->get_ref<const std::string&>();
    const std::string_view stripped = trim(text);
    if (stripped.size() < text.size()) part.hold(std::string(stripped));
}

}  // namespace

Result<EvaluatorInstance> make_instance(const EvaluatorDefinition& definition,
                                        const EvaluatorTexts& texts) {
    EvaluatorInstance instance;
    if (definition.make != nullptr) {
        ASSAY_TRY(instance.evaluator, definition.make(texts.parameters));
    }
    if (texts.extract) {
        ASSAY_TRY(instance.extract, Regex::compile(*texts.extract));
    }
    if (texts.expected_extract) {
        ASSAY_TRY(instance.expected_extract, Regex::compile(*texts.expected_extract));
    }
    return instance;
}

namespace {

/// `threshold` is for the evaluator's own scores, not for what stands beside them, such as a
/// judge's NAME_spread.
bool has_threshold(const BoundEvaluator::State& state, const DeclaredScore& score) {
    return state.threshold && score.suffix.empty();
}
bool has_threshold(const BoundEvaluator::State& state, std::string_view name) {
    const auto score = std::ranges::find(state.scores, name, &DeclaredScore::name);
    return score == state.scores.end() ? state.threshold.has_value() : has_threshold(state, *score);
}

Score passed(const BoundEvaluator::State& state, const std::string& name, double number) {
    const bool pass = number >= *state.threshold;
    return {
        .name = name + "_pass",
        .value = pass,
        .comment = pass ? std::string() : fmt::format("{} is below {}", number, *state.threshold)};
}

/// What a wrong answer is worth: false, 0 and below every threshold.
Result<Scores> wrong_answer(const BoundEvaluator::State& state, const std::string& why) {
    Scores scores;
    for (const DeclaredScore& score : state.scores) {
        if (!score.data_type || *score.data_type == ScoreDataType::categorical) {
            const std::string_view kind =
                score.data_type ? "a category" : "a score of unknown type";
            return failure(ErrorCode::invalid_argument,
                           fmt::format("{}; {} has no value for a wrong answer", why, kind));
        }
        const bool numeric = *score.data_type == ScoreDataType::numeric;
        const ScoreValue value = numeric ? ScoreValue(0.0) : ScoreValue(false);
        scores.push_back({.name = score.name, .value = value, .comment = why});
        if (!numeric || !has_threshold(state, score)) continue;
        scores.push_back({.name = score.name + "_pass", .value = false, .comment = why});
    }
    return scores;
}

/// Names, `not` and `threshold`.
Result<Scores> finish(const BoundEvaluator::State& state, Scores scores, bool invert) {
    const std::size_t given = scores.size();
    for (std::size_t i = 0; i < given; ++i) {
        if (scores[i].name.empty()) scores[i].name = state.name;
        if (invert) turn_round(scores[i]);
        const double* const number = std::get_if<double>(&scores[i].value);
        if (number == nullptr) continue;
        if (!std::isfinite(*number)) {
            return failure(ErrorCode::internal,
                           fmt::format("the score \"{}\" is {}, which is no value of a score",
                                       scores[i].name, *number));
        }
        if (!has_threshold(state, scores[i].name)) continue;
        scores.push_back(passed(state, scores[i].name, *number));
    }
    return scores;
}

/// What another program or a model says is held against what the spec knows of it: gates and
/// reports rely on the names and types.
Result<void> check_declared(const BoundEvaluator::State& state, Scores& scores) {
    std::set<std::string_view> seen;
    for (Score& score : scores) {
        if (score.name.empty()) score.name = state.name;
        const auto declared = std::ranges::find(state.scores, score.name, &DeclaredScore::name);
        const std::string shown = quoted_excerpt(score.name);
        if (declared == state.scores.end()) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the evaluator gave the score {}, which the spec does not "
                                       "know; declare it under `scores`",
                                       shown));
        }
        if (!seen.insert(score.name).second) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the evaluator gave the score {} twice", shown));
        }
        if (declared->data_type && data_type_of(score.value) != *declared->data_type) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("the score {} is {}, but the spec declares it {}", shown,
                            to_string(data_type_of(score.value)), to_string(*declared->data_type)));
        }
    }
    return {};
}

/// An evaluator that breaks costs one evaluation and not the run (SPEC 1.7).
template <class Work>
Evaluation guarded(const BoundEvaluator::State& state, Work work) {
    Evaluation evaluation{.evaluator = state.name};
    const auto fail = [&evaluation](std::string message) {
        evaluation.status = EvaluationStatus::error;
        evaluation.message = std::move(message);
    };
    try {
        Result<Scores> scores = work();
        if (scores) {
            evaluation.scores = std::move(*scores);
        } else {
            fail(std::move(scores.error().message));
        }
    } catch (const std::exception& error) {
        fail(fmt::format("the evaluator broke: {}", error.what()));
    }
    return evaluation;
}

/// A task that is no graph has one observation, which is not a step.
bool is_graph(const UnitResult& unit) {
    return std::ranges::any_of(unit.observations, [](const Observation& observation) {
        const bool is_whole_task = observation.name == "task" || observation.name == "recorded";
        return observation.type != ObservationType::evaluator && !is_whole_task;
    });
}

/// One evaluation of one output.
class Evaluating {
  public:
    Evaluating(const BoundEvaluator::State& state, const DatasetItem& item, const Json& output,
               const UnitResult* unit)
        : state_(state),
          item_(item),
          output_(output),
          unit_(unit),
          scope_{.input = unless_null(item.input),
                 .expected_output = unless_null(item.expected_output),
                 .metadata = unless_null(item.metadata),
                 .output = unless_null(output)} {
        if (unit == nullptr) return;
        const bool is_wanted =
            state.uses_steps || (state.definition->takes_mapping && is_graph(*unit));
        if (!is_wanted) return;
        for (const Observation& step : unit->observations) {
            if (step.type == ObservationType::evaluator) continue;
            steps_[step.name] = {{"output", step.output}};
        }
        scope_.steps = &steps_;
    }

    Result<Scores> scores() {
        ASSAY_CHECK(choose_instance());
        Part expected;
        if (state_.needs_expected) ASSAY_CHECK(read_expected(expected));
        Part judged;
        ASSAY_CHECK(read_judged(judged));
        const Evaluator& evaluator = *instance_->evaluator;
        if (!judged.missing.empty()) {
            if (expected.value != nullptr) {
                ASSAY_CHECK(evaluator.check_expected(*expected.value));
            }
            return wrong_answer(state_, judged.missing);
        }
        ASSAY_TRY(Scores scores, evaluator.evaluate({.output = *judged.value,
                                                     .expected = expected.value,
                                                     .input = item_.input,
                                                     .metadata = item_.metadata,
                                                     .unit = unit_}));
        const bool invert = state_.invert && evaluator.can_read(*judged.value);
        return finish(state_, std::move(scores), invert);
    }

    /// The same for an evaluator that waits: what it is asked, or the scores of a wrong answer.
    Result<Scores> ask(std::optional<EvaluationRequest>& request) {
        ASSAY_CHECK(choose_instance());
        Part expected;
        const bool has_expected =
            state_.value_template || state_.value || scope_.expected_output != nullptr;
        if (state_.needs_expected || has_expected) ASSAY_CHECK(read_expected(expected));
        Part judged;
        ASSAY_CHECK(read_judged(judged));
        if (!judged.missing.empty()) return wrong_answer(state_, judged.missing);
        ASSAY_TRY(Json vars, mapped_values(expected));
        request = {.item_id = item_.id.value(),
                   .position = item_.position,
                   .input = item_.input,
                   .expected_output = expected.value == nullptr ? Json() : *expected.value,
                   .output = *judged.value,
                   .metadata = item_.metadata,
                   .vars = std::move(vars),
                   .steps = steps_.empty() ? Json() : steps_,
                   .variant = unit_->variant,
                   .repetition = unit_->repetition,
                   .trace_id = unit_->trace_id};
        return Scores();
    }

  private:
    Result<void> choose_instance() {
        if (state_.fixed) {
            instance_ = &*state_.fixed;
            return {};
        }
        EvaluatorTexts texts = state_.texts;
        std::string name;  // the lengths keep "a", "bc" and "ab", "c" apart
        for (const RenderedText& rendered : state_.rendered) {
            ASSAY_TRY(std::string text, rendered.text.render(scope_));
            name += fmt::format("{}:{}", text.size(), text);
            if (rendered.expression != nullptr) {
                texts.*rendered.expression = std::move(text);
            } else {
                texts.parameters[rendered.parameter] = std::move(text);
            }
        }
        auto known = state_.instances.find(name);
        if (!known) {
            ASSAY_TRY(EvaluatorInstance made, make_instance(*state_.definition, texts));
            known = std::make_shared<const EvaluatorInstance>(std::move(made));
            state_.instances.insert(name, *known);
        }
        shared_instance_ = std::move(*known);
        instance_ = shared_instance_.get();
        return {};
    }

    /// What `mapping` names.
    Result<Json> mapped_values(const Part& expected) const {
        Json values = Json::object();
        if (state_.mapping.empty()) return values;
        const Json unit = {
            {"input", item_.input},
            {"output", output_},
            {"expected_output", expected.value == nullptr ? Json() : *expected.value},
            {"metadata", item_.metadata},
            {"steps", steps_.empty() ? Json() : steps_}};
        std::optional<Json> parsed;  // only for paths that lead into texts
        for (const auto& [name, path] : state_.mapping) {
            Json scratch;
            ASSAY_TRY(const Json* value, path.value(unit, scratch));
            if (value == nullptr) {
                if (!parsed) parsed = with_texts_as_json(unit);
                ASSAY_TRY(value, path.value(*parsed, scratch));
            }
            if (value == nullptr) {
                return failure(ErrorCode::invalid_argument,
                               fmt::format("\"mapping\": {} ({}) selects nothing in this unit",
                                           name, path.text()));
            }
            values[name] = *value;
        }
        return values;
    }

    /// An expected value that cannot be read is an error, unlike an output.
    Result<void> read_expected(Part& part) const {
        if (state_.value_template) {
            ASSAY_TRY(std::string text, state_.value_template->render(scope_));
            part.hold(std::move(text));
        } else {
            part.value = state_.value ? &*state_.value : scope_.expected_output;
        }
        if (part.value == nullptr) {
            return failure(ErrorCode::invalid_argument,
                           "there is nothing to compare with: the item has no expected_output and "
                           "the evaluator no `value`");
        }
        if (instance_->expected_extract) {
            ASSAY_CHECK(cut_out(*instance_->expected_extract, "the expected value", part));
            if (!part.missing.empty()) return failure(ErrorCode::invalid_argument, part.missing);
        }
        if (state_.strip) strip_text(part);
        return {};
    }

    Result<void> read_judged(Part& part) const {
        ASSAY_TRY(part.value, judged_value());
        if (state_.path) ASSAY_CHECK(follow(*state_.path, output_, part));
        if (part.missing.empty() && instance_->extract) {
            ASSAY_CHECK(
                cut_out(*instance_->extract, state_.on_input ? "the input" : "the output", part));
        }
        if (part.missing.empty() && state_.strip) strip_text(part);
        return {};
    }

    /// What is judged before `on` and `extract` take a part of it.
    [[nodiscard]] Result<const Json*> judged_value() const {
        if (state_.on_input) return &item_.input;
        if (state_.on_step.empty()) return &output_;
        if (unit_ != nullptr) {
            const auto step =
                std::ranges::find(unit_->observations, state_.on_step, &Observation::name);
            if (step != unit_->observations.end()) return &step->output;
        }
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the task has no step \"{}\"", state_.on_step));
    }

    const BoundEvaluator::State& state_;
    const DatasetItem& item_;
    const Json& output_;
    const UnitResult* unit_;
    Json steps_ = Json::object();
    TemplateScope scope_;
    const EvaluatorInstance* instance_ = nullptr;
    BoundEvaluator::State::Shared shared_instance_;
};

}  // namespace

Evaluation BoundEvaluator::evaluate(const DatasetItem& item, const Json& output,
                                    const UnitResult* unit) const {
    ASSAY_ASSERT(!state_->waiting, "an evaluator that waits is asked in two steps");
    return guarded(*state_, [&] { return Evaluating(*state_, item, output, unit).scores(); });
}

bool BoundEvaluator::waits() const { return state_->waiting != nullptr; }

BoundEvaluator::Prepared BoundEvaluator::prepare(const UnitResult& unit) const {
    Prepared prepared;
    prepared.evaluation = guarded(*state_, [&] {
        return Evaluating(*state_, unit.item, unit.output, &unit).ask(prepared.request);
    });
    return prepared;
}

boost::asio::awaitable<BoundEvaluator::Awaited> BoundEvaluator::evaluate_async(
    EvaluationRequest request, EvaluationContext context) const {
    auto reply = co_await state_->waiting->evaluate(std::move(request), context);
    Awaited awaited;
    awaited.cancelled = !reply && reply.error().code == ErrorCode::cancelled;
    awaited.evaluation = guarded(*state_, [&]() -> Result<Scores> {
        if (!reply) return std::unexpected(reply.error());
        awaited.log = std::move(reply->log);
        if (!reply->error.empty()) return failure(ErrorCode::internal, std::move(reply->error));
        ASSAY_CHECK(check_declared(*state_, reply->scores));
        return finish(*state_, std::move(reply->scores), state_->invert);
    });
    if (reply) awaited.evaluation.judge = std::move(reply->judge);
    co_return awaited;
}

void BoundEvaluator::close() const {
    if (state_->waiting) state_->waiting->close();
}

AsyncEvaluator* BoundEvaluator::waiting() const { return state_->waiting.get(); }

std::string BoundEvaluator::check_item(const DatasetItem& item) const {
    const Json unknown;  // a value that the spec gives, whatever it will be
    const bool has_value = state_->value || state_->value_template;
    const TemplateScope scope{
        .input = unless_null(item.input),
        .expected_output = has_value ? &unknown : unless_null(item.expected_output),
        .metadata = unless_null(item.metadata)};
    for (const TextTemplate& variable : state_->of_item) {
        const auto rendered = variable.render(scope);
        if (!rendered) return rendered.error().message;
    }
    return {};
}

const std::string& BoundEvaluator::name() const { return state_->name; }
const EvaluatorDefinition& BoundEvaluator::definition() const { return *state_->definition; }
bool BoundEvaluator::is_check() const { return state_->is_check; }
const std::string& BoundEvaluator::hash() const { return state_->hash; }
const std::vector<std::string>& BoundEvaluator::needs() const { return state_->needs; }
const std::string& BoundEvaluator::when() const { return state_->when; }
const std::vector<std::string>& BoundEvaluator::variables() const { return state_->variables; }

void BoundEvaluator::cover(const std::vector<std::string>& needed_hashes) {
    state_->hash = sha256_hex(to_text(Json{state_->hash, needed_hashes}));
}

std::vector<std::string> BoundEvaluator::score_names() const {
    std::vector<std::string> names;
    for (const DeclaredScore& score : state_->scores) {
        names.push_back(score.name);
        const bool may_be_number =
            score.data_type.value_or(ScoreDataType::numeric) == ScoreDataType::numeric;
        if (has_threshold(*state_, score) && may_be_number) names.push_back(score.name + "_pass");
    }
    return names;
}

std::optional<ScoreDataType> BoundEvaluator::data_type(std::string_view score_name) const {
    const auto declared = std::ranges::find(state_->scores, score_name, &DeclaredScore::name);
    if (declared != state_->scores.end()) return declared->data_type;
    const bool is_pass = state_->threshold && score_name.ends_with("_pass");
    return is_pass ? std::optional(ScoreDataType::boolean) : std::nullopt;
}

BoundEvaluator::BoundEvaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoundEvaluator::BoundEvaluator(BoundEvaluator&&) noexcept = default;
BoundEvaluator& BoundEvaluator::operator=(BoundEvaluator&&) noexcept = default;
BoundEvaluator::~BoundEvaluator() = default;

}  // namespace assay
